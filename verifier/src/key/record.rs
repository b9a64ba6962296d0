use crate::wire::{Excerpt, base64};

use super::{PublicKey, PublicKeyError};

/// The longest record that is read, in bytes. A key of 8192 bits needs 1,400.
pub const MAX_RECORD: usize = 8 * 1024;

/// A DKIM key record (RFC 6376 section 3.6.1; RFC 8301): the text of one TXT record, its strings concatenated.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::key::{KeyRecord, RecordError};
///
/// # let p = RECORD.split("p=").nth(1).unwrap_or_default();
/// let record = KeyRecord::parse(format!("v=DKIM1; k=rsa; t=y; p={p}").as_bytes())?;
/// assert_eq!((record.key.modulus_bits(), record.testing), (2048, true));
///
/// assert_eq!(KeyRecord::parse(b"v=DKIM1; k=rsa; p=").err(), Some(RecordError::Revoked));
/// assert_eq!(KeyRecord::parse(b"v=DKIM1; k=ed25519; p=AAAA").err(), Some(RecordError::KeyType("ed25519".into())));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct KeyRecord {
    /// The public key of `p=`.
    pub key: PublicKey,
    /// Whether `t=y` says that the owner is only testing.
    pub testing: bool,
}

/// The text is no usable key record.
///
/// See the example of [`KeyRecord`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Longer than [`MAX_RECORD`].
    #[error("the record has {length} bytes, at most {MAX_RECORD} are read")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Not a list of `tag=value` separated by semicolons.
    #[error("{0} is not `tag=value`")]
    Syntax(Excerpt),
    /// A tag that stands there twice.
    #[error("the tag {0} is given twice")]
    Duplicate(Excerpt),
    /// `v=` is not `DKIM1`, or not first.
    #[error("`v=` is not first or not `DKIM1`")]
    Version,
    /// `k=` is not `rsa`.
    #[error("the key type is {0}, expected `rsa`")]
    KeyType(Excerpt),
    /// `h=` does not list `sha256`.
    #[error("the hash algorithms are {0}, expected `sha256` among them")]
    HashAlgorithms(Excerpt),
    /// `s=` lists neither `*` nor `email`.
    #[error("the service types are {0}, expected `*` or `email` among them")]
    ServiceTypes(Excerpt),
    /// There is no `p=`.
    #[error("the record has no `p=`")]
    NoKey,
    /// `p=` is empty: the owner has revoked the key.
    #[error("the key is revoked")]
    Revoked,
    /// `p=` is not canonical base64.
    #[error("`p=` is not canonical base64")]
    NotBase64,
    /// `p=` is no RSA key that could be used.
    #[error("`p=` is unusable: {0}")]
    Key(#[from] PublicKeyError),
}

impl RecordError {
    /// How much an error tells of the reason why a name has no key: of several records, the highest is reported.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Syntax(_) | Self::TooLong { .. } => 0,
            Self::Version | Self::NoKey => 1,
            Self::Revoked => 3,
            _ => 2,
        }
    }
}

impl KeyRecord {
    /// Reads a record.
    ///
    /// Folding white space is allowed round tags, values and inside `p=`; a trailing semicolon too. Unknown tags are
    /// ignored, a repeated one makes the record invalid.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn parse(text: &[u8]) -> Result<Self, RecordError> {
        if text.len() > MAX_RECORD {
            return Err(RecordError::TooLong { length: text.len() });
        }
        let tags = Tags::parse(text)?;
        if tags.0.iter().position(|(name, _)| *name == b"v").is_some_and(|at| at != 0 || tags.0[0].1 != b"DKIM1") {
            return Err(RecordError::Version);
        }
        if let Some(key_type) = tags.get(b"k").filter(|value| *value != b"rsa") {
            return Err(RecordError::KeyType(key_type.into()));
        }
        if let Some(hashes) = tags.get(b"h").filter(|value| !lists(value, b"sha256")) {
            return Err(RecordError::HashAlgorithms(hashes.into()));
        }
        // The platform's records are DKIM records, so `email` is what an honest one may say.
        if let Some(services) = tags.get(b"s").filter(|value| !lists(value, b"*") && !lists(value, b"email")) {
            return Err(RecordError::ServiceTypes(services.into()));
        }
        let folded = tags.get(b"p").ok_or(RecordError::NoKey)?;
        let base64_text = without_folding(folded);
        if base64_text.is_empty() {
            return Err(RecordError::Revoked);
        }
        let der = base64::decode(&base64_text).map_err(|_| RecordError::NotBase64)?;
        let testing = tags.get(b"t").is_some_and(|flags| lists(flags, b"y"));
        Ok(Self { key: PublicKey::from_der(&der)?, testing })
    }
}

/// `tag-list` of RFC 6376 section 3.2.
struct Tags<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Tags<'a> {
    fn parse(text: &'a [u8]) -> Result<Self, RecordError> {
        let mut tags = Self(Vec::new());
        let mut specs = text.split(|&b| b == b';').peekable();
        while let Some(spec) = specs.next() {
            let spec = trim_folding(spec);
            if spec.is_empty() && specs.peek().is_none() && !tags.0.is_empty() {
                break; // what follows a trailing semicolon
            }
            let at = memchr::memchr(b'=', spec).ok_or_else(|| RecordError::Syntax(spec.into()))?;
            let (name, value) = (trim_folding(&spec[..at]), trim_folding(&spec[at + 1..]));
            if !is_tag_name(name) || !without_folding(value).iter().all(u8::is_ascii_graphic) {
                return Err(RecordError::Syntax(spec.into()));
            }
            if tags.get(name).is_some() {
                return Err(RecordError::Duplicate(name.into()));
            }
            tags.0.push((name, value));
        }
        Ok(tags)
    }

    fn get(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.0.iter().find(|(tag, _)| *tag == name).map(|(_, value)| *value)
    }
}

fn is_tag_name(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// Whether a colon-separated list has an element.
fn lists(list: &[u8], wanted: &[u8]) -> bool {
    list.split(|&b| b == b':').any(|element| trim_folding(element) == wanted)
}

/// Removes folding white space (RFC 6376 section 2.8) from both ends.
fn trim_folding(text: &[u8]) -> &[u8] {
    let start = folding_at_start(text);
    let mut end = text.len();
    // Blanks at the end, and a line break only together with the blank behind it.
    while end > start && matches!(text[end - 1], b' ' | b'\t') {
        end -= 1;
        if text[start..end].ends_with(b"\r\n") {
            end -= 2;
        }
    }
    &text[start..end]
}

/// How many bytes of folding white space a text begins with.
fn folding_at_start(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match &text[at..] {
            [b' ' | b'\t', ..] => at += 1,
            [b'\r', b'\n', b' ' | b'\t', ..] => at += 3,
            _ => return at,
        }
    }
}

/// Removes folding white space wherever it stands.
fn without_folding(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let folding = folding_at_start(rest);
        rest = &rest[folding..];
        if let [first, tail @ ..] = rest {
            kept.push(*first);
            rest = tail;
        }
    }
    kept
}
