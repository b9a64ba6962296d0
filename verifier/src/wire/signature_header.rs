use std::fmt;

use super::{Excerpt, count, trim_ows};

/// The longest `Signature` header that is read, in bytes.
pub const MAX_SIGNATURE_HEADER: usize = 8 * 1024;

/// What may stand between two parameters of a `Signature` header.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::wire::{Separator, SignatureHeader, SignatureHeaderError};
///
/// let as_documented = br#"keyId="key.copernica.com",headers="date" signature="c2lnbmVk""#;
/// let strict = SignatureHeader::parse(as_documented, Separator::Comma);
/// assert_eq!(strict, Err(SignatureHeaderError::MissingComma { at: 41 }));
/// assert!(SignatureHeader::parse(as_documented, Separator::CommaOrBlank).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Separator {
    /// A comma, with any number of blanks round it.
    #[default]
    Comma,
    /// A comma, or blanks alone. The sample in the platform's documentation lacks a comma.
    CommaOrBlank,
}

/// The parameters of a `Signature` header (draft-cavage-10 section 4.1).
///
/// The grammar is stricter than the draft's, because every leniency is a place where two parsers may differ:
/// `name="value"` with commas between; names are a letter and then letters, digits or `_`; values are printable ASCII
/// without quote, backslash or comma; each name once. The names of the draft are matched exactly, and another case of
/// one of them is an error. Unknown parameters are read and ignored, also as bare digits (`created=1402170695`).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let value = SIGNATURE.as_bytes();
/// use callback_verifier::wire::{Separator, SignatureHeader};
///
/// let header = SignatureHeader::parse(value, Separator::Comma)?;
/// assert_eq!(header.key_id, "2026-11._domainkey.copernica.com");
/// assert_eq!(header.algorithm, Some("rsa-sha256"));
/// assert!(header.headers.starts_with("(request-target) host date"));
/// assert_eq!(header.signature.len(), 344);                // 256 bytes in base64
/// assert_eq!(header.to_string().as_bytes(), value);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureHeader<'a> {
    /// `keyId`: a DNS name, not yet checked.
    pub key_id: &'a str,
    /// `algorithm`, not yet checked. It never chooses code.
    pub algorithm: Option<&'a str>,
    /// `headers`: the covered names, not yet checked.
    pub headers: &'a str,
    /// `signature`: base64, not yet decoded.
    pub signature: &'a str,
}

/// The text is no `Signature` header.
///
/// See the example of [`Separator`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureHeaderError {
    /// Longer than [`MAX_SIGNATURE_HEADER`].
    #[error("the header has {length} bytes, at most {MAX_SIGNATURE_HEADER} are read")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Something else stands where the grammar wants this.
    #[error("expected {expected} at byte {at}")]
    Syntax {
        /// Where in the header, counted from 0.
        at: usize,
        /// What the grammar wants there.
        expected: &'static str,
    },
    /// Blanks alone stand where the grammar wants a comma.
    #[error("expected `,` at byte {at}")]
    MissingComma {
        /// Where in the header, counted from 0.
        at: usize,
    },
    /// A character that the header may not hold at this place.
    #[error("the character at byte {at} is not allowed there")]
    Character {
        /// Where in the header, counted from 0.
        at: usize,
    },
    /// A parameter that stands there twice.
    #[error("the parameter {name} is given twice")]
    Duplicate {
        /// The parameter.
        name: Excerpt,
    },
    /// A parameter of the draft in another case.
    #[error("the parameter {name} must be spelled `{expected}`")]
    Spelling {
        /// The parameter as it stands there.
        name: Excerpt,
        /// As it must be.
        expected: &'static str,
    },
    /// A parameter that must be there and is not.
    #[error("the parameter `{name}` is missing")]
    Missing {
        /// The parameter.
        name: &'static str,
    },
    /// More unknown parameters than anybody needs.
    #[error("more than {MAX_UNKNOWN} unknown parameters")]
    TooMany,
}

use SignatureHeaderError as Error;

/// The parameters that have a meaning.
const KNOWN: [&str; 4] = ["keyId", "algorithm", "headers", "signature"];
const MAX_UNKNOWN: usize = 16;

impl<'a> SignatureHeader<'a> {
    /// Reads the value of a `Signature` header.
    ///
    /// # Errors
    /// See [`SignatureHeaderError`].
    pub fn parse(value: &'a [u8], separator: Separator) -> Result<Self, Error> {
        let value = trim_ows(value);
        if value.len() > MAX_SIGNATURE_HEADER {
            return Err(Error::TooLong { length: value.len() });
        }
        // All of it in one pass, which is faster than a pass for each value.
        let is_foreign = |b: u8| !(0x20..0x7f).contains(&b) | (b == b'\\');
        if count(value, is_foreign) > 0 {
            return Err(Error::Character { at: value.iter().position(|b| is_foreign(*b)).unwrap_or_default() });
        }
        let text = std::str::from_utf8(value).map_err(|error| Error::Character { at: error.valid_up_to() })?;
        let mut cursor = Cursor { text, at: 0 };
        let mut known: [Option<&'a str>; KNOWN.len()] = [None; KNOWN.len()];
        let mut others: Vec<&str> = Vec::new();
        loop {
            if let Some(index) = cursor.known_name() {
                if known[index].replace(cursor.quoted()?).is_some() {
                    return Err(Error::Duplicate { name: KNOWN[index].into() });
                }
            } else {
                let name = cursor.name()?;
                if let Some(expected) = KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(name)) {
                    return Err(Error::Spelling { name: name.into(), expected });
                }
                cursor.quoted_or_digits()?;
                if others.contains(&name) {
                    return Err(Error::Duplicate { name: name.into() });
                }
                if others.len() == MAX_UNKNOWN {
                    return Err(Error::TooMany);
                }
                others.push(name);
            }
            if cursor.at_end() {
                break;
            }
            cursor.separator(separator)?;
        }
        let [key_id, algorithm, headers, signature] = known;
        Ok(Self {
            key_id: key_id.ok_or(Error::Missing { name: KNOWN[0] })?,
            algorithm,
            headers: headers.ok_or(Error::Missing { name: KNOWN[2] })?,
            signature: signature.ok_or(Error::Missing { name: KNOWN[3] })?,
        })
    }
}

/// Writes the value of the header, without blanks.
impl fmt::Display for SignatureHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key_id, algorithm, headers, signature } = self;
        write!(f, "keyId=\"{key_id}\",")?;
        if let Some(algorithm) = algorithm {
            write!(f, "algorithm=\"{algorithm}\",")?;
        }
        write!(f, "headers=\"{headers}\",signature=\"{signature}\"")
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    fn expected<T>(&self, expected: &'static str) -> Result<T, Error> {
        Err(Error::Syntax { at: self.at, expected })
    }

    /// One of the known names and the equals sign behind it: its index.
    fn known_name(&mut self) -> Option<usize> {
        let rest = self.rest();
        // Literals, so that the comparisons are of whole words.
        let (index, length) = match rest.first()? {
            b'k' if rest.starts_with(b"keyId=") => (0, 6),
            b'a' if rest.starts_with(b"algorithm=") => (1, 10),
            b'h' if rest.starts_with(b"headers=") => (2, 8),
            b's' if rest.starts_with(b"signature=") => (3, 10),
            _ => return None,
        };
        self.at += length;
        Some(index)
    }

    /// Any name and the equals sign behind it.
    fn name(&mut self) -> Result<&'a str, Error> {
        let rest = self.rest();
        if !rest.first().is_some_and(u8::is_ascii_alphabetic) {
            return self.expected("a parameter name");
        }
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let name = &self.text[self.at..self.at + length];
        self.at += length;
        if self.rest().first() != Some(&b'=') {
            return self.expected("`=`");
        }
        self.at += 1;
        Ok(name)
    }

    fn quoted(&mut self) -> Result<&'a str, Error> {
        if self.rest().first() != Some(&b'"') {
            return self.expected("a quoted value");
        }
        self.at += 1;
        let Some(length) = memchr::memchr2(b'"', b',', self.rest()) else {
            return self.expected("a closing quote");
        };
        let value = &self.text[self.at..self.at + length];
        if self.rest()[length] == b',' {
            return Err(Error::Character { at: self.at + length });
        }
        self.at += length + 1;
        Ok(value)
    }

    fn quoted_or_digits(&mut self) -> Result<(), Error> {
        let digits = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            self.at += digits;
            return Ok(());
        }
        self.quoted().map(drop)
    }

    fn separator(&mut self, separator: Separator) -> Result<(), Error> {
        let blanks = self.blanks();
        match self.rest().first() {
            Some(b',') => {
                self.at += 1;
                self.blanks();
                Ok(())
            }
            Some(_) if blanks > 0 && separator == Separator::CommaOrBlank => Ok(()),
            Some(_) if blanks > 0 => Err(Error::MissingComma { at: self.at }),
            _ => self.expected("`,`"),
        }
    }

    fn blanks(&mut self) -> usize {
        let blanks = self.rest().iter().take_while(|b| **b == b' ').count();
        self.at += blanks;
        blanks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: SignatureHeader<'_> =
        SignatureHeader { key_id: "k.example", algorithm: Some("rsa-sha256"), headers: "host date", signature: "AAAA" };

    fn parse(text: &str) -> Result<SignatureHeader<'_>, Error> {
        SignatureHeader::parse(text.as_bytes(), Separator::Comma)
    }

    #[test]
    fn reads_what_it_writes_in_any_order_with_blanks_and_unknown_parameters() {
        assert_eq!(parse(&GOOD.to_string()), Ok(GOOD));
        let shuffled = r#" created=1402170695, signature="AAAA" ,headers="host date",opaque="x=y; z",  keyId="k.example",algorithm="rsa-sha256",expires="9" "#;
        assert_eq!(parse(shuffled), Ok(GOOD));
        let without = SignatureHeader { algorithm: None, ..GOOD };
        assert_eq!(parse(&without.to_string()), Ok(without));
    }

    #[test]
    fn a_parameter_that_begins_like_a_known_one_is_another() {
        let good = GOOD.to_string();
        for name in ["keyIx", "algorithx", "headerx", "signaturx", "k", "a", "h", "s"] {
            for text in [format!("{name}=\"x\",{good}"), format!("{good},{name}=\"x\"")] {
                assert_eq!(parse(&text), Ok(GOOD), "{text}");
            }
        }
    }

    #[test]
    fn the_missing_comma_of_the_documentation_is_read_by_opt_in_only() {
        let text = r#"keyId="k.example",algorithm="rsa-sha256", headers="host date" signature="AAAA""#;
        assert_eq!(parse(text), Err(Error::MissingComma { at: 62 }));
        assert_eq!(SignatureHeader::parse(text.as_bytes(), Separator::CommaOrBlank), Ok(GOOD));
        let glued = text.replace("\" s", "\"s");
        assert!(SignatureHeader::parse(glued.as_bytes(), Separator::CommaOrBlank).is_err());
    }

    #[test]
    fn refuses_everything_else() {
        let good = GOOD.to_string();
        let syntax = |at, expected| Error::Syntax { at, expected };
        for (text, error) in [
            (String::new(), syntax(0, "a parameter name")),
            (",".into(), syntax(0, "a parameter name")),
            (format!("{good},"), syntax(good.len() + 1, "a parameter name")),
            (format!(",{good}"), syntax(0, "a parameter name")),
            (format!("{good},,x=1"), syntax(good.len() + 1, "a parameter name")),
            (format!("{good};x=1"), syntax(good.len(), "`,`")),
            (format!("{good},foo-keyId=\"x\""), syntax(good.len() + 4, "`=`")),
            (format!("Signature {good}"), syntax(9, "`=`")),
            (format!("{good},x"), syntax(good.len() + 2, "`=`")),
            (format!("{good},x =\"1\""), syntax(good.len() + 2, "`=`")),
            (format!("{good},x= \"1\""), syntax(good.len() + 3, "a quoted value")),
            (format!("{good},x=1a"), syntax(good.len() + 4, "`,`")),
            (format!("{good},x=\"1"), syntax(good.len() + 4, "a closing quote")),
            (good.replace("keyId=\"k.example\"", "keyId=k.example"), syntax(6, "a quoted value")),
            (good.replace("keyId=\"k.example\"", "keyId='k.example'"), syntax(6, "a quoted value")),
            (good.replace("keyId=", "KeyId="), Error::Spelling { name: "KeyId".into(), expected: "keyId" }),
            (format!("{good},SIGNATURE=\"x\""), Error::Spelling { name: "SIGNATURE".into(), expected: "signature" }),
            (format!("{good},keyId=\"k.example\""), Error::Duplicate { name: "keyId".into() }),
            (format!("{good},signature=\"AAAA\""), Error::Duplicate { name: "signature".into() }),
            (format!("{good},algorithm=\"rsa-sha256\""), Error::Duplicate { name: "algorithm".into() }),
            (format!("{good},headers=\"host\""), Error::Duplicate { name: "headers".into() }),
            (format!("{good},x=1,x=1"), Error::Duplicate { name: "x".into() }),
            (good.replace("k.example", "k,example"), Error::Character { at: 8 }),
            (good.replace("k.example", "k\\\"example"), Error::Character { at: 8 }),
            (good.replace("k.example", "k\\example"), Error::Character { at: 8 }),
            (good.replace("host date", "host\tdate"), Error::Character { at: 54 }),
            (good.replace("host date", "host\ndate"), Error::Character { at: 54 }),
            (good.replace("k.example", "k.\u{ff45}xample"), Error::Character { at: 9 }),
            (good.replace("k.example", "k\0example"), Error::Character { at: 8 }),
            (good.replace(",signature=\"AAAA\"", ""), Error::Missing { name: "signature" }),
            (good.replace("keyId=\"k.example\",", ""), Error::Missing { name: "keyId" }),
            (good.replace("headers=\"host date\",", ""), Error::Missing { name: "headers" }),
            ("x".repeat(MAX_SIGNATURE_HEADER + 1), Error::TooLong { length: MAX_SIGNATURE_HEADER + 1 }),
        ] {
            assert_eq!(parse(&text), Err(error), "{text:?}");
        }
        let many = (0..17).map(|i| format!(",p{i}=1")).collect::<String>();
        assert_eq!(parse(&format!("{good}{many}")), Err(Error::TooMany));
        assert!(matches!(SignatureHeader::parse(b"keyId=\"\xff\"", Separator::Comma), Err(Error::Character { at: 7 })));
    }
}
