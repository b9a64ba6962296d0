use std::fmt;

use serde_json::Value;

use super::super::super::WorldError;
use super::super::ConditionError;
use super::members::{Members, list};
use super::test::Test;
use super::{Finding, MOST, Rule, Subject, any_holds, read_rule};
use crate::platform::Home;

/// How many subprofiles of a collection match some rules. The platform keeps the rules in a selection of the
/// collection, a miniview; here they stand in the condition itself.
#[derive(Debug, Clone)]
pub(super) struct SubprofilesTest {
    collection: String,
    min: usize,
    max: Option<usize>,
    rules: Vec<Rule>,
}

impl SubprofilesTest {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, ConditionError> {
        let keys = ["collection", "min", "max", "min-subprofiles", "max-subprofiles", "rules"];
        if members.has("mini-view") {
            return Err(members.error("`mini-view`: selections are not simulated, give a `collection` and `rules`"));
        }
        members.allow_only(&keys)?;
        let collection = members.reference("collection")?.ok_or_else(|| members.error("`collection` is missing"))?;
        let bound = |short, long| match members.whole_number(short)? {
            Some(number) => Ok(Some(number)),
            None => members.whole_number(long),
        };
        let (min, max) = (bound("min", "min-subprofiles")?, bound("max", "max-subprofiles")?);
        // Without any bound, one is asked for.
        let min = min.unwrap_or(usize::from(max.is_none()));
        if max.is_some_and(|max| max < min) {
            return Err(members.error("`max` is less than `min`"));
        }
        let rules = list(members.value("rules"), "`rules` of subprofiles", MOST)?;
        let rules: Vec<_> = rules.iter().enumerate().map(inner_rule).collect::<Result<_, _>>()?;
        Ok(Self { collection, min, max, rules })
    }

    pub(super) fn find(&self, subject: Subject<'_>) -> Result<Finding, WorldError> {
        let profile = match subject.entity.home {
            Home::Database(_) => subject.entity.id,
            Home::Collection { profile, .. } => profile,
        };
        let collections = &subject.database.collections;
        let by_number = || collections.iter().find(|known| self.collection.parse() == Ok(known.id));
        let collection = subject.database.collection(&self.collection).or_else(by_number);
        let collection = collection.ok_or_else(|| format!("there is no collection `{}`", self.collection))?;
        let mut count = 0;
        for entity in &subject.world.subprofiles(profile, collection.id, usize::MAX)? {
            count += usize::from(any_holds(&self.rules, Subject { entity, ..subject }, &mut Vec::new())?);
        }
        let holds = count >= self.min && self.max.is_none_or(|max| count <= max);
        let what = if self.rules.is_empty() { "" } else { " that match" };
        Ok(Finding { holds, read: vec![(format!("profile.{}{what}", collection.name), count.to_string())] })
    }
}

/// Rules of subprofiles ask about the subprofile itself.
fn inner_rule((at, given): (usize, &Value)) -> Result<Rule, ConditionError> {
    let place = format!("rule {} of subprofiles", at + 1);
    let rule = read_rule(given, &place)?;
    match rule.tests.iter().find(|test| !matches!(test, Test::Field(_) | Test::Date(_))) {
        None => Ok(rule),
        Some(test) => Err(ConditionError(format!("{place}: `{test}`: expected the types `Field` and `Date` only"))),
    }
}

impl fmt::Display for SubprofilesTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max {
            Some(max) => write!(f, "{} to {max} subprofiles", self.min)?,
            None => write!(f, "at least {} subprofiles", self.min)?,
        }
        let that = if self.rules.is_empty() { "" } else { " that match" };
        write!(f, " in {}{that}", self.collection)
    }
}
