use std::fmt;

use serde_json::Value;

use super::super::super::WorldError;
use super::super::ConditionError;
use super::changed::ChangeTest;
use super::crowd::{DoubleFieldTest, PartTest};
use super::date::DateTest;
use super::field::FieldTest;
use super::interest::InterestTest;
use super::members::{Members, folded};
use super::subprofiles::SubprofilesTest;
use super::{Finding, Subject};

/// One condition of a rule.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Field(FieldTest),
    Interest(InterestTest),
    Date(DateTest),
    Change(ChangeTest),
    DoubleField(DoubleFieldTest),
    Part(PartTest),
    Subprofiles(SubprofilesTest),
}

const TYPES: &str = "`Field`, `Interest`, `Date`, `Change`, `DoubleField`, `Part` or `Subprofiles`";

/// What the platform has and this does not, and what it would take.
const NOT_SIMULATED: [(&str, &str); 8] = [
    ("Email", "mailings"),
    ("Sms", "mailings"),
    ("Fax", "mailings"),
    ("Survey", "surveys"),
    ("Export", "exports"),
    ("LastContact", "contacts"),
    ("ToDo", "tasks"),
    ("ReferView", "selections"),
];

impl Test {
    pub(super) fn read(given: &Value, place: &str) -> Result<Self, ConditionError> {
        let members = Members::of(given, place)?;
        let Some(name) = members.text("type")? else { return FieldTest::read_plain(&members).map(Self::Field) };
        let wanted = folded(&name);
        Ok(match wanted.as_str() {
            "field" => Self::Field(FieldTest::read(&members)?),
            "interest" => Self::Interest(InterestTest::read(&members)?),
            "date" => Self::Date(DateTest::read(&members)?),
            "change" => Self::Change(ChangeTest::read(&members)?),
            "doublefield" => Self::DoubleField(DoubleFieldTest::read(&members)?),
            "part" => Self::Part(PartTest::read(&members)?),
            "subprofiles" | "miniview" => Self::Subprofiles(SubprofilesTest::read(&members)?),
            _ => {
                let known = NOT_SIMULATED.iter().find(|(name, _)| folded(name) == wanted);
                return Err(match known {
                    Some((name, needs)) => members.error(format_args!(
                        "`{name}` asks about {needs}, which are not simulated; the type can be {TYPES}"
                    )),
                    None => members.error(format_args!("the type `{name}` is unknown, expected {TYPES}")),
                });
            }
        })
    }

    pub(super) fn find(&self, subject: Subject<'_>) -> Result<Finding, WorldError> {
        match self {
            Self::Field(test) => test.find(subject),
            Self::Interest(test) => test.find(subject),
            Self::Date(test) => test.find(subject),
            Self::Change(test) => test.find(subject),
            Self::DoubleField(test) => test.find(subject),
            Self::Part(test) => test.find(subject),
            Self::Subprofiles(test) => test.find(subject),
        }
    }
}

/// As a person would write it.
impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(test) => test.fmt(f),
            Self::Interest(test) => test.fmt(f),
            Self::Date(test) => test.fmt(f),
            Self::Change(test) => test.fmt(f),
            Self::DoubleField(test) => test.fmt(f),
            Self::Part(test) => test.fmt(f),
            Self::Subprofiles(test) => test.fmt(f),
        }
    }
}
