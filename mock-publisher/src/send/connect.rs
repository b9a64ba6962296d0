//! Connections: a name is resolved, the addresses that the rules allow are tried one after the other, TLS is agreed on if it is
//! wanted, and how long each part took is told to the first exchange on the connection.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::uri::Scheme;
use http::{Extensions, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_util::either::Either;

use super::error::TlsFailed;
use super::rules::{NotResolved, TargetRules};
use crate::tls::{Stream, Trust};

/// How long a connection may take, and then TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the parts of making a connection took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phases {
    /// Until the addresses were known.
    pub(crate) dns: Duration,
    /// Until one of them had answered.
    pub(crate) connect: Duration,
    /// Until TLS was agreed on, if it was wanted.
    pub(crate) tls: Option<Duration>,
}

/// Makes connections.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    rules: TargetRules,
    trust: Trust,
}

/// A connection that somebody has just made, or has used before.
pub(crate) struct Link {
    io: TokioIo<Stream>,
    phases: Untold,
}

/// The phases of a connection, until they are told.
#[derive(Debug, Clone)]
struct Untold(Arc<Mutex<Option<Phases>>>);

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Connector {
    pub(crate) const fn new(rules: TargetRules, trust: Trust) -> Self {
        Self { rules, trust }
    }

    async fn connect(self, target: Uri) -> Result<Link, BoxError> {
        let (stream, phases) = self.open(&target).await?;
        Ok(Link { io: TokioIo::new(stream), phases: Untold(Arc::new(Mutex::new(Some(phases)))) })
    }

    /// A connection to where a URL leads.
    pub(super) async fn open(&self, target: &Uri) -> Result<(Stream, Phases), BoxError> {
        let begun = Instant::now();
        let is_https = target.scheme() == Some(&Scheme::HTTPS);
        let host = target.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let port = target.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let found = tokio::net::lookup_host((host, port)).await.map_err(NotResolved)?;
        let allowed = self.rules.allowed(host, found)?;
        let dns = begun.elapsed();
        let stream = in_time(first_of(&allowed)).await?;
        stream.set_nodelay(true)?;
        let mut phases = Phases { dns, connect: begun.elapsed().saturating_sub(dns), tls: None };
        if !is_https {
            return Ok((Either::Left(stream), phases));
        }
        let begun = Instant::now();
        let stream = self.agree(host, stream).await?;
        phases.tls = Some(begun.elapsed());
        Ok((stream, phases))
    }

    /// Agrees on TLS with a server that shows a certificate for this name or address.
    async fn agree(&self, host: &str, stream: TcpStream) -> Result<Stream, BoxError> {
        let name = ServerName::try_from(host.to_owned())?;
        let connector = self.trust.connector().map_err(TlsFailed::from)?;
        Ok(Either::Right(in_time(connector.connect(name, stream)).await?.into()))
    }
}

async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(CONNECT_TIMEOUT, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// The first one that answers; the error of the last one if none does.
async fn first_of(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Phases {
    /// Those of the connection that an answer came by, if this is the first answer.
    pub(super) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get::<Untold>()?.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = Link;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Link, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        Box::pin(self.clone().connect(target))
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.phases.clone())
    }
}

impl Read for Link {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

impl Write for Link {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, parts)
    }
}
