//! A strict reader of JSON (RFC 8259), a pull at a time.
//!
//! Not `serde_json`: its visitors do not see how a number was written, a refusal that is more than a line of text does not
//! get through them, and that text would hold values, which are personal data. The tests compare the two.

use std::borrow::Cow;

use crate::payload::{Dialect, MAX_DEPTH, PayloadError};

/// A position in a text. Each method reads what it is called after, with the white space before it.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether an object or array was opened and nothing of it has been read.
    opened: bool,
    depth: usize,
    dialect: Dialect,
}

/// A value that holds no others.
pub(super) enum Scalar<'a> {
    Text(Cow<'a, str>),
    /// As it is written.
    Number(&'a str),
    /// `true` or `false`.
    Word(&'a str),
    Null,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { text, at: 0, opened: false, depth: 0, dialect }
    }

    pub(super) fn open_object(&mut self, expected: &'static str) -> Result<(), PayloadError> {
        match self.next_token() {
            Some(b'{') => self.open(),
            _ => Err(self.expected(expected)),
        }
    }

    /// Opens the object that is the value of a variable.
    pub(super) fn open_object_of(&mut self, name: &'static str) -> Result<(), PayloadError> {
        match self.next_token() {
            Some(b'{') => self.open(),
            _ => Err(self.wrong_type(name, "an object")),
        }
    }

    /// Opens the array that is the value of a variable.
    pub(super) fn open_array_of(&mut self, name: &'static str) -> Result<(), PayloadError> {
        match self.next_token() {
            Some(b'[') => self.open(),
            _ => Err(self.wrong_type(name, "an array")),
        }
    }

    /// The name of the next member of an object, whose value comes next; `None` at the object's end.
    pub(super) fn member(&mut self) -> Result<Option<Cow<'a, str>>, PayloadError> {
        if !self.another(b'}', "`,` or `}`")? {
            return Ok(None);
        }
        match self.next_token() {
            Some(b'"') => {}
            _ => return Err(self.expected("a name in quotes")),
        }
        let name = self.string()?;
        match self.next_token() {
            Some(b':') => self.at += 1,
            _ => return Err(self.expected("`:`")),
        }
        Ok(Some(name))
    }

    /// Whether an array has another element, which comes next.
    pub(super) fn element(&mut self) -> Result<bool, PayloadError> {
        self.another(b']', "`,` or `]`")
    }

    /// A value that holds no others; `None`, and nothing read, if an object or array is there.
    pub(super) fn scalar(&mut self) -> Result<Option<Scalar<'a>>, PayloadError> {
        match self.next_token() {
            Some(b'"') => self.string().map(|text| Some(Scalar::Text(text))),
            Some(b'{' | b'[') => Ok(None),
            Some(b'-' | b'0'..=b'9') => self.number().map(|text| Some(Scalar::Number(text))),
            Some(b't') => self.word("true").map(|text| Some(Scalar::Word(text))),
            Some(b'f') => self.word("false").map(|text| Some(Scalar::Word(text))),
            Some(b'n') => self.word("null").map(|_| Some(Scalar::Null)),
            _ => Err(self.expected("a value")),
        }
    }

    /// Reads past a value, which has to be well-formed.
    pub(super) fn skip(&mut self) -> Result<(), PayloadError> {
        if self.scalar()?.is_some() {
            return Ok(());
        }
        if self.next_token() == Some(b'{') {
            self.open()?;
            while self.member()?.is_some() {
                self.skip()?;
            }
        } else {
            self.open()?;
            while self.element()? {
                self.skip()?;
            }
        }
        Ok(())
    }

    /// The end of the text.
    pub(super) fn end(&mut self) -> Result<(), PayloadError> {
        match self.next_token() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end")),
        }
    }

    /// How much text there may be in what comes: enough for a usual callback, little enough for any.
    pub(super) fn room(&self) -> usize {
        (self.text.len() - self.at).min(4096)
    }

    /// The first byte that is no white space, which is not read yet.
    fn next_token(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn open(&mut self) -> Result<(), PayloadError> {
        if self.depth == MAX_DEPTH {
            return Err(PayloadError::TooDeep);
        }
        self.depth += 1;
        self.at += 1;
        self.opened = true;
        Ok(())
    }

    /// Whether something else comes before the end of what was opened. Reads the comma or the end.
    fn another(&mut self, close: u8, expected: &'static str) -> Result<bool, PayloadError> {
        let first = std::mem::take(&mut self.opened);
        match self.next_token() {
            Some(b) if b == close => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                Ok(true)
            }
            _ if first => Ok(true),
            _ => Err(self.expected(expected)),
        }
    }

    /// A text in quotes, of which the first is there.
    fn string(&mut self) -> Result<Cow<'a, str>, PayloadError> {
        self.at += 1;
        let plain = self.plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.expected("no control character")),
                None => return Err(self.expected("`\"`")),
            }
            text.push_str(self.plain());
        }
    }

    /// The characters of a text up to a quote, a backslash or a control character.
    fn plain(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = plain_length(rest.as_bytes());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// What a backslash and the characters behind it stand for.
    fn escape(&mut self) -> Result<char, PayloadError> {
        self.at += 1;
        let c = match self.peek() {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.escaped_code_point();
            }
            _ => return Err(self.expected("an escape sequence")),
        };
        self.at += 1;
        Ok(c)
    }

    /// The character of one `XXXX`, or of the two of a surrogate pair.
    fn escaped_code_point(&mut self) -> Result<char, PayloadError> {
        let half = PayloadError::Syntax { dialect: self.dialect, expected: "a character, no half of one", at: self.at };
        let unit = self.four_digits()?;
        let is_high = (0xd800..0xdc00).contains(&unit);
        let low = if is_high && self.take("\\u") { Some(self.four_digits()?) } else { None };
        let mut characters = char::decode_utf16([Some(unit), low].into_iter().flatten());
        characters.next().and_then(Result::ok).ok_or(half)
    }

    fn four_digits(&mut self) -> Result<u16, PayloadError> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or_default();
        let value = digits.iter().try_fold(0, |sum, b| Some(sum << 4 | char::from(*b).to_digit(16)?));
        match value.and_then(|value| u16::try_from(value).ok()) {
            Some(value) if digits.len() == 4 => {
                self.at += 4;
                Ok(value)
            }
            _ => Err(self.expected("four hexadecimal digits")),
        }
    }

    fn number(&mut self) -> Result<&'a str, PayloadError> {
        let start = self.at;
        self.take("-");
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.take(".") {
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<(), PayloadError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    fn word(&mut self, word: &'static str) -> Result<&'static str, PayloadError> {
        if self.take(word) { Ok(word) } else { Err(self.expected("a value")) }
    }

    /// Reads past exactly this, if it is there.
    fn take(&mut self, wanted: &str) -> bool {
        let found = self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(wanted.as_bytes()));
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> PayloadError {
        PayloadError::Syntax { dialect: self.dialect, expected, at: self.at }
    }

    /// There is a value, but not one of these; or there is none.
    fn wrong_type(&mut self, name: &'static str, expected: &'static str) -> PayloadError {
        match self.scalar() {
            Ok(_) => PayloadError::WrongType { name: name.into(), expected },
            Err(error) => error,
        }
    }
}

/// How many bytes there are before a quote, a backslash or a control character. Eight bytes are looked at together.
fn plain_length(bytes: &[u8]) -> usize {
    const fn repeated(b: u8) -> u64 {
        u64::MAX / 255 * b as u64
    }
    /// The top bit of each byte that is less than `limit`, up to 128, and perhaps of bytes above the lowest such one.
    const fn less_than(limit: u8, word: u64) -> u64 {
        word.wrapping_sub(repeated(limit)) & !word & repeated(0x80)
    }
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = less_than(1, word ^ repeated(b'"'));
        let backslashes = less_than(1, word ^ repeated(b'\\'));
        let found = less_than(0x20, word) | quotes | backslashes;
        if found != 0 {
            return at * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let is_special = |b: u8| (b < 0x20) | (b == b'"') | (b == b'\\');
    words.len() * 8 + rest.iter().position(|&b| is_special(b)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_ends_a_plain_text_or_does_not() {
        for (length, at, byte) in
            (1..18).flat_map(|length| (0..length).flat_map(move |at| (0..=u8::MAX).map(move |byte| (length, at, byte))))
        {
            for filler in [b' ', b'x', 0x7f, 0x80, 0xff] {
                let mut bytes = vec![filler; length];
                bytes[at] = byte;
                let expected = if byte < 0x20 || byte == b'"' || byte == b'\\' { at } else { length };
                assert_eq!(plain_length(&bytes), expected, "{byte} at {at} of {length} times {filler}");
            }
        }
    }
}
