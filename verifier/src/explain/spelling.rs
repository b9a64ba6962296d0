//! Percent-encoding and JSON, written in the ways in which programs write them.

use std::fmt::Write;

/// Decodes the triplets (`%7E`) of such bytes, and leaves the others.
pub(super) fn percent_decoded(text: &str, is_such: impl Fn(u8) -> bool) -> String {
    triplets_mapped(text, |byte, triplet, out| {
        if byte.is_ascii() && is_such(byte) { out.push(char::from(byte)) } else { out.push_str(triplet) }
    })
}

/// Encodes such bytes as triplets. A percent sign that begins one is none of them, unless all of them are.
pub(super) fn percent_encoded(text: &str, is_such: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let mut room = [0; 4];
        for &byte in character.encode_utf8(&mut room).as_bytes() {
            // Writing to a `String` does not fail.
            let _ = match is_such(byte) || !byte.is_ascii() {
                true => write!(out, "%{byte:02X}"),
                false => out.write_char(char::from(byte)),
            };
        }
    }
    out
}

/// The hexadecimal digits of all triplets in another case.
pub(super) fn triplets_in_case(text: &str, case: impl Fn(&u8) -> u8) -> String {
    triplets_mapped(text, |_, triplet, out| out.extend(triplet.bytes().map(|b| char::from(case(&b)))))
}

/// The bytes that are there as triplets, each once.
pub(super) fn triplets_in(text: &str) -> Vec<u8> {
    let mut found = Vec::new();
    triplets_mapped(text, |byte, _, _| {
        if !found.contains(&byte) {
            found.push(byte);
        }
    });
    found
}

fn triplets_mapped(text: &str, mut write: impl FnMut(u8, &str, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        match behind.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit())) {
            Some(digits) => {
                let byte = u8::from_str_radix(digits, 16).unwrap_or_default();
                write(byte, &format!("%{digits}"), &mut out);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// A piece of JSON. Numbers and literals are kept as they are spelled, because writing them anew would change them.
enum Token<'a> {
    Open(char),
    Close(char),
    Comma,
    Colon,
    Text(String),
    Plain(&'a str),
}

/// JSON that can be written again: in the same order, with the same values.
pub(super) struct Json<'a>(Vec<Token<'a>>);

/// What stands between the pieces.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// Nothing.
    Compact,
    /// A blank behind each colon.
    Colons,
    /// A blank behind each comma and colon.
    Blanks,
    /// Lines, indented by this.
    Lines(&'static str),
}

/// How text is escaped.
#[derive(Clone, Copy)]
pub(super) struct Escapes {
    /// Everything beyond ASCII as `\uXXXX`, with digits in this case.
    pub(super) ascii: Option<Digits>,
    /// `/` as `\/`.
    pub(super) slashes: bool,
    /// `<`, `>` and `&` as `\uXXXX`.
    pub(super) html: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Digits {
    Lower,
    Upper,
}

impl<'a> Json<'a> {
    /// Reads a JSON object or array. `None` if it is none.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        // The grammar is the library's business; what follows only cuts.
        serde_json::from_str::<serde_json::Value>(text).ok().filter(|value| value.is_object() || value.is_array())?;
        let mut tokens = Vec::new();
        let mut rest = text.trim_ascii();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '{' | '[' => push(&mut tokens, Token::Open(first)),
                '}' | ']' => push(&mut tokens, Token::Close(first)),
                ',' => push(&mut tokens, Token::Comma),
                ':' => push(&mut tokens, Token::Colon),
                '"' => {
                    let length = quoted_length(rest)?;
                    tokens.push(Token::Text(serde_json::from_str(rest.get(..length)?).ok()?));
                    length
                }
                _ => {
                    let length = rest.find([',', '}', ']', ' ', '\t', '\r', '\n', ':']).unwrap_or(rest.len());
                    tokens.push(Token::Plain(rest.get(..length)?));
                    length
                }
            };
            rest = rest.get(length..)?.trim_ascii_start();
        }
        Some(Self(tokens))
    }

    /// `None` if that takes more bytes than this by the time that a piece is written: indentation multiplies what is nested
    /// deeply.
    pub(super) fn written(&self, layout: Layout, escapes: Escapes, longest: usize) -> Option<String> {
        let mut out = String::new();
        let mut depth = 0_usize;
        let mut is_empty = false;
        for token in &self.0 {
            if out.len() > longest {
                return None;
            }
            if let Token::Close(_) = token {
                depth = depth.saturating_sub(1);
                if !is_empty {
                    line(&mut out, layout, depth);
                }
            } else if is_empty {
                line(&mut out, layout, depth);
            }
            is_empty = false;
            match token {
                Token::Open(bracket) => {
                    out.push(*bracket);
                    depth += 1;
                    is_empty = true;
                }
                Token::Close(bracket) => out.push(*bracket),
                Token::Comma => {
                    out.push_str(if matches!(layout, Layout::Blanks) { ", " } else { "," });
                    line(&mut out, layout, depth);
                }
                Token::Colon => out.push_str(if matches!(layout, Layout::Compact) { ":" } else { ": " }),
                Token::Text(text) => escapes.write(text, &mut out),
                Token::Plain(text) => out.push_str(text),
            }
        }
        (out.len() <= longest).then_some(out)
    }
}

fn push<'a>(tokens: &mut Vec<Token<'a>>, token: Token<'a>) -> usize {
    tokens.push(token);
    1
}

fn line(out: &mut String, layout: Layout, depth: usize) {
    if let Layout::Lines(indent) = layout {
        out.push('\n');
        (0..depth).for_each(|_| out.push_str(indent));
    }
}

/// The length of the string literal that a text begins with, quotes included.
fn quoted_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|b| {
        let ends = b == b'"' && !is_escaped;
        is_escaped = b == b'\\' && !is_escaped;
        ends
    })?;
    Some(end + 2)
}

impl Escapes {
    fn write(self, text: &str, out: &mut String) {
        out.push('"');
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '/' if self.slashes => out.push_str("\\/"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if self.html => unicode(out, character, Digits::Lower),
                '\0'..' ' => unicode(out, character, self.ascii.unwrap_or(Digits::Lower)),
                other => match self.ascii {
                    Some(digits) if !other.is_ascii() || other == '\u{7f}' && matches!(digits, Digits::Upper) => {
                        unicode(out, other, digits);
                    }
                    _ => out.push(other),
                },
            }
        }
        out.push('"');
    }
}

/// A character as one or two UTF-16 units.
fn unicode(out: &mut String, character: char, digits: Digits) {
    let mut room = [0; 2];
    for unit in character.encode_utf16(&mut room) {
        // Writing to a `String` does not fail.
        let _ = match digits {
            Digits::Lower => write!(out, "\\u{unit:04x}"),
            Digits::Upper => write!(out, "\\u{unit:04X}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Escapes = Escapes { ascii: None, slashes: false, html: false };

    #[test]
    fn json_is_written_in_every_layout() {
        let json = Json::parse(" {\"a\" :[1.50, -0,{ } ,[]],\n\"b/\":\"\\u00e9\\/\\n\", \"c\":{\"d\":null}} ").unwrap();
        let written = |layout| json.written(layout, PLAIN, 100).unwrap();
        assert_eq!(written(Layout::Compact), "{\"a\":[1.50,-0,{},[]],\"b/\":\"é/\\n\",\"c\":{\"d\":null}}");
        assert_eq!(written(Layout::Colons), "{\"a\": [1.50,-0,{},[]],\"b/\": \"é/\\n\",\"c\": {\"d\": null}}");
        assert_eq!(written(Layout::Blanks), "{\"a\": [1.50, -0, {}, []], \"b/\": \"é/\\n\", \"c\": {\"d\": null}}");
        assert_eq!(
            written(Layout::Lines("  ")),
            "{\n  \"a\": [\n    1.50,\n    -0,\n    {},\n    []\n  ],\n  \"b/\": \"é/\\n\",\n  \"c\": {\n    \"d\": null\n  }\n}"
        );
    }

    #[test]
    fn text_is_escaped_in_every_way() {
        let json = Json::parse("[\"/é<\u{1f600}\\u001f\\\"\"]").unwrap();
        for (escapes, expected) in [
            (PLAIN, "[\"/é<\u{1f600}\\u001f\\\"\"]"),
            (Escapes { slashes: true, ..PLAIN }, "[\"\\/é<\u{1f600}\\u001f\\\"\"]"),
            (Escapes { html: true, ..PLAIN }, "[\"/é\\u003c\u{1f600}\\u001f\\\"\"]"),
            (Escapes { ascii: Some(Digits::Lower), ..PLAIN }, "[\"/\\u00e9<\\ud83d\\ude00\\u001f\\\"\"]"),
            (Escapes { ascii: Some(Digits::Upper), ..PLAIN }, "[\"/\\u00E9<\\uD83D\\uDE00\\u001F\\\"\"]"),
        ] {
            assert_eq!(json.written(Layout::Compact, escapes, 100).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_grows_beyond_its_bound_is_given_up() {
        let json = Json::parse("[[1,1],\"/\"]").unwrap();
        let slashes = Escapes { slashes: true, ..PLAIN };
        for (layout, escapes, length) in [
            (Layout::Compact, PLAIN, 11),
            (Layout::Compact, slashes, 12),
            (Layout::Blanks, PLAIN, 13),
            (Layout::Lines("  "), PLAIN, 31),
        ] {
            assert_eq!(json.written(layout, escapes, length).map(|written| written.len()), Some(length));
            assert!(json.written(layout, escapes, length - 1).is_none(), "{length}");
        }
    }

    #[test]
    fn what_is_no_json_object_or_array_is_left_alone() {
        for text in ["", "1", "\"a\"", "{", "{\"a\"}", "[1,]", "{} x", "[\"\\ud800\"]"] {
            assert!(Json::parse(text).is_none(), "{text}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_none());
    }

    #[test]
    fn triplets_are_decoded_encoded_and_respelled() {
        assert_eq!(percent_decoded("/a%7Eb%2f%zz%4", |b| b == b'~'), "/a~b%2f%zz%4");
        assert_eq!(percent_encoded("/a~b é", |b| b == b'~' || b == b' '), "/a%7Eb%20%C3%A9");
        assert_eq!(triplets_in_case("%2f%7E%x", u8::to_ascii_uppercase), "%2F%7E%x");
        assert_eq!(triplets_in("%2f%7E%2F%"), [0x2f, 0x7e]);
    }
}
