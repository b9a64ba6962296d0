//! The program of the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    mock_publisher::run()
}
