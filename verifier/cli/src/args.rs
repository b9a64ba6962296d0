use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::SystemTime;

use callback_verifier::key::{KeyNameError, MAX_KEY_BITS, MIN_KEY_BITS};
use callback_verifier::wire::parse_date;
use callback_verifier::{
    AccountId, DnsKeys, DnsSetupError, ExpectedHost, KeyName, KeyPolicy, PolicyError, TestingKeys, Zone,
};
use clap::{Args, Parser, Subcommand};

/// The port that name servers listen on.
const DNS_PORT: u16 = 53;

/// Verifies the signed webhooks (Callbacks) of a marketing platform, and says why it refused one
#[derive(Debug, Parser)]
#[command(name = "callback-verifier", version, arg_required_else_help = true, after_help = EXIT_STATUS)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify one callback: a raw HTTP/1.1 request from a file or standard input
    #[command(after_long_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// Show which keys DNS has under a `keyId`, or why there is none
    #[command(after_long_help = KEY_HELP)]
    Key(KeyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The request, head and body, byte for byte as it came in; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub(crate) request: PathBuf,

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

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// The DNS name of the key, as in the `Signature` header
    #[arg(value_name = "KEYID", value_parser = key_name)]
    pub(crate) key_id: KeyName,

    #[command(flatten)]
    pub(crate) keys: KeySource,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
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

fn key_name(text: &str) -> Result<KeyName, KeyNameError> {
    KeyName::parse(text)
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

const EXIT_STATUS: &str = "\
Exit status:
  0  verified, or a usable key
  1  refused, or no usable key
  2  wrong usage, or input that is not one HTTP/1.1 request
  3  temporary: the key could not be looked up, try again

The answer goes to standard output, everything else to standard error.";

const VERIFY_HELP: &str = "\
Examples:
  A saved request, judged by the time at which it came in:
    callback-verifier verify request.http --account 1234 \\
        --host hooks.example.com --now 'Mon, 23 Nov 2026 08:15:00 GMT'

  From a pipe, with the key from one name server:
    cat request.http | callback-verifier verify --account 1234 \\
        --host hooks.example.com --nameserver 127.0.0.1:7053

  Without a network:
    callback-verifier verify request.http --account 1234 \\
        --host hooks.example.com --key publisher.pem

Input:
  One HTTP/1.1 request of at most 64 MiB, each line of its head ended by CRLF.
  The body is as long as `Content-Length` says, or is decoded if
  `Transfer-Encoding` is `chunked`; without either there is none, as HTTP has it.
  What two servers could read in two ways gets no verdict (exit status 2).

JSON (`--json`): one object; what is not known is null
  verdict     \"verified\", \"refused\" or \"temporary\"
  code, step  the reason in snake case, and the step of the checklist (1 to 12)
  reason      the reason in words
  hint        what to look at
  account     \"account_1234\"
  key         the name of the key that signed
  key_bits    its size
  date        when the sender says that it signed
  covered     what is signed: names in lower case, with their values
  body_bytes  the length of the body

Exit status:
  0  verified
  1  refused
  2  wrong usage, or input that is not one HTTP/1.1 request
  3  temporary: the key could not be looked up, try again";

const KEY_HELP: &str = "\
Examples:
  callback-verifier key 2026-11._domainkey.copernica.com
  callback-verifier key 2026-11._domainkey.copernica.com --json \\
      --nameserver 127.0.0.1:7053

JSON (`--json`): one object; what is not known is null
  verdict     \"usable\", \"unusable\" or \"temporary\"
  code        why no key is usable, in snake case
  reason      the same in words
  hint        what to look at
  key         the name that was asked for
  ttl         for how long DNS says that the answer may be kept, in seconds
  candidates  each key: {\"bits\", \"testing\", \"usable\", \"code\"}

Exit status:
  0  at least one usable key
  1  no usable key: none is published, or it is revoked, too small, for testing,
     or in no allowed zone
  2  wrong usage
  3  temporary: the key could not be looked up, try again";
