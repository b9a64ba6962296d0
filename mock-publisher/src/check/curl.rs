//! A request as a command line of `curl`.

use std::path::Path;

use crate::emit::TargetUrl;
use crate::shell::word;

/// A command line that is longer helps nobody.
const LONGEST: usize = 8 * 1024;

/// `None` for what `curl` cannot send: it makes requests, and not all that is tried is one.
pub(super) fn command(url: &TargetUrl, authority: Option<&Path>, raw: &[u8]) -> Option<String> {
    let raw = str::from_utf8(raw).ok().filter(|raw| raw.len() <= LONGEST)?;
    let (head, body) = raw.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if version != "HTTP/1.1" || words.next().is_some() || !target.starts_with('/') || target.contains('#') {
        return None;
    }
    let uri = url.uri();
    let base = format!("{}://{}", uri.scheme_str()?, uri.authority()?);
    let mut command = format!("curl -i -X {} {}", quoted(method)?, quoted(&format!("{base}{target}"))?);
    if let Some(file) = authority {
        command.push_str(&format!(" --cacert {}", quoted(file.to_str()?)?));
    }
    if target != url.path_and_query() {
        command.push_str(" --path-as-is");
    }
    let mut hosts = 0;
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        // Of several hosts it would send one.
        hosts += usize::from(name.eq_ignore_ascii_case("host"));
        if hosts > 1 {
            return None;
        }
        // It frames bodies by itself: what is framed otherwise, or wrongly, it cannot send.
        let is_framed_otherwise = name.eq_ignore_ascii_case("transfer-encoding")
            || (name.eq_ignore_ascii_case("content-length") && value != body.len().to_string());
        if is_framed_otherwise {
            return None;
        }
        let header = if value.is_empty() { format!("{name};") } else { line.to_owned() };
        command.push_str(&format!(" -H {}", quoted(&header)?));
    }
    command.push_str(&format!(" --data-binary {}", quoted(body)?));
    Some(command)
}

/// As one word of a shell, quoted where that is needed. `curl` would take an at sign for a file's name.
fn quoted(text: &str) -> Option<String> {
    let is_fine = !text.chars().any(|c| c.is_control() && c != '\n') && !text.starts_with('@');
    is_fine.then(|| word(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_said_in_a_line() {
        let url = TargetUrl::parse("http://127.0.0.1:8080/hook").unwrap();
        let command = |raw: &str| super::command(&url, None, raw.as_bytes());
        let said = command("POST /hook HTTP/1.1\r\nHost: h\r\nX-Empty: \r\nContent-Length: 4\r\n\r\nit's").unwrap();
        assert_eq!(
            said,
            r"curl -i -X POST http://127.0.0.1:8080/hook -H 'Host: h' -H 'X-Empty;' -H 'Content-Length: 4' --data-binary 'it'\''s'"
        );
        let said = super::command(&url, Some(Path::new("my ca.pem")), b"POST /hook HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(said, "curl -i -X POST http://127.0.0.1:8080/hook --cacert 'my ca.pem' --data-binary ''");
        for raw in [
            "POST /hook HTTP/1.1\r\nX: a\u{b}\r\n\r\n",
            "POST http://h/ HTTP/1.1\r\n\r\n",
            "POST /a b HTTP/1.1\r\n\r\n",
            "POST /hook HTTP/1.1\r\nContent-Length: 5\r\n\r\nx",
            "POST /hook HTTP/1.1\r\nX\r\n\r\n",
            "POST /hook HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
            "",
        ] {
            assert_eq!(command(raw), None, "{raw:?}");
        }
    }
}
