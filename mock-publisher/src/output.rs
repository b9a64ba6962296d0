//! Standard output, which is for data.

use std::io::{self, Write};

/// Writes a line of data, at once.
pub(crate) fn print(text: impl std::fmt::Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
