//! Tests that compare a profile with all the others of its database, or a subprofile with those of its collection.

use std::fmt;

use super::super::super::WorldError;
use super::super::ConditionError;
use super::field::FieldName;
use super::members::Members;
use super::{Finding, Subject};
use crate::platform::Field;

/// Whether others have the same values in some fields.
///
/// Assumption: the platform does not document its modes further. One is repeated if another with the same values was
/// there before it, is to be repeated if another comes after it, and is the last if none does; numbers tell the order.
#[derive(Debug, Clone)]
pub(super) struct DoubleFieldTest {
    mode: Mode,
    fields: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Unique,
    NonUnique,
    Repeated,
    NonRepeated,
    Last,
    ToBeRepeated,
}

const MODES: [(&str, Mode); 6] = [
    ("match_unique_profiles", Mode::Unique),
    ("match_non_unique_profiles", Mode::NonUnique),
    ("match_repeated_profiles", Mode::Repeated),
    ("match_non_repeated_profiles", Mode::NonRepeated),
    ("match_last_profiles", Mode::Last),
    ("match_toberepeated_profiles", Mode::ToBeRepeated),
];

impl DoubleFieldTest {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, ConditionError> {
        members.allow_only(&["match-mode", "fields"])?;
        let mode = members.required_choice("match-mode", &MODES)?;
        let fields = members.names("fields")?;
        if fields.is_empty() {
            return Err(members.error("`fields` is missing, expected such as `[name, email]`"));
        }
        Ok(Self { mode, fields })
    }

    pub(super) fn find(&self, subject: Subject<'_>) -> Result<Finding, WorldError> {
        let fields = compared(subject, &self.fields)?;
        let (before, after) = subject.world.twins(subject.entity, &fields)?;
        let holds = match self.mode {
            Mode::Unique => before + after == 0,
            Mode::NonUnique => before + after > 0,
            Mode::Repeated => before > 0,
            Mode::NonRepeated => before == 0,
            Mode::Last => after == 0,
            Mode::ToBeRepeated => after > 0,
        };
        let mut read = read(subject, &fields);
        read.push(("others with the same values".to_owned(), (before + after).to_string()));
        Ok(Finding { holds, read })
    }
}

/// Whether it is in a part of all: sorted by some fields, from `begin` on, `length` many.
///
/// Assumption: the platform does not document how it counts. The first is at 0; with `%` behind it, a number is of all;
/// a negative begin counts from the end, and a negative length ends so many before it. Numbers come before texts, and equal
/// ones are in the order of their numbers.
#[derive(Debug, Clone)]
pub(super) struct PartTest {
    begin: Amount,
    length: Option<Amount>,
    fields: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
struct Amount {
    number: i64,
    is_percentage: bool,
}

impl PartTest {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, ConditionError> {
        members.allow_only(&["begin", "length", "fields"])?;
        let begin = Amount::read(members, "begin")?.unwrap_or(Amount { number: 0, is_percentage: false });
        Ok(Self { begin, length: Amount::read(members, "length")?, fields: members.names("fields")? })
    }

    pub(super) fn find(&self, subject: Subject<'_>) -> Result<Finding, WorldError> {
        let fields = compared(subject, &self.fields)?;
        let (before, others) = subject.world.place(subject.entity, &fields)?;
        let [rank, all] = [before, others.saturating_add(1)].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        let start = match self.begin.of(all) {
            begin if begin < 0 => (all + begin).max(0),
            begin => begin,
        };
        let end = match self.length.map(|length| length.of(all)) {
            None => all,
            Some(length) if length < 0 => all + length,
            Some(length) => start.saturating_add(length),
        };
        let mut read = read(subject, &fields);
        read.push(("position".to_owned(), format!("{rank} of {all}")));
        Ok(Finding { holds: (start..end).contains(&rank), read })
    }
}

impl Amount {
    fn read(members: &Members<'_>, name: &str) -> Result<Option<Self>, ConditionError> {
        let Some(text) = members.text(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        let (digits, is_percentage) = match text.strip_suffix('%') {
            Some(digits) => (digits.trim(), true),
            None => (text.as_str(), false),
        };
        // Wider than any number of profiles, and narrow enough to be multiplied.
        let number = digits.parse::<i32>().map_err(|_| {
            members.error(format_args!("`{name}`: expected a number, maybe with `%` behind it, got `{text}`"))
        })?;
        Ok(Some(Self { number: number.into(), is_percentage }))
    }

    fn of(self, all: i64) -> i64 {
        if self.is_percentage { all.saturating_mul(self.number) / 100 } else { self.number }
    }
}

/// The fields that are compared: each once, whichever of its names it is given by.
fn compared<'a>(subject: Subject<'a>, names: &[String]) -> Result<Vec<&'a Field>, WorldError> {
    let mut fields: Vec<&Field> = Vec::new();
    for name in names {
        let field = FieldName::new(name.clone()).field(subject)?;
        if fields.iter().all(|known| known.id != field.id) {
            fields.push(field);
        }
    }
    Ok(fields)
}

/// What the one that is judged has in them.
fn read(subject: Subject<'_>, fields: &[&Field]) -> Vec<(String, String)> {
    let entity = subject.entity;
    let value = |field: &Field| entity.field(&field.name).unwrap_or_default().to_owned();
    fields.iter().map(|field| (format!("{}.{}", entity.home.kind().name(), field.name), value(field))).collect()
}

impl fmt::Display for DoubleFieldTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = MODES.iter().find(|(_, mode)| *mode == self.mode).map_or("", |(name, _)| name);
        write!(f, "{name} by {}", self.fields.join(", "))
    }
}

impl fmt::Display for PartTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {}", self.begin)?;
        if let Some(length) = self.length {
            write!(f, ", {length} many")?;
        }
        if self.fields.is_empty() { Ok(()) } else { write!(f, ", sorted by {}", self.fields.join(", ")) }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, if self.is_percentage { "%" } else { "" })
    }
}
