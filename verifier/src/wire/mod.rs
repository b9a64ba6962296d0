//! The grammar that both sides share: what a signed request looks like, byte for byte.
//!
//! Pure functions and borrowed views. Nothing here does I/O, reads a clock or decides whether a request is to be
//! trusted; that is the business of [`checklist`](crate::checklist).
//!
//! Sources: HTTP Signatures `draft-cavage-http-signatures-10`, `Digest` RFC 3230 and RFC 5843, HTTP RFC 9110.

mod account;
pub(crate) mod base64;
mod covered;
mod date;
mod digest;
mod excerpt;
mod known;
mod request;
mod signature_header;
mod signing_string;

pub use account::{Account, AccountError, AccountKind};
pub use covered::{CoveredHeaders, CoveredHeadersError, MAX_COVERED_HEADERS};
pub use date::{DateError, format_date, parse_date};
pub use digest::{DigestAlgorithm, DigestError, DigestHasher, Digests};
pub use excerpt::Excerpt;
pub(crate) use known::{KnownHeader, KnownHeaders, KnownSet};
pub use request::{Header, RequestHead, Transport};
pub use signature_header::{MAX_SIGNATURE_HEADER, Separator, SignatureHeader, SignatureHeaderError};
pub use signing_string::{SigningString, SigningStringError};

/// Removes optional white space (SP and HTAB, RFC 9110 section 5.6.3) from both ends of a field value.
pub(crate) fn trim_ows(value: &[u8]) -> &[u8] {
    let is_ows = |b: &u8| matches!(b, b' ' | b'\t');
    let start = value.iter().position(|b| !is_ows(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !is_ows(b)).map_or(start, |last| last + 1);
    &value[start..end]
}

/// Whether a field value holds a control character other than HTAB, which no field value may (RFC 9110 section 5.5).
pub(crate) fn has_control(value: &[u8]) -> bool {
    // No early exit: without one the loop is compiled to vector instructions.
    value.iter().fold(false, |bad, &b| bad | ((b < 0x20) & (b != b'\t')) | (b == 0x7f))
}
