use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::rc::Rc;

use serde::Deserializer;
use serde::de::{Error, SeqAccess, Visitor as JsonVisitor};
use serde_json::{Map, Value};

use super::{MAX_ROW, Unreadable, Visitor};

/// Visits the objects of an array, one at a time.
pub(super) fn visit(input: impl Read, visitor: &mut dyn Visitor) -> Result<(), Unreadable> {
    let position = Rc::new(Position { left: Cell::new(MAX_ROW), line: Cell::new(1), record: Cell::new(0) });
    let mut json = serde_json::Deserializer::from_reader(Bounded { input, position: position.clone() });
    let mut ending = None;
    let result = json.deserialize_seq(Rows { visitor, position: &position, ending: &mut ending });
    match ending {
        Some(Ending::Stopped) => return Ok(()),
        Some(Ending::Failed(unreadable)) => return Err(unreadable),
        None => {}
    }
    let too_long = result.is_err() && position.left.get() == 0;
    position.left.set(MAX_ROW);
    result.and_then(|()| json.end()).map_err(|error| {
        // Where it is stands before it already.
        let text = error.to_string();
        let reason = match text.split(" at line ").next().unwrap_or(&text) {
            _ if too_long => format!("the record is longer than {} MiB", MAX_ROW >> 20),
            "recursion limit exceeded" => "the record is nested too deeply".to_owned(),
            reason if error.is_data() => reason.to_owned(),
            reason => format!("no JSON: {reason}"),
        };
        Unreadable::at(error.line() as u64, reason).in_record(position.record.get())
    })
}

/// How far a file has been read.
struct Position {
    /// How many bytes the record under way may still have.
    left: Cell<usize>,
    line: Cell<u64>,
    /// The record under way, counted from 1; 0 if none is.
    record: Cell<u64>,
}

/// Takes no more than is left. (JSON is read byte by byte, so that nothing is taken in advance.)
struct Bounded<R> {
    input: R,
    position: Rc<Position>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Position { left, line, .. } = &*self.position;
        if left.get() == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let most = buffer.len().min(left.get());
        let length = self.input.read(&mut buffer[..most])?;
        left.set(left.get() - length);
        line.set(line.get() + buffer[..length].iter().filter(|byte| **byte == b'\n').count() as u64);
        Ok(length)
    }
}

/// Why an array was not read to its end, although it is JSON.
enum Ending {
    Stopped,
    Failed(Unreadable),
}

struct Rows<'a> {
    visitor: &'a mut dyn Visitor,
    position: &'a Position,
    ending: &'a mut Option<Ending>,
}

impl Rows<'_> {
    fn failed<E: Error>(&mut self, reason: impl Into<String>) -> E {
        let Position { line, record, .. } = self.position;
        *self.ending = Some(Ending::Failed(Unreadable::at(line.get(), reason).in_record(record.get())));
        E::custom("a record is not as it should be")
    }
}

impl<'de> JsonVisitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<(), A::Error> {
        let mut names: Option<Vec<String>> = None;
        self.position.record.set(1);
        while let Some(mut row) = rows.next_element::<Map<String, Value>>()? {
            self.position.left.set(MAX_ROW);
            let names = match &names {
                Some(names) => names,
                None => {
                    let given: Vec<String> = row.keys().cloned().collect();
                    self.visitor.names(&given).map_err(|reason| self.failed(reason))?;
                    names.insert(given)
                }
            };
            if let Some(missing) = names.iter().find(|name| !row.contains_key(*name)) {
                return Err(self.failed(format!("the record has no `{missing}`, which the first one has")));
            }
            if row.len() > names.len() {
                let odd = row.keys().find(|key| !names.contains(key)).cloned().unwrap_or_default();
                return Err(self.failed(format!("the record has `{odd}`, which the first one has not")));
            }
            let mut values = names.iter().map(|name| row.get_mut(name).map(Value::take).unwrap_or_default());
            if self.visitor.row(&mut values).is_break() {
                *self.ending = Some(Ending::Stopped);
                return Err(A::Error::custom("stopped"));
            }
            self.position.record.set(self.position.record.get() + 1);
        }
        self.position.record.set(0);
        Ok(())
    }
}
