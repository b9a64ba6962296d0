//! HAR 1.2, as browsers and proxies export it. Fields that it does not need are not kept, whatever they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{NotSaved, Saved, Source, chosen};

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    headers: Vec<Line>,
    post_data: Option<PostData>,
    /// -1 if it is not known.
    body_size: Option<i64>,
}

#[derive(Deserialize)]
struct Line {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct PostData {
    text: Option<String>,
    /// Not of HAR 1.2 but in use, with and without an underscore: `base64`.
    #[serde(alias = "_encoding")]
    encoding: Option<String>,
    #[serde(default)]
    params: Vec<IgnoredAny>,
}

pub(super) fn looks_like(bytes: &[u8]) -> bool {
    matches!(without_mark(bytes).trim_ascii_start(), [b'{' | b'[', ..])
}

/// Some programs begin JSON with a byte order mark.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

pub(super) fn read(bytes: &[u8], source: Source) -> Result<Saved, NotSaved> {
    let bytes = without_mark(bytes);
    let har: Har = serde_json::from_slice(bytes).map_err(|error| NotSaved::Har(error.to_string()))?;
    let requests = har.log.entries.into_iter().map(|entry| saved(entry.request)).collect::<Result<_, _>>()?;
    let mut request = chosen(requests, source.entry)?;
    match source.body {
        Some(body) => request.body = body,
        None => request.notes.push(
            "a HAR file holds the body as text, not as the bytes that were sent; if the body is refused, give it with `--body`"
                .to_owned(),
        ),
    }
    Ok(request)
}

fn saved(request: Request) -> Result<Saved, NotSaved> {
    let Request { method, url, headers, post_data, body_size } = request;
    let (host, target) = parts(&url).ok_or_else(|| NotSaved::Har("a request whose URL is no `http` URL".to_owned()))?;
    let mut notes = Vec::new();
    let body = match post_data {
        None => Vec::new(),
        Some(PostData { text: Some(text), encoding, .. }) => match encoding.as_deref() {
            Some("base64") => STANDARD
                .decode(text)
                .map_err(|_| NotSaved::Har("a body that says it is base64, and is not".to_owned()))?,
            _ => text.into_bytes(),
        },
        Some(PostData { params, .. }) => {
            if !params.is_empty() {
                notes.push("the HAR file holds the form but not its text: give the body with `--body`".to_owned());
            }
            Vec::new()
        }
    };
    if let Some(size) = body_size.and_then(|size| usize::try_from(size).ok())
        && size != body.len()
    {
        notes.push(format!("the HAR file says that the body had {size} bytes, and holds {}", body.len()));
    }
    // Over HTTP/2 the method and the like stand among the headers.
    let (pseudo, lines): (Vec<Line>, Vec<Line>) = headers.into_iter().partition(|line| line.name.starts_with(':'));
    let authority = pseudo.into_iter().find(|line| line.name == ":authority").map(|line| line.value);
    let has_host = lines.iter().any(|line| line.name.eq_ignore_ascii_case("host"));
    let authority = authority.or_else(|| (!has_host).then(|| host.to_owned()));
    let target = target.to_owned();
    let lines = lines.into_iter().map(|line| (line.name, line.value.into_bytes())).collect();
    Ok(Saved { format: "har", method, target, lines, authority, body, notes })
}

/// The authority of a URL, and its path with query.
fn parts(url: &str) -> Option<(&str, String)> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at_checked(at)?;
    let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    Some((authority.rsplit('@').next().unwrap_or_default(), target))
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;
    use crate::args::FormatArg;
    use serde_json::{Value, json};

    fn read_value(value: &Value) -> Result<Saved, NotSaved> {
        read(value.to_string().as_bytes(), source(FormatArg::Har))
    }

    fn har(requests: &[Value]) -> Value {
        let entries: Vec<Value> =
            requests.iter().map(|request| json!({"request": request, "response": {}, "_x": 1})).collect();
        json!({"log": {"version": "1.2", "creator": {}, "entries": entries}})
    }

    #[test]
    fn reads_what_browsers_write() {
        let saved = read_value(&har(&[json!({
            "method": "POST", "url": "https://user@hooks.example.com:8443/a%2Fb?x=1#top", "httpVersion": "http/2.0",
            "headers": [{"name": ":authority", "value": "h.example"}, {"name": ":path", "value": "/"}, {"name": "Date", "value": "d\u{e9}"}],
            "postData": {"mimeType": "application/json", "text": "{\"a\":\"\u{e9}\"}"}, "bodySize": 10,
        })])).unwrap();
        assert_eq!((saved.method.as_str(), saved.target.as_str()), ("POST", "/a%2Fb?x=1"));
        assert_eq!(saved.authority.as_deref(), Some("h.example"));
        assert_eq!(saved.lines, [("Date".to_owned(), "d\u{e9}".as_bytes().to_vec())]);
        assert_eq!((saved.body.as_slice(), saved.notes.len()), ("{\"a\":\"\u{e9}\"}".as_bytes(), 1));
    }

    #[test]
    fn the_host_is_that_of_the_url_where_no_header_says_it() {
        let of = |url: &str, headers: Value| {
            let saved = read_value(&har(&[json!({"method": "POST", "url": url, "headers": headers})])).unwrap();
            (saved.authority, saved.target)
        };
        assert_eq!(of("http://a.example:8080", json!([])), (Some("a.example:8080".into()), "/".into()));
        assert_eq!(of("http://a.example?x", json!([])), (Some("a.example".into()), "/?x".into()));
        assert_eq!(of("http://a.example/", json!([{"name": "host", "value": "b"}])), (None, "/".into()));
    }

    #[test]
    fn what_was_lost_is_noted() {
        let with = |post_data: Value, size: i64| {
            read_value(&har(&[
                json!({"method": "POST", "url": "http://a/", "headers": [], "postData": post_data, "bodySize": size}),
            ]))
        };
        let base64 = with(json!({"text": "/w==", "encoding": "base64"}), 1).unwrap();
        assert_eq!((base64.body, base64.notes.len()), (vec![0xff], 1));
        assert_eq!(with(json!({"text": "/w==", "_encoding": "base64"}), -1).unwrap().body, [0xff]);
        assert!(matches!(with(json!({"text": "!", "encoding": "base64"}), 1), Err(NotSaved::Har(_))));
        let shorter = with(json!({"text": "abc"}), 4).unwrap();
        assert!(shorter.notes[0].contains("4 bytes, and holds 3"), "{:?}", shorter.notes);
        let form = with(json!({"mimeType": "x", "params": [{"name": "a"}]}), -1).unwrap();
        assert!(form.notes[0].contains("--body"), "{:?}", form.notes);
    }

    #[test]
    fn of_several_requests_the_signed_one_is_meant_or_one_is_chosen() {
        let plain = json!({"method": "GET", "url": "http://a/plain", "headers": []});
        let signed =
            json!({"method": "POST", "url": "http://a/signed", "headers": [{"name": "signature", "value": "x"}]});
        let two = har(&[plain.clone(), signed.clone()]);
        assert_eq!(read_value(&two).unwrap().target, "/signed");
        let first = Source { entry: Some(1), ..source(FormatArg::Har) };
        assert_eq!(read(two.to_string().as_bytes(), first).unwrap().target, "/plain");
        for entry in [0, 3, usize::MAX] {
            let other = Source { entry: Some(entry), ..source(FormatArg::Har) };
            assert!(matches!(read(two.to_string().as_bytes(), other), Err(NotSaved::NoSuchEntry { count: 2, .. })));
        }
        let Err(NotSaved::Several { count: 3, list }) = read_value(&har(&[signed.clone(), plain, signed])) else {
            panic!()
        };
        assert_eq!(list, "    1  POST /signed, signed\n    2  GET /plain\n    3  POST /signed, signed");
        assert!(matches!(read_value(&har(&[])), Err(NotSaved::NoRequest)));
    }

    #[test]
    fn what_is_no_har_file_is_told_so() {
        for value in [
            json!({}),
            json!({"log": {}}),
            json!({"log": {"entries": [{}]}}),
            har(&[json!({"method": "POST", "url": "/hook", "headers": []})]),
        ] {
            assert!(matches!(read_value(&value), Err(NotSaved::Har(_))), "{value}");
        }
        assert!(matches!(read(&b"[".repeat(100_000), source(FormatArg::Har)), Err(NotSaved::Har(_))));
    }
}
