//! Files of an import, read row by row: none is ever in memory as a whole.

mod quoting;
mod records;
mod table;

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use serde_json::Value;

/// How long one row may be, in bytes.
pub(super) const MAX_ROW: usize = 1 << 20;

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::entrance) enum Format {
    /// Values with commas, semicolons or tabs between them; names in the first row.
    Csv,
    /// An array of objects.
    Json,
}

impl Format {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A file that cannot be read further: where, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// Counted from 1; 0 if it is not about one.
    pub(super) line: u64,
    /// Counted from 1, of JSON, which may be one long line; 0 if it is not about one.
    pub(super) record: u64,
    pub(super) reason: String,
}

impl Unreadable {
    fn at(line: u64, reason: impl Into<String>) -> Self {
        Self { line, record: 0, reason: reason.into() }
    }

    fn in_record(self, record: u64) -> Self {
        Self { record, ..self }
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::at(0, error.to_string())
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.record) {
            (0, _) => f.write_str(&self.reason),
            (line, 0) => write!(f, "line {line}: {}", self.reason),
            (line, record) => write!(f, "line {line}, record {record}: {}", self.reason),
        }
    }
}

/// What is done with the rows of a file.
pub(super) trait Visitor {
    /// The names, once, before all rows.
    fn names(&mut self, names: &[String]) -> Result<(), String>;

    /// One row, with as many values as there are names.
    fn row(&mut self, values: &mut dyn Iterator<Item = Value>) -> ControlFlow<()>;
}

/// Reads a file from its beginning, until it ends or the visitor breaks off.
pub(super) fn visit(
    file: &File,
    format: Format,
    delimiter: Option<u8>,
    visitor: &mut dyn Visitor,
) -> Result<(), Unreadable> {
    let mut file = file;
    let mut beginning = [0; 4096];
    file.seek(SeekFrom::Start(0))?;
    let beginning = {
        let length = fill(&mut file, &mut beginning)?;
        &beginning[..length]
    };
    let mark = byte_order_mark(beginning)?;
    file.seek(SeekFrom::Start(mark as u64))?;
    let input = BufReader::with_capacity(64 << 10, file);
    match format {
        Format::Json => records::visit(input, visitor),
        Format::Csv => {
            let delimiter = delimiter.unwrap_or_else(|| likely_delimiter(&beginning[mark..]));
            table::visit(input, delimiter, visitor)
        }
    }
}

fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

/// How long the mark of UTF-8 is, if it is there. Files in UTF-16 have another one.
fn byte_order_mark(beginning: &[u8]) -> Result<usize, Unreadable> {
    match beginning {
        [0xEF, 0xBB, 0xBF, ..] => Ok(3),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(Unreadable::at(1, "the file is in UTF-16; save it as UTF-8")),
        _ => Ok(0),
    }
}

/// Whatever stands most often between the names; a comma if nothing does.
fn likely_delimiter(beginning: &[u8]) -> u8 {
    let mut quoted = false;
    let first_line = beginning.iter().take_while(|&&byte| {
        quoted ^= byte == b'"';
        quoted || byte != b'\n'
    });
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut inside = false;
    for &byte in first_line {
        inside ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| !inside && *delimiter == byte) {
            *count += 1;
        }
    }
    let [comma, rest @ ..] = counts;
    rest.into_iter().fold(comma, |best, other| if other.1 > best.1 { other } else { best }).0
}

/// How many rows a file has, as far as it can be read.
pub(super) fn count(file: &File, format: Format, delimiter: Option<u8>) -> u64 {
    struct Counter(u64);
    impl Visitor for Counter {
        fn names(&mut self, _: &[String]) -> Result<(), String> {
            Ok(())
        }

        fn row(&mut self, _: &mut dyn Iterator<Item = Value>) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }
    }
    let mut counter = Counter(0);
    // What is wrong with it is found again when its rows are carried out.
    let _ = visit(file, format, delimiter, &mut counter);
    counter.0
}

#[cfg(test)]
mod tests;
