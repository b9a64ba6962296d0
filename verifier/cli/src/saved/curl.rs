//! What curl prints of the requests that it sends: `curl -v` (the head), `curl --trace` (every byte, in hexadecimal) and
//! `curl --trace-ascii` (every byte that is printable).

use super::{NotSaved, Saved, Source, chosen};
use crate::input::decode_chunked;

/// How a dump of bytes that were sent begins.
const SEND_HEADER: &str = "=> Send header, ";
const SEND_DATA: &str = "=> Send data, ";
/// How many bytes a line of `--trace` shows.
const HEX_WIDTH: usize = 16;
/// How many lines are looked at to find out whether this is curl's output.
const LOOKED_AT: usize = 100;

pub(super) fn looks_like(bytes: &[u8]) -> bool {
    let starts = [&b"> "[..], b"* ", b"== Info: ", SEND_HEADER.as_bytes()];
    let mut lines = bytes.split(|&b| b == b'\n').take(LOOKED_AT);
    lines.next().is_some_and(|line| starts.iter().any(|start| line.starts_with(start)))
        || lines.any(|line| line.starts_with(SEND_HEADER.as_bytes()) || line.starts_with(b"> POST "))
}

pub(super) fn read(bytes: &[u8], source: Source) -> Result<Saved, NotSaved> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| complaint(format!("byte {} is no UTF-8", error.valid_up_to())))?;
    let is_trace = text.lines().any(|line| line.starts_with(SEND_HEADER));
    let requests = if is_trace { traced(text)? } else { verbose(text)? };
    let mut request = chosen(requests, source.entry)?;
    match source.body {
        Some(body) => {
            request.body = body;
            request.notes.retain(|note| !note.contains("--body"));
        }
        None if !is_trace => {
            request
                .notes
                .push("`curl -v` does not show the body, which is taken to be empty: give it with `--body`".to_owned());
        }
        None => {}
    }
    Ok(request)
}

fn complaint(text: impl Into<String>) -> NotSaved {
    NotSaved::Curl(text.into())
}

/// The requests of `curl -v`: lines that begin with `>`, up to an empty one. Other lines may stand between them.
fn verbose(text: &str) -> Result<Vec<Saved>, NotSaved> {
    let mut requests = Vec::new();
    let mut head: Vec<&str> = Vec::new();
    for line in text.lines() {
        let Some(sent) = line.strip_prefix('>') else { continue };
        match sent.strip_prefix(' ').unwrap_or(sent) {
            "" if head.is_empty() => {}
            "" => requests.push(request(&std::mem::take(&mut head))?),
            line => head.push(line),
        }
    }
    if head.is_empty() { Ok(requests) } else { Err(complaint("no empty line (`>`) ends the head")) }
}

/// The requests of `curl --trace` and `curl --trace-ascii`: dumps of what was sent, in order.
fn traced(text: &str) -> Result<Vec<Saved>, NotSaved> {
    let mut requests: Vec<Saved> = Vec::new();
    let mut lines = text.lines().peekable();
    let mut is_hex = None;
    while let Some(line) = lines.next() {
        let (is_header, size) = match (line.strip_prefix(SEND_HEADER), line.strip_prefix(SEND_DATA)) {
            (Some(size), _) => (true, size),
            (_, Some(size)) => (false, size),
            _ => continue,
        };
        let size = size.split(' ').next().and_then(|size| size.parse::<usize>().ok());
        let size = size.ok_or_else(|| complaint(format!("`{}` has no number of bytes", line.escape_default())))?;
        // No head begins with what could be a row of bytes in hexadecimal, but a body may.
        let mut dump = Dump { size, bytes: Vec::new(), is_hex: is_hex.filter(|_| !is_header) };
        while let Some((offset, row)) = lines.peek().and_then(|line| row(line)) {
            dump.add(offset, row)?;
            lines.next();
        }
        is_hex = dump.is_hex;
        let bytes = dump.finish()?;
        if is_header {
            let head = std::str::from_utf8(&bytes).map_err(|_| complaint("a head that is no UTF-8"))?;
            let head = head.strip_suffix("\r\n\r\n").ok_or_else(|| complaint("a head that no empty line ends"))?;
            requests.push(request(&head.split("\r\n").collect::<Vec<_>>())?);
        } else if let Some(request) = requests.last_mut() {
            if is_hex == Some(false) && request.body.is_empty() {
                request.notes.push(
                    "`curl --trace-ascii` shows a dot for each byte that is not printable: if the body is refused, use \
                     `curl --trace`, or give it with `--body`"
                        .to_owned(),
                );
            }
            request.body.extend(bytes);
        }
    }
    requests.into_iter().map(without_chunks).collect()
}

/// A line of a dump: the offset, and what is there.
fn row(line: &str) -> Option<(usize, &str)> {
    let (offset, row) = line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, "")))?;
    let is_offset = offset.len() >= 4 && offset.bytes().all(|b| b.is_ascii_hexdigit());
    Some((usize::from_str_radix(offset, 16).ok().filter(|_| is_offset)?, row))
}

struct Dump {
    size: usize,
    bytes: Vec<u8>,
    is_hex: Option<bool>,
}

impl Dump {
    fn add(&mut self, offset: usize, row: &str) -> Result<(), NotSaved> {
        self.skip_to(offset)?;
        let hex = hex_row(row, self.size.saturating_sub(offset));
        if *self.is_hex.get_or_insert(hex.is_some()) {
            self.bytes.extend(hex.ok_or_else(|| complaint("a line of a dump that is not hexadecimal"))?);
        } else {
            self.bytes.extend(row.bytes());
        }
        if self.bytes.len() > self.size { Err(self.wrong_size()) } else { Ok(()) }
    }

    /// A line end is not shown but by a new row.
    fn skip_to(&mut self, offset: usize) -> Result<(), NotSaved> {
        match offset.checked_sub(self.bytes.len()) {
            Some(0) => Ok(()),
            Some(2) if self.is_hex == Some(false) => {
                self.bytes.extend(b"\r\n");
                Ok(())
            }
            _ => Err(complaint("a dump with a gap")),
        }
    }

    fn finish(mut self) -> Result<Vec<u8>, NotSaved> {
        if self.skip_to(self.size).is_err() {
            return Err(self.wrong_size());
        }
        Ok(self.bytes)
    }

    fn wrong_size(&self) -> NotSaved {
        complaint(format!("a dump of {} bytes that shows {}", self.size, self.bytes.len()))
    }
}

/// The bytes of a line such as `50 4f 53 54 ... POST`, of which at most so many are left.
fn hex_row(row: &str, left: usize) -> Option<Vec<u8>> {
    (0..HEX_WIDTH.min(left))
        .map(|index| {
            let digits =
                row.get(index * 3..index * 3 + 2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
            let _blank = row.get(index * 3 + 2..index * 3 + 3).filter(|blank| *blank == " ")?;
            u8::from_str_radix(digits, 16).ok()
        })
        .collect()
}

/// The head of a request: its request line, of whatever version, and its header lines.
fn request(lines: &[&str]) -> Result<Saved, NotSaved> {
    let [first, lines @ ..] = lines else { return Err(complaint("an empty head")) };
    let mut parts = first.split(' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(complaint("malformed request line, expected `METHOD /target HTTP/1.1`, `HTTP/2` or `HTTP/3`"));
    };
    if !version.starts_with("HTTP/") || method.is_empty() {
        return Err(complaint("malformed request line, expected `METHOD /target HTTP/1.1`, `HTTP/2` or `HTTP/3`"));
    }
    let line = |line: &&str| {
        let (name, value) = line.split_once(':').filter(|(name, _)| !name.is_empty() && !name.contains([' ', '\t']))?;
        Some((name.to_owned(), value.trim_matches([' ', '\t']).as_bytes().to_vec()))
    };
    let lines =
        lines.iter().map(|text| line(text).ok_or_else(|| complaint("malformed header line, expected `Name: value`")));
    Ok(Saved {
        format: "curl",
        method: method.to_owned(),
        target: target.to_owned(),
        lines: lines.collect::<Result<_, _>>()?,
        authority: None,
        body: Vec::new(),
        notes: Vec::new(),
    })
}

/// The body without its transfer coding.
fn without_chunks(mut request: Saved) -> Result<Saved, NotSaved> {
    if request.value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked")) {
        request.body = decode_chunked(&request.body).map_err(|error| complaint(error.to_string()))?;
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;
    use crate::args::FormatArg;

    fn parse(text: &str) -> Result<Saved, NotSaved> {
        read(text.as_bytes(), source(FormatArg::Curl))
    }

    const TRACE_ASCII: &str = "== Info: Connected\n\
        => Send header, 98 bytes (0x62)\n\
        0000: POST /hook HTTP/1.1\n\
        0015: X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\
        0055: aaa\n\
        005a: A: b\n\
        0060: \n\
        => Send data, 9 bytes (0x9)\n\
        0000: {\"a\":\n\
        0007: 1}\n\
        <= Recv header, 5 bytes (0x5)\n\
        0000: HTTP/\n";

    #[test]
    fn reads_what_verbose_shows() {
        let text = "*   Trying 127.0.0.1:80...\n> POST /a?b=c HTTP/2\n> Host: h.example\n* info\n> X-Empty:\n> X:  a: b \n> \n} [5 bytes data]\n< HTTP/2 200\n< Date: x\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let saved = parse(&text).unwrap();
            assert_eq!((saved.method.as_str(), saved.target.as_str()), ("POST", "/a?b=c"));
            let expected = [("Host", "h.example"), ("X-Empty", ""), ("X", "a: b")];
            assert_eq!(saved.lines, expected.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())));
            assert!(saved.body.is_empty() && saved.notes[0].contains("--body"));
        }
        let with_body = Source { body: Some(b"body".to_vec()), ..source(FormatArg::Curl) };
        let saved = read(text.as_bytes(), with_body).unwrap();
        assert_eq!((saved.body.as_slice(), saved.notes.len()), (&b"body"[..], 0));
    }

    #[test]
    fn puts_the_rows_of_a_trace_together() {
        let saved = parse(TRACE_ASCII).unwrap();
        assert_eq!(saved.target, "/hook");
        assert_eq!(saved.lines, [("X-Long".to_owned(), vec![b'a'; 59]), ("A".to_owned(), b"b".to_vec())]);
        assert_eq!((saved.body.as_slice(), saved.notes.len()), (&b"{\"a\":\r\n1}"[..], 1));
    }

    #[test]
    fn a_hexadecimal_trace_has_every_byte() {
        let head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let body = b"2\r\n\xff\n\r\n0\r\n\r\n";
        let dump = |kind: &str, bytes: &[u8]| {
            let rows = bytes.chunks(16).enumerate().map(|(index, row)| {
                let hex: String = row.iter().map(|byte| format!("{byte:02x} ")).collect();
                let shown: String =
                    row.iter().map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '.' }).collect();
                format!("{:04x}: {hex:<48}{shown}\n", index * 16)
            });
            format!("=> Send {kind}, {} bytes (0x{0:x})\n{}", bytes.len(), rows.collect::<String>())
        };
        let saved = parse(&(dump("header", head) + &dump("data", body))).unwrap();
        assert_eq!((saved.body.as_slice(), saved.notes.len()), (&b"\xff\n"[..], 0));
    }

    #[test]
    fn what_curl_does_not_print_is_refused() {
        for text in [
            "> POST / HTTP/1.1\n> Host: a\n",
            "> POST /\n>\n",
            "> POST / x HTTP/1.1\n>\n",
            "> POST / FTP/1.1\n>\n",
            "> POST / HTTP/1.1\n> no colon\n>\n",
            "> POST / HTTP/1.1\n> a b: c\n>\n",
            &TRACE_ASCII.replace("0055:", "0056:"),
            &TRACE_ASCII.replace("0055:", "0050:"),
            &TRACE_ASCII.replace("98 bytes", "97 bytes"),
            &TRACE_ASCII.replace("98 bytes", "99999999999999999999 bytes"),
            &TRACE_ASCII.replace("9 bytes", "8 bytes"),
            &TRACE_ASCII.replace("0060: \n", ""),
            "=> Send header, x bytes\n",
            "=> Send header, 4 bytes (0x4)\n0000: 41 42 43\n",
        ] {
            assert!(matches!(parse(text), Err(NotSaved::Curl(_))), "{text}");
        }
        assert!(matches!(parse("* nothing\n"), Err(NotSaved::NoRequest)));
    }
}
