use std::fmt;

use crate::wire::count;

/// A `keyId`: the DNS name that a public key is published under, in lower case and without a trailing dot.
///
/// ASCII letters, digits, `-`, `_` and `.`; labels of 1 to 63 characters, at most 253 in all (RFC 1035
/// section 2.3.4). Two spellings of one name are equal (RFC 4343).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{KeyName, key::KeyNameError};
///
/// let name: KeyName = "2026-11._DomainKey.Copernica.com.".parse()?;
/// assert_eq!(name.as_str(), "2026-11._domainkey.copernica.com");
/// assert_eq!(KeyName::parse("https://copernica.com/key"), Err(KeyNameError));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(Box<str>);

/// The text is no DNS name of the form that a [`KeyName`] has.
///
/// See the example of [`KeyName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a DNS name of letters, digits, `-`, `_` and `.`, labels of 1 to 63 characters, at most 253 in all")]
pub struct KeyNameError;

const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

impl KeyName {
    /// Reads a name; one trailing dot is tolerated.
    ///
    /// # Errors
    /// [`KeyNameError`] if it is not of the form.
    pub fn parse(text: &str) -> Result<Self, KeyNameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.len() > MAX_NAME || !has_only_labels(text.as_bytes()) {
            return Err(KeyNameError);
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    /// The name in lower case, without a trailing dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn has_only_labels(text: &[u8]) -> bool {
    // Without shortcuts, so that all bytes are looked at at once.
    let is_foreign = |b: u8| !(b.is_ascii_alphanumeric() | (b == b'-') | (b == b'_') | (b == b'.'));
    count(text, is_foreign) == 0 && text.split(|b| *b == b'.').all(|label| (1..=MAX_LABEL).contains(&label.len()))
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A DNS zone whose owner is trusted to publish keys.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{KeyName, Zone};
///
/// let zone = Zone::parse("copernica.com")?;
/// assert!(zone.contains(&KeyName::parse("2026-11._domainkey.copernica.com")?));
/// for foreign in ["copernica.com", "evilcopernica.com", "copernica.com.example.net"] {
///     assert!(!zone.contains(&KeyName::parse(foreign)?));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Zone(KeyName);

impl Zone {
    /// Reads the name of a zone.
    ///
    /// # Errors
    /// [`KeyNameError`] if it is no DNS name.
    pub fn parse(text: &str) -> Result<Self, KeyNameError> {
        KeyName::parse(text).map(Self)
    }

    /// Whether a name lies strictly below this zone, compared label by label.
    pub fn contains(&self, name: &KeyName) -> bool {
        name.as_str().strip_suffix(self.0.as_str()).is_some_and(|below| below.ends_with('.'))
    }

    /// The zone's name, in lower case.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Zone {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        let name = KeyName::parse("2026-11._domainkey.copernica.com").unwrap();
        for same in ["2026-11._DomainKey.COPERNICA.com", "2026-11._domainkey.copernica.com."] {
            assert_eq!(KeyName::parse(same).unwrap(), name);
        }
    }

    #[test]
    fn refuses_what_is_no_name() {
        let label = "a".repeat(64);
        let long = format!("{}.copernica.com", vec!["a".repeat(60); 4].join("."));
        assert_eq!(long.len(), 257);
        for bad in [
            "",
            ".",
            "a..copernica.com",
            ".copernica.com",
            "a.copernica.com..",
            "a b.copernica.com",
            "a\n.copernica.com",
            "a%2ecopernica.com",
            "https://a.copernica.com",
            "a.copernica.com/",
            "\u{ff41}.copernica.com",
            "\u{212a}ey.copernica.com",
            "a\0.copernica.com",
            "a.copernica.com:53",
            "*.copernica.com",
            &label,
            &long,
        ] {
            assert_eq!(KeyName::parse(bad), Err(KeyNameError), "{bad:?}");
        }
        assert!(KeyName::parse(&"a".repeat(63)).is_ok());
        assert!(KeyName::parse(&vec!["a".repeat(62); 4].join(".")).is_ok());
    }

    #[test]
    fn a_zone_contains_what_is_strictly_below_it() {
        let zone = Zone::parse("Copernica.com.").unwrap();
        let contains = |name: &str| zone.contains(&KeyName::parse(name).unwrap());
        assert_eq!((zone.as_str(), zone.to_string().as_str()), ("copernica.com", "copernica.com"));
        assert!(contains("one._domainkey.copernica.com") && contains("x.COPERNICA.COM."));
        for foreign in ["copernica.com", "evilcopernica.com", "copernica.com.evil.test", "a.copernica.com.evil", "com"]
        {
            assert!(!contains(foreign), "{foreign}");
        }
    }
}
