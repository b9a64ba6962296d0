use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};
use serde_json::Value;

use super::quoting::Checked;
use super::{Unreadable, Visitor};

/// Visits the rows of a table.
pub(super) fn visit(input: impl Read, delimiter: u8, visitor: &mut dyn Visitor) -> Result<(), Unreadable> {
    let mut builder = ReaderBuilder::new();
    // The number of values is checked here, where the line is known.
    builder.has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(64 << 10);
    let mut reader = builder.from_reader(Checked::new(input, delimiter));
    let mut row = ByteRecord::new();
    let mut names = None;
    loop {
        let more = reader.read_byte_record(&mut row);
        let line = reader.get_mut().rows.pop_front().unwrap_or_default();
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let failure = reader.get_mut().failure.take();
                return Err(failure.unwrap_or_else(|| Unreadable::at(line, error.to_string())));
            }
        }
        if let Some(index) = row.iter().position(|value| std::str::from_utf8(value).is_err()) {
            return Err(Unreadable::at(line, format!("value {} is not UTF-8; save the file as UTF-8", index + 1)));
        }
        let texts = row.iter().map(|value| String::from_utf8_lossy(value).into_owned());
        match names {
            None => {
                let given: Vec<String> = texts.collect();
                visitor.names(&given).map_err(|reason| Unreadable::at(line, reason))?;
                names = Some(given.len());
            }
            Some(expected) if expected != row.len() => {
                let got = row.len();
                return Err(Unreadable::at(line, format!("expected {expected} values as in the first row, got {got}")));
            }
            Some(_) => {
                if visitor.row(&mut texts.map(Value::String)).is_break() {
                    break;
                }
            }
        }
    }
    match names {
        None if row.is_empty() => {
            Err(Unreadable::at(0, "the file is empty; its first row must be the names of the columns"))
        }
        _ => Ok(()),
    }
}
