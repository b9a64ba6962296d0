//! The command line: what can be asked for, and how it is answered.
//!
//! Data goes to standard output, everything else to standard error. Status 0: it worked; 1: it did not; 2: it was asked for
//! in the wrong way.

mod args;
mod check;
mod exec;
mod import;
mod interrupts;
mod keys;
mod ready;
mod redeliver;
mod rehearse;
mod run;
mod running;
mod send;
mod serve;
mod stats;
mod why;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use args::{Cli, Command};

use crate::scenario::ScenarioError;

/// The exit status of wrong usage, as clap has it.
const USAGE: u8 = 2;

/// Says what is wrong with what was asked for.
fn wrong_usage(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(USAGE)
}

pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let done = runtime.block_on(async {
        match cli.command {
            None => serve::serve(cli.serve).await,
            Some(Command::Serve(args)) => serve::serve(args).await,
            Some(Command::Demo(args)) => crate::demo::run(args.tls).await,
            Some(Command::Check(args)) => check::check(*args).await,
            Some(Command::Send(args)) => send::send(args).await,
            Some(Command::Import(args)) => import::import(args).await,
            Some(Command::Keys(args)) => keys::keys(args).await,
            Some(Command::Ready(args)) => ready::ready(args).await,
            Some(Command::Run(args)) => run::run(args).await,
            Some(Command::Exec(args)) => exec::exec(args).await,
            Some(Command::Redeliver(args)) => redeliver::redeliver(args).await,
            Some(Command::Rehearse(args)) => rehearse::rehearse(*args).await,
            Some(Command::Stats(args)) => stats::stats(args).await,
            Some(Command::Why(args)) => why::why(args).await,
        }
    });
    // What still computes on another thread must not hold the end up.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match done {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    // Whoever reads our output may have gone, which is no failure of ours.
    let gone = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    if gone.into_iter().any(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(io::stderr(), "error: {error:#}");
    match error.downcast_ref::<ScenarioError>() {
        Some(error) if error.is_wrong_scenario() => ExitCode::from(USAGE),
        _ => ExitCode::FAILURE,
    }
}
