use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use callback_verifier::Zone;
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand};

use super::check::CheckArgs;
use super::import::ImportArgs;
use super::keys::KeysArgs;
use super::redeliver::RedeliverArgs;
use super::rehearse::RehearseArgs;
use super::stats::StatsArgs;
use crate::access_token::AccessToken;
use crate::emit::{PayloadMethod, TargetUrl};
use crate::keyring::Bits;
use crate::keyring::rotation::{Calendar, Plan};
use crate::platform::{Action, ConditionStyle, Dialect, LaneOrder, PayloadStyle, Switches};
use crate::send::{Client, RawClient, TargetRules};
use crate::store::Retention;
use crate::terms::{MAX_CONCURRENCY, MAX_TIMEOUT, Rate, Schedule, Terms, duration};
use crate::tls::{TlsError, Trust};
use crate::wire_profile::{Coverage, WireProfile};

/// A local stand-in for a marketing platform that sends signed webhooks (Callbacks)
///
/// It keeps databases and profiles, lets them be changed through its REST API, signs a callback for each change that
/// somebody wants to be told of, delivers it to a receiver on this machine or a private network, and publishes its public
/// key in a DNS zone of its own.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_long_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) serve: ServeArgs,
}

const EXAMPLES: &str = "\
Without a subcommand it serves, as `mock-publisher serve` does.

Examples:
  mock-publisher demo                              see it work, in a second
  mock-publisher serve --in-memory                 serve, and forget everything at the end
  mock-publisher run shop                          carry a scenario out: databases, callbacks, changes, expectations
  mock-publisher check http://127.0.0.1:8080/hook  would this receiver be fooled?
  mock-publisher why 4711                          why a change was sent to a callback, or why not
  mock-publisher send http://127.0.0.1:8080/hook   send one signed callback, without a server
  dig @127.0.0.1 -p 7053 TXT KEYID                 the key in DNS; `mock-publisher keys list` names it

Exit status: 0 it worked, 1 it did not, 2 it was asked for in the wrong way";

const SERVE_HELP: &str = "\
Examples:
  mock-publisher serve --in-memory
  mock-publisher serve --listen 127.0.0.1:0 --dns 127.0.0.1:0 --ready-file ready.json
  mock-publisher serve --tls --ca staging-ca.pem

Exit status: 0 stopped by Ctrl-C or SIGTERM, 1 it could not start, 2 wrong usage";

const DEMO_HELP: &str = "\
Example:
  mock-publisher demo      needs no free port of a certain number, and leaves nothing behind

Exit status: 0 all were delivered and judged as they should be, 1 they were not";

const SEND_HELP: &str = "\
Examples:
  mock-publisher send http://127.0.0.1:8080/hook --action update --field city=Utrecht
  mock-publisher send http://hooks.example.com/ --print > request.http

Exit status: 0 the receiver answered 2xx, 1 it did not, 2 wrong usage";

const READY_HELP: &str = "\
Example:
  mock-publisher serve & mock-publisher ready --wait

Exit status: 0 ready, 1 not ready, 2 wrong usage";

const RUN_HELP: &str = "\
Examples:
  mock-publisher run --list
  mock-publisher run shop
  mock-publisher run ./my-shop.toml --payload-dialect legacy

Exit status: 0 every step and expectation held, 1 one did not or it was interrupted, 2 wrong usage";

const EXEC_HELP: &str = "\
Example:
  mock-publisher exec --scenario shop -- pytest tests

The command finds the publisher by these variables:
  MOCK_PUBLISHER_SERVER     its address, as a URL
  MOCK_PUBLISHER_HTTP       the same as host:port
  MOCK_PUBLISHER_CA         with `--tls`: the certificate to trust
  MOCK_PUBLISHER_DNS        host:port of its name server
  MOCK_PUBLISHER_TOKEN      its access token
  MOCK_PUBLISHER_ACCOUNT    the account whose callbacks it sends
  MOCK_PUBLISHER_KEY_ID     the name of the key that signs

Ctrl-C and SIGTERM are passed on to the command, which then has 10 s to end; a second one kills it at once.

Exit status: that of the command, 128 and the number of the signal that ended it, 1 if there was nothing to run it with, or 2
for wrong usage";

const WHY_HELP: &str = "\
Examples:
  mock-publisher why 4711
  mock-publisher why 4711 --server http://127.0.0.1:7070 --token TOKEN --json

Exit status: 0 told, 1 there is no such change or no publisher, 2 wrong usage";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve the REST API, the control API and the name server until interrupted
    #[command(after_long_help = SERVE_HELP)]
    Serve(ServeArgs),
    Demo(DemoArgs),
    Check(Box<CheckArgs>),
    Send(SendArgs),
    Import(ImportArgs),
    /// Show the key pairs, let another one take over, or revoke one
    Keys(KeysArgs),
    Run(RunArgs),
    /// Run a command with a publisher beside it
    Exec(ExecArgs),
    Redeliver(RedeliverArgs),
    Rehearse(Box<RehearseArgs>),
    Stats(StatsArgs),
    Why(WhyArgs),
    Ready(ReadyArgs),
}

/// Who the publisher is.
#[derive(Debug, Args)]
pub(super) struct IdentityArgs {
    /// The account whose callbacks are sent
    #[arg(long, value_name = "N", default_value_t = 1234, env = "MOCK_PUBLISHER_ACCOUNT")]
    pub(super) account: u64,
    /// The DNS zone that the key is published in
    #[arg(long, value_name = "ZONE", default_value = "copernica.com", env = "MOCK_PUBLISHER_ZONE")]
    pub(super) zone: Zone,
    /// How headers and the key record are spelled (assumption: the platform's sources contradict each other)
    #[arg(long, value_enum, default_value_t, env = "MOCK_PUBLISHER_WIRE")]
    pub(super) wire: WireProfile,
    /// What the signature covers (assumption: all that the documentation's sample covers)
    #[arg(long, value_enum, default_value_t, env = "MOCK_PUBLISHER_COVER")]
    pub(super) cover: Coverage,
}

#[derive(Debug, Clone, Args)]
pub(super) struct DataArgs {
    /// The folder that data and key pairs are kept in
    #[arg(long, value_name = "DIR", default_value = "mock-publisher-data", env = "MOCK_PUBLISHER_DATA")]
    pub(super) data: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// Also call this host, although it is neither on this machine nor on a private network (repeatable)
    #[arg(long, value_name = "HOST", env = "MOCK_PUBLISHER_ALLOW_TARGET", value_delimiter = ',', value_parser = host)]
    pub(super) allow_target: Vec<String>,
    /// Also trust receivers whose certificates come from the authority in this file, in PEM (repeatable)
    #[arg(long, value_name = "FILE", env = "MOCK_PUBLISHER_CA", value_delimiter = ',')]
    pub(super) ca: Vec<PathBuf>,
}

impl TargetArgs {
    /// What calls receivers.
    pub(super) fn client(&self) -> Result<Client, TlsError> {
        Ok(Client::new(TargetRules::allowing(&self.allow_target), Trust::system_and(&self.ca)?))
    }

    /// What sends them requests that are none.
    pub(super) fn raw_client(&self) -> Result<RawClient, TlsError> {
        Ok(RawClient::new(TargetRules::allowing(&self.allow_target), Trust::system_and(&self.ca)?))
    }
}

#[derive(Debug, Args)]
pub(super) struct TlsArgs {
    /// Serve HTTPS, with certificates of an authority that is made and kept in the data folder: clients are to trust `tls/ca.pem`
    #[arg(long, env = "MOCK_PUBLISHER_TLS", value_parser = BoolishValueParser::new())]
    pub(super) tls: bool,
}

/// Show the whole way of a callback: changes, deliveries, verdicts, and three forgeries that are refused
#[derive(Debug, Args)]
#[command(after_long_help = DEMO_HELP)]
pub(super) struct DemoArgs {
    /// Let publisher and receiver speak HTTPS
    #[arg(long)]
    pub(super) tls: bool,
}

#[derive(Debug, Args)]
pub(super) struct LimitArgs {
    /// How large a file to be imported may be, in MiB (up to 100 files wait for their turn)
    #[arg(long, value_name = "MIB", default_value_t = DEFAULT_MAX_IMPORT, env = "MOCK_PUBLISHER_MAX_IMPORT",
          value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    max_import: u64,
    /// How large the store may become, in MiB [default: as large as the disk allows]
    #[arg(long, value_name = "MIB", env = "MOCK_PUBLISHER_MAX_STORE", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(super) max_store: Option<u32>,
    /// How many deliveries that have come to an outcome are kept in the log; the oldest ones are forgotten
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000, env = "MOCK_PUBLISHER_KEEP_DELIVERIES",
          value_parser = clap::value_parser!(u64).range(1..))]
    keep_deliveries: u64,
    /// How long they are kept at most, such as `12h` or `30d` [default: for as long as there is room]
    #[arg(long, value_name = "TIME", env = "MOCK_PUBLISHER_KEEP_FOR", value_parser = time)]
    keep_for: Option<Duration>,
}

/// In MiB.
const DEFAULT_MAX_IMPORT: u64 = 4096;

impl LimitArgs {
    /// In bytes.
    pub(super) fn max_import(&self) -> u64 {
        self.max_import << 20
    }

    pub(super) fn retention(&self) -> Retention {
        Retention { count: self.keep_deliveries, age: self.keep_for.map(millis) }
    }
}

/// What the platform's documentation leaves open.
#[derive(Debug, Args)]
#[command(next_help_heading = "Assumptions, where the platform documents nothing")]
pub(super) struct SwitchArgs {
    /// Tell of updates that change nothing, too (assumption: they are not told)
    #[arg(long, env = "MOCK_PUBLISHER_TELL_UNCHANGED_UPDATES", value_parser = BoolishValueParser::new())]
    pub(super) tell_unchanged_updates: bool,
    /// Do not tell of the subprofiles that go with a removed profile (assumption: they are told, each)
    #[arg(long, env = "MOCK_PUBLISHER_HIDE_CASCADED_REMOVALS", value_parser = BoolishValueParser::new())]
    pub(super) hide_cascaded_removals: bool,
    /// Copy the callbacks with a database, so that its profiles are told as created (assumption: they are not copied)
    #[arg(long, env = "MOCK_PUBLISHER_COPY_CALLBACKS", value_parser = BoolishValueParser::new())]
    pub(super) copy_callbacks: bool,
    /// Let one condition of a rule suffice (assumption: all conditions of a rule must hold)
    #[arg(long, env = "MOCK_PUBLISHER_ONE_CONDITION_SUFFICES", value_parser = BoolishValueParser::new())]
    pub(super) one_condition_suffices: bool,
    /// Let a condition that cannot be evaluated count as true (assumption: it counts as false)
    #[arg(long, env = "MOCK_PUBLISHER_FAILED_CONDITIONS_HOLD", value_parser = BoolishValueParser::new())]
    pub(super) failed_conditions_hold: bool,
    /// What is delivered in order: what one callback tells of one profile or subprofile (an `entity`), or `none` of it
    #[arg(
        long,
        value_enum,
        value_name = "entity|none",
        hide_possible_values = true,
        default_value_t,
        env = "MOCK_PUBLISHER_ORDER"
    )]
    order: LaneOrder,
    #[command(flatten)]
    pub(super) payload: PayloadArgs,
}

/// How deliveries are attempted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Assumptions, where the platform documents nothing")]
pub(super) struct DeliveryArgs {
    /// When a delivery that failed is attempted again: `none`, `standard` (after 5 s, 5 min, 30 min, 2 h, 5 h and 10 h), or pauses
    /// such as `fixed:1s,5s,1m` (assumption: there is one attempt)
    #[arg(long, value_name = "SCHEDULE", default_value = "none", env = "MOCK_PUBLISHER_SCHEDULE")]
    schedule: Schedule,
    /// How many attempts run at the same time for one callback
    #[arg(long, value_name = "N", default_value_t = Terms::default().concurrency, env = "MOCK_PUBLISHER_CONCURRENCY",
          value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_CONCURRENCY)))]
    concurrency: u16,
    /// How many attempts begin in a second for one callback [default: as many as can be]
    #[arg(long, value_name = "PER_SECOND", env = "MOCK_PUBLISHER_RATE")]
    rate: Option<Rate>,
    /// How many seconds an attempt may take (assumption: 10)
    #[arg(long, value_name = "SECONDS", default_value = "10", env = "MOCK_PUBLISHER_TIMEOUT", value_parser = time_to_answer)]
    timeout: Duration,
}

impl DeliveryArgs {
    pub(super) fn terms(&self) -> Terms {
        Terms { schedule: self.schedule.clone(), concurrency: self.concurrency, rate: self.rate, timeout: self.timeout }
    }
}

/// How payloads are laid out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Assumptions, where the platform documents nothing")]
pub(super) struct PayloadArgs {
    /// What payloads are made of (assumption: the variables that are documented today)
    #[arg(long, value_enum, default_value_t, env = "MOCK_PUBLISHER_PAYLOAD_DIALECT")]
    pub(super) payload_dialect: Dialect,
    /// Write `id` in JSON as a number (assumption: it is a text, as in the REST API)
    #[arg(long, env = "MOCK_PUBLISHER_NUMBERS_AS_IDS", value_parser = BoolishValueParser::new())]
    pub(super) numbers_as_ids: bool,
    /// Tell the profile and the collection of a subprofile, too (assumption: they are not told)
    #[arg(long, env = "MOCK_PUBLISHER_PARENTS_OF_SUBPROFILES", value_parser = BoolishValueParser::new())]
    pub(super) parents_of_subprofiles: bool,
    /// Tell empty values of what was removed (assumption: the last values are told)
    #[arg(long, env = "MOCK_PUBLISHER_BLANK_REMOVALS", value_parser = BoolishValueParser::new())]
    pub(super) blank_removals: bool,
}

impl PayloadArgs {
    pub(super) fn style(&self) -> PayloadStyle {
        PayloadStyle {
            dialect: self.payload_dialect,
            numbers_as_ids: self.numbers_as_ids,
            parents_of_subprofiles: self.parents_of_subprofiles,
            blank_removals: self.blank_removals,
        }
    }
}

impl SwitchArgs {
    pub(super) fn switches(&self) -> Switches {
        Switches {
            tell_updates_without_change: self.tell_unchanged_updates,
            tell_cascaded_removals: !self.hide_cascaded_removals,
            copy_callbacks: self.copy_callbacks,
            order: self.order,
            conditions: ConditionStyle {
                one_of_a_rule_suffices: self.one_condition_suffices,
                failed_ones_hold: self.failed_conditions_hold,
            },
            payload: self.payload.style(),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The loopback address of the HTTP server; port 0 for any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070", env = "MOCK_PUBLISHER_LISTEN")]
    pub(super) listen: SocketAddr,
    /// The loopback address of the name server, UDP and TCP; port 0 for any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7053", env = "MOCK_PUBLISHER_DNS")]
    pub(super) dns: SocketAddr,
    #[command(flatten)]
    pub(super) data: DataArgs,
    /// Keep nothing, whatever `--data` says: data, key pair and access token are gone at the end
    #[arg(long, env = "MOCK_PUBLISHER_IN_MEMORY", value_parser = BoolishValueParser::new())]
    pub(super) in_memory: bool,
    #[command(flatten)]
    pub(super) identity: IdentityArgs,
    #[command(flatten)]
    pub(super) targets: TargetArgs,
    #[command(flatten)]
    pub(super) tls: TlsArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) switches: SwitchArgs,
    #[command(flatten)]
    pub(super) deliveries: DeliveryArgs,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    #[command(flatten)]
    pub(super) log: LogArgs,
    /// The secret that callers of the APIs must show [default: one that is made and kept]
    #[arg(long, value_name = "TOKEN", env = "MOCK_PUBLISHER_ACCESS_TOKEN", hide_env_values = true, value_parser = token)]
    pub(super) access_token: Option<AccessToken>,
    /// Fill a fresh store with what a scenario holds: a file, or one that `run --list` names. (Its steps are not run.)
    #[arg(long, value_name = "SCENARIO", env = "MOCK_PUBLISHER_SCENARIO")]
    pub(super) scenario: Option<String>,
    /// Write addresses and access token to this file, as JSON, once everything is ready
    #[arg(long, value_name = "FILE", env = "MOCK_PUBLISHER_READY_FILE")]
    pub(super) ready_file: Option<PathBuf>,
}

/// How keys take over from each other. `keys rotate` lets one do so at once.
#[derive(Debug, Args)]
#[command(next_help_heading = "Assumptions, where the platform documents nothing")]
pub(super) struct KeyArgs {
    /// When another key takes over by itself, by the publisher's clock: `none`, `monthly`, or such as `every:30d` (assumption: none does)
    #[arg(long, value_name = "CALENDAR", default_value = "none", env = "MOCK_PUBLISHER_ROTATE")]
    rotate: Calendar,
    /// How long the key before it stays in DNS
    #[arg(long, value_name = "TIME", default_value = "7d", env = "MOCK_PUBLISHER_KEY_OVERLAP", value_parser = time)]
    key_overlap: Duration,
    /// How long it signs before its record is in DNS
    #[arg(long, value_name = "TIME", default_value = "0s", env = "MOCK_PUBLISHER_KEY_PUBLISH_AFTER", value_parser = time)]
    key_publish_after: Duration,
    /// How long its modulus is, in bits
    #[arg(long, value_enum, default_value_t, value_name = "BITS", env = "MOCK_PUBLISHER_KEY_BITS")]
    key_bits: Bits,
}

impl KeyArgs {
    pub(super) fn plan(&self) -> Plan {
        Plan {
            calendar: self.rotate,
            bits: self.key_bits,
            overlap: Some(millis(self.key_overlap)),
            publish_after: millis(self.key_publish_after),
        }
    }
}

pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// What is logged to standard error. `RUST_LOG` chooses how much.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// How log lines look
    #[arg(long, value_enum, default_value_t, env = "MOCK_PUBLISHER_LOG_FORMAT")]
    pub(super) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// An object in JSON for each line
    Json,
}

pub(super) fn token(text: &str) -> Result<AccessToken, &'static str> {
    AccessToken::chosen(text).ok_or("expected visible ASCII characters")
}

/// Send one signed callback to a receiver, without a server
///
/// Builds a callback as a change would, signs it with the key pair of the data folder (made if there is none), and sends it.
/// A receiver that is to accept it must find the key: run `mock-publisher serve` on the same data folder and point the
/// receiver at its name server, or pin the key that `mock-publisher keys record --pem` shows.
#[derive(Debug, Args)]
#[command(after_long_help = SEND_HELP)]
pub(super) struct SendArgs {
    /// The receiver
    #[arg(value_name = "URL", value_parser = TargetUrl::parse)]
    pub(super) url: TargetUrl,
    /// What happened to the profile
    #[arg(long, default_value = "create", value_parser = action, value_name = "create|update|delete")]
    pub(super) action: Action,
    /// The form of the payload
    #[arg(long, value_enum, default_value = "json")]
    pub(super) method: PayloadMethod,
    #[command(flatten)]
    pub(super) payload: PayloadArgs,
    /// The number of the profile
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) id: i64,
    /// A field of the profile (repeatable) [default: a name and an address]
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(super) fields: Vec<(String, String)>,
    /// An interest of the profile (repeatable)
    #[arg(long = "interest", value_name = "NAME")]
    pub(super) interests: Vec<String>,
    /// How many seconds it may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = time_to_answer)]
    pub(super) timeout: Duration,
    /// Send nothing; write the request to standard output, byte for byte
    #[arg(long)]
    pub(super) print: bool,
    #[command(flatten)]
    pub(super) data: DataArgs,
    #[command(flatten)]
    pub(super) identity: IdentityArgs,
    #[command(flatten)]
    pub(super) targets: TargetArgs,
}

pub(super) fn action(name: &str) -> Result<Action, &'static str> {
    Action::from_name(name).ok_or("expected `create`, `update` or `delete`")
}

fn name_and_value(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Tell whether a publisher is ready
///
/// Asks `/readyz` of the publisher whose addresses are in the ready file, or of the one that `--server` names. One that keeps
/// nothing (`--in-memory`) writes that file only if it is told where to, with `--ready-file`.
#[derive(Debug, Args)]
#[command(after_long_help = READY_HELP)]
pub(super) struct ReadyArgs {
    /// Wait until it is ready
    #[arg(long)]
    pub(super) wait: bool,
    /// How long to wait
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(super) timeout: Duration,
    #[command(flatten)]
    pub(super) at: WhereArgs,
}

/// A publisher that runs for as long as something else does: on free ports and in memory, unless something else is said. The
/// variables that say where the publisher is that serves do not count here: beside it there is no place for another one.
#[derive(Debug, Args)]
pub(super) struct PassingArgs {
    /// The loopback address of the HTTP server; port 0 for any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", env = "MOCK_PUBLISHER_RUN_LISTEN")]
    pub(super) listen: SocketAddr,
    /// The loopback address of the name server, UDP and TCP; port 0 for any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", env = "MOCK_PUBLISHER_RUN_DNS")]
    pub(super) dns: SocketAddr,
    /// The folder that data and key pairs are kept in [default: nothing is kept]
    #[arg(long, value_name = "DIR", env = "MOCK_PUBLISHER_RUN_DATA")]
    pub(super) data: Option<PathBuf>,
    #[command(flatten)]
    pub(super) identity: IdentityArgs,
    #[command(flatten)]
    pub(super) targets: TargetArgs,
    #[command(flatten)]
    pub(super) tls: TlsArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) switches: SwitchArgs,
    #[command(flatten)]
    pub(super) deliveries: DeliveryArgs,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    #[command(flatten)]
    pub(super) log: LogArgs,
    /// The secret that callers of the APIs must show [default: one that is made]
    #[arg(long, value_name = "TOKEN", env = "MOCK_PUBLISHER_ACCESS_TOKEN", hide_env_values = true, value_parser = token)]
    pub(super) access_token: Option<AccessToken>,
}

/// Run a scenario: start a publisher, carry the steps out, and tell whether everything held
///
/// Starts a publisher that holds what the scenario says, carries its steps out through the real entrances, prints one line for
/// each step and delivery, and stops. A callback to the URL `receiver` goes to a receiver that comes with the program and
/// verifies.
#[derive(Debug, Args)]
#[command(after_long_help = RUN_HELP)]
pub(super) struct RunArgs {
    /// A file, or the name of one that comes with the program
    #[arg(value_name = "SCENARIO", required_unless_present = "list")]
    pub(super) scenario: Option<String>,
    /// List the scenarios that come with the program
    #[arg(long, conflicts_with = "scenario")]
    pub(super) list: bool,
    #[command(flatten)]
    pub(super) publisher: PassingArgs,
}

#[derive(Debug, Args)]
#[command(after_long_help = EXEC_HELP)]
pub(super) struct ExecArgs {
    /// Fill the store with what a scenario holds: a file, or one that `run --list` names. (Its steps are not run.)
    #[arg(long, value_name = "SCENARIO", env = "MOCK_PUBLISHER_SCENARIO")]
    pub(super) scenario: Option<String>,
    #[command(flatten)]
    pub(super) publisher: PassingArgs,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub(super) command: Vec<std::ffi::OsString>,
}

/// Where a publisher is that runs already.
#[derive(Debug, Args)]
pub(super) struct WhereArgs {
    /// The running publisher, such as `http://127.0.0.1:7070` [default: the one that left its addresses in the ready file]
    #[arg(long, value_name = "URL", env = "MOCK_PUBLISHER_SERVER")]
    pub(super) server: Option<String>,
    /// Trust it if its certificate comes from the authority in this file, in PEM [default: the one in the ready file]
    #[arg(long, value_name = "FILE", env = "MOCK_PUBLISHER_CA", value_delimiter = ',')]
    pub(super) ca: Vec<PathBuf>,
    /// The ready file [default: `ready.json` in the data folder]
    #[arg(long, value_name = "FILE", env = "MOCK_PUBLISHER_READY_FILE")]
    pub(super) ready_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) data: DataArgs,
}

/// A publisher that runs already, and how to get in.
#[derive(Debug, Args)]
pub(super) struct RunningArgs {
    #[command(flatten)]
    pub(super) at: WhereArgs,
    /// Its access token [default: the one in the ready file]
    #[arg(long, value_name = "TOKEN", env = "MOCK_PUBLISHER_TOKEN", hide_env_values = true, value_parser = token)]
    pub(super) token: Option<AccessToken>,
}

/// Tell which callbacks a change fired, and why the others were not sent
///
/// Shows a change, and for each callback that watched where it happened: the delivery that came of it, or what stood in the
/// way, with the values that its condition read. Numbers of changes are in the delivery log, `/mock/v1/deliveries`, and
/// `/mock/v1/changes` lists all of them.
#[derive(Debug, Args)]
#[command(after_long_help = WHY_HELP)]
pub(super) struct WhyArgs {
    /// The number of the change
    #[arg(value_name = "CHANGE")]
    pub(super) change: i64,
    /// Write JSON, as `/mock/v1/changes/CHANGE/why` answers it
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) running: RunningArgs,
}

pub(super) fn time(text: &str) -> Result<Duration, &'static str> {
    duration(text).ok_or("expected a whole number and its unit: `ms`, `s`, `m`, `h` or `d`")
}

/// A name or an address, and nothing around it.
fn host(text: &str) -> Result<String, &'static str> {
    let expected =
        "expected the name or the address of a host, such as `hooks.example.com`, without scheme, port and path";
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<Ipv6Addr>().is_ok() {
        return Ok(bare.to_owned());
    }
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if is_name { Ok(text.to_owned()) } else { Err(expected) }
}

pub(super) fn time_to_answer(text: &str) -> Result<Duration, String> {
    let most = Duration::from_millis(MAX_TIMEOUT.into());
    let expected = || format!("expected a number of seconds from 0.001 to {}", most.as_secs());
    let time = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.filter(|time| (Duration::from_millis(1)..=most).contains(time)).ok_or_else(expected)
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let expected = "expected a number of seconds from 0 to 86400";
    let number: f64 = text.parse().map_err(|_| expected)?;
    if !(0.0..=86_400.0).contains(&number) {
        return Err(expected);
    }
    Ok(Duration::from_secs_f64(number))
}
