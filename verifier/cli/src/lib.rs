//! The program `callback-verifier`, to be called by whoever has a command line: verifies one saved callback, explains why
//! one is refused, or shows the key that DNS has under a `keyId`.
//!
//! Everything that decides stands in the library. Here are the arguments (`args`), a strict reader of raw requests
//! (`input`) and readers of what else a request is saved in (`saved`), the commands (`verify`, `explain`, `key`)
//! and how their answers look (`report`).

mod args;
mod explain;
mod failure;
mod input;
mod key;
mod receiver;
mod report;
mod saved;
mod status;
mod verify;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::Parser;

use args::{Cli, Command};
use failure::Failure;
use report::Answer;
pub use status::ExitStatus;

/// Does what the arguments ask for, of which the first one is the program's name, and says how it ended. The answer goes to standard
/// output, everything else to standard error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output, an error to standard error; if that is closed, nobody is there to tell.
            let _ = error.print();
            return if error.use_stderr() { ExitStatus::Unreadable } else { ExitStatus::Good };
        }
    };
    let answer = match &cli.command {
        Command::Verify(args) => verify::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Key(args) => key::run(args),
    };
    answer.and_then(print).unwrap_or_else(|failure| {
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "error: {failure}");
        if let Some(hint) = failure.hint() {
            let _ = writeln!(stderr, "\nhint: {hint}");
        }
        ExitStatus::Unreadable
    })
}

/// Prints an answer. A reader that has gone away (`| head -1`) does not change the exit status.
fn print(answer: Answer) -> Result<ExitStatus, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(answer.text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(answer.status),
    }
}

/// Runs what waits for DNS.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    Ok(runtime.block_on(future))
}
