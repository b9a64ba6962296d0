use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::platform::Change;

/// In which form a callback tells of a change. (The platform calls it the method; the HTTP method is always `POST`.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PayloadMethod {
    /// `application/json`
    Json,
    /// `application/xml`. Assumption: the platform does not document the layout.
    Xml,
}

impl PayloadMethod {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Json, Self::Xml].into_iter().find(|method| method.name() == name)
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
        }
    }
}

/// The body of a callback. Its bytes are made once and are the same in every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) method: PayloadMethod,
    pub(crate) bytes: Vec<u8>,
}

impl Payload {
    /// The variables `id`, `action`, `fields` and `interests`, which are the same for the three actions.
    pub(crate) fn of(change: &Change, method: PayloadMethod) -> Self {
        let bytes = match method {
            PayloadMethod::Json => json(change),
            PayloadMethod::Xml => xml(change),
        };
        Self { method, bytes }
    }
}

fn json(change: &Change) -> Vec<u8> {
    let profile = &change.profile;
    let fields: Map<String, Value> =
        profile.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    // Assumption: `id` is a string, as it is in the REST API.
    let body = serde_json::json!({
        "id": profile.id.to_string(),
        "action": change.action.name(),
        "fields": fields,
        "interests": profile.interests,
    });
    body.to_string().into_bytes()
}

fn xml(change: &Change) -> Vec<u8> {
    let profile = &change.profile;
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><profile>");
    element(&mut out, "id", &profile.id.to_string());
    element(&mut out, "action", change.action.name());
    out.push_str("<fields>");
    for (name, value) in &profile.fields {
        field(&mut out, name, value);
    }
    out.push_str("</fields><interests>");
    for interest in &profile.interests {
        element(&mut out, "interest", interest);
    }
    out.push_str("</interests></profile>");
    out.into_bytes()
}

fn element(out: &mut String, name: &str, text: &str) {
    // Writing to a `String` does not fail.
    let _ = write!(out, "<{name}>{}</{name}>", escaped(text));
}

/// An element named after the field, or `<field name="...">` where XML knows no such name.
fn field(out: &mut String, name: &str, value: &str) {
    if is_element_name(name) {
        element(out, name, value);
    } else {
        // In an attribute a parser makes blanks of these (XML 1.0 section 3.3.3).
        let name = escaped(name).replace('\t', "&#9;").replace('\n', "&#10;");
        let _ = write!(out, "<field name=\"{name}\">{}</field>", escaped(value));
    }
}

/// The ASCII names of XML 1.0 section 2.3, without those that begin with `xml`, which are reserved, and without colons,
/// which belong to name spaces.
fn is_element_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    let reserved = name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml"));
    starts && !reserved && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// Text as XML 1.0 can carry it. A carriage return is a reference, since a parser would make it a line feed; characters
/// that XML does not have (section 2.2) become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => out.push(c),
            _ => out.push('\u{fffd}'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Action, Profile, Trigger};

    fn change(fields: &[(&str, &str)], interests: &[&str]) -> Change {
        let profile = Profile {
            id: 123,
            database: 1,
            fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            interests: interests.iter().map(|name| (*name).to_owned()).collect(),
            secret: String::new(),
            created: 0,
            modified: 0,
            removed: None,
        };
        Change { action: Action::Update, trigger: Trigger::Rest, profile }
    }

    fn text(change: &Change, method: PayloadMethod) -> String {
        String::from_utf8(Payload::of(change, method).bytes).unwrap()
    }

    #[test]
    fn json_has_the_documented_variables_in_order() {
        let body = text(&change(&[("name", "Mike"), ("city", "\"\u{1f3be}\n")], &["tennis"]), PayloadMethod::Json);
        let expected =
            r#"{"id":"123","action":"update","fields":{"name":"Mike","city":"\"🎾\n"},"interests":["tennis"]}"#;
        assert_eq!(body, expected);
        assert!(text(&change(&[], &[]), PayloadMethod::Json).ends_with(r#""fields":{},"interests":[]}"#));
    }

    #[test]
    fn xml_reads_back_as_it_was_meant() {
        let nasty = "a<b>&\"'\r\n\t\u{1f3be}]]>";
        let body = text(
            &change(&[("name", nasty), ("2nd", "x"), ("xmlish", "y"), ("a\"b", "\u{0}")], &["golf"]),
            PayloadMethod::Xml,
        );
        let mut reader = quick_xml::Reader::from_str(&body);
        let mut texts = Vec::new();
        let mut current = String::new();
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Text(part) => current.push_str(&part),
                quick_xml::events::Event::GeneralRef(reference) => {
                    let resolved = match reference.resolve_char_ref().unwrap() {
                        Some(c) => c.to_string(),
                        None => quick_xml::escape::resolve_predefined_entity(&reference).unwrap().to_owned(),
                    };
                    current.push_str(&resolved);
                }
                quick_xml::events::Event::End(_) => texts.push(std::mem::take(&mut current)),
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        let read: Vec<&str> = texts.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        assert_eq!(read, ["123", "update", nasty, "x", "y", "\u{fffd}", "golf"]);
        assert!(
            body.contains("<field name=\"2nd\">x</field><field name=\"xmlish\">y</field><field name=\"a&quot;b\">")
        );
        let awkward = Payload::of(&change(&[("a\tb\nc", "x")], &[]), PayloadMethod::Xml).bytes;
        assert!(String::from_utf8(awkward).unwrap().contains("<field name=\"a&#9;b&#10;c\">x</field>"));
    }
}
