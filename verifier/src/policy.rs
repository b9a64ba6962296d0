use std::fmt;
use std::time::Duration;

use crate::key::{Candidate, KeyName, MAX_KEY_BITS, MIN_KEY_BITS, Zone};
use crate::rejection::Rejection;
use crate::wire::{Account, Excerpt, Separator, Transport};

/// The number of an account of the platform.
pub type AccountId = u64;

/// What a receiver insists on.
///
/// Only the accounts and the hosts have no default: a receiver knows whose callbacks it takes, and by which names it is
/// called. Everything else begins strict; each field that loosens something says so.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// The accounts whose callbacks are taken.
    pub accounts: Vec<AccountId>,
    /// The names that the publisher calls this receiver by.
    pub hosts: Vec<ExpectedHost>,
    /// The zones that keys may be published in. Default: `copernica.com`.
    pub zones: Vec<Zone>,
    /// How old a callback may be. Default: 300 s.
    pub max_age: Duration,
    /// How far ahead of the clock its date may lie. Default: 60 s.
    pub max_ahead: Duration,
    /// How long a body may be, in bytes. Default: 8 MiB.
    pub max_body: u64,
    /// The smallest RSA modulus, in bits. Default: 2048; no less than 1024.
    pub min_key_bits: u32,
    /// Whether the request must have come over TLS. Default: no.
    pub transport: TransportPolicy,
    /// Keys whose record says `t=y`. Default: refused.
    pub testing_keys: TestingKeys,
    /// Environments of the sister product. Default: refused.
    pub environment_ids: EnvironmentIds,
    /// The algorithm name `hs2019`. Default: refused.
    pub hs2019: Hs2019,
    /// A `Signature` header without a comma between parameters. Default: refused.
    pub missing_comma: MissingComma,
}

/// Whether a request must have come over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransportPolicy {
    /// Take any transport. The signature does not depend on it, but the data is readable on the way.
    #[default]
    Any,
    /// Refuse what is not known to have come over TLS.
    RequireHttps,
}

/// What to do with keys whose owner says that he is testing (`t=y`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TestingKeys {
    /// Treat them like no key.
    #[default]
    Refuse,
    /// Treat them like any key.
    Accept,
}

/// What to do with `X-Copernica-ID: environment_1234`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnvironmentIds {
    /// Only accounts count.
    #[default]
    Refuse,
    /// An environment whose number is among the accounts counts too.
    Accept,
}

/// What to do with `algorithm="hs2019"`, which leaves the algorithm to the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hs2019 {
    /// Only `rsa-sha256`, or no algorithm.
    #[default]
    Refuse,
    /// Read it as RSA with SHA-256. It never means anything else here.
    AcceptAsRsaSha256,
}

/// What to do with a `Signature` header that lacks a comma, as the sample in the platform's documentation does.
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
            zones: Vec::new(),
            max_age: Duration::from_secs(300),
            max_ahead: Duration::from_secs(60),
            max_body: 8 * 1024 * 1024,
            min_key_bits: 2048,
            transport: TransportPolicy::default(),
            testing_keys: TestingKeys::default(),
            environment_ids: EnvironmentIds::default(),
            hs2019: Hs2019::default(),
            missing_comma: MissingComma::default(),
        }
    }

    /// Whether keys of this name may be trusted: it lies in one of the zones.
    pub fn trusts(&self, name: &KeyName) -> bool {
        self.zones.iter().any(|zone| zone.contains(name))
    }

    /// Whether a key is good enough.
    ///
    /// # Errors
    /// [`Rejection::KeyTesting`] or [`Rejection::KeyTooSmall`].
    pub fn accepts_key(&self, candidate: &Candidate) -> Result<(), Rejection> {
        if candidate.testing && self.testing_keys == TestingKeys::Refuse {
            return Err(Rejection::KeyTesting);
        }
        let bits = candidate.key.modulus_bits();
        if bits < self.min_key_bits {
            return Err(Rejection::KeyTooSmall { bits, minimum: self.min_key_bits });
        }
        Ok(())
    }

    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        if self.accounts.is_empty() {
            return Err(PolicyError::NoAccount);
        }
        if self.hosts.is_empty() {
            return Err(PolicyError::NoHost);
        }
        if self.zones.is_empty() {
            return Err(PolicyError::NoZone);
        }
        if !(MIN_KEY_BITS..=MAX_KEY_BITS).contains(&self.min_key_bits) {
            return Err(PolicyError::KeyBits(self.min_key_bits));
        }
        Ok(())
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

/// A host that the publisher may call this receiver by: a name and perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedHost {
    /// `name` or `name:port`, in lower case.
    text: Box<str>,
    name_length: usize,
    port: Option<u16>,
}

impl ExpectedHost {
    /// Reads `name`, `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`.
    ///
    /// # Errors
    /// [`PolicyError::Host`] if it is of no such form.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let refused = || PolicyError::Host(text.into());
        let (name, port) = split_port(text.as_bytes()).ok_or_else(refused)?;
        Ok(Self { text: text.to_ascii_lowercase().into(), name_length: name.len(), port })
    }

    /// Whether the value of a `Host` header means this host. A missing port is the transport's default port.
    pub(crate) fn matches(&self, host: &[u8], transport: Transport) -> bool {
        if host.eq_ignore_ascii_case(self.text.as_bytes()) {
            return true;
        }
        let Some((name, port)) = split_port(host) else { return false };
        let same_name = name.eq_ignore_ascii_case(&self.text.as_bytes()[..self.name_length]);
        same_name && effective(port, transport) == effective(self.port, transport)
    }
}

impl fmt::Display for ExpectedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A port that is worth telling: not the one that the transport, or either transport if it is unknown, has anyway.
fn effective(port: Option<u16>, transport: Transport) -> Option<u16> {
    match (port, transport) {
        (Some(443), Transport::Https | Transport::Unknown) | (Some(80), Transport::Http | Transport::Unknown) => None,
        _ => port,
    }
}

/// Splits `name[:port]`; `None` if it is of no such form.
fn split_port(host: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let name_length = match host {
        [b'[', ..] => memchr::memchr(b']', host)? + 1,
        _ => memchr::memchr(b':', host).unwrap_or(host.len()),
    };
    let (name, rest) = host.split_at(name_length);
    let is_name_byte = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let is_literal_byte = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let well_formed = match name {
        [b'[', literal @ .., b']'] => !literal.is_empty() && literal.iter().all(is_literal_byte),
        name => !name.is_empty() && name.iter().all(is_name_byte),
    };
    if !well_formed {
        return None;
    }
    match rest {
        [] => Some((name, None)),
        [b':', first @ b'1'..=b'9', digits @ ..] if digits.iter().all(u8::is_ascii_digit) && digits.len() < 5 => {
            let number = digits.iter().fold(u32::from(first - b'0'), |sum, digit| sum * 10 + u32::from(digit - b'0'));
            Some((name, Some(u16::try_from(number).ok()?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_matches_in_any_case_and_with_the_default_port() {
        let plain = ExpectedHost::parse("hooks.example.com").unwrap();
        for (host, transport, expected) in [
            ("hooks.example.com", Transport::Unknown, true),
            ("HOOKS.Example.com", Transport::Https, true),
            ("hooks.example.com:443", Transport::Unknown, true),
            ("hooks.example.com:443", Transport::Https, true),
            ("hooks.example.com:443", Transport::Http, false),
            ("hooks.example.com:80", Transport::Http, true),
            ("hooks.example.com:80", Transport::Https, false),
            ("hooks.example.com:80", Transport::Unknown, true),
            ("hooks.example.com:8080", Transport::Unknown, false),
            ("hooks.example.com:0443", Transport::Unknown, false),
            ("hooks.example.com:", Transport::Unknown, false),
            ("hooks.example.com:443x", Transport::Unknown, false),
            ("hooks.example.com:65979", Transport::Unknown, false),
            ("hooks.example.com/hook", Transport::Unknown, false),
            ("hooks.example.com.", Transport::Unknown, false),
            ("hooks.example.com.evil.test", Transport::Unknown, false),
            ("evil-hooks.example.com", Transport::Unknown, false),
            ("user@hooks.example.com", Transport::Unknown, false),
            ("", Transport::Unknown, false),
        ] {
            assert_eq!(plain.matches(host.as_bytes(), transport), expected, "{host} over {transport:?}");
        }
    }

    #[test]
    fn a_port_that_is_no_default_must_be_there() {
        let with_port = ExpectedHost::parse("127.0.0.1:8080").unwrap();
        assert!(with_port.matches(b"127.0.0.1:8080", Transport::Http));
        assert!(!with_port.matches(b"127.0.0.1", Transport::Http));
        let literal = ExpectedHost::parse("[2001:DB8::1]:8443").unwrap();
        assert!(literal.matches(b"[2001:db8::1]:8443", Transport::Https));
        assert!(!literal.matches(b"[2001:db8::1]", Transport::Https));
    }

    #[test]
    fn refuses_what_is_no_host() {
        for bad in ["", "http://a", "a/b", "a:", "a:x", "a:0", "a:70000", "[::1", "[]", "a b", "\u{e9}.example"] {
            assert_eq!(ExpectedHost::parse(bad), Err(PolicyError::Host(bad.into())), "{bad:?}");
        }
    }
}
