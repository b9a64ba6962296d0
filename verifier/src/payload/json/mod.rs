//! Callbacks in JSON, as a body of their own or as the one variable of a legacy form.

mod reader;

use std::borrow::Cow;

use super::callback::identifier;
use super::{Action, Callback, Details, Dialect, Draft, Entity, Fields, Interests, PayloadError, Scalars, Seen};
use reader::{Reader, Scalar};

/// A callback as the body of a request.
pub(super) fn decode(text: &str, scalars: Scalars) -> Result<Callback, PayloadError> {
    let mut json = Reader::new(text, Dialect::Json);
    let (mut draft, mut seen) = (Draft::default(), Seen::default());
    json.open_object("an object")?;
    while let Some(name) = json.member()? {
        match seen.insert(name)? {
            "id" => draft.id = Some(id(&mut json, scalars)?),
            "action" => draft.action = Some(action(&mut json)?),
            "fields" => draft.fields = Some(fields(&mut json, "fields", scalars)?),
            "interests" => draft.interests = Some(interests(&mut json, scalars)?),
            _ => json.skip()?,
        }
    }
    json.end()?;
    let entity = if draft.interests.is_some() { Entity::Profile } else { Entity::Subprofile };
    draft.finish(Dialect::Json, entity)
}

/// The variable `json` of a legacy form: `{"parameters":{...},"profile":{"fields":{...}}}`.
///
/// Assumption: if it tells an `id`, an `action` or the profile's `interests`, it does so as today's JSON does.
pub(super) fn decode_legacy(text: &str, scalars: Scalars) -> Result<Callback, PayloadError> {
    let mut json = Reader::new(text, Dialect::LegacyForm);
    let (mut draft, mut seen, mut changed) = (Draft::default(), Seen::default(), None);
    json.open_object("an object")?;
    while let Some(name) = json.member()? {
        match seen.insert(name)? {
            "id" => draft.id = Some(id(&mut json, scalars)?),
            "action" => draft.action = Some(action(&mut json)?),
            "parameters" => changed = Some(fields(&mut json, "parameters", scalars)?),
            "profile" => legacy_profile(&mut json, &mut draft, scalars)?,
            _ => json.skip()?,
        }
    }
    json.end()?;
    draft.details = Some(Box::new(Details { changed, ..Details::default() }));
    draft.finish(Dialect::LegacyForm, Entity::Profile)
}

fn legacy_profile(json: &mut Reader<'_>, draft: &mut Draft, scalars: Scalars) -> Result<(), PayloadError> {
    let mut seen = Seen::default();
    json.open_object_of("profile")?;
    while let Some(name) = json.member()? {
        match seen.insert(name)? {
            "fields" => draft.fields = Some(fields(json, "fields", scalars)?),
            "interests" => draft.interests = Some(interests(json, scalars)?),
            _ => json.skip()?,
        }
    }
    Ok(())
}

fn action(json: &mut Reader<'_>) -> Result<Action, PayloadError> {
    match json.scalar()? {
        Some(Scalar::Text(text)) => Action::parse(&text),
        _ => Err(wrong_type("action", "a text")),
    }
}

fn id(json: &mut Reader<'_>, scalars: Scalars) -> Result<Box<str>, PayloadError> {
    match (json.scalar()?, scalars) {
        (Some(Scalar::Text(text)), _) => identifier("id", &text),
        (Some(Scalar::Number(number)), Scalars::AsText) => identifier("id", number),
        (_, Scalars::AsText) => Err(wrong_type("id", "a text or a number")),
        (_, Scalars::Refuse) => Err(wrong_type("id", "a text")),
    }
}

fn fields(json: &mut Reader<'_>, name: &'static str, scalars: Scalars) -> Result<Fields, PayloadError> {
    json.open_object_of(name)?;
    let mut fields = Fields::with_room(json.room());
    while let Some(name) = json.member()? {
        fields.push_name(&name)?;
        match (json.scalar()?, scalars) {
            (Some(Scalar::Text(text)), _) => fields.push_value(&text)?,
            (Some(Scalar::Number(text) | Scalar::Word(text)), Scalars::AsText) => fields.push_value(text)?,
            (Some(Scalar::Null), Scalars::AsText) => fields.push_value("")?,
            (_, Scalars::AsText) => return Err(wrong_type(&name, "a text, a number, `true`, `false` or `null`")),
            (_, Scalars::Refuse) => return Err(wrong_type(&name, "a text")),
        }
    }
    fields.distinct()
}

fn interests(json: &mut Reader<'_>, scalars: Scalars) -> Result<Interests, PayloadError> {
    json.open_array_of("interests")?;
    let mut interests = Interests::default();
    while json.element()? {
        let interest: Cow<'_, str> = match (json.scalar()?, scalars) {
            (Some(Scalar::Text(text)), _) => text,
            (Some(Scalar::Number(text) | Scalar::Word(text)), Scalars::AsText) => text.into(),
            (_, Scalars::AsText) => return Err(wrong_type("interests", "texts, numbers, `true` or `false` in it")),
            (_, Scalars::Refuse) => return Err(wrong_type("interests", "texts in it")),
        };
        interests.push(&interest)?;
    }
    Ok(interests)
}

fn wrong_type(name: &str, expected: &'static str) -> PayloadError {
    PayloadError::WrongType { name: name.into(), expected }
}
