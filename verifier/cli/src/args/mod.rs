//! What can be asked for on the command line. Each command has a file of its own; what describes a receiver is shared.

mod explain;
mod key;
mod receiver;
mod verify;

use clap::{Parser, Subcommand};

pub(crate) use explain::{ExplainArgs, FormatArg};
pub(crate) use key::KeyArgs;
pub(crate) use receiver::{KeySource, ReceiverArgs};
pub(crate) use verify::VerifyArgs;

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
    #[command(after_long_help = verify::HELP)]
    Verify(VerifyArgs),
    /// Show why a callback is refused, step by step, and what would have made it pass
    #[command(after_long_help = explain::HELP)]
    Explain(ExplainArgs),
    /// Show which keys DNS has under a `keyId`, or why there is none
    #[command(after_long_help = key::HELP)]
    Key(KeyArgs),
}

const EXIT_STATUS: &str = "\
Exit status:
  0  verified, or a usable key
  1  refused, or no usable key
  2  wrong usage, or input that is not one request
  3  temporary: the key could not be looked up, try again

The answer goes to standard output, everything else to standard error.";
