//! Tests that compare a profile with all the others of its database, or a subprofile with those of its collection. Each
//! takes a look at all of them, for every change.

use std::cmp::Ordering;
use std::fmt;
use std::ops::ControlFlow;

use super::super::super::{Scope, WorldError};
use super::super::ConditionError;
use super::field::FieldName;
use super::members::Members;
use super::{Finding, Subject};
use crate::platform::{Entity, compare};

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
        let own = Values::of(subject, &self.fields)?;
        let (mut before, mut after) = (0, 0);
        each_other(subject, |other| {
            if own.compare(other) == Ordering::Equal {
                *(if other.id < subject.entity.id { &mut before } else { &mut after }) += 1;
            }
        })?;
        let holds = match self.mode {
            Mode::Unique => before + after == 0,
            Mode::NonUnique => before + after > 0,
            Mode::Repeated => before > 0,
            Mode::NonRepeated => before == 0,
            Mode::Last => after == 0,
            Mode::ToBeRepeated => after > 0,
        };
        let mut read = own.read(subject.entity);
        read.push(("others with the same values".to_owned(), (before + after).to_string()));
        Ok(Finding { holds, read })
    }
}

/// Whether it is in a part of all: sorted by some fields, from `begin` on, `length` many.
///
/// Assumption: the platform does not document how it counts. The first is at 0; with `%` behind it, a number is of all;
/// a negative begin counts from the end, and a negative length ends so many before it. Equal ones are in the order of
/// their numbers.
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
        let own = Values::of(subject, &self.fields)?;
        let (mut rank, mut all) = (0_i64, 1_i64);
        each_other(subject, |other| {
            all += 1;
            let order = own.compare(other).then(subject.entity.id.cmp(&other.id));
            rank += i64::from(order == Ordering::Greater);
        })?;
        let start = match self.begin.of(all) {
            begin if begin < 0 => (all + begin).max(0),
            begin => begin,
        };
        let end = match self.length.map(|length| length.of(all)) {
            None => all,
            Some(length) if length < 0 => all + length,
            Some(length) => start.saturating_add(length),
        };
        let mut read = own.read(subject.entity);
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

/// The fields that are compared, and what the one that is judged has in them.
struct Values(Vec<(String, String)>);

impl Values {
    fn of(subject: Subject<'_>, fields: &[String]) -> Result<Self, WorldError> {
        let value = |name: &String| {
            let (full, value) = FieldName::new(name.clone()).value(subject, subject.entity)?;
            let name = full.split_once('.').map_or("", |(_, name)| name);
            Ok((name.to_owned(), value.to_owned()))
        };
        fields.iter().map(value).collect::<Result<_, _>>().map(Self)
    }

    fn compare(&self, other: &Entity) -> Ordering {
        let orders = self.0.iter().map(|(name, value)| compare(value, other.field(name).unwrap_or_default()));
        orders.fold(Ordering::Equal, Ordering::then)
    }

    fn read(&self, entity: &Entity) -> Vec<(String, String)> {
        let kind = entity.home.kind().name();
        self.0.iter().map(|(name, value)| (format!("{kind}.{name}"), value.clone())).collect()
    }
}

fn each_other(subject: Subject<'_>, mut look: impl FnMut(&Entity)) -> Result<(), WorldError> {
    subject.world.visit(Scope::of(subject.entity.home), &mut |other| {
        if other.id != subject.entity.id {
            look(&other);
        }
        ControlFlow::Continue(())
    })
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
