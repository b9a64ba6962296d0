//! The parts of XML 1.0 that are smaller than a tag.

use std::borrow::Cow;

use crate::payload::{Dialect, MAX_MEMBERS, PayloadError};

/// A start tag, or an empty-element tag.
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    /// Its first attribute. No element that has a meaning here has more than one.
    pub(super) attribute: Option<(&'a str, Cow<'a, str>)>,
    /// The name of its second attribute.
    second: Option<&'a str>,
}

impl<'a> Tag<'a> {
    /// Reads `<name attribute="value">` or `<name/>`, which begins at a position of the document.
    pub(super) fn parse(source: &'a str, at: usize) -> Result<Self, PayloadError> {
        let inner = source.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_default();
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        let (name, rest) = split_where(inner, |c| is_white_space_char(c) || c == '/');
        check_name(name, at)?;
        let mut attributes = Attributes { rest, at };
        let mut names = Vec::new();
        let mut first = None;
        while let Some((name, value)) = attributes.next()? {
            if names.contains(&name) {
                return Err(PayloadError::Duplicate(name.into()));
            }
            if names.len() == MAX_MEMBERS {
                return Err(PayloadError::TooManyMembers);
            }
            names.push(name);
            first = first.or(Some((name, value)));
        }
        Ok(Self { name, attribute: first, second: names.get(1).copied() })
    }

    pub(super) fn has_no_attributes(&self) -> Result<(), PayloadError> {
        match self.attribute.as_ref().map(|(name, _)| *name).or(self.second) {
            None => Ok(()),
            Some(name) => Err(PayloadError::Attribute(name.into())),
        }
    }
}

/// What is left of the attributes of a tag or a declaration.
struct Attributes<'a> {
    rest: &'a str,
    /// Where the tag begins.
    at: usize,
}

impl<'a> Attributes<'a> {
    /// The next attribute: white space, a name, an equals sign, and a value in quotes (section 3.1).
    fn next(&mut self) -> Result<Option<(&'a str, Cow<'a, str>)>, PayloadError> {
        let text = trim_start(self.rest);
        if text.is_empty() {
            return Ok(None);
        }
        let malformed = || syntax("attributes as ` name=\"value\"` in the tag", self.at);
        if text.len() == self.rest.len() {
            return Err(malformed());
        }
        let (name, text) = split_where(text, |c| c == '=' || is_white_space_char(c));
        check_name(name, self.at)?;
        let text = trim_start(trim_start(text).strip_prefix('=').ok_or_else(malformed)?);
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(malformed)?;
        let (value, rest) = text.strip_prefix(quote).and_then(|text| text.split_once(quote)).ok_or_else(malformed)?;
        if value.contains(['<', '\t', '\n', '\r']) {
            // A parser turns white space into blanks, so what was meant is anybody's guess.
            return Err(syntax("no `<`, tab or line break in the value of an attribute of the tag", self.at));
        }
        self.rest = rest;
        Ok(Some((name, with_characters(value, self.at)?)))
    }
}

/// Replaces references by what they stand for.
fn with_characters(text: &str, at: usize) -> Result<Cow<'_, str>, PayloadError> {
    let Some((plain, rest)) = text.split_once('&') else { return Ok(Cow::Borrowed(text)) };
    let mut whole = plain.to_owned();
    for part in rest.split('&') {
        let (reference, plain) = part.split_once(';').ok_or_else(|| syntax("`;` behind each `&` of the tag", at))?;
        whole.push(character(reference)?);
        whole.push_str(plain);
    }
    Ok(Cow::Owned(whole))
}

/// What `&...;` stands for: a predefined entity (section 4.6) or the number of a character (section 4.1).
pub(super) fn character(reference: &str) -> Result<char, PayloadError> {
    let number = match reference {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        reference => match (reference.strip_prefix("#x"), reference.strip_prefix('#')) {
            (Some(digits), _) => number(digits, 16),
            (None, Some(digits)) => number(digits, 10),
            (None, None) => None,
        },
    };
    let c = number.and_then(char::from_u32).filter(|c| is_character(*c));
    // A stray `&` makes a reference of the text behind it, which is personal data.
    let is_told = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'#' | b'+');
    c.ok_or_else(|| PayloadError::Entity(if reference.bytes().all(is_told) { reference } else { "..." }.into()))
}

/// Digits only: the standard library takes a sign too.
fn number(digits: &str, radix: u32) -> Option<u32> {
    let is_plain = digits.chars().all(|c| c.is_digit(radix));
    u32::from_str_radix(digits, radix).ok().filter(|_| is_plain)
}

/// Makes sure that every character of the text may stand in a document.
pub(super) fn check_characters(text: &str) -> Result<(), PayloadError> {
    // U+FFFE and U+FFFF begin with 0xef. Without such a byte a look at each byte is enough, which is much faster.
    let is_suspect = |b: u8| ((b < 0x20) & !is_white_space(b)) | (b == 0xef);
    if crate::wire::count(text.as_bytes(), is_suspect) == 0 {
        return Ok(());
    }
    match text.char_indices().find(|(_, c)| !is_character(*c)) {
        Some((at, _)) => Err(syntax("a character of XML", at)),
        None => Ok(()),
    }
}

/// `Char` of section 2.2.
fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Makes sure that a declaration (section 2.8) says XML 1.0 in UTF-8.
pub(super) fn check_declaration(source: &str) -> Result<(), PayloadError> {
    let inner = source.strip_prefix("<?xml").and_then(|rest| rest.strip_suffix("?>")).unwrap_or_default();
    let mut attributes = Attributes { rest: inner, at: 0 };
    let malformed = || syntax("a declaration as `<?xml version=\"1.0\" encoding=\"UTF-8\"?>`", 0);
    match attributes.next()? {
        Some(("version", version)) if version == "1.0" => {}
        _ => return Err(malformed()),
    }
    let mut next = attributes.next()?;
    if let Some(("encoding", encoding)) = &next {
        if !encoding.eq_ignore_ascii_case("utf-8") {
            return Err(PayloadError::Charset((**encoding).into()));
        }
        next = attributes.next()?;
    }
    if let Some(("standalone", value)) = &next
        && matches!(&**value, "yes" | "no")
    {
        next = attributes.next()?;
    }
    if next.is_some() { Err(malformed()) } else { Ok(()) }
}

/// `Name` of section 2.3, outside of any name space.
fn check_name(name: &str, at: usize) -> Result<(), PayloadError> {
    if name == "xmlns" || name.contains(':') {
        return Err(PayloadError::NameSpace(name.into()));
    }
    let mut characters = name.chars();
    if characters.next().is_some_and(starts_name) && characters.all(|c| starts_name(c) || continues_name(c)) {
        return Ok(());
    }
    Err(syntax("a name of XML in the tag", at))
}

/// `NameStartChar` of section 2.3, without the colon.
fn starts_name(c: char) -> bool {
    matches!(c,
        'a'..='z' | 'A'..='Z' | '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// What `NameChar` of section 2.3 has besides.
fn continues_name(c: char) -> bool {
    matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// `S` of section 2.3.
pub(super) fn is_white_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_white_space_char(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_white_space_char)
}

/// What comes before the first such character, and the rest.
fn split_where(text: &str, is_such: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_such).unwrap_or(text.len()))
}

pub(super) fn syntax(expected: &'static str, at: usize) -> PayloadError {
    PayloadError::Syntax { dialect: Dialect::Xml, expected, at }
}
