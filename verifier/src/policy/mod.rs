//! What a receiver insists on.

mod host;
mod keys;
mod print;

use std::fmt;
use std::time::Duration;

use crate::key::{MAX_KEY_BITS, MIN_KEY_BITS};
use crate::wire::{Account, Excerpt, Separator};

pub use host::ExpectedHost;
pub use keys::{KeyPolicy, TestingKeys};

/// The number of an account of the platform.
pub type AccountId = u64;

/// What a receiver insists on.
///
/// Only the accounts and the hosts have no default: a receiver knows whose callbacks it takes, and by which names it is
/// called. Everything else begins strict; each field that loosens something says so.
///
/// A [`VerifierBuilder`](crate::VerifierBuilder) makes one. It prints in words, what was loosened in the last line:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::{Hs2019, Verifier};
/// # let keys = keys();
/// let verifier = Verifier::builder(1234).host("hooks.example.com").hs2019(Hs2019::AcceptAsRsaSha256);
/// # let verifier = verifier.keys(keys);
/// let verifier = verifier.build()?;
/// let policy = verifier.policy();
/// assert_eq!((policy.max_age.as_secs(), policy.max_ahead.as_secs(), policy.max_body), (300, 60, 8 * 1024 * 1024));
/// assert!(policy.to_string().ends_with("opt-ins    `hs2019` read as RSA with SHA-256"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// The accounts whose callbacks are taken.
    pub accounts: Vec<AccountId>,
    /// The names that the publisher calls this receiver by.
    pub hosts: Vec<ExpectedHost>,
    /// Which keys are trusted.
    pub keys: KeyPolicy,
    /// How old a callback may be. Default: 300 s.
    pub max_age: Duration,
    /// How far ahead of the clock its date may lie. Default: 60 s.
    pub max_ahead: Duration,
    /// How long a body may be, in bytes. Default: 8 MiB.
    pub max_body: u64,
    /// Whether the request must have come over TLS. Default: no.
    pub transport: TransportPolicy,
    /// Environments of the sister product. Default: refused.
    pub environment_ids: EnvironmentIds,
    /// The algorithm name `hs2019`. Default: refused.
    pub hs2019: Hs2019,
    /// A `Signature` header without a comma between parameters. Default: refused.
    pub missing_comma: MissingComma,
}

/// Whether a request must have come over TLS.
///
/// Set by [`VerifierBuilder::transport`](crate::VerifierBuilder::transport).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransportPolicy {
    /// Take any transport. The signature does not depend on it, but the data is readable on the way.
    #[default]
    Any,
    /// Refuse what is not known to have come over TLS.
    RequireHttps,
}

/// What to do with `X-Copernica-ID: environment_1234`.
///
/// Set by [`VerifierBuilder::environment_ids`](crate::VerifierBuilder::environment_ids).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnvironmentIds {
    /// Only accounts count.
    #[default]
    Refuse,
    /// An environment whose number is among the accounts counts too.
    Accept,
}

/// What to do with `algorithm="hs2019"`, which leaves the algorithm to the key.
///
/// Set by [`VerifierBuilder::hs2019`](crate::VerifierBuilder::hs2019).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hs2019 {
    /// Only `rsa-sha256`, or no algorithm.
    #[default]
    Refuse,
    /// Read it as RSA with SHA-256. It never means anything else here.
    AcceptAsRsaSha256,
}

/// What to do with a `Signature` header that lacks a comma, as the sample in the platform's documentation does.
///
/// Set by [`VerifierBuilder::missing_comma`](crate::VerifierBuilder::missing_comma).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingComma {
    /// Malformed.
    #[default]
    Refuse,
    /// Blanks separate parameters too.
    Accept,
}

impl MissingComma {
    pub(crate) fn separator(self) -> Separator {
        match self {
            Self::Refuse => Separator::Comma,
            Self::Accept => Separator::CommaOrBlank,
        }
    }
}

/// A policy that contradicts itself or that nobody can want.
///
/// [`VerifierBuilder::build`](crate::VerifierBuilder::build) reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// No account.
    #[error("no account is expected: name the account whose callbacks this receiver takes")]
    NoAccount,
    /// No host.
    #[error("no host is expected: name the host that the publisher calls this receiver by")]
    NoHost,
    /// No key zone.
    #[error("no key zone is allowed: name the DNS zone that the publisher's keys are in")]
    NoZone,
    /// Not a host.
    #[error("{0} is no host name: expected `name` or `name:port`")]
    Host(Excerpt),
    /// Not a zone.
    #[error("{0} is no DNS zone")]
    Zone(Excerpt),
    /// A minimum that is too small or too large.
    #[error("keys of at least {0} bits: expected {MIN_KEY_BITS} to {MAX_KEY_BITS}")]
    KeyBits(u32),
}

impl Policy {
    /// The strict policy of a receiver that takes the callbacks of one account.
    pub(crate) fn strict(account: AccountId) -> Self {
        Self {
            accounts: vec![account],
            hosts: Vec::new(),
            keys: KeyPolicy::default(),
            max_age: Duration::from_secs(300),
            max_ahead: Duration::from_secs(60),
            max_body: 8 * 1024 * 1024,
            transport: TransportPolicy::default(),
            environment_ids: EnvironmentIds::default(),
            hs2019: Hs2019::default(),
            missing_comma: MissingComma::default(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        if self.accounts.is_empty() {
            return Err(PolicyError::NoAccount);
        }
        if self.hosts.is_empty() {
            return Err(PolicyError::NoHost);
        }
        self.keys.check()
    }

    /// The accounts as they are written in `X-Copernica-ID`, for a message.
    pub(crate) fn expected_accounts(&self) -> String {
        joined(self.accounts.iter().map(|&id| Account::new(id)))
    }

    /// The hosts, for a message.
    pub(crate) fn expected_hosts(&self) -> String {
        joined(&self.hosts)
    }
}

fn joined(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(" or ")
}
