//! Standard output, which is for data, and files that data goes to.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;

/// Whether a file can be written, before there is something to write; one that is not there is made.
pub(crate) fn writable(path: &Path) -> anyhow::Result<()> {
    let opened = File::options().create(true).append(true).open(path);
    opened.map(drop).with_context(|| format!("cannot write `{}`", path.display()))
}

/// Writes a line of data, at once.
pub(crate) fn print(text: impl std::fmt::Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
