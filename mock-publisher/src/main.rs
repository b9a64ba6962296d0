//! `mock-publisher`: a local stand-in for a marketing platform that sends signed webhooks (Callbacks).
//!
//! The floors, top to bottom; a module uses only floors below its own:
//! `cli` | `demo` | `server` | `control`, `entrance`, `dispatch` | `store`, `send` | `callback` | `emit` | `platform`,
//! `keyring` with its name server | `wire_profile`, `access_token`, `local_client`, `private_file`, `output`, `bell`, `clock`.

mod access_token;
mod bell;
mod callback;
mod cli;
mod clock;
mod control;
mod demo;
mod dispatch;
mod emit;
mod entrance;
mod keyring;
mod local_client;
mod output;
mod platform;
mod private_file;
mod send;
mod server;
mod store;
mod wire_profile;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
