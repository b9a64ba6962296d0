use std::error::Error;
use std::io;
use std::time::Duration;

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
    #[error("no answer within {} s", .0.as_secs_f64())]
    TimeoutResponse(Duration),
    #[error("the answer is not HTTP: {0}")]
    Protocol(String),
    #[error("the request could not be built: {0}")]
    Invalid(String),
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
            Self::TimeoutResponse(_) => "timeout_response",
            Self::Protocol(_) => "protocol_error",
            Self::Invalid(_) => "invalid_request",
        }
    }

    /// Classes an error by the cause that is furthest down.
    pub(super) fn of(error: impl Error + 'static) -> Self {
        let mut text = error.to_string();
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        let mut class: Option<fn(String) -> Self> = None;
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref::<TargetRefused>() {
                return Self::TargetRefused(refused.clone());
            }
            if error.is::<super::rules::NotResolved>() {
                class = Some(Self::Dns);
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
