//! The program `callback-verifier`. All of it is in the library of this package, which the Python package calls, too.

use std::process::ExitCode;

fn main() -> ExitCode {
    callback_verifier_cli::run(std::env::args_os()).into()
}
