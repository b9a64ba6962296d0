use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use callback_verifier::Zone;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

use super::args::{TargetArgs, time_to_answer};
use super::interrupts::Interrupts;
use super::wrong_usage;
use crate::check::{
    Audience, Check, Exceptions, Needs, Options, Profile, REPORT_SCHEMA, Report, Selection, VECTORS_SCHEMA, counted,
};
use crate::emit::{PayloadMethod, TargetUrl};
use crate::output::{print, writable};
use crate::shell::word;

const HELP: &str = "\
Examples:
  mock-publisher check http://127.0.0.1:8080/hook
  mock-publisher check http://127.0.0.1:8080/hook --only algorithm,replay/twice
  mock-publisher check http://127.0.0.1:8080/hook --profile vendor --no-replay-guard --report check.html
  mock-publisher check http://127.0.0.1:8080/hook --expect known.toml --junit check.xml
  mock-publisher check http://127.0.0.1:8080/hook --setup
  mock-publisher check http://127.0.0.1:8080/hook --export vectors --now 'Mon, 23 Nov 2026 08:15:00 GMT'

A file for `--expect` lists what is known not to pass, and why:
  [[except]]
  id = \"key-record/testing\"
  reason = \"we take keys for testing until the platform's go-live\"

Exit status: 0 all that counts passed, 1 something did not, an exception is none any more, or the receiver could not be checked,
2 wrong usage";

/// Would a receiver be fooled? Send it what honest publishers and attackers send, and judge its answers
///
/// Serves keys in a name server of its own, sends each vector, and tells which the receiver got wrong, why that matters and what to
/// change. The receiver must look keys up here: `--setup` tells how. A refusal is any answer but 2xx.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(super) struct CheckArgs {
    /// The receiver
    #[arg(value_name = "URL", value_parser = TargetUrl::parse, required_unless_present_any = ["list", "schema"])]
    url: Option<TargetUrl>,
    /// Which vectors count
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// Try only these vectors and classes (repeatable, or with commas)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Try all but these
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    skip: Vec<String>,
    /// List the vectors, and do nothing else
    #[arg(long)]
    list: bool,
    /// Known exceptions, each with its reason; one that is none any more is a failure
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Refusals must be permanent ones: 4xx
    #[arg(long)]
    strict: bool,
    /// How many seconds old a callback may be for this receiver
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(60..=86_400))]
    window: u32,
    /// How many seconds ahead its date may be
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    ahead: u32,
    /// The receiver does not remember nonces: do not try what only those do that do
    #[arg(long)]
    no_replay_guard: bool,
    /// The receiver takes keys of 1024 bits
    #[arg(long)]
    small_keys: bool,
    /// The receiver keeps a key no longer than its record says, were it a second (many keep it for a minute at least)
    #[arg(long)]
    short_ttl: bool,
    /// The receiver takes a body whatever it holds, also one that is no callback
    #[arg(long)]
    any_body: bool,
    /// The forms of payloads that it takes: the owner of a callback chooses one
    #[arg(long, value_name = "FORM", value_delimiter = ',', value_enum, default_values = ["json", "xml", "form"])]
    methods: Vec<PayloadMethod>,
    /// The receiver insists on HTTPS
    #[arg(long)]
    https: bool,
    /// In which order the vectors are tried, and which nonces those have that are exported
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many seconds an answer may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = time_to_answer)]
    timeout: Duration,
    /// How long to wait before a callback is tried again that was taken before
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=90_000))]
    patience: u32,
    /// How many requests begin in a second at most [default: as fast as they are answered]
    #[arg(long, value_name = "PER_SECOND", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: Option<u32>,
    /// How many are tried at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Write the report to standard output as JSON, and nothing else
    #[arg(long)]
    json: bool,
    /// Write the report to this file as one page of HTML
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write the report to this file as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Tell how the receiver is to be set up, and do nothing else
    #[arg(long)]
    setup: bool,
    /// Write all requests, keys and the zone into this folder, and send nothing
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// When requests that are exported are dated, as in `Date` [default: now]
    #[arg(long, value_name = "DATE", requires = "export", value_parser = date)]
    now: Option<SystemTime>,
    /// Write a JSON schema, and do nothing else
    #[arg(long, value_enum, value_name = "report|vectors", hide_possible_values = true)]
    schema: Option<SchemaOf>,
    /// The loopback address of the name server; port 0 for any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7053", env = "MOCK_PUBLISHER_DNS")]
    dns: SocketAddr,
    /// What the receiver is called, with its port if that is no default one [default: as in the URL]
    #[arg(long, value_name = "HOST", value_parser = host)]
    host: Option<String>,
    /// The account whose callbacks the receiver takes
    #[arg(long, value_name = "N", default_value_t = 1234, env = "MOCK_PUBLISHER_ACCOUNT")]
    account: u64,
    /// The DNS zone that keys are published in
    #[arg(long, value_name = "ZONE", default_value = "copernica.com", env = "MOCK_PUBLISHER_ZONE")]
    zone: Zone,
    #[command(flatten)]
    targets: TargetArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum SchemaOf {
    Report,
    Vectors,
}

fn host(text: &str) -> Result<String, &'static str> {
    let authority = text.parse::<http::uri::Authority>().ok().filter(|authority| !authority.as_str().contains('@'));
    authority.map(|_| text.to_owned()).ok_or("expected a host such as `hooks.example.com` or `127.0.0.1:8080`")
}

fn date(text: &str) -> Result<SystemTime, &'static str> {
    let expected = "expected a date such as `Mon, 23 Nov 2026 08:15:00 GMT`";
    callback_verifier::wire::parse_date(text.as_bytes()).map_err(|_| expected)
}

pub(super) async fn check(args: CheckArgs) -> anyhow::Result<ExitCode> {
    if let Some(schema) = args.schema {
        let text = match schema {
            SchemaOf::Report => REPORT_SCHEMA,
            SchemaOf::Vectors => VECTORS_SCHEMA,
        };
        print(text.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let selection = match Selection::of(&args.only, &args.skip, args.seed) {
        Ok(selection) => selection,
        Err(error) => return Ok(wrong_usage(&error)),
    };
    if args.list {
        print(selection.list(args.profile).trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    // Dates are half a minute less ahead than may be where time must pass.
    if args.patience + 35 > args.window + args.ahead {
        return Ok(wrong_usage(&anyhow::Error::msg(
            "`--patience` is too long for the window: the callback would be too old",
        )));
    }
    let url = args.url.clone().context("there is no URL")?;
    if !args.dns.ip().is_loopback() {
        let text = format!("`{}` is not a loopback address; this program serves its own machine only", args.dns);
        return Ok(wrong_usage(&anyhow::Error::msg(text)));
    }
    if args.https && !url.as_str().starts_with("https://") {
        return Ok(wrong_usage(&anyhow::Error::msg("a receiver that insists on HTTPS has an `https://` URL")));
    }
    let check = described(&args, url);
    if args.setup {
        print(check.guide(args.dns))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(folder) = &args.export {
        let count = check.export(&selection, folder, args.now.unwrap_or_else(SystemTime::now))?;
        let (requests, vectors) = (counted(count, "request"), counted(selection.len(), "vector"));
        print(format!("{requests} of {vectors} in `{}`", folder.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let exceptions = match args.expect.as_deref().map(|path| selection.exceptions(path)).transpose() {
        Ok(exceptions) => exceptions.unwrap_or_default(),
        Err(error) => return Ok(wrong_usage(&error.into())),
    };
    // Nobody wants to hear at the end that there is no place for what was found.
    for path in args.report.iter().chain(&args.junit) {
        writable(path)?;
    }
    let terminal = Terminal { is_quiet: args.json, bar: bar(selection.len()) };
    let report = interruptible(&check, &selection, &exceptions, &args, &terminal).await;
    terminal.bar.finish_and_clear();
    let report = report?;
    tell(&args, &report)?;
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn described(args: &CheckArgs, url: TargetUrl) -> Check {
    let needs = Needs {
        replay_guard: Some(!args.no_replay_guard),
        small_keys: Some(args.small_keys),
        short_ttl: Some(args.short_ttl),
        any_body: Some(args.any_body),
        https: Some(args.https),
    };
    let options = Options {
        needs,
        profile: args.profile,
        strict: args.strict,
        timeout: args.timeout,
        concurrency: args.concurrency.into(),
        pause: args.rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate),
        patience: Duration::from_secs(args.patience.into()),
        methods: args.methods.clone(),
        authority: args.targets.ca.first().cloned(),
    };
    Check {
        arguments: arguments(args, &url),
        url,
        host: args.host.clone(),
        account: args.account,
        zone: args.zone.clone(),
        window: args.window,
        ahead: args.ahead,
        seed: args.seed,
        options,
    }
}

/// What has to be said again to try a vector again in the same way.
fn arguments(args: &CheckArgs, url: &TargetUrl) -> String {
    let mut text = format!("{} ", word(url.as_str()));
    let mut flag = |given: bool, flag: String| {
        if given {
            text.push_str(&flag);
            text.push(' ');
        }
    };
    flag(args.seed != 1, format!("--seed {}", args.seed));
    flag(args.window != 300, format!("--window {}", args.window));
    flag(args.ahead != 60, format!("--ahead {}", args.ahead));
    flag(args.account != 1234, format!("--account {}", args.account));
    flag(args.zone.as_str() != "copernica.com", format!("--zone {}", args.zone.as_str()));
    flag(args.dns != SocketAddr::from(([127, 0, 0, 1], 7053)), format!("--dns {}", args.dns));
    flag(args.patience != 5, format!("--patience {}", args.patience));
    flag(args.timeout != Duration::from_secs(10), format!("--timeout {}", args.timeout.as_secs_f64()));
    flag(args.host.is_some(), format!("--host {}", word(args.host.as_deref().unwrap_or_default())));
    flag(args.small_keys, "--small-keys".to_owned());
    flag(args.short_ttl, "--short-ttl".to_owned());
    flag(args.any_body, "--any-body".to_owned());
    if args.methods.len() < 3 {
        let methods: Vec<&str> = args.methods.iter().map(|method| method.name()).collect();
        flag(true, format!("--methods {}", methods.join(",")));
    }
    flag(args.https, "--https".to_owned());
    flag(args.strict, "--strict".to_owned());
    for ca in &args.targets.ca {
        flag(true, format!("--ca {}", word(&ca.display().to_string())));
    }
    for host in &args.targets.allow_target {
        flag(true, format!("--allow-target {}", word(host)));
    }
    text
}

/// Ends at Ctrl-C: nothing more is tried then, and what was found is told. A second one ends it at once.
async fn interruptible(
    check: &Check,
    selection: &Selection,
    exceptions: &Exceptions,
    args: &CheckArgs,
    terminal: &Terminal,
) -> anyhow::Result<Report> {
    let mut interrupts = Interrupts::catch()?;
    let (stop, stopping) = watch::channel(false);
    let running = check.run(selection, exceptions, args.dns, args.targets.raw_client()?, stopping, terminal);
    tokio::pin!(running);
    loop {
        tokio::select! {
            report = &mut running => return report,
            interrupted = interrupts.next() => {
                interrupted?;
                anyhow::ensure!(!stop.send_replace(true), "interrupted before the last answers were there");
            }
        }
    }
}

fn tell(args: &CheckArgs, report: &Report) -> anyhow::Result<()> {
    let write =
        |path: &Path, text: &str| fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()));
    if let Some(path) = &args.report {
        write(path, &report.html())?;
    }
    if let Some(path) = &args.junit {
        write(path, &report.junit())?;
    }
    match args.json {
        true => told(&serde_json::to_string_pretty(report)?),
        false => told(report.in_words().trim_end()),
    }
}

/// Writes to standard output. Whoever reads it may have gone, which changes nothing about what was found.
fn told(text: &str) -> anyhow::Result<()> {
    match print(text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

fn bar(count: usize) -> ProgressBar {
    // Hidden where standard error is no terminal.
    let style = ProgressStyle::with_template("{bar:20} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count as u64).with_style(style)
}

/// Lines on standard output, and the progress on standard error. With `--json` what would be told goes to standard error.
struct Terminal {
    is_quiet: bool,
    bar: ProgressBar,
}

impl Audience for Terminal {
    fn line(&self, text: &str) -> anyhow::Result<()> {
        self.bar.suspend(|| {
            if self.is_quiet {
                eprintln!("{text}");
                return Ok(());
            }
            told(text)
        })
    }

    fn progress(&self, done: usize, _: usize) {
        self.bar.set_position(done as u64);
    }
}
