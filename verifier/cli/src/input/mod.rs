//! Reads one raw HTTP/1.1 request, more strictly than a server would.
//!
//! `httparse` reads the head. It takes a few things that servers read in different ways, and those are refused here: an
//! empty line in front, a bare line feed as the end of a line, HTTP/1.0. Values reach the checklist byte for byte, without
//! the white space round them; header lines are never joined. The length of the body follows RFC 9112 section 6.3, and
//! where two servers could disagree about it, there is no length.

mod chunked;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use callback_verifier::wire::Excerpt;
use callback_verifier::{Header, RequestHead};

use crate::failure::Failure;
use chunked::ChunkedError;
pub(crate) use chunked::decode as decode_chunked;

/// How much is read, in bytes.
pub(crate) const MAX_INPUT: u64 = 64 * 1024 * 1024;
/// How many header lines are read.
const MAX_HEADER_LINES: usize = 256;

/// Where a request is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    StandardInput,
    File(PathBuf),
}

/// A request that can be read in one way only.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    method: &'a str,
    target: &'a str,
    headers: Vec<Header<'a>>,
    /// The body, without its transfer coding.
    pub(crate) body: Cow<'a, [u8]>,
}

/// The bytes are not one HTTP/1.1 request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is empty")]
    Empty,
    #[error("it begins with an empty line")]
    EmptyLine,
    #[error("line {line} ends with a bare line feed, expected CRLF")]
    BareLineFeed { line: usize },
    #[error("malformed request line, expected `METHOD /target HTTP/1.1`")]
    RequestLine,
    #[error("the version is {got}, expected `HTTP/1.1`")]
    Version { got: Excerpt },
    #[error("malformed header name (a blank in it or before its colon, a folded line, or no colon)")]
    HeaderName,
    #[error("a control character in a header value, perhaps a carriage return without a line feed")]
    HeaderValue,
    #[error("a line of its head that does not end with CRLF")]
    LineEnd,
    #[error("more than {MAX_HEADER_LINES} header lines")]
    TooManyHeaders,
    #[error("no empty line ends its head")]
    HeadUnfinished,
    #[error("it has both `Content-Length` and `Transfer-Encoding`")]
    TwoFramings,
    #[error("the transfer coding is {got}, expected `chunked`")]
    TransferCoding { got: Excerpt },
    #[error("it has several `Transfer-Encoding` headers")]
    TransferCodingRepeated,
    #[error("malformed `Content-Length` {got}")]
    ContentLength { got: Excerpt },
    #[error("it has two values of `Content-Length`, {first} and {second}")]
    ContentLengthDiffers { first: u64, second: u64 },
    #[error("its body has {got} bytes, shorter than its `Content-Length` of {declared}")]
    BodyTooShort { declared: u64, got: u64 },
    #[error("its body has {got} bytes, longer than its `Content-Length` of {declared}")]
    BodyTooLong { declared: u64, got: u64, newline: bool },
    #[error(
        "{got} bytes follow its head, and neither `Content-Length` nor `Transfer-Encoding` says that there is a body"
    )]
    Unframed { got: usize },
    #[error(transparent)]
    Chunked(#[from] ChunkedError),
}

impl Unreadable {
    /// What to do about it.
    pub(crate) const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::EmptyLine | Self::BareLineFeed { .. } => {
                "save the bytes as they came over the wire; editors change the ends of lines"
            }
            Self::BodyTooLong { newline: true, .. } => {
                "an editor or `echo` may have added a line end; save the bytes as they came over the wire"
            }
            Self::BodyTooShort { .. } => "save the whole body, raw: not decoded, decompressed or re-serialised",
            Self::Unframed { .. } => {
                "of a request that came over HTTP/2 write the head as HTTP/1.1 would; if no signature covers \
                 `Content-Length`, adding it changes no verdict"
            }
            Self::Version { .. } => {
                "save the request where it is HTTP/1.1; of one that came over HTTP/2 write the head as HTTP/1.1 would"
            }
            _ => return None,
        })
    }
}

impl Origin {
    /// `-` is standard input.
    pub(crate) fn of(path: &Path) -> Self {
        if path == Path::new("-") { Self::StandardInput } else { Self::File(path.to_owned()) }
    }

    /// All bytes, if they are not too many.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Failure> {
        let bytes = match self {
            Self::StandardInput => {
                let stdin = io::stdin().lock();
                if stdin.is_terminal() {
                    let _ = writeln!(io::stderr(), "reading a request from standard input");
                }
                read_bounded(stdin, MAX_INPUT)
            }
            Self::File(path) => File::open(path).and_then(|file| read_bounded(file, MAX_INPUT)),
        };
        let bytes = bytes.map_err(|error| Failure::Read { origin: self.clone(), error })?;
        bytes.ok_or_else(|| Failure::TooLong(self.clone()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandardInput => f.write_str("standard input"),
            Self::File(path) => write!(f, "`{}`", path.display()),
        }
    }
}

fn read_bounded(reader: impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= limit))
}

impl<'a> Request<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        line_ends(bytes)?;
        let mut lines = [httparse::EMPTY_HEADER; MAX_HEADER_LINES];
        let mut head = httparse::Request::new(&mut lines);
        let body = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => &bytes[length..],
            Ok(httparse::Status::Partial) => return Err(Unreadable::HeadUnfinished),
            Err(error) => return Err(unreadable_head(error, bytes)),
        };
        let (Some(method), Some(target), Some(1)) = (head.method, head.path, head.version) else {
            return Err(Unreadable::Version { got: version(bytes) });
        };
        let headers: Vec<_> = head.headers.iter().map(|line| Header::new(line.name, line.value)).collect();
        let body = match Framing::of(&headers)? {
            Framing::Chunked => Cow::Owned(chunked::decode(body)?),
            Framing::Length(declared) => Cow::Borrowed(exactly(body, declared)?),
            Framing::None if body.is_empty() => Cow::Borrowed(body),
            Framing::None => return Err(Unreadable::Unframed { got: body.len() }),
        };
        Ok(Self { method, target, headers, body })
    }

    /// The head, as the checklist wants it. Over which transport the request came, no saved request can tell.
    pub(crate) fn head(&self) -> RequestHead<'_> {
        RequestHead::new(self.method, self.target, &self.headers[..])
    }
}

/// Every line of the head ends with CRLF, and the first one is not empty.
fn line_ends(bytes: &[u8]) -> Result<(), Unreadable> {
    for (index, line) in bytes.split_inclusive(|&b| b == b'\n').enumerate() {
        match line {
            b"\r\n" | b"\n" if index == 0 => return Err(Unreadable::EmptyLine),
            b"\r\n" => return Ok(()),
            [.., b'\r', b'\n'] => {}
            [.., b'\n'] => return Err(Unreadable::BareLineFeed { line: index + 1 }),
            _ => {} // the input ends within a line
        }
    }
    if bytes.is_empty() { Err(Unreadable::Empty) } else { Ok(()) }
}

fn unreadable_head(error: httparse::Error, bytes: &[u8]) -> Unreadable {
    match error {
        httparse::Error::HeaderName => Unreadable::HeaderName,
        httparse::Error::HeaderValue => Unreadable::HeaderValue,
        httparse::Error::TooManyHeaders => Unreadable::TooManyHeaders,
        httparse::Error::NewLine if version(bytes).as_str() == "HTTP/1.1" => Unreadable::LineEnd,
        httparse::Error::Version if version(bytes).as_str() != "HTTP/1.1" => {
            Unreadable::Version { got: version(bytes) }
        }
        _ => Unreadable::RequestLine,
    }
}

/// What stands behind the last blank of the first line.
fn version(bytes: &[u8]) -> Excerpt {
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Excerpt::from(line.rsplit(|&b| b == b' ').next().unwrap_or_default())
}

/// How the length of the body is told.
enum Framing {
    Chunked,
    Length(u64),
    /// It is not, so there is no body (RFC 9112 section 6.3).
    None,
}

impl Framing {
    fn of(headers: &[Header<'_>]) -> Result<Self, Unreadable> {
        let values =
            |name| headers.iter().filter(move |line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value);
        let mut codings = values("transfer-encoding");
        let length = content_length(values("content-length"))?;
        match (codings.next(), length) {
            (Some(_), Some(_)) => Err(Unreadable::TwoFramings),
            (Some(_), None) if codings.next().is_some() => Err(Unreadable::TransferCodingRepeated),
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Self::Chunked),
            (Some(coding), None) => Err(Unreadable::TransferCoding { got: coding.into() }),
            (None, Some(length)) => Ok(Self::Length(length)),
            (None, None) => Ok(Self::None),
        }
    }
}

/// The one length that all values agree on. That there are several is for the checklist to refuse.
fn content_length<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Option<u64>, Unreadable> {
    let mut length = None;
    for value in values {
        for element in value.split(|&b| b == b',') {
            let declared =
                decimal(element.trim_ascii()).ok_or_else(|| Unreadable::ContentLength { got: value.into() })?;
            let first = *length.get_or_insert(declared);
            if first != declared {
                return Err(Unreadable::ContentLengthDiffers { first, second: declared });
            }
        }
    }
    Ok(length)
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    text.parse().ok().filter(|_| digits.iter().all(u8::is_ascii_digit))
}

fn exactly(body: &[u8], declared: u64) -> Result<&[u8], Unreadable> {
    let got = body.len() as u64;
    if got < declared {
        return Err(Unreadable::BodyTooShort { declared, got });
    }
    if got > declared {
        let newline = [&b"\n"[..], b"\r\n"].iter().any(|end| body.ends_with(end) && got - declared == end.len() as u64);
        return Err(Unreadable::BodyTooLong { declared, got, newline });
    }
    Ok(body)
}
