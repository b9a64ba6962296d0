use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{CertificateError, InvalidMessage};

use super::rules::TargetRefused;

/// Why an attempt had no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error(transparent)]
    TargetRefused(#[from] TargetRefused),
    #[error("the name could not be resolved: {0}")]
    Dns(String),
    #[error("nobody listens there: {0}")]
    ConnectionRefused(String),
    #[error("the connection broke: {0}")]
    ConnectionReset(String),
    #[error("no connection was made in time: {0}")]
    TimeoutConnect(String),
    #[error("no TLS came about: {0}")]
    // No source: its words are here already.
    Tls(TlsFailed),
    #[error("no answer within {} s", .0.as_secs_f64())]
    TimeoutResponse(Duration),
    #[error("the answer is not HTTP: {0}")]
    Protocol(String),
    #[error("the request could not be built: {0}")]
    Invalid(String),
}

/// Why no TLS came about, and what to do about that.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum TlsFailed {
    #[error("the certificate comes from an authority that is not trusted; name that authority's with `--ca FILE`")]
    UnknownAuthority,
    #[error("it does not speak TLS there; is it `http://`?")]
    NoTls,
    #[error("its certificate is that of an authority; it wants one for a server (`CA:FALSE`), made by that authority")]
    Authority,
    #[error("{0}")]
    Other(rustls::Error),
}

impl From<rustls::Error> for TlsFailed {
    fn from(error: rustls::Error) -> Self {
        match error {
            // The second: it has the name of one that is trusted.
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                Self::UnknownAuthority
            }
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NoTls,
            // The library has no variant for it.
            other if other.to_string().contains("CaUsedAsEndEntity") => Self::Authority,
            other => Self::Other(other),
        }
    }
}

impl SendError {
    /// A stable name for the log.
    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Self::TargetRefused(_) => "target_refused",
            Self::Dns(_) => "dns_error",
            Self::ConnectionRefused(_) => "connection_refused",
            Self::ConnectionReset(_) => "connection_reset",
            Self::TimeoutConnect(_) => "timeout_connect",
            Self::Tls(_) => "tls_error",
            Self::TimeoutResponse(_) => "timeout_response",
            Self::Protocol(_) => "protocol_error",
            Self::Invalid(_) => "invalid_request",
        }
    }

    /// Classes an error by the cause that is furthest down.
    pub(crate) fn of(error: impl Error + 'static) -> Self {
        let mut text = error.to_string();
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        let mut class: Option<fn(String) -> Self> = None;
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref::<TargetRefused>() {
                return Self::TargetRefused(refused.clone());
            }
            if error.is::<super::rules::NotResolved>() {
                class = Some(Self::Dns);
            } else if let Some(failed) = tls_failed(error) {
                return Self::Tls(failed);
            } else if let Some(error) = error.downcast_ref::<io::Error>() {
                class = class.or(match error.kind() {
                    io::ErrorKind::ConnectionRefused => Some(Self::ConnectionRefused),
                    io::ErrorKind::TimedOut => Some(Self::TimeoutConnect),
                    io::ErrorKind::Other => None,
                    _ => Some(Self::ConnectionReset),
                });
            } else if let Some(error) = error.downcast_ref::<hyper::Error>()
                && error.is_incomplete_message()
            {
                class = class.or(Some(Self::ConnectionReset));
            }
            text = error.to_string();
            cause = error.source();
        }
        class.unwrap_or(Self::Protocol)(text)
    }
}

/// TLS hands its errors on inside of those of a connection.
fn tls_failed(error: &(dyn Error + 'static)) -> Option<TlsFailed> {
    if let Some(failed) = error.downcast_ref::<TlsFailed>() {
        return Some(failed.clone());
    }
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    Some(inner.downcast_ref::<rustls::Error>()?.clone().into())
}
