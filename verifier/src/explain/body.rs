//! What a program may have done to the body, undone. The digest tells at once which of the results was signed.

use std::io::Read;
use std::sync::Arc;

use crate::wire::Digests;

use super::change::{BodyChange, Change};
use super::draft::Draft;
use super::spelling::{Digits, Escapes, Json, Layout, percent_decoded, percent_encoded, triplets_in_case};

/// The longest body of which other forms are made, in bytes.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// The longest JSON or form that is written anew, in bytes. There are some hundred ways to write it.
const MAX_JSON: usize = 1024 * 1024;
/// How many times as long as it came JSON may be when it is written anew. What is longer is given up half-way.
const MAX_GROWTH: usize = 8;
/// Up to this length, in bytes, JSON may have grown in any way.
const MAX_GROWN: usize = 64 * 1024;
/// How much a body may be decompressed to, in bytes.
const MAX_DECOMPRESSED: u64 = 8 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The bodies that the `Digest` header allows, and how many were looked at.
pub(super) struct Bodies {
    pub(super) found: Vec<(Draft, Change)>,
    pub(super) tried: usize,
}

/// The same request with other bodies, as long as they have the digest that the request claims. Each comes with
/// `Content-Length` as it is, and as long as the body.
pub(super) fn candidates(draft: &Draft) -> Bodies {
    let mut search = Search { digests: draft.digests(), found: Vec::new(), tried: 0 };
    if draft.body.len() <= MAX_BODY
        && search.digests.as_ref().is_some_and(|digests| digests.check(&draft.body).is_err())
    {
        search.compressed(&draft.body);
        search.ends(&draft.body);
        search.charsets(&draft.body);
        search.json(&draft.body);
        search.form(&draft.body);
    }
    let from = draft.body.len();
    let found = search.found.into_iter().flat_map(|(body, how)| {
        let body: Arc<[u8]> = body.into();
        let change = Change::Body { how, from, to: body.len() };
        let changed = Draft { body: Arc::clone(&body), ..draft.clone() };
        let mut both = vec![(changed.clone(), change.clone())];
        // Whoever changes a body sets its length, or drops it.
        if draft.covered().iter().any(|name| name == "content-length") || draft.value("content-length").is_some() {
            both.push((changed.with_header("Content-Length", body.len().to_string().as_bytes()), change));
        }
        both
    });
    Bodies { found: found.collect(), tried: search.tried }
}

struct Search {
    digests: Option<Digests>,
    found: Vec<(Vec<u8>, BodyChange)>,
    tried: usize,
}

impl Search {
    /// Keeps a body if it is one that was signed.
    fn add(&mut self, body: impl AsRef<[u8]> + Into<Vec<u8>>, how: BodyChange) {
        self.tried += 1;
        let is_signed = self.digests.as_ref().is_some_and(|digests| digests.check(body.as_ref()).is_ok());
        if is_signed && self.found.is_empty() {
            self.found.push((body.into(), how));
        }
    }

    fn compressed(&mut self, body: &[u8]) {
        if let Some(plain) = bounded(flate2::read::MultiGzDecoder::new(body)) {
            self.add(plain, BodyChange::Compressed { coding: "gzip" });
        }
        if let Some(plain) = bounded(flate2::read::ZlibDecoder::new(body)) {
            self.add(plain, BodyChange::Compressed { coding: "deflate" });
        }
    }

    fn ends(&mut self, body: &[u8]) {
        let trimmed = body.trim_ascii();
        for end in [&b""[..], b"\n", b"\r\n"] {
            let with_end = [trimmed, end].concat();
            let how = if with_end.len() < body.len() { BodyChange::SpaceAdded } else { BodyChange::SpaceRemoved };
            self.add(with_end, how);
            self.add([body, end].concat(), BodyChange::SpaceRemoved);
        }
        if let Some(shorter) = body.strip_suffix(b"\n") {
            self.add(shorter.to_vec(), BodyChange::SpaceAdded);
        }
        if let Some(bare) = body.strip_prefix(BYTE_ORDER_MARK) {
            self.add(bare.to_vec(), BodyChange::ByteOrderMarkAdded);
        }
        self.add([BYTE_ORDER_MARK, body].concat(), BodyChange::ByteOrderMarkRemoved);
        let lf = with_lf(body);
        let crlf = lf.iter().flat_map(|b| if *b == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(b) });
        let crlf: Vec<u8> = crlf.copied().collect();
        // A line end that an editor appends is of the new kind.
        for end in [&b""[..], b"\n"] {
            let without = lf.strip_suffix(end).unwrap_or(&lf);
            self.add(without.to_vec(), BodyChange::LineEnds { signed: "LF" });
        }
        self.add(crlf, BodyChange::LineEnds { signed: "CRLF" });
    }

    fn charsets(&mut self, body: &[u8]) {
        if body.is_ascii() {
            return;
        }
        // The first 256 characters of Unicode are those of Latin-1.
        let utf8: String = body.iter().map(|&b| char::from(b)).collect();
        self.add(utf8.into_bytes(), BodyChange::Charset { signed: "UTF-8" });
        if let Ok(text) = std::str::from_utf8(body) {
            let latin1: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
            if let Some(latin1) = latin1 {
                self.add(latin1, BodyChange::Charset { signed: "Latin-1" });
            }
        }
    }

    fn json(&mut self, body: &[u8]) {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        let Some(text) = std::str::from_utf8(body).ok().filter(|text| text.len() <= MAX_JSON) else { return };
        let Some(json) = Json::parse(text) else { return };
        let longest = MAX_GROWN.max(MAX_GROWTH * text.len());
        for (layout, layout_name) in LAYOUTS {
            for (escapes, escapes_name) in ESCAPES {
                let Some(mut written) = json.written(layout, escapes, longest) else { continue };
                let signed = if escapes_name.is_empty() { layout_name } else { escapes_name };
                self.add(written.as_str(), BodyChange::Reserialised { signed });
                written.push('\n');
                self.add(written, BodyChange::Reserialised { signed });
            }
        }
    }

    fn form(&mut self, body: &[u8]) {
        let text = std::str::from_utf8(body).ok().filter(|text| text.contains('=') && text.len() <= MAX_JSON);
        let Some(text) = text.filter(|text| text.bytes().all(|b| b.is_ascii_graphic())) else { return };
        // What must stay encoded so that the form stays the same.
        let is_structure = |b: u8| b"%&=+".contains(&b);
        let spaces: [fn(&str) -> String; 3] =
            [str::to_owned, |text| text.replace('+', "%20"), |text| text.replace("%20", "+")];
        let rules: [&dyn Fn(&str) -> String; 8] = [
            &|text| text.to_owned(),
            &|text| triplets_in_case(text, u8::to_ascii_uppercase),
            &|text| triplets_in_case(text, u8::to_ascii_lowercase),
            &|text| percent_decoded(text, |b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)),
            &|text| percent_decoded(text, |b| b.is_ascii_alphanumeric() || b"-._*".contains(&b)),
            &|text| percent_encoded(text, |b| b.is_ascii_punctuation() && !b"-._*".contains(&b) && !is_structure(b)),
            &|text| percent_encoded(text, |b| b.is_ascii_punctuation() && !b"-._~".contains(&b) && !is_structure(b)),
            &|text| percent_decoded(text, |b| b.is_ascii_graphic() && !is_structure(b)),
        ];
        for space in spaces {
            for rule in rules {
                self.add(rule(&space(text)).into_bytes(), BodyChange::FormRecoded);
            }
        }
    }
}

const LAYOUTS: [(Layout, &str); 6] = [
    (Layout::Compact, "without blanks, as JavaScript and PHP write it"),
    (Layout::Blanks, "with a blank behind commas and colons, as Python writes it"),
    (Layout::Lines("  "), "indented by 2 blanks"),
    (Layout::Lines("    "), "indented by 4 blanks"),
    (Layout::Lines("\t"), "indented by tabs"),
    (Layout::Colons, "with a blank behind colons"),
];

const ESCAPES: [(Escapes, &str); 7] = [
    (Escapes { ascii: None, slashes: false, html: false }, ""),
    (
        Escapes { ascii: Some(Digits::Lower), slashes: false, html: false },
        "with letters beyond ASCII escaped as `\\u00e9`",
    ),
    (Escapes { ascii: Some(Digits::Lower), slashes: true, html: false }, "with `\\/` and `\\u00e9`, as PHP writes it"),
    (Escapes { ascii: None, slashes: true, html: false }, "with slashes escaped as `\\/`"),
    (
        Escapes { ascii: Some(Digits::Upper), slashes: false, html: false },
        "with letters beyond ASCII escaped as `\\u00E9`",
    ),
    (Escapes { ascii: Some(Digits::Upper), slashes: true, html: false }, "with `\\/` and `\\u00E9`"),
    (Escapes { ascii: None, slashes: false, html: true }, "with `<`, `>` and `&` escaped, as Go writes it"),
];

/// Everything that a decoder has, if it is not too much and comes to a proper end.
fn bounded(decoder: impl Read) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    decoder.take(MAX_DECOMPRESSED + 1).read_to_end(&mut plain).ok()?;
    (plain.len() as u64 <= MAX_DECOMPRESSED).then_some(plain)
}

fn with_lf(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for (index, &b) in body.iter().enumerate() {
        if b != b'\r' || body.get(index + 1) != Some(&b'\n') {
            out.push(b);
        }
    }
    out
}
