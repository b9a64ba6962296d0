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
#[cfg(feature = "payload")]
pub(crate) use covered::is_token;
pub use covered::{CoveredHeaders, CoveredHeadersError, MAX_COVERED_HEADERS};
pub use date::{DateError, format_date, parse_date};
pub use digest::{DigestAlgorithm, DigestError, DigestHasher, Digests};
pub use excerpt::Excerpt;
pub(crate) use known::{KnownHeader, KnownHeaders};
pub use request::{Header, MAX_HEADER_LINES, RequestHead, Transport};
pub use signature_header::{MAX_SIGNATURE_HEADER, Separator, SignatureHeader, SignatureHeaderError};
pub use signing_string::{SigningString, SigningStringError};

/// Removes optional white space (SP and HTAB, RFC 9110 section 5.6.3) from both ends of a field value.
pub(crate) fn trim_ows(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// How many bytes are such.
///
/// Counted in bytes, which the compiler does a vector register at a time. 255 of them are the most that a byte can count, and
/// 240 are whole registers.
pub(crate) fn count(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> usize {
    let of_chunk = |chunk: &[u8]| chunk.iter().map(|&b| u8::from(is_such(b))).sum::<u8>();
    bytes.chunks(240).map(|chunk| usize::from(of_chunk(chunk))).sum()
}

/// A control character other than HTAB, which no field value may hold (RFC 9110 section 5.5).
pub(crate) fn is_control(b: u8) -> bool {
    ((b < 0x20) & (b != b'\t')) | (b == 0x7f)
}
