//! Sends bytes that no HTTP client would send, and reads what is answered.

use std::io;
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::connect::Connector;
use super::{SendError, TargetRules};
use crate::emit::TargetUrl;
use crate::tls::{Stream, Trust};

/// How much of an answer's head is read.
const MAX_HEAD: usize = 64 * 1024;
/// How much of its body is kept.
const MAX_BODY: usize = 4 * 1024;
/// How many header lines an answer may have.
const MAX_LINES: usize = 128;

/// Sends raw requests, each on a connection of its own. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct RawClient {
    connector: Connector,
}

/// How fast a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    AtOnce,
    /// So many bytes of its end one by one, with such pauses between.
    Slowly {
        last: usize,
        pause: Duration,
    },
}

/// A connection with a request that does not end, until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _stream: Stream,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawAnswer {
    pub(crate) status: StatusCode,
    /// The status line and the headers, as they came.
    pub(crate) head: Vec<u8>,
    /// At most the first 4 KiB.
    pub(crate) body: Vec<u8>,
    pub(crate) elapsed: Duration,
}

impl RawClient {
    pub(crate) const fn new(rules: TargetRules, trust: Trust) -> Self {
        Self { connector: Connector::new(rules, trust) }
    }

    /// Sends the bytes of a request, and reads the answer. It need not have sent all of it: who knows enough may answer early.
    pub(crate) async fn exchange(
        &self,
        url: &TargetUrl,
        request: &[u8],
        pace: Pace,
        timeout: Duration,
    ) -> Result<RawAnswer, SendError> {
        let begun = Instant::now();
        let exchange = async {
            let (stream, _) = self.connector.open(url.uri()).await.map_err(Failed)?;
            let (mut from, mut to) = tokio::io::split(stream);
            let sending = send(&mut to, request, pace);
            let answering = answer(&mut from);
            tokio::pin!(sending, answering);
            let answered = tokio::select! {
                answered = &mut answering => answered,
                // Who hangs up in the middle of a request may have answered before.
                _ = &mut sending => answering.await,
            };
            answered.map_err(SendError::of)
        };
        let result = tokio::time::timeout(timeout, exchange).await;
        let mut answer = result.unwrap_or(Err(SendError::TimeoutResponse(timeout)))?;
        answer.elapsed = begun.elapsed();
        Ok(answer)
    }

    /// Sends the beginning of a request, and nothing more.
    pub(crate) async fn hold(&self, url: &TargetUrl, beginning: &[u8], timeout: Duration) -> Result<Held, SendError> {
        let holding = async {
            let (mut stream, _) = self.connector.open(url.uri()).await.map_err(Failed)?;
            stream.write_all(beginning).await.map_err(SendError::of)?;
            stream.flush().await.map_err(SendError::of)?;
            Ok(Held { _stream: stream })
        };
        tokio::time::timeout(timeout, holding).await.unwrap_or(Err(SendError::TimeoutResponse(timeout)))
    }
}

/// What a connector says is not an error by itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(#[source] super::connect::BoxError);

impl From<Failed> for SendError {
    fn from(failed: Failed) -> Self {
        Self::of(failed)
    }
}

async fn send(to: &mut (impl AsyncWrite + Unpin), request: &[u8], pace: Pace) -> io::Result<()> {
    let (front, slow, pause) = match pace {
        Pace::AtOnce => (request, &[][..], Duration::ZERO),
        Pace::Slowly { last, pause } => {
            let (front, slow) = request.split_at(request.len().saturating_sub(last));
            (front, slow, pause)
        }
    };
    to.write_all(front).await?;
    to.flush().await?;
    for byte in slow {
        tokio::time::sleep(pause).await;
        to.write_all(std::slice::from_ref(byte)).await?;
        to.flush().await?;
    }
    Ok(())
}

/// Reads an answer; those that only tell that it takes a while (1xx) are passed over.
async fn answer(from: &mut (impl AsyncRead + Unpin)) -> io::Result<RawAnswer> {
    let mut read = Vec::new();
    loop {
        let mut lines = [httparse::EMPTY_HEADER; MAX_LINES];
        let mut parsed = httparse::Response::new(&mut lines);
        let length = match parsed.parse(&read) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if read.len() < MAX_HEAD => {
                more(from, &mut read).await?;
                continue;
            }
            Ok(httparse::Status::Partial) => return Err(not_http("its head does not end")),
            Err(error) => return Err(not_http(&error.to_string())),
        };
        let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or_else(|| not_http("it has no status"))?;
        if status.is_informational() {
            read.drain(..length);
            continue;
        }
        let declared = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let declared = declared.and_then(|header| str::from_utf8(header.value).ok()?.trim().parse().ok()).unwrap_or(0);
        let wanted = length + usize::min(declared, MAX_BODY);
        // A body that breaks off makes the answer no other one.
        while read.len() < wanted && more(from, &mut read).await.is_ok() {}
        let body = read.split_off(length);
        let body = body[..body.len().min(MAX_BODY)].to_vec();
        return Ok(RawAnswer { status, head: read, body, elapsed: Duration::ZERO });
    }
}

async fn more(from: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> io::Result<()> {
    match from.read_buf(read).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn not_http(reason: &str) -> io::Error {
    io::Error::other(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> io::Result<RawAnswer> {
        answer(&mut &bytes[..]).await
    }

    #[tokio::test]
    async fn an_answer_is_read_behind_those_that_ask_for_patience() {
        let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nnomore";
        let answer = read(bytes).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..2]), (401, &b"no"[..]));
        assert!(answer.head.starts_with(b"HTTP/1.1 401 "));
    }

    #[tokio::test]
    async fn what_is_no_answer_is_an_error() {
        assert_eq!(read(b"").await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(read(b"HTTP/1.1 200 OK\r\nX: ").await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(read(b"SSH-2.0-OpenSSH\r\n").await.unwrap_err().kind() == io::ErrorKind::Other);
        let endless = [&b"HTTP/1.1 200 OK\r\nX: "[..], &vec![b'x'; 1 << 17]].concat();
        assert!(read(&endless).await.unwrap_err().to_string().contains("does not end"));
    }
}
