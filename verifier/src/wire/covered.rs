use std::fmt;

use super::Excerpt;
use super::known::{KnownHeader, KnownSet, REQUEST_TARGET};

/// How many names the `headers` parameter may list.
pub const MAX_COVERED_HEADERS: usize = 32;

/// The names that a signature covers: its `headers` parameter.
///
/// Between 1 and [`MAX_COVERED_HEADERS`] names with one blank between them, each a field name or `(request-target)`,
/// no two the same without regard to case (draft-cavage-10 section 2.1.3, made strict).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::wire::{CoveredHeaders, CoveredHeadersError};
///
/// let covered = CoveredHeaders::parse("(request-target) host date X-Copernica-ID digest")?;
/// assert!(covered.contains("x-copernica-id") && !covered.contains("x-nonce"));
/// assert_eq!(covered.iter().next(), Some("(request-target)"));
/// assert_eq!(CoveredHeaders::parse("host Host"), Err(CoveredHeadersError::Duplicate("Host".into())));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CoveredHeaders<'a> {
    text: &'a str,
    /// Where each name ends in `text`.
    ends: [u16; MAX_COVERED_HEADERS],
    /// Which of the known headers each name is.
    kinds: [Option<KnownHeader>; MAX_COVERED_HEADERS],
    count: usize,
    known: KnownSet,
}

/// The `headers` parameter is no list of distinct header names.
///
/// See the example of [`CoveredHeaders`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoveredHeadersError {
    /// More names than anybody needs.
    #[error("`headers` lists more than {MAX_COVERED_HEADERS} names")]
    TooMany,
    /// An empty name: the list is empty, or has a blank too many.
    #[error("`headers` has an empty name")]
    Empty,
    /// A name that no header can have.
    #[error("`headers` lists {0}, which is no header name")]
    NotAName(Excerpt),
    /// `(created)`, `(expires)`, or any pseudo-header other than `(request-target)`.
    #[error("`headers` lists the pseudo-header {0}, which is not supported")]
    PseudoHeader(Excerpt),
    /// A name that stands there twice, perhaps in another case.
    #[error("`headers` lists {0} twice")]
    Duplicate(Excerpt),
}

impl<'a> CoveredHeaders<'a> {
    /// Reads the `headers` parameter.
    ///
    /// # Errors
    /// See [`CoveredHeadersError`].
    pub fn parse(text: &'a str) -> Result<Self, CoveredHeadersError> {
        let mut covered = Self {
            text,
            ends: [0; MAX_COVERED_HEADERS],
            kinds: [None; MAX_COVERED_HEADERS],
            count: 0,
            known: KnownSet::default(),
        };
        let mut start = 0;
        for end in memchr::memchr_iter(b' ', text.as_bytes()).chain([text.len()]) {
            let name = &text[start..end];
            let kind = KnownHeader::of(name);
            if covered.has(name, kind)? {
                return Err(CoveredHeadersError::Duplicate(name.into()));
            }
            let slot = covered.ends.get_mut(covered.count).ok_or(CoveredHeadersError::TooMany)?;
            *slot = u16::try_from(end).map_err(|_| CoveredHeadersError::TooMany)?;
            covered.kinds[covered.count] = kind;
            covered.count += 1;
            start = end + 1;
        }
        Ok(covered)
    }

    /// Whether the next name has been listed before.
    fn has(&mut self, name: &str, kind: Option<KnownHeader>) -> Result<bool, CoveredHeadersError> {
        match kind {
            Some(KnownHeader::RequestTarget) if name != REQUEST_TARGET => {
                Err(CoveredHeadersError::PseudoHeader(name.into()))
            }
            Some(known) => Ok(!self.known.insert(known)),
            None => check_name(name).map(|()| self.contains(name)),
        }
    }

    /// The names in order, in the case in which they are written.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + '_ {
        let mut start = 0;
        self.ends[..self.count].iter().map(move |&end| {
            let name = &self.text[start..usize::from(end)];
            start = usize::from(end) + 1;
            name
        })
    }

    /// The names in order, with what is known of each.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (&'a str, Option<KnownHeader>)> + '_ {
        self.iter().zip(self.kinds)
    }

    /// Whether a name is covered, in whatever case.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|covered| covered.eq_ignore_ascii_case(name))
    }

    pub(crate) fn includes(&self, known: KnownHeader) -> bool {
        self.known.contains(known)
    }

    /// The list as it is written.
    pub fn as_str(&self) -> &'a str {
        self.text
    }
}

impl fmt::Debug for CoveredHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text, f)
    }
}

/// A name that is none of the known ones.
fn check_name(name: &str) -> Result<(), CoveredHeadersError> {
    match name.as_bytes() {
        [] => Err(CoveredHeadersError::Empty),
        [b'(', ..] => Err(CoveredHeadersError::PseudoHeader(name.into())),
        bytes if is_token(bytes) => Ok(()),
        _ => Err(CoveredHeadersError::NotAName(name.into())),
    }
}

/// The characters of a field name: `tchar` of RFC 9110 section 5.6.2.
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 128u8 {
        table[b as usize] = b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        b += 1;
    }
    table
};

/// Whether this is a token, the grammar of methods and field names.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| TOKEN[usize::from(b)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_case() {
        let text = "(request-target) Host Date X-Copernica-ID Digest X-nonce";
        let covered = CoveredHeaders::parse(text).unwrap();
        assert_eq!(covered.iter().collect::<Vec<_>>(), text.split(' ').collect::<Vec<_>>());
        assert!(covered.contains("x-copernica-id") && !covered.contains("content-type"));
    }

    #[test]
    fn refuses_what_is_no_list_of_distinct_names() {
        use CoveredHeadersError as E;
        for (text, error) in [
            ("", E::Empty),
            (" ", E::Empty),
            ("host ", E::Empty),
            (" host", E::Empty),
            ("host  date", E::Empty),
            ("host Host", E::Duplicate("Host".into())),
            ("(request-target) (request-target)", E::Duplicate("(request-target)".into())),
            ("(created)", E::PseudoHeader("(created)".into())),
            ("(expires)", E::PseudoHeader("(expires)".into())),
            ("(Request-Target)", E::PseudoHeader("(Request-Target)".into())),
            ("host\tdate", E::NotAName("host\tdate".into())),
            ("host,date", E::NotAName("host,date".into())),
            ("host:", E::NotAName("host:".into())),
        ] {
            assert_eq!(CoveredHeaders::parse(text).unwrap_err(), error, "{text:?}");
        }
        let many = (0..33).map(|i| format!("h{i}")).collect::<Vec<_>>().join(" ");
        assert_eq!(CoveredHeaders::parse(&many).unwrap_err(), E::TooMany);
    }
}
