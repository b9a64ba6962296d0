use serde_json::{Map, Value, json};

use super::Told;
use crate::platform::{Home, Id};

/// The variables `id`, `action`, `fields` and, of a profile, `interests`; they are the same for the three actions.
pub(super) fn current(told: &Told<'_>) -> String {
    // Assumption: `id` is a text, as it is in the REST API.
    let id = |id: Id| if told.style.numbers_as_ids { json!(id) } else { json!(id.to_string()) };
    let mut body = Map::new();
    body.insert("id".into(), id(told.entity.id));
    body.insert("action".into(), told.change.action.name().into());
    if let Home::Collection { collection, profile, .. } = told.entity.home
        && told.style.parents_of_subprofiles
    {
        body.insert("profile".into(), id(profile));
        body.insert("collection".into(), id(collection));
    }
    body.insert("fields".into(), object(told.fields()));
    if let Home::Database(_) = told.entity.home {
        body.insert("interests".into(), json!(told.entity.interests));
    }
    Value::Object(body).to_string()
}

/// As the platform's own receiver of 2011 to 2019 reads it: what has changed, and all fields.
///
/// Assumption: a subprofile looks the same, with its own fields.
pub(super) fn legacy(told: &Told<'_>) -> String {
    json!({"parameters": object(told.changed()), "profile": {"fields": object(told.fields())}}).to_string()
}

fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    fields.map(|(name, value)| (name.to_owned(), Value::from(value))).collect::<Map<_, _>>().into()
}
