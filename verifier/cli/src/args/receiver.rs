use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::SystemTime;

use callback_verifier::key::{KeyNameError, MAX_KEY_BITS, MIN_KEY_BITS};
use callback_verifier::wire::parse_date;
use callback_verifier::{AccountId, DnsKeys, DnsSetupError, ExpectedHost, KeyPolicy, PolicyError, TestingKeys, Zone};
use clap::Args;

/// The port that name servers listen on.
const DNS_PORT: u16 = 53;

/// What a receiver insists on, and when it judges.
#[derive(Debug, Args)]
pub(crate) struct ReceiverArgs {
    /// An account whose callbacks are taken, as a number (repeatable)
    #[arg(long = "account", value_name = "N", required = true)]
    pub(crate) accounts: Vec<AccountId>,

    /// A host that the publisher calls this receiver by, with its port if it is no default one (repeatable)
    #[arg(long = "host", value_name = "HOST", required = true, value_parser = host)]
    pub(crate) hosts: Vec<String>,

    #[command(flatten)]
    pub(crate) keys: KeySource,

    /// A public key that stands for every `keyId` inside the zone; no name server is asked then
    #[arg(long, value_name = "FILE.pem")]
    pub(crate) key: Option<PathBuf>,

    /// The time to judge by, such as `Sun, 06 Nov 1994 08:49:37 GMT` or `1994-11-06T08:49:37Z` [default: the clock]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(crate) now: Option<SystemTime>,

    /// How old a callback may be, in seconds
    #[arg(long, value_name = "S", default_value_t = 300)]
    pub(crate) max_age: u64,

    /// Take `X-Copernica-ID: environment_N` too, if N is among the accounts
    #[arg(long)]
    pub(crate) allow_environment: bool,

    /// Read the algorithm name `hs2019` as RSA with SHA-256
    #[arg(long)]
    pub(crate) allow_hs2019: bool,

    /// Take a `Signature` header whose parameters are separated by blanks
    #[arg(long)]
    pub(crate) allow_missing_comma: bool,
}

/// Where keys come from, and which are good enough.
#[derive(Debug, Args)]
pub(crate) struct KeySource {
    /// A name server to ask, `IP` or `IP:PORT` (repeatable) [default: the system's]
    #[arg(long = "nameserver", value_name = "ADDR", value_parser = name_server)]
    pub(crate) name_servers: Vec<SocketAddr>,

    /// A DNS zone that keys may be published in (repeatable)
    #[arg(long = "zone", value_name = "ZONE", default_value = "copernica.com", value_parser = zone)]
    pub(crate) zones: Vec<Zone>,

    /// The smallest RSA key that is accepted, in bits; fewer than 2048 are weak
    #[arg(long, value_name = "BITS", default_value_t = 2048,
          value_parser = clap::value_parser!(u32).range(i64::from(MIN_KEY_BITS)..=i64::from(MAX_KEY_BITS)))]
    pub(crate) min_key_bits: u32,

    /// Accept keys that are published for testing (`t=y`)
    #[arg(long)]
    pub(crate) allow_testing_keys: bool,
}

impl KeySource {
    /// Which keys are good enough.
    pub(crate) fn policy(&self) -> KeyPolicy {
        let mut policy = KeyPolicy::default();
        policy.zones.clone_from(&self.zones);
        policy.min_bits = self.min_key_bits;
        if self.allow_testing_keys {
            policy.testing = TestingKeys::Accept;
        }
        policy
    }

    /// The keys that DNS has.
    pub(crate) fn dns(&self) -> Result<DnsKeys, DnsSetupError> {
        if self.name_servers.is_empty() { DnsKeys::system() } else { DnsKeys::with_name_servers(&self.name_servers) }
    }
}

fn host(text: &str) -> Result<String, PolicyError> {
    ExpectedHost::parse(text).map(|_| text.to_owned())
}

fn zone(text: &str) -> Result<Zone, KeyNameError> {
    Zone::parse(text)
}

fn name_server(text: &str) -> Result<SocketAddr, &'static str> {
    let with_port = text.parse().ok();
    let address_only = || text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, DNS_PORT));
    with_port
        .or_else(address_only)
        .ok_or("expected an IP address, such as `192.0.2.53`, `192.0.2.53:5353` or `[::1]:53`")
}

fn date(text: &str) -> Result<SystemTime, &'static str> {
    let fixdate = parse_date(text.as_bytes()).ok();
    let rfc3339 = || text.parse::<jiff::Timestamp>().ok().and_then(|time| SystemTime::try_from(time).ok());
    fixdate.or_else(rfc3339).ok_or("expected `Sun, 06 Nov 1994 08:49:37 GMT` or `1994-11-06T08:49:37Z`")
}
