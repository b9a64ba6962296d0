use std::fmt;

use super::known::REQUEST_TARGET;
use super::{CoveredHeaders, KnownHeader, KnownHeaders, RequestHead, count, is_control, trim_ows};

/// What an RSA signature is made over (draft-cavage-10 section 2.3).
///
/// One line `lower-cased-name: value` for each covered name in order, lines joined by a single `\n`, none at the end.
/// Several instances of a header are joined with `, `; `(request-target)` is the method in lower case, a blank, and the
/// target as it stands on the request line.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let head = head();
/// use callback_verifier::wire::{CoveredHeaders, SigningString, SigningStringError};
///
/// let signing_string = SigningString::build(&head, &CoveredHeaders::parse("(request-target) Host Date")?)?;
/// assert_eq!(
///     signing_string.as_bytes(),
///     b"(request-target): post /crm/hook\nhost: hooks.example.com\ndate: Mon, 23 Nov 2026 08:15:00 GMT",
/// );
/// assert_eq!(signing_string.value("Host"), Some(&b"hooks.example.com"[..]));
///
/// let absent = SigningString::build(&head, &CoveredHeaders::parse("x-trace")?);
/// assert_eq!(absent, Err(SigningStringError::Missing { name: "x-trace".to_owned() }));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SigningString(Vec<u8>);

/// No signing string can be built of this request.
///
/// See the example of [`SigningString`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningStringError {
    /// A covered header is absent from the message. (An empty one is not.)
    #[error("the signature covers `{name}`, which the request does not have")]
    Missing {
        /// The header's name, in lower case.
        name: String,
    },
    /// A covered header holds a control character, which could forge a further line.
    #[error("`{name}` holds a control character")]
    ControlCharacter {
        /// The header's name, in lower case.
        name: String,
    },
}

impl SigningString {
    /// Builds the signing string of a request.
    ///
    /// # Errors
    /// See [`SigningStringError`].
    pub fn build(head: &RequestHead<'_>, covered: &CoveredHeaders<'_>) -> Result<Self, SigningStringError> {
        Self::build_with(&KnownHeaders::of(head), head, covered)
    }

    /// The same, for whoever has looked for the known headers already.
    pub(crate) fn build_with(
        known: &KnownHeaders<'_>,
        head: &RequestHead<'_>,
        covered: &CoveredHeaders<'_>,
    ) -> Result<Self, SigningStringError> {
        let mut out = Vec::with_capacity(640);
        let mut joints = 0;
        for (name, kind) in covered.kinds() {
            if !out.is_empty() {
                out.push(b'\n');
                joints += 1;
            }
            match kind {
                Some(kind) => out.extend_from_slice(kind.line_start().as_bytes()),
                None => {
                    push_lower_case(&mut out, name);
                    out.extend_from_slice(b": ");
                }
            }
            if kind == Some(KnownHeader::RequestTarget) {
                push_lower_case(&mut out, head.method());
                out.push(b' ');
                out.extend_from_slice(head.target().as_bytes());
            } else if let Some(value) = kind.and_then(|kind| known.only(kind)) {
                out.extend_from_slice(value);
            } else if !push_values(&mut out, head, name) {
                return Err(SigningStringError::Missing { name: name.to_ascii_lowercase() });
            }
        }
        // All values in one pass, which is faster than a pass for each: the joints are the only control characters.
        if count(&out, is_control) != joints {
            return Err(control_character(head, covered));
        }
        Ok(Self(out))
    }

    /// The bytes that are signed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The lines: each covered name in lower case, with its value.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.raw_lines().filter_map(|(name, value)| Some((std::str::from_utf8(name).ok()?, value)))
    }

    /// The value of one covered header, its instances joined with `, `. `None` if it is not covered.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.raw_lines().find(|(covered, _)| covered.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// No name has a colon in it, and no value a line feed.
    fn raw_lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = Some(&self.0[..]);
        std::iter::from_fn(move || {
            let (line, behind) = match memchr::memchr(b'\n', rest?) {
                Some(end) => (&rest?[..end], Some(&rest?[end + 1..])),
                None => (rest?, None),
            };
            rest = behind;
            let (name, value) = line.split_at(memchr::memchr(b':', line)?);
            Some((name, value.strip_prefix(b": ")?))
        })
    }
}

impl fmt::Debug for SigningString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Finds the first covered header with a control character.
fn control_character(head: &RequestHead<'_>, covered: &CoveredHeaders<'_>) -> SigningStringError {
    let has_control = |name: &&str| {
        let mut value = Vec::new();
        push_values(&mut value, head, name) && count(&value, is_control) > 0
    };
    // The only one that has no values is the request target.
    let name = covered.iter().find(has_control).unwrap_or(REQUEST_TARGET);
    SigningStringError::ControlCharacter { name: name.to_ascii_lowercase() }
}

fn push_lower_case(out: &mut Vec<u8>, text: &str) {
    let at = out.len();
    out.extend_from_slice(text.as_bytes());
    out[at..].make_ascii_lowercase();
}

/// Appends all instances of a header; `false` if there is none.
fn push_values(out: &mut Vec<u8>, head: &RequestHead<'_>, name: &str) -> bool {
    let mut found = false;
    for header in head.headers() {
        if header.name.eq_ignore_ascii_case(name) {
            if found {
                out.extend_from_slice(b", ");
            }
            found = true;
            out.extend_from_slice(trim_ows(header.value));
        }
    }
    match head.authority() {
        Some(authority) if !found && name.eq_ignore_ascii_case("host") => {
            out.extend_from_slice(authority.as_bytes());
            true
        }
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Header;
    use super::*;

    fn signing_string(headers: &[Header<'_>], covered: &str) -> Result<SigningString, SigningStringError> {
        let head = RequestHead::new("POST", "/a?b=%7E", headers);
        SigningString::build(&head, &CoveredHeaders::parse(covered).unwrap())
    }

    #[test]
    fn joins_lines_and_instances_and_keeps_the_target() {
        let headers = [
            Header::new("X-List", b" one\t"),
            Header::new("Host", b"h.example"),
            Header::new("x-list", b"two  three"),
            Header::new("X-Empty", b" "),
        ];
        let built = signing_string(&headers, "X-LIST (request-target) x-empty host").unwrap();
        assert_eq!(
            built.as_bytes(),
            b"x-list: one, two  three\n(request-target): post /a?b=%7E\nx-empty: \nhost: h.example"
        );
        assert_eq!(built.value("X-Empty"), Some(&b""[..]));
        assert_eq!(built.value("digest"), None);
        assert_eq!(built.lines().count(), 4);
    }

    #[test]
    fn an_absent_header_is_not_an_empty_one() {
        let missing = SigningStringError::Missing { name: "digest".into() };
        assert_eq!(signing_string(&[], "Digest"), Err(missing));
    }

    #[test]
    fn no_value_can_forge_a_line() {
        for byte in (0..0x20).chain([0x7f]).filter(|&b| b != b'\t') {
            let value = [b'a', byte, b'b'];
            let refused = SigningStringError::ControlCharacter { name: "x".into() };
            assert_eq!(signing_string(&[Header::new("X", &value)], "x"), Err(refused), "{byte:#x}");
        }
    }

    #[test]
    fn authority_stands_for_an_absent_host_only() {
        let covered = CoveredHeaders::parse("host").unwrap();
        let head = RequestHead::new("POST", "/", &[][..]).with_authority("h.example");
        assert_eq!(SigningString::build(&head, &covered).unwrap().as_bytes(), b"host: h.example");
        let host = [Header::new("Host", b"other.example")];
        let head = RequestHead::new("POST", "/", &host).with_authority("h.example");
        assert_eq!(SigningString::build(&head, &covered).unwrap().as_bytes(), b"host: other.example");
    }
}
