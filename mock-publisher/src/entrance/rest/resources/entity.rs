//! How profiles and subprofiles are shown, and how values for them are read.

use serde_json::{Map, Value, json};

use super::super::body::Body;
use super::super::error::RestError;
use crate::clock;
use crate::platform::{Entity, EntityInput, Home, Layout};

/// How much of an entity is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Everything,
    /// Without what it belongs to and when it came and went: what a list shows with `dataonly`.
    Data,
}

pub(super) fn shown(entity: &Entity, detail: Detail) -> Value {
    let everything = detail == Detail::Everything;
    let mut shown = json!({"ID": entity.id.to_string()});
    // In the platform's order, which is another one for subprofiles.
    match entity.home {
        Home::Database(database) => {
            shown["fields"] = fields(entity);
            shown["interests"] = json!(entity.interests);
            if everything {
                shown["database"] = json!(database.to_string());
            }
            shown["secret"] = json!(entity.secret);
        }
        Home::Collection { collection, profile, .. } => {
            shown["secret"] = json!(entity.secret);
            shown["fields"] = fields(entity);
            shown["profile"] = json!(profile.to_string());
            shown["collection"] = json!(collection.to_string());
        }
    }
    if everything {
        shown["created"] = json!(clock::stamp(entity.created));
    }
    shown["modified"] = json!(clock::stamp(entity.modified));
    if everything {
        shown["removed"] = entity.removed.map_or(Value::Bool(false), |time| clock::stamp(time).into());
    }
    shown
}

/// The values of its fields, by name.
pub(super) fn fields(entity: &Entity) -> Value {
    entity.fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>().into()
}

/// What becomes of `fields` that are no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherFields {
    /// As observed where profiles are created, and where those that match are updated.
    Refuse,
    /// As observed where one profile is updated.
    Ignore,
}

/// `fields`, `interests` and `secret` of a body.
pub(super) fn input(body: &Body, other: OtherFields) -> Result<EntityInput, RestError> {
    let members = body.members()?;
    let fields = match members.value("fields") {
        Some(Value::Object(fields)) => fields.clone(),
        None => Map::new(),
        // PHP knows no difference between an empty list and an empty object.
        Some(Value::Array(items)) if items.is_empty() => Map::new(),
        Some(_) if other == OtherFields::Ignore => Map::new(),
        Some(_) => return Err(RestError::InvalidData("`fields` is no object of names and values".to_owned())),
    };
    Ok(EntityInput {
        fields,
        interests: members.value("interests").and_then(EntityInput::read_interests),
        secret: members.value("secret").and_then(Value::as_str).map(str::to_owned),
    })
}

/// Values of fields that are the body itself.
pub(super) fn values(body: &Body) -> Result<EntityInput, RestError> {
    match &body.0 {
        Value::Array(items) if items.is_empty() => Ok(EntityInput::default()),
        _ => Ok(EntityInput::of_fields(body.members()?.0.clone())),
    }
}

/// Values of fields that are the body itself, or its `fields`: the platform's samples have both. A field that has the name
/// `fields` settles it.
pub(super) fn values_or_fields(body: &Body, layout: Layout<'_>) -> Result<EntityInput, RestError> {
    let wrapped = body.0.get("fields").is_some_and(|fields| fields.is_object() || fields.is_array());
    if wrapped && layout.field("fields").is_none() {
        return Ok(EntityInput { interests: None, ..input(body, OtherFields::Refuse)? });
    }
    values(body)
}
