use std::collections::VecDeque;
use std::io::{self, Read};

use super::{MAX_ROW, Unreadable};

/// Reads ahead of the parser of tables, which takes anything for a table: notes in which line each row begins, and breaks off
/// where quoting is broken or a row has no end.
pub(super) struct Checked<R> {
    input: R,
    delimiter: u8,
    state: State,
    line: u64,
    /// Where the quote was opened that is open.
    quote_line: u64,
    row_line: u64,
    row_length: usize,
    /// The lines in which rows begin that the parser has not come to yet.
    pub(super) rows: VecDeque<u64>,
    pub(super) failure: Option<Unreadable>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    BeforeRow,
    BeforeValue,
    InValue,
    InQuotes,
    AfterQuote,
}

impl<R: Read> Checked<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Self {
            input,
            delimiter,
            state: State::BeforeRow,
            line: 1,
            quote_line: 0,
            row_line: 0,
            row_length: 0,
            rows: VecDeque::new(),
            failure: None,
        }
    }

    /// Checks a part; returns how much of it belongs to rows that are whole and sound, if something is wrong behind them.
    fn check(&mut self, part: &[u8]) -> Option<usize> {
        let mut row_start = 0;
        for (index, &byte) in part.iter().enumerate() {
            if self.state == State::BeforeRow && !matches!(byte, b'\r' | b'\n') {
                self.state = State::BeforeValue;
                (self.row_line, self.row_length, row_start) = (self.line, 0, index);
                self.rows.push_back(self.line);
            }
            self.row_length += 1;
            if self.row_length > MAX_ROW && self.state != State::BeforeRow {
                let reason = format!("the row is longer than {} MiB; perhaps a quote is missing", MAX_ROW >> 20);
                self.failure = Some(Unreadable::at(self.row_line, reason));
                return Some(row_start);
            }
            self.state = match (self.state, byte) {
                (State::InQuotes, b'"') => State::AfterQuote,
                (State::InQuotes, _) => State::InQuotes,
                (State::AfterQuote, b'"') => State::InQuotes,
                (State::BeforeValue, b'"') => {
                    self.quote_line = self.line;
                    State::InQuotes
                }
                (_, b'\r' | b'\n') => State::BeforeRow,
                (_, byte) if byte == self.delimiter => State::BeforeValue,
                (State::AfterQuote, _) => {
                    let reason = "something stands between a closing quote and the delimiter; write a quote inside a \
                                  value twice";
                    self.failure = Some(Unreadable::at(self.line, reason));
                    return Some(row_start);
                }
                _ => State::InValue,
            };
            self.line += u64::from(byte == b'\n');
        }
        None
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let length = self.input.read(buffer)?;
        if length == 0 && !buffer.is_empty() && self.state == State::InQuotes {
            let reason = "the quote that is opened here is never closed";
            self.failure = Some(Unreadable::at(self.quote_line, reason));
            return Err(io::ErrorKind::InvalidData.into());
        }
        match self.check(&buffer[..length]) {
            None => Ok(length),
            Some(0) => Err(io::ErrorKind::InvalidData.into()),
            Some(sound) => Ok(sound),
        }
    }
}
