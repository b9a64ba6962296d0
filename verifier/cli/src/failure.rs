use std::io;
use std::path::PathBuf;

use callback_verifier::key::PinnedKeyError;
use callback_verifier::{BuildError, DnsSetupError};

use crate::input::{MAX_INPUT, Origin, Unreadable};
use crate::saved::NotSaved;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cannot read {origin}: {error}")]
    Read { origin: Origin, error: io::Error },
    #[error("{0} is longer than {MAX_INPUT} bytes, which is more than any callback")]
    TooLong(Origin),
    #[error("{origin} is not one HTTP/1.1 request: {reason}")]
    Unreadable { origin: Origin, reason: Unreadable },
    #[error("{origin} {reason}")]
    NotSaved { origin: Origin, reason: NotSaved },
    #[error("standard input cannot be both the request and its body")]
    StandardInputTwice,
    #[error("cannot read the key `{}`: {error}", path.display())]
    KeyFile { path: PathBuf, error: io::Error },
    #[error("cannot use the key `{}`: {error}", path.display())]
    Key { path: PathBuf, error: PinnedKeyError },
    #[error(transparent)]
    Policy(#[from] BuildError),
    #[error(transparent)]
    Dns(#[from] DnsSetupError),
    #[error("cannot start the asynchronous runtime: {0}")]
    Runtime(io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

impl Failure {
    /// What to do about it. `None` where the message says it all.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { reason, .. } => reason.hint().map(str::to_owned),
            Self::NotSaved { reason, .. } => reason.hint(),
            Self::Key { error: PinnedKeyError::OtherLabel(label), .. } if label.ends_with("PRIVATE KEY") => {
                Some("`openssl pkey -in PRIVATE.pem -pubout` writes the public half of a private key".to_owned())
            }
            Self::Dns(_) => Some("name a server with `--nameserver ADDR`".to_owned()),
            _ => None,
        }
    }
}
