//! HTTPS: an authority for this machine, whom it is believed by, and a listener.

mod authority;
mod listener;
mod trust;

use std::io;
use std::path::PathBuf;

use tokio::net::TcpStream;
use tokio_rustls::TlsStream;
use tokio_util::either::Either;

pub(crate) use authority::Authority;
pub(crate) use listener::Listener;
pub(crate) use trust::Trust;

/// A connection without TLS, or with it.
pub(crate) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// That of URLs of a server.
pub(crate) const fn scheme(with_tls: bool) -> &'static str {
    if with_tls { "https" } else { "http" }
}

/// The one protocol that is spoken inside TLS (RFC 7301).
const ALPN: &[u8] = b"http/1.1";

/// Certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("cannot use `{}`: {cause}", path.display())]
    File { path: PathBuf, cause: io::Error },
    #[error("`{}` holds no certificate in PEM that could be trusted: {reason}", path.display())]
    NoCertificate { path: PathBuf, reason: String },
    #[error("the authority in `{}` cannot be used ({reason}); remove the file to have another one made", path.display())]
    Authority { path: PathBuf, reason: String },
    #[error("no certificate could be made: {0}")]
    Making(#[from] rcgen::Error),
    #[error("TLS could not be set up: {0}")]
    SetUp(#[from] rustls::Error),
}
