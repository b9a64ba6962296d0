use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::either::Either;

use super::Stream;

/// How long a client may take until it begins to speak, and for its part of a handshake.
const FIRST_BYTE: Duration = Duration::from_secs(3);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many handshakes are under way at the same time; who comes then waits.
const MOST: usize = 256;
/// The first byte of a client that speaks TLS: the content type of a handshake (RFC 8446 section 5.1).
const TLS: u8 = 22;
/// What one that does not is told.
const PLAIN: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 44\r\nConnection: close\r\n\r\n\
                     This is a server for HTTPS: use `https://`.\n";
/// How much of what it has sent is read, so that it gets to read the answer.
const MOST_PLAIN: u64 = 64 << 10;

/// Takes connections, without TLS or with it.
pub(crate) struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    /// No client holds the others up.
    under_way: JoinSet<Option<(Stream, SocketAddr)>>,
}

impl Listener {
    pub(crate) fn new(tcp: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        Self { tcp, tls: tls.map(TlsAcceptor::from), under_way: JoinSet::new() }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        loop {
            tokio::select! {
                (tcp, address) = axum::serve::Listener::accept(&mut self.tcp), if self.under_way.len() < MOST => {
                    match &self.tls {
                        None => return (Either::Left(tcp), address),
                        Some(acceptor) => drop(self.under_way.spawn(handshake(acceptor.clone(), tcp, address))),
                    }
                }
                Some(done) = self.under_way.join_next() => {
                    if let Ok(Some(connection)) = done {
                        return connection;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

async fn handshake(acceptor: TlsAcceptor, tcp: TcpStream, address: SocketAddr) -> Option<(Stream, SocketAddr)> {
    let shaken = tokio::time::timeout(HANDSHAKE, async {
        let mut first = [0];
        let peeked = tokio::time::timeout(FIRST_BYTE, tcp.peek(&mut first)).await;
        match peeked.unwrap_or(Err(io::ErrorKind::TimedOut.into()))? {
            1 if first == [TLS] => acceptor.accept(tcp).await.map(Some),
            1 => refuse(tcp).await.map(|()| None),
            _ => Ok(None),
        }
    });
    match shaken.await {
        Ok(Ok(stream)) => stream.map(|stream| (Either::Right(stream.into()), address)),
        Ok(Err(error)) => {
            tracing::debug!(%address, %error, "no TLS came about");
            None
        }
        Err(_) => {
            tracing::debug!(%address, "no TLS came about in time");
            None
        }
    }
}

/// Tells a client in its own words that it is at the wrong door.
async fn refuse(mut tcp: TcpStream) -> io::Result<()> {
    tcp.write_all(PLAIN.as_bytes()).await?;
    tcp.shutdown().await?;
    tokio::io::copy(&mut tcp.take(MOST_PLAIN), &mut tokio::io::sink()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::PLAIN;

    #[test]
    fn the_length_of_the_answer_is_right() {
        let (head, body) = PLAIN.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{}", body.len());
    }
}
