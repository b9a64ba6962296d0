//! The layer on a real server: requests come byte for byte over a socket.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use callback_verifier::{Rejection, Transport, Verifier};
use http::Response;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

use super::{Message, now};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// A receiver on axum. It sends back what it was sent, if that is genuine. What the layer refuses carries the code, which no
/// receiver but one under test would tell.
pub(crate) struct HttpServer {
    pub(crate) address: SocketAddr,
    task: AbortHandle,
}

/// An answer on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Of a request that the layer has refused, not the server.
    pub(crate) code: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl HttpServer {
    pub(crate) fn start(verifier: &Verifier) -> Self {
        let layer = verifier.layer().clock(now).on_rejection(|rejection: &Rejection| {
            let response = Response::builder().status(rejection.class().status()).header("x-code", rejection.code());
            response.body(Body::empty()).unwrap()
        });
        Self::serve(Router::new().fallback(|body: Bytes| async { body }).layer(layer))
    }

    pub(crate) fn serve(router: Router) -> Self {
        let listener = RUNTIME.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let task = RUNTIME.spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { address, task: task.abort_handle() }
    }

    /// What a request is answered; `None` if the server hangs up.
    pub(crate) fn answer(&self, message: &Message) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The server may hang up in the middle of a request that it has already refused.
        let sent = stream.write_all(&message.raw());
        if sent.is_ok() && message.promises_more_than_it_has() {
            stream.shutdown(Shutdown::Write).unwrap();
        }
        read_answer(&mut stream)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Message {
    /// Whether it can be sent by HTTP/1.1 at all.
    pub(crate) fn is_of_http_1(&self) -> bool {
        self.authority.is_none() && self.transport == Transport::Unknown
    }

    /// As it stands on the wire.
    pub(crate) fn raw(&self) -> Vec<u8> {
        let mut raw = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            raw.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        if self.body.is_empty() || self.declared_lengths().next().is_some() {
            raw.extend([b"\r\n", &self.body[..]].concat());
            return raw;
        }
        raw.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        for chunk in self.body.chunks(1000) {
            raw.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        }
        raw.extend_from_slice(b"0\r\n\r\n");
        raw
    }

    fn declared_lengths(&self) -> impl Iterator<Item = &[u8]> {
        let lines = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        lines.map(|(_, value)| &value[..])
    }

    fn promises_more_than_it_has(&self) -> bool {
        let lengths = self.declared_lengths().filter_map(|value| str::from_utf8(value).ok()?.trim().parse().ok());
        lengths.into_iter().any(|length: usize| length > self.body.len())
    }

    /// Whether a server hands over what was sent. Of other requests it makes something else before the layer sees them: it
    /// cuts a body where its length says, merges two equal lengths, drops a fragment, reads a line feed as the end of a line.
    pub(crate) fn is_carried_as_it_is(&self) -> bool {
        let lengths: Vec<_> = self.declared_lengths().collect();
        let framed = match lengths[..] {
            [] => true,
            [one] => *one == *self.body.len().to_string().as_bytes(),
            _ => false,
        };
        let is_value = |value: &[u8]| http::HeaderValue::from_bytes(value).is_ok();
        let lines =
            self.headers.iter().all(|(name, value)| name.parse::<http::HeaderName>().is_ok() && is_value(value));
        let head: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let small = self.headers.len() < MAX_HEADER_LINES && head < MAX_HEAD;
        let target = self.target.parse::<http::Uri>().is_ok_and(|uri| uri.to_string() == self.target);
        framed && lines && small && target && self.method.parse::<http::Method>().is_ok()
    }
}

/// What hyper reads of a head at least, unless it is told otherwise.
const MAX_HEADER_LINES: usize = 100;
const MAX_HEAD: usize = 300_000;

fn read_answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut read = Vec::new();
    let mut part = [0; 4096];
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        if let Ok(httparse::Status::Complete(head)) = response.parse(&read) {
            let text = |name: &str| {
                let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
                Some(str::from_utf8(header.value).unwrap().to_owned())
            };
            let length: usize = text("content-length").map_or(0, |length| length.parse().unwrap());
            let status = response.code.unwrap();
            if read.len() >= head + length {
                return Some(Answer { status, code: text("x-code"), body: read[head..head + length].to_vec() });
            }
        }
        match stream.read(&mut part) {
            Ok(length @ 1..) => read.extend_from_slice(&part[..length]),
            Ok(0) => return None,
            // A server that has hung up with our bytes unread resets the connection.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
            Err(error) => panic!("{error} for an answer to a request"),
        }
    }
}
