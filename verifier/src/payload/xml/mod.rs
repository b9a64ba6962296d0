//! Callbacks in XML 1.0, today's layout and the legacy one.
//!
//! `quick-xml` finds tags, texts and references. What it leaves to its user is done here: `document` sees to it that there
//! is one root element with nothing behind it, `lexical` to names, attributes, characters and the declaration.

mod document;
mod lexical;

use super::{Action, Callback, Details, Dialect, Draft, Entity, Fields, Interests, PayloadError, Seen, identifier};
use document::Document;
use lexical::Tag;

/// A callback as the body of a request.
pub(super) fn decode(text: &str) -> Result<Callback, PayloadError> {
    let mut document = Document::new(text)?;
    let root = document.root()?;
    let entity = match root.name {
        "profile" => Entity::Profile,
        "subprofile" => Entity::Subprofile,
        _ => return Err(PayloadError::UnknownShape),
    };
    root.has_no_attributes()?;
    let (mut draft, mut seen, mut updated) = (Draft::default(), Seen::default(), None);
    while let Some(tag) = document.child()? {
        match seen.insert(tag.name.into())? {
            "id" => draft.id = Some(identifier("id", &document.text_of(&tag)?)?),
            "action" => draft.action = Some(Action::parse(&document.text_of(&tag)?)?),
            "fields" => draft.fields = Some(fields(&mut document, &tag)?),
            "updated" => updated = Some(fields(&mut document, &tag)?),
            "interests" => draft.interests = Some(interests(&mut document, &tag)?),
            _ => document.skip()?,
        }
    }
    document.end()?;
    let Some(updated) = updated else { return draft.finish(Dialect::Xml, entity) };
    let previous = draft.fields.take().ok_or(PayloadError::Missing { name: "fields" })?;
    draft.fields = Some(previous.overlaid_with(&updated)?);
    let details = Details { changed: Some(updated), previous: Some(previous), ..Details::default() };
    draft.details = Some(Box::new(details));
    draft.finish(Dialect::LegacyXml, entity)
}

/// One element per field, named after it, or `<field name="...">` where its name is none of XML.
fn fields(document: &mut Document<'_>, parent: &Tag<'_>) -> Result<Fields, PayloadError> {
    parent.has_no_attributes()?;
    let mut fields = Fields::with_room(document.room());
    while let Some(mut tag) = document.child()? {
        match tag.attribute.take() {
            Some(("name", name)) if tag.name == "field" => fields.push_name(&name)?,
            Some((other, _)) => return Err(PayloadError::Attribute(other.into())),
            None => fields.push_name(tag.name)?,
        }
        fields.push_value(&document.text_of(&tag)?)?;
    }
    fields.distinct()
}

fn interests(document: &mut Document<'_>, parent: &Tag<'_>) -> Result<Interests, PayloadError> {
    parent.has_no_attributes()?;
    let mut interests = Interests::default();
    while let Some(tag) = document.child()? {
        if tag.name != "interest" {
            return Err(PayloadError::WrongType { name: "interests".into(), expected: "`interest` elements in it" });
        }
        interests.push(&document.text_of(&tag)?)?;
    }
    Ok(interests)
}
