//! XML as it comes in, read into a small tree with bounds, and what it takes to write it. No document type, no entities but
//! the five of XML itself.

use std::fmt::Write as _;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

/// How deep elements may be nested. An envelope with lists of maps needs nine.
const MAX_DEPTH: usize = 24;
/// How many elements a document may have: enough for a removal of a hundred thousand profiles.
const MAX_ELEMENTS: usize = 200_000;
/// How many attributes an element may have. (To find out that none is there twice takes the square of that.)
const MAX_ATTRIBUTES: usize = 32;
/// How many attributes a document may have: two for each element, which is what `xsi:type` and `SOAP-ENC:arrayType` come to.
const MAX_ALL_ATTRIBUTES: usize = 2 * MAX_ELEMENTS;
/// The attributes that anybody here asks for. Whoever sends others need not be given the memory for them.
const KEPT_ATTRIBUTES: [&str; 4] = ["href", "id", "mustUnderstand", "nil"];
/// The name space of SOAP 1.2.
const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// An element, whose prefix is gone: clients choose name spaces as they like.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    /// Values by the local names of [those that are kept](KEPT_ATTRIBUTES).
    pub(super) attributes: Vec<(&'static str, String)>,
    /// Whether it declares the name space of SOAP 1.2.
    pub(super) is_soap_12: bool,
    pub(super) children: Vec<Element>,
    /// All text directly inside.
    pub(super) text: String,
}

/// What came is no XML that is read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum XmlError {
    #[error("the body is not UTF-8")]
    Encoding,
    #[error("the body is no well-formed XML: {reason} (at byte {at})")]
    Syntax { reason: String, at: u64 },
    #[error("a document type (`<!DOCTYPE`) is not allowed in SOAP; leave it out")]
    DocumentType,
    #[error("the entity `&{0};` is unknown; only `lt`, `gt`, `amp`, `quot` and `apos` exist here")]
    Entity(String),
    #[error("the XML has {0}")]
    TooMuch(String),
}

impl Element {
    /// Reads a document.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, XmlError> {
        let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader::from_str(text);
        reader.config_mut().enable_all_checks(true);
        let mut parser = Parser::default();
        loop {
            let event = reader
                .read_event()
                .map_err(|error| XmlError::Syntax { reason: error.to_string(), at: reader.error_position() })?;
            if let Event::Eof = event {
                break;
            }
            let at = reader.buffer_position();
            parser.take(event).map_err(|error| match error {
                XmlError::Syntax { reason, .. } => XmlError::Syntax { reason, at },
                other => other,
            })?;
        }
        parser.finish()
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Whether it says that it stands for nothing (`xsi:nil`).
    pub(super) fn is_nil(&self) -> bool {
        self.attribute("nil").is_some_and(|nil| matches!(nil.trim(), "true" | "1"))
    }
}

/// A document under way: the elements that are open, the outermost first.
#[derive(Default)]
struct Parser {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    attributes: usize,
}

impl Parser {
    fn take(&mut self, event: Event<'_>) -> Result<(), XmlError> {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::Empty(tag) => {
                self.start(&tag)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.text(&referred(&reference)?),
            Event::Decl(declaration) => match declaration.encoding() {
                Some(Ok(encoding)) if !["utf-8", "us-ascii"].contains(&encoding.to_ascii_lowercase().as_str()) => {
                    Err(XmlError::Encoding)
                }
                _ => Ok(()),
            },
            Event::DocType(_) => Err(XmlError::DocumentType),
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), XmlError> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(XmlError::TooMuch(format!("more than {MAX_ELEMENTS} elements; split the call")));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(XmlError::TooMuch(format!("elements nested deeper than {MAX_DEPTH}")));
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(syntax("a second root element"));
        }
        let mut element = Element { name: tag.local_name().as_ref().to_owned(), ..Element::default() };
        for (index, attribute) in tag.attributes().enumerate() {
            self.attributes += 1;
            if index == MAX_ATTRIBUTES {
                return Err(XmlError::TooMuch(format!("an element with more than {MAX_ATTRIBUTES} attributes")));
            }
            if self.attributes > MAX_ALL_ATTRIBUTES {
                return Err(XmlError::TooMuch(format!("more than {MAX_ALL_ATTRIBUTES} attributes; split the call")));
            }
            let attribute = attribute.map_err(syntax)?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(syntax)?;
            check_characters(&value)?;
            element.is_soap_12 |= value == SOAP_12;
            let name = attribute.key.local_name();
            if let Some(kept) = KEPT_ATTRIBUTES.into_iter().find(|kept| *kept == name.as_ref()) {
                element.attributes.push((kept, value.into_owned()));
            }
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) -> Result<(), XmlError> {
        let element = self.open.pop().ok_or_else(|| syntax("an end tag without its start"))?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        check_characters(text)?;
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim_ascii().is_empty() => {}
            None => return Err(syntax("text outside of the root element")),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, XmlError> {
        match self.open.last() {
            Some(open) => Err(syntax(format!("`<{}>` is never closed", open.name))),
            None => self.root.ok_or_else(|| syntax("there is no element in it")),
        }
    }
}

/// What a reference such as `&amp;` or `&#13;` stands for.
fn referred(reference: &BytesRef<'_>) -> Result<String, XmlError> {
    if reference.is_char_ref() {
        let character = reference.resolve_char_ref().map_err(syntax)?;
        return Ok(character.map(String::from).unwrap_or_default());
    }
    let name = reference.xml10_content();
    resolve_predefined_entity(&name).map(str::to_owned).ok_or_else(|| XmlError::Entity(name.into_owned()))
}

/// XML 1.0 section 2.2.
fn check_characters(text: &str) -> Result<(), XmlError> {
    match text.chars().find(|c| !is_character(*c)) {
        Some(c) => Err(syntax(format!("the character U+{:04X} is not allowed in XML", u32::from(c)))),
        None => Ok(()),
    }
}

const fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// A complaint whose place is filled in by whoever knows it.
fn syntax(reason: impl ToString) -> XmlError {
    XmlError::Syntax { reason: reason.to_string(), at: 0 }
}

/// Writes an element that holds text.
pub(super) fn element(out: &mut String, name: &str, text: &str) {
    // Writing to a `String` does not fail.
    let _ = write!(out, "<{name}>{}</{name}>", escaped(text));
}

/// Text as XML 1.0 can carry it. A carriage return is a reference, since a parser would make it a line feed; characters that
/// XML does not have become U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            c if is_character(c) => out.push(c),
            _ => out.push('\u{fffd}'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prefixes_are_dropped_and_text_is_joined() {
        let read = Element::parse(
            b"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- a --><s:a xmlns:s='x' s:id='1&amp;2' s:b='3'>\
              x&lt;<![CDATA[<y>]]>&#13;<c/></s:a>\n",
        );
        let read = read.unwrap();
        assert_eq!((read.name.as_str(), read.text.as_str()), ("a", "x<<y>\r"));
        assert_eq!((read.attribute("id"), read.child("c")), (Some("1&2"), Some(&read.children[0])));
        assert_eq!(read.attributes.len(), 1, "those that nobody asks for are not kept");
    }

    #[test]
    fn what_is_no_plain_xml_is_refused_with_a_reason() {
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        let many = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
        let laden = format!("<a>{}</a>", "<b c='' d='' e=''/>".repeat(MAX_ALL_ATTRIBUTES / 3 + 1));
        let wide = format!("<a {}/>", (0..=MAX_ATTRIBUTES).map(|n| format!("b{n}='' ")).collect::<String>());
        for (document, expected) in [
            ("", "no element"),
            ("text", "outside"),
            ("<a>", "never closed"),
            ("<a></b>", "no well-formed XML"),
            ("<a/><b/>", "second root"),
            ("<a/>x", "outside"),
            ("</a>", "no well-formed XML"),
            ("<a b='1' b='2'/>", "no well-formed XML"),
            ("<a b=1/>", "no well-formed XML"),
            ("<a>&lol;</a>", "entity `&lol;`"),
            ("<a b='&lol;'/>", "no well-formed XML"),
            ("<a>&#0;</a>", "no well-formed XML"),
            ("<a>&#1;</a>", "U+0001"),
            ("<a>\u{1}</a>", "U+0001"),
            ("<a>\u{ffff}</a>", "U+FFFF"),
            ("<!DOCTYPE a [<!ENTITY lol 'x'>]><a>&lol;</a>", "document type"),
            ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "not UTF-8"),
            (&deep, "deeper"),
            (&many, "more than 200000 elements"),
            (&wide, "more than 32 attributes"),
            (&laden, "more than 400000 attributes"),
        ] {
            let shown = &document[..document.len().min(60)];
            let error = Element::parse(document.as_bytes()).expect_err(shown).to_string();
            assert!(error.contains(expected), "{shown}: {error}");
        }
        assert_eq!(Element::parse(b"<a>\xff</a>"), Err(XmlError::Encoding));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(text in any::<String>()) {
            let mut out = String::new();
            element(&mut out, "a", &text);
            let expected: String = text.chars().map(|c| if is_character(c) { c } else { '\u{fffd}' }).collect();
            prop_assert_eq!(Element::parse(out.as_bytes()).unwrap().text, expected);
        }

        #[test]
        fn nothing_that_comes_in_breaks_it(text in "[<>/a:='\"&;#x0!\\[\\]?-]{0,60}", bytes in any::<Vec<u8>>()) {
            // Whether it is XML does not matter here.
            let _ = (Element::parse(text.as_bytes()), Element::parse(&bytes));
        }
    }
}
