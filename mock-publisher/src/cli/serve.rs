use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use super::args::ServeArgs;
use crate::output::print;
use crate::server::{Config, Publisher, ReadyFile};

pub(super) async fn serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    start_logging();
    let ready_file = args.ready_file.clone();
    let config = config(args);
    // From the first moment, so that an early Ctrl-C stops cleanly too.
    let mut interrupted = std::pin::pin!(interrupted());
    let publisher = Publisher::start(&config).await?;
    let ready = ReadyFile::of(&publisher, &config);
    let ready_files: Vec<PathBuf> =
        ready_file.into_iter().chain(config.data.as_deref().map(ReadyFile::path_in)).collect();
    for path in &ready_files {
        ready.write(path).with_context(|| format!("cannot write the ready file `{}`", path.display()))?;
    }
    let printed = print(banner(&publisher, &config));
    if printed.is_ok() {
        interrupted.as_mut().await?;
        tracing::info!("stopping");
    }
    publisher.stop().await;
    for path in &ready_files {
        if let Err(error) = std::fs::remove_file(path) {
            tracing::warn!(path = %path.display(), %error, "the ready file could not be removed");
        }
    }
    printed?;
    Ok(ExitCode::SUCCESS)
}

fn config(args: ServeArgs) -> Config {
    Config {
        listen: args.listen,
        dns: args.dns,
        data: (!args.in_memory).then_some(args.data.data),
        account: args.identity.account,
        zone: args.identity.zone,
        wire: args.identity.wire,
        access_token: args.access_token,
        allow_targets: args.targets.allow_target,
    }
}

fn banner(publisher: &Publisher, config: &Config) -> String {
    let data = config.data.as_ref().map_or("nothing is kept".to_owned(), |data| data.display().to_string());
    format!(
        "{}\ndata       {data}\n\n\
         Assumptions where the platform documents nothing: one attempt, success is 2xx, time-out 10 s, no redirects.\n\
         Ctrl-C stops it.",
        publisher.introduction(config.account),
    )
}

/// `RUST_LOG` chooses what is logged.
fn start_logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("mock_publisher=info,warn"));
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(io::stderr).init();
}

/// Waits for Ctrl-C or, where there is one, the signal to terminate.
async fn interrupted() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
