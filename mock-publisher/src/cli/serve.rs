use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use super::args::{LogArgs, LogFormat, ServeArgs};
use super::interrupts::Interrupts;
use crate::output::print;
use crate::receiver::Receiver;
use crate::scenario::Scenario;
use crate::scenario::run::{Started, start};
use crate::server::{Config, Publisher, ReadyFile};

pub(super) async fn serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    start_logging("mock_publisher=info,warn", &args.log);
    let ready_file = args.ready_file.clone();
    let scenario = args.scenario.as_deref().map(Scenario::read).transpose()?;
    let mut config = config(args);
    let mut interrupts = Interrupts::catch()?;
    let (publisher, receiver) = match scenario {
        None => (Publisher::start(&config).await?, None),
        Some(scenario) => {
            let Started { publisher, receiver, .. } = start(&mut config, scenario).await?;
            (publisher, receiver)
        }
    };
    let ready_files = ready_file.into_iter().chain(config.data.as_deref().map(ReadyFile::path_in));
    let ready_files = ReadyFiles::write(&ReadyFile::of(&publisher, &config), ready_files)?;
    print(banner(&publisher, receiver.as_ref(), &config))?;
    interrupts.next().await?;
    tracing::info!("stopping; what is under way may take a few seconds, a second Ctrl-C ends it at once");
    drop(ready_files);
    tokio::select! {
        () = publisher.stop() => Ok(ExitCode::SUCCESS),
        again = interrupts.next() => {
            again?;
            tracing::warn!("ended at once; what was under way will be sent again");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The ready files of this publisher; they are there for as long as this is.
struct ReadyFiles(Vec<PathBuf>);

impl ReadyFiles {
    fn write(ready: &ReadyFile, paths: impl Iterator<Item = PathBuf>) -> anyhow::Result<Self> {
        let mut written = Self(Vec::new());
        for path in paths {
            ready.write(&path).with_context(|| format!("cannot write the ready file `{}`", path.display()))?;
            written.0.push(path);
        }
        Ok(written)
    }
}

impl Drop for ReadyFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            if let Err(error) = std::fs::remove_file(path) {
                tracing::warn!(path = %path.display(), %error, "the ready file could not be removed");
            }
        }
    }
}

fn config(args: ServeArgs) -> Config {
    Config {
        listen: args.listen,
        dns: args.dns,
        data: (!args.in_memory).then_some(args.data.data),
        account: args.identity.account,
        zone: args.identity.zone,
        wire: args.identity.wire,
        coverage: args.identity.cover,
        switches: args.switches.switches(),
        terms: args.deliveries.terms(),
        access_token: args.access_token,
        allow_targets: args.targets.allow_target,
        ca_files: args.targets.ca,
        tls: args.tls.tls,
        max_import: args.limits.max_import(),
        max_store: args.limits.max_store,
        rotation: args.keys.plan(),
        retention: args.limits.retention(),
    }
}

fn banner(publisher: &Publisher, receiver: Option<&Receiver>, config: &Config) -> String {
    let receiver = receiver.map(Receiver::introduction).unwrap_or_default();
    let data = config.data.as_ref().map_or("nothing is kept".to_owned(), |data| data.display().to_string());
    format!(
        "{}\n{receiver}data       {data}\n\n\
         Assumptions where the platform documents nothing: {}, success is 2xx, time-out {} s, no redirects.\n\
         Ctrl-C stops it.",
        publisher.introduction(config.account),
        config.terms.schedule.in_words(),
        config.terms.timeout.as_secs_f64(),
    )
}

/// `RUST_LOG` chooses what is logged; without it, the default given here.
pub(super) fn start_logging(default: &str, args: &LogArgs) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(io::stderr);
    match args.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}
