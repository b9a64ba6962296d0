use std::fmt;

use super::super::super::WorldError;
use super::super::ConditionError;
use super::members::Members;
use super::{Finding, Subject};
use crate::platform::Kind;

/// Whether a profile has an interest, or one of a group.
#[derive(Debug, Clone)]
pub(super) struct InterestTest {
    wanted: Wanted,
    with: bool,
}

#[derive(Debug, Clone)]
enum Wanted {
    Interest(String),
    Group(String),
}

/// Whether it must be there, and whether a group is meant.
const MODES: [(&str, (bool, bool)); 8] = [
    ("match_profiles_with_interest", (true, false)),
    ("match_profiles_without_interest", (false, false)),
    ("match_profiles_with_interest_group", (true, true)),
    ("match_profiles_without_interest_group", (false, true)),
    ("with_interest", (true, false)),
    ("without_interest", (false, false)),
    ("with_interest_group", (true, true)),
    ("without_interest_group", (false, true)),
];

impl InterestTest {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, ConditionError> {
        members.allow_only(&["match-mode", "interest", "interest-group"])?;
        let (with, is_group) = members.required_choice("match-mode", &MODES)?;
        let key = if is_group { "interest-group" } else { "interest" };
        let name = members.reference(key)?.ok_or_else(|| members.error(format_args!("`{key}` is missing")))?;
        Ok(Self { wanted: if is_group { Wanted::Group(name) } else { Wanted::Interest(name) }, with })
    }

    pub(super) fn find(&self, subject: Subject<'_>) -> Result<Finding, WorldError> {
        if subject.entity.home.kind() == Kind::Subprofile {
            return Err("a subprofile has no interests".into());
        }
        let known = &subject.database.interests;
        let meant: Vec<_> = match &self.wanted {
            Wanted::Interest(name) => known
                .iter()
                .filter(|known| known.name.eq_ignore_ascii_case(name) || name.parse() == Ok(known.id))
                .collect(),
            Wanted::Group(name) => known.iter().filter(|known| known.group.eq_ignore_ascii_case(name)).collect(),
        };
        if meant.is_empty() {
            return Err(format!("there is no interest for `{self}`").into());
        }
        let has = |name: &String| subject.entity.interests.contains(name);
        let read = meant.iter().map(|interest| (format!("profile.{}", interest.name), has(&interest.name).to_string()));
        let read = read.collect();
        Ok(Finding { holds: meant.iter().any(|interest| has(&interest.name)) == self.with, read })
    }
}

impl fmt::Display for InterestTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with = if self.with { "with" } else { "without" };
        match &self.wanted {
            Wanted::Interest(name) => write!(f, "{with} interest {name}"),
            Wanted::Group(name) => write!(f, "{with} interest of the group {name}"),
        }
    }
}
