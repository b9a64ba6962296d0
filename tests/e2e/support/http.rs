use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::PATIENCE;

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    #[track_caller]
    pub(crate) fn expect_status(self, expected: u16) -> Self {
        assert_eq!(self.status, expected, "{}", self.text());
        self
    }
}

/// One request on a connection of its own. `Host`, `Connection` and `Content-Length` are added.
pub(crate) fn exchange(
    server: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    attempt(server, method, target, headers, body).unwrap_or_else(|error| panic!("{method} {target}: {error}"))
}

/// The same with a server that may be gone.
pub(crate) fn attempt(
    server: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\nContent-Length: {length}\r\n{lines}\r\n"
    );
    try_exchange(server, &head, body)
}

/// Sends a head as it stands, and a body; reads until the server closes.
pub(crate) fn exchange_raw(server: SocketAddr, head: &str, body: &[u8]) -> Answer {
    try_exchange(server, head, body).unwrap_or_else(|error| panic!("no answer to {head:?}: {error}"))
}

fn try_exchange(server: SocketAddr, head: &str, body: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(head.as_bytes())?;
    // A server that refuses a body need not read it, and may close while it is still coming.
    let _ = stream.write_all(body);
    let mut all = Vec::new();
    let read = stream.read_to_end(&mut all);
    parse(&all).ok_or_else(|| read.err().unwrap_or(io::ErrorKind::UnexpectedEof.into()))
}

fn parse(all: &[u8]) -> Option<Answer> {
    let split = all.windows(4).position(|part| part == b"\r\n\r\n")?;
    let mut lines = std::str::from_utf8(&all[..split]).ok()?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Some(Answer { status, headers: lines.filter_map(header).collect(), body: all[split + 4..].to_vec() })
}
