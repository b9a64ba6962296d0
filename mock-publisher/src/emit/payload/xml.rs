use std::fmt::Write as _;

use super::Told;
use crate::platform::{Home, Kind};

/// A root named after the kind of entity, with the documented variables in it. Assumption: the platform does not document the
/// layout.
pub(super) fn current(told: &Told<'_>) -> String {
    let mut out = opened(told);
    out.push_str("<fields>");
    for (name, value) in told.fields() {
        field(&mut out, name, value);
    }
    out.push_str("</fields>");
    closed(out, told)
}

/// As until 2016: `fields` has the old values, and `updated` the new ones of what has changed.
pub(super) fn legacy(told: &Told<'_>) -> String {
    let mut out = opened(told);
    out.push_str("<fields>");
    for (name, value) in told.previous() {
        field(&mut out, name, value);
    }
    out.push_str("</fields><updated>");
    for (name, value) in told.changed() {
        field(&mut out, name, value);
    }
    out.push_str("</updated>");
    closed(out, told)
}

fn opened(told: &Told<'_>) -> String {
    let root = told.entity.home.kind().name();
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><{root}>");
    element(&mut out, "id", &told.entity.id.to_string());
    element(&mut out, "action", told.change.action.name());
    if let Home::Collection { collection, profile, .. } = told.entity.home
        && told.style.parents_of_subprofiles
    {
        element(&mut out, "profile", &profile.to_string());
        element(&mut out, "collection", &collection.to_string());
    }
    out
}

fn closed(mut out: String, told: &Told<'_>) -> String {
    let kind = told.entity.home.kind();
    if kind == Kind::Profile {
        out.push_str("<interests>");
        for interest in &told.entity.interests {
            element(&mut out, "interest", interest);
        }
        out.push_str("</interests>");
    }
    let _ = write!(out, "</{}>", kind.name());
    out
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
    use super::super::PayloadMethod;
    use super::super::tests::{change, text};
    use crate::platform::{Action, PayloadStyle};

    #[test]
    fn names_that_are_none_in_xml_are_attributes() {
        let fields = [("2nd", "x"), ("xmlish", "y"), ("a\"b", "\u{0}"), ("a\tb\nc", "x")];
        let body = text(&change(Action::Create, &fields, &[]), PayloadMethod::Xml, PayloadStyle::default());
        for part in [
            "<field name=\"2nd\">x</field><field name=\"xmlish\">y</field><field name=\"a&quot;b\">\u{fffd}</field>",
            "<field name=\"a&#9;b&#10;c\">x</field>",
        ] {
            assert!(body.contains(part), "{body}");
        }
    }
}
