use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use clap::Args;
use clap::builder::BoolishValueParser;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

use super::args::{DataArgs, IdentityArgs, PayloadArgs, TargetArgs, time, time_to_answer};
use super::interrupts::Interrupts;
use super::wrong_usage;
use crate::clock::Clock;
use crate::emit::{PayloadMethod, TargetUrl};
use crate::faults::Faults;
use crate::keyring::Keyring;
use crate::keyring::dns::DnsServer;
use crate::output::{print, writable};
use crate::rehearse::{Audience, Mix, Rehearsal, Report, SCHEMA, Threshold};
use crate::server::{ReadyFile, keys_folder};

const HELP: &str = "\
Examples:
  mock-publisher rehearse http://127.0.0.1:8080/hook --rate 200 --duration 30s
  mock-publisher rehearse http://127.0.0.1:8080/hook --profiles 100000 --find-limit --report rehearsal.html
  mock-publisher rehearse http://127.0.0.1:8080/hook --rate 500 --threshold 'p99<250ms' --threshold 'errors<=0'
  mock-publisher rehearse http://127.0.0.1:8080/hook --rate 500 --save after.json --compare before.json

Without `--rate` callbacks are sent as fast as they are answered. With it they are sent when they are due, whatever became of
those before, and latencies count from when they were due.

Exit status: 0 the receiver kept up (or its limit was found), 1 it did not, or it could not be told, or it was interrupted, 2 wrong
usage, 3 a threshold was not met. How many errors there may be is up to a threshold on `errors`, if there is one.";

/// How large an import is, if nobody says.
const PROFILES: u64 = 10_000;
/// The exit status of a threshold that was not met.
const THRESHOLD: u8 = 3;

/// Rehearse a mass import: does the receiver keep up, and up to which rate?
///
/// Sends what a mass import would send, signed as always, and tells whether the receiver keeps up. The receiver must find the
/// key: this program serves it in its own name server meanwhile, unless a publisher does that already.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(super) struct RehearseArgs {
    /// The receiver
    #[arg(value_name = "URL", value_parser = TargetUrl::parse, required_unless_present = "schema")]
    url: Option<TargetUrl>,
    /// How many callbacks are sent, and how large an import is to be reckoned with [default: 10000, or as many as `--duration`
    /// has time for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    profiles: Option<u64>,
    /// How many callbacks are due in a second; where to begin with `--find-limit` [default: as fast as they are answered]
    #[arg(long, value_name = "PER_SECOND", value_parser = rate)]
    rate: Option<f64>,
    /// How many are under way at the same time at most
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=4096))]
    concurrency: u16,
    /// What is told, in proportion
    #[arg(long, value_name = "MIX", default_value_t)]
    mix: Mix,
    /// The number of the first profile that is told of. Each run tells of the same ones, unless it begins elsewhere
    #[arg(long, value_name = "ID", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..=1_000_000_000_000))]
    first_id: i64,
    /// How long the rate grows evenly until it is reached
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = time, requires = "rate", conflicts_with = "find_limit")]
    ramp: Duration,
    /// How long callbacks become due at most, such as `30s`; those of a receiver that is slower come to their end after that [default:
    /// until all are sent]
    #[arg(long, value_name = "TIME", value_parser = some_time, conflicts_with = "find_limit")]
    duration: Option<Duration>,
    /// Look for the highest rate that the receiver keeps up with
    #[arg(long, value_parser = BoolishValueParser::new())]
    find_limit: bool,
    /// How long each rate is tried then, if 40 callbacks need no longer
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = some_time, requires = "find_limit")]
    step: Duration,
    /// A receiver whose 99th percentile is higher does not keep up with a rate
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = some_time)]
    limit_p99: Duration,
    /// How many seconds each may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = time_to_answer)]
    timeout: Duration,
    /// What must hold, such as `p99<250ms`, `errors<1%` or `rate>=500/s` (repeatable)
    #[arg(long = "threshold", value_name = "THRESHOLD")]
    thresholds: Vec<Threshold>,
    /// Write the report to standard output as JSON, and nothing else
    #[arg(long)]
    json: bool,
    /// Write the report to this file as one page of HTML
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write the report to this file as JSON
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Compare with a report that was saved before
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Write the JSON schema of the report, and do nothing else
    #[arg(long)]
    schema: bool,
    /// The form of the payload
    #[arg(long, value_enum, default_value = "json")]
    method: PayloadMethod,
    #[command(flatten)]
    payload: PayloadArgs,
    /// The loopback address of the name server; port 0 for any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7053", env = "MOCK_PUBLISHER_DNS")]
    dns: SocketAddr,
    /// Keep nothing, whatever `--data` says: the key pair is gone at the end
    #[arg(long, value_parser = BoolishValueParser::new())]
    in_memory: bool,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    identity: IdentityArgs,
    #[command(flatten)]
    targets: TargetArgs,
}

fn some_time(text: &str) -> Result<Duration, &'static str> {
    time(text).and_then(|time| if time.is_zero() { Err("expected more than no time") } else { Ok(time) })
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let expected = "expected callbacks per second, from 0.1 to 100000";
    text.parse().ok().filter(|rate| (0.1..=100_000.0).contains(rate)).ok_or(expected)
}

pub(super) async fn rehearse(args: RehearseArgs) -> anyhow::Result<ExitCode> {
    let Some(url) = args.url.clone().filter(|_| !args.schema) else {
        print(SCHEMA.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    };
    if is_all_ramp(&args) {
        let why = "`--ramp` leaves no time for the rate itself: make `--duration` longer, or `--profiles` more";
        return Ok(wrong_usage(&anyhow::Error::msg(why)));
    }
    // Nobody wants to hear at the end that there is no place for what was found.
    for path in args.report.iter().chain(&args.save) {
        writable(path)?;
    }
    let before = args.compare.as_deref().map(saved).transpose()?;
    let rehearsal = rehearsal(&args, url.clone())?;
    let keyring = keyring(&args)?;
    let (server, dns) = key_server(&args, &keyring).await?;
    let stage = Terminal { is_quiet: args.json, bar: bar(&args) };
    stage.note(&setup(&args, &url, &keyring, dns));
    let report = interruptible(&rehearsal, &keyring, &stage).await;
    stage.bar.finish_and_clear();
    if let Some(server) = server {
        server.stop().await;
    }
    let report = report?;
    tell(&args, &report, before.as_ref())?;
    Ok(match (report.meets_thresholds(), report.is_good()) {
        (false, _) => ExitCode::from(THRESHOLD),
        (true, false) => ExitCode::FAILURE,
        (true, true) => ExitCode::SUCCESS,
    })
}

/// Ends at Ctrl-C: nothing more is sent then, and what is under way is waited for. A second one ends it at once.
async fn interruptible(rehearsal: &Rehearsal, keyring: &Keyring, stage: &Terminal) -> anyhow::Result<Report> {
    let mut interrupts = Interrupts::catch()?;
    let (stop, stopping) = watch::channel(false);
    let running = rehearsal.run(keyring, stopping, stage);
    tokio::pin!(running);
    loop {
        tokio::select! {
            report = &mut running => return report,
            interrupted = interrupts.next() => {
                interrupted?;
                if stop.send_replace(true) {
                    anyhow::bail!("interrupted before the last answers were there");
                }
                stage.note("interrupted; waiting for the last answers");
            }
        }
    }
}

fn keyring(args: &RehearseArgs) -> anyhow::Result<Keyring> {
    let (zone, wire, now) = (args.identity.zone.clone(), args.identity.wire, SystemTime::now());
    Ok(match args.in_memory {
        true => Keyring::in_memory(zone, wire, now)?,
        false => Keyring::open(&keys_folder(&args.data.data), zone, wire, now)?,
    })
}

/// Serves the key, unless a publisher with the same data folder does.
async fn key_server(args: &RehearseArgs, keyring: &Keyring) -> anyhow::Result<(Option<DnsServer>, SocketAddr)> {
    if !args.in_memory {
        let ready = ReadyFile::read(&ReadyFile::path_in(&args.data.data)).ok();
        if let Some(dns) = ready.and_then(|ready| ready.dns.parse().ok()) {
            return Ok((None, dns));
        }
    }
    anyhow::ensure!(
        args.dns.ip().is_loopback(),
        "`{}` is not a loopback address; this program serves its own machine only",
        args.dns
    );
    let server = DnsServer::start(args.dns, keyring.clone(), Clock::default(), Faults::default()).await;
    let server =
        server.with_context(|| format!("cannot listen on `{}`; choose another address with `--dns`", args.dns))?;
    let address = server.address();
    Ok((Some(server), address))
}

fn setup(args: &RehearseArgs, url: &TargetUrl, keyring: &Keyring, dns: SocketAddr) -> String {
    format!(
        "receiver   {url}   must know account {}, host {}\ndns        {dns}   {}\n",
        args.identity.account,
        url.authority(),
        keyring.signing().name
    )
}

/// How many callbacks are sent at most, if something else does not end it.
fn count(args: &RehearseArgs) -> Option<u64> {
    args.profiles.or_else(|| args.duration.is_none().then_some(PROFILES))
}

/// Whether the rate is never reached, so that nothing could be measured.
fn is_all_ramp(args: &RehearseArgs) -> bool {
    let (ramp, rate) = (args.ramp, args.rate.unwrap_or_default());
    let is_too_long = args.duration.is_some_and(|duration| ramp >= duration)
        || count(args).is_some_and(|count| ramp.as_secs_f64() * rate / 2.0 >= count as f64);
    !ramp.is_zero() && is_too_long
}

fn rehearsal(args: &RehearseArgs, url: TargetUrl) -> anyhow::Result<Rehearsal> {
    Ok(Rehearsal {
        url,
        method: args.method,
        style: args.payload.style(),
        account: args.identity.account,
        wire: args.identity.wire,
        coverage: args.identity.cover,
        client: args.targets.client()?,
        mix: args.mix,
        first: args.first_id,
        profiles: args.profiles.unwrap_or(PROFILES),
        count: count(args).unwrap_or(u64::MAX),
        rate: args.rate,
        ramp: args.ramp,
        duration: args.duration.unwrap_or(Duration::MAX),
        concurrency: args.concurrency.into(),
        timeout: args.timeout,
        find_limit: args.find_limit.then_some(args.step),
        limit_p99: args.limit_p99,
        thresholds: args.thresholds.clone(),
    })
}

fn saved(path: &Path) -> anyhow::Result<Report> {
    let context = || format!("cannot compare with `{}`", path.display());
    Report::read(&fs::read(path).with_context(context)?).with_context(context)
}

fn tell(args: &RehearseArgs, report: &Report, before: Option<&Report>) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(report)?;
    let write =
        |path: &Path, text: &str| fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()));
    if let Some(path) = &args.save {
        write(path, &format!("{json}\n"))?;
    }
    if let Some(path) = &args.report {
        write(path, &report.html(before))?;
    }
    let compared = before.map(|before| format!("\n{}", report.compared_with(before).trim_end()));
    if args.json {
        print(json)?;
        compared.iter().for_each(|text| eprintln!("{text}"));
        return Ok(());
    }
    print(report.in_words().trim_end())?;
    compared.map_or(Ok(()), |text| Ok(print(text)?))
}

fn bar(args: &RehearseArgs) -> ProgressBar {
    // Hidden where standard error is no terminal.
    let is_open = args.find_limit || (args.duration.is_some() && args.profiles.is_none());
    let bar = if is_open { ProgressBar::new_spinner() } else { ProgressBar::new(args.profiles.unwrap_or(PROFILES)) };
    let template = if is_open { "{msg}" } else { "{bar:20} {human_pos}   {msg}" };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Lines on standard output, and the progress on standard error.
struct Terminal {
    is_quiet: bool,
    bar: ProgressBar,
}

impl Terminal {
    fn note(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }
}

impl Audience for Terminal {
    fn line(&self, text: &str) -> anyhow::Result<()> {
        if self.is_quiet {
            return Ok(());
        }
        Ok(self.bar.suspend(|| print(text))?)
    }

    fn progress(&self, text: String, done: u64) {
        self.bar.set_position(done);
        self.bar.set_message(text);
    }
}
