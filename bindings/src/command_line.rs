use std::ffi::OsString;

use pyo3::prelude::*;

/// Does what the program `callback-verifier` does with these arguments, of which the first one is its name; its exit status.
#[pyfunction]
pub(crate) fn command_line(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| callback_verifier_cli::run(arguments) as u8)
}
