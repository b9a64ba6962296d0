//! Reads a request in whatever it was saved: raw HTTP/1.1, a HAR file, what curl prints, or a delivery of the mock
//! publisher's log.
//!
//! Only the raw request and the delivery keep every byte; what the other formats lose is said in notes. A file that could mean several
//! requests is no request.

mod curl;
mod delivery;
mod har;

use std::borrow::Cow;

use callback_verifier::wire::Excerpt;
use callback_verifier::{Header, RequestHead};

use crate::args::FormatArg;
use crate::input::{Request, Unreadable};

/// How many requests are listed where one has to be chosen.
const MAX_LISTED: usize = 20;
/// How long a request line may be, in bytes, for its version to be looked at.
const MAX_REQUEST_LINE: usize = 64 * 1024;

/// A request as it was saved.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    /// What it was saved in: `http`, `har`, `curl` or `delivery`.
    pub(crate) format: &'static str,
    method: String,
    target: String,
    lines: Vec<(String, Vec<u8>)>,
    authority: Option<String>,
    pub(crate) body: Vec<u8>,
    /// What to know about the input.
    pub(crate) notes: Vec<String>,
}

/// Where in the input the request is.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) format: FormatArg,
    pub(crate) entry: Option<usize>,
    pub(crate) body: Option<Vec<u8>>,
}

/// The bytes are not one request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSaved {
    #[error("is not one HTTP/1.1 request: {0}")]
    Http(#[from] Unreadable),
    #[error("is no HAR 1.2 file: {0}")]
    Har(String),
    #[error("is no delivery of the mock publisher's log: {0}")]
    Delivery(String),
    #[error("is not what curl prints: {0}")]
    Curl(String),
    #[error("holds no request")]
    NoRequest,
    #[error("holds {count} requests, there is no number {entry}")]
    NoSuchEntry { entry: usize, count: usize },
    #[error("holds {count} requests, choose one with `--entry N`:\n{list}")]
    Several { count: usize, list: String },
    #[error("is one raw request, so `{0}` has no meaning")]
    RawTakesNo(&'static str),
}

impl NotSaved {
    pub(crate) fn hint(&self) -> Option<String> {
        const FORMATS: &str = "the formats are a raw HTTP/1.1 request (`--format http`), a HAR 1.2 file (`har`), what `curl \
                               -v` or `curl --trace` prints (`curl`) and a delivery of the mock publisher's log \
                               (`delivery`)";
        Some(match self {
            Self::Http(reason) => reason.hint().unwrap_or(FORMATS).to_owned(),
            Self::Delivery(_) => "save what `GET /mock/v1/deliveries/N` answers once it was attempted".to_owned(),
            Self::Har(_) | Self::Curl(_) | Self::NoRequest => FORMATS.to_owned(),
            Self::NoSuchEntry { .. } | Self::Several { .. } | Self::RawTakesNo(_) => return None,
        })
    }
}

impl Saved {
    pub(crate) fn read(bytes: &[u8], source: Source) -> Result<Self, NotSaved> {
        match source.format {
            FormatArg::Http => raw(bytes, &source),
            FormatArg::Har => har::read(bytes, source),
            FormatArg::Curl => curl::read(bytes, source),
            FormatArg::Delivery => delivery::read(bytes, &source),
            FormatArg::Auto if delivery::looks_like(bytes) => delivery::read(bytes, &source),
            FormatArg::Auto if har::looks_like(bytes) => har::read(bytes, source),
            FormatArg::Auto if curl::looks_like(bytes) => curl::read(bytes, source),
            FormatArg::Auto => raw(bytes, &source),
        }
    }

    pub(crate) fn headers(&self) -> Vec<Header<'_>> {
        self.lines.iter().map(|(name, value)| Header::new(name, value)).collect()
    }

    /// The head, as the checklist wants it. Over which transport the request came, no saved request can tell.
    pub(crate) fn head<'a>(&'a self, headers: &'a [Header<'a>]) -> RequestHead<'a> {
        let head = RequestHead::new(&self.method, &self.target, headers);
        match &self.authority {
            Some(authority) => head.with_authority(authority),
            None => head,
        }
    }

    fn value(&self, name: &str) -> Option<&[u8]> {
        self.lines.iter().find(|(line, _)| line.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..])
    }
}

fn raw(bytes: &[u8], source: &Source) -> Result<Saved, NotSaved> {
    if source.entry.is_some_and(|entry| entry != 1) {
        return Err(NotSaved::RawTakesNo("--entry"));
    }
    if source.body.is_some() {
        return Err(NotSaved::RawTakesNo("--body"));
    }
    let mut notes = Vec::new();
    let bytes = match of_http_1_0(bytes) {
        None => Cow::Borrowed(bytes),
        Some(bytes) => {
            notes.push("the version is HTTP/1.0, as nginx speaks to its upstreams; it is not signed".to_owned());
            Cow::Owned(bytes)
        }
    };
    let request = Request::parse(&bytes)?;
    let head = request.head();
    Ok(Saved {
        format: "http",
        method: head.method().to_owned(),
        target: head.target().to_owned(),
        lines: head.headers().iter().map(|line| (line.name.to_owned(), line.value.to_vec())).collect(),
        authority: None,
        body: request.body.to_vec(),
        notes,
    })
}

/// A request of HTTP/1.0, as one of HTTP/1.1.
fn of_http_1_0(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = bytes.windows(2).take(MAX_REQUEST_LINE).position(|pair| pair == b"\r\n")?;
    let line = bytes.get(..end)?.strip_suffix(b" HTTP/1.0")?;
    Some([line, b" HTTP/1.1", bytes.get(end..)?].concat())
}

/// The request that is meant: that of the given number, or the only one, or the only one that is signed.
fn chosen(requests: Vec<Saved>, entry: Option<usize>) -> Result<Saved, NotSaved> {
    let count = requests.len();
    let signed = requests.iter().enumerate().filter(|(_, request)| request.value("signature").is_some());
    let signed: Vec<usize> = signed.map(|(at, _)| at).collect();
    let at = match (entry, &signed[..]) {
        (Some(entry), _) => {
            entry.checked_sub(1).filter(|at| *at < count).ok_or(NotSaved::NoSuchEntry { entry, count })?
        }
        (None, _) if count == 0 => return Err(NotSaved::NoRequest),
        (None, _) if count == 1 => 0,
        (None, [only]) => *only,
        (None, _) => return Err(NotSaved::Several { count, list: list(&requests) }),
    };
    let mut chosen = requests.into_iter().nth(at).ok_or(NotSaved::NoRequest)?;
    if entry.is_none() && count > 1 {
        chosen
            .notes
            .insert(0, format!("request {} of {count} was taken, the only one with a `Signature` header", at + 1));
    }
    Ok(chosen)
}

fn list(requests: &[Saved]) -> String {
    let line = |(index, request): (usize, &Saved)| {
        let signed = if request.value("signature").is_some() { ", signed" } else { "" };
        let (method, target) = (Excerpt::from(request.method.as_str()), Excerpt::from(request.target.as_str()));
        format!("  {:>3}  {} {}{signed}", index + 1, method.as_str(), target.as_str())
    };
    let mut lines: Vec<String> = requests.iter().enumerate().take(MAX_LISTED).map(line).collect();
    if requests.len() > MAX_LISTED {
        lines.push(format!("  ... and {} more", requests.len() - MAX_LISTED));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn source(format: FormatArg) -> Source {
        Source { format, entry: None, body: None }
    }

    fn read(text: &str) -> Result<Saved, NotSaved> {
        Saved::read(text.as_bytes(), source(FormatArg::Auto))
    }

    #[test]
    fn the_version_is_not_signed() {
        let saved = Saved::read(b"POST /hook HTTP/1.0\r\nHost: a\r\n\r\n", source(FormatArg::Auto)).unwrap();
        assert_eq!((saved.target.as_str(), saved.notes.len()), ("/hook", 1));
        assert!(Saved::read(b"POST /hook HTTP/1.2\r\nHost: a\r\n\r\n", source(FormatArg::Auto)).is_err());
    }

    #[test]
    fn the_format_is_found_out() {
        for (text, format) in [
            ("POST / HTTP/1.1\r\n\r\n", "http"),
            (
                " {\"log\":{\"entries\":[{\"request\":{\"method\":\"POST\",\"url\":\"http://a/\",\"headers\":[]}}]}}",
                "har",
            ),
            ("* Connected\n> POST / HTTP/2\n> Host: a\n>\n< HTTP/2 200\n", "curl"),
            ("> POST / HTTP/1.1\r\n> Host: a\r\n> \r\n", "curl"),
            ("=> Send header, 19 bytes (0x13)\n0000: POST / HTTP/1.1\n0011: \n", "curl"),
        ] {
            assert_eq!(read(text).unwrap().format, format, "{text}");
        }
        for text in ["", "{", "{}", "[]", "hello", "> hello", "* nothing", "=> Send", "\u{feff}{}"] {
            assert!(read(text).unwrap_err().hint().is_some(), "{text}");
        }
    }

    #[test]
    fn a_raw_request_takes_no_entry_and_no_body() {
        let raw = b"POST / HTTP/1.1\r\n\r\n";
        let with_body = Source { body: Some(Vec::new()), ..source(FormatArg::Http) };
        let with_entry = Source { entry: Some(2), ..source(FormatArg::Http) };
        for source in [with_body, with_entry] {
            assert!(matches!(Saved::read(raw, source), Err(NotSaved::RawTakesNo(_))));
        }
    }

    #[test]
    fn damage_is_no_reason_to_panic() {
        let har = r#"{"log":{"entries":[{"request":{"method":"POST","url":"http://a/?b#c","headers":[{"name":"A","value":"b"}],"postData":{"text":"/w==","encoding":"base64"}}}]}}"#;
        let trace = "=> Send header, 27 bytes (0x1b)\n0000: POST / HTTP/1.1\n0011: A: bcde\n001a: \n=> Send data, 3 bytes (0x3)\n0000: abc\n";
        let hex = "=> Send header, 19 bytes (0x13)\n0000: 50 4f 53 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d POST / HTTP/1.1.\n0010: 0a 0d 0a                                        ...\n";
        let verbose = "* x\n> POST /a HTTP/2\n> Host: h\n> \n";
        for text in [har, trace, hex, verbose] {
            for (at, byte) in (0..text.len()).flat_map(|at| b"\0 9f:\"\n\xff>".map(|byte| (at, byte))) {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = byte;
                let _ = Saved::read(&bytes, source(FormatArg::Auto));
                bytes.truncate(at);
                let _ = Saved::read(&bytes, source(FormatArg::Auto));
            }
        }
        assert!(read(hex).is_ok() && read(har).is_ok() && read(verbose).is_ok());
    }
}
