//! `mock-publisher`: a local stand-in for a marketing platform that sends signed webhooks (Callbacks).
//!
//! The floors, top to bottom; a module uses only floors below its own:
//! `cli` | `demo`, `scenario`, `rehearse`, `check` | `server` | `control`, `entrance`, `dispatch` | `mock_api`, `local_client` | `store`, `send` | `callback` | `script`, `emit` |
//! `platform`, `keyring` with its name server | `wire_profile`, `receiver`, `access_token`, `tls`, `private_file`,
//! `output`, `excerpt`, `html`, `shell`, `bell`, `clock`.

mod access_token;
mod bell;
mod callback;
mod check;
mod cli;
mod clock;
mod control;
mod demo;
mod dispatch;
mod emit;
mod entrance;
mod excerpt;
mod faults;
#[doc(hidden)]
pub mod figures;
mod health;
mod html;
mod keyring;
mod local_client;
mod metrics;
mod mock_api;
mod output;
mod platform;
mod private_file;
mod receiver;
mod rehearse;
mod scenario;
mod script;
mod send;
mod server;
mod shell;
mod signers;
mod stopwatch;
mod store;
mod terms;
mod tls;
mod wire_profile;

use std::process::ExitCode;

/// Runs the program with the arguments of this process.
pub fn run() -> ExitCode {
    cli::run()
}
