//! Sets of rules, as the platform's selections have them: one rule is enough, and in a rule everything must hold.
//!
//! Assumption: the documentation says of the conditions inside a rule both that one suffices and that all must hold;
//! the editor of selections joins them by "and", and so is it here unless
//! [`ConditionStyle`](crate::platform::ConditionStyle) says otherwise.

mod changed;
mod crowd;
mod date;
mod field;
mod interest;
mod members;
mod subprofiles;
mod test;

use serde_json::Value;

use self::members::{Members, folded, list};
use self::test::Test;
use super::super::decision::Look;
use super::super::{World, WorldError};
use super::{ConditionError, Evaluation};
use crate::platform::{Change, Database, Entity, Layout};

/// How many rules there can be, and conditions in each.
const MOST: usize = 100;
/// How long the rules of a callback can be, in bytes of JSON.
const MOST_TEXT: usize = 256 << 10;
/// How many regular expressions there can be in them: each is compiled, and may take a megabyte.
const MOST_PATTERNS: usize = 32;
/// How many conditions are reported on.
const MOST_LOOKS: usize = 64;

/// Rules, and how many regular expressions are in them.
#[derive(Debug, Clone)]
pub(super) struct RuleSet {
    rules: Vec<Rule>,
    patterns: usize,
}

/// What must hold together.
#[derive(Debug, Clone)]
struct Rule {
    name: String,
    inverted: bool,
    disabled: bool,
    tests: Vec<Test>,
}

/// What a rule is judged on.
#[derive(Clone, Copy)]
struct Subject<'a> {
    change: &'a Change,
    /// What changed, or a subprofile of it.
    entity: &'a Entity,
    database: &'a Database,
    world: &'a dyn World,
}

/// Whether a test holds, and the values that say so.
struct Finding {
    holds: bool,
    read: Vec<(String, String)>,
}

impl RuleSet {
    /// Reads `{"rules": [...]}`, or one condition as a plain editor has it: `{"field": "name", "contains": "Mike"}`.
    pub(super) fn parse(given: &Value) -> Result<Self, ConditionError> {
        let (length, patterns) = (given.to_string().len(), patterns(given));
        if length > MOST_TEXT {
            return Err(ConditionError(format!("{length} bytes are too long, at most {MOST_TEXT}")));
        }
        if patterns > MOST_PATTERNS {
            return Err(ConditionError(format!(
                "{patterns} regular expressions are too many, at most {MOST_PATTERNS}"
            )));
        }
        Ok(Self { rules: read_rules(given)?, patterns })
    }

    /// How many regular expressions are in it.
    pub(super) fn patterns(&self) -> usize {
        self.patterns
    }

    pub(super) fn evaluate(&self, change: &Change, world: &dyn World) -> Evaluation {
        let mut looks = Vec::new();
        let outcome = world.database(change.entity.home.database()).and_then(|database| {
            let subject = Subject { change, entity: &change.entity, database: &database, world };
            any_holds(&self.rules, subject, &mut looks)
        });
        let (holds, error) = match outcome {
            Ok(holds) => (holds, None),
            Err(error) => (false, Some(error.to_string())),
        };
        Evaluation { holds, looks, error }
    }
}

/// Whether one of the rules holds. Assumption: without a rule that is not disabled, nothing is asked for, and all is
/// well.
fn any_holds(rules: &[Rule], subject: Subject<'_>, looks: &mut Vec<Look>) -> Result<bool, WorldError> {
    let mut active = rules.iter().filter(|rule| !rule.disabled).peekable();
    if active.peek().is_none() {
        return Ok(true);
    }
    for rule in active {
        if rule.holds(subject, looks)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Rule {
    fn holds(&self, subject: Subject<'_>, looks: &mut Vec<Look>) -> Result<bool, WorldError> {
        let one_suffices = subject.world.style().one_of_a_rule_suffices;
        // A rule without conditions asks for nothing.
        let mut holds = true;
        for test in &self.tests {
            let finding = test.find(subject)?;
            if looks.len() < MOST_LOOKS {
                let within = if self.name.is_empty() { String::new() } else { format!("{}: ", self.name) };
                let not = if self.inverted { "not " } else { "" };
                let condition = format!("{within}{not}{test}");
                looks.push(Look::new(&condition, finding.read, finding.holds != self.inverted));
            }
            holds = finding.holds;
            if holds == one_suffices {
                break;
            }
        }
        Ok(holds != self.inverted)
    }
}

impl<'a> Subject<'a> {
    fn layout(&self) -> Layout<'a> {
        self.database.layout_of(self.entity.home)
    }
}

/// How many regular expressions a set of rules has, before any of them is compiled.
fn patterns(given: &Value) -> usize {
    let is_one = |(name, value): (&String, &Value)| match folded(name).as_str() {
        "comparison" => value.as_str().is_some_and(|comparison| folded(comparison) == "regexp"),
        name => name == "regexp",
    };
    match given {
        Value::Array(items) => items.iter().map(patterns).sum(),
        Value::Object(members) => {
            members.iter().filter(|member| is_one(*member)).count() + members.values().map(patterns).sum::<usize>()
        }
        _ => 0,
    }
}

fn read_rules(given: &Value) -> Result<Vec<Rule>, ConditionError> {
    let whole = Members::of(given, "the value")?;
    // A condition of a type may have rules of its own.
    if whole.has("rules") && !whole.has("type") {
        whole.allow_only(&["rules"])?;
        let rules = list(whole.value("rules"), "`rules`", MOST)?;
        return rules.iter().enumerate().map(|(at, rule)| read_rule(rule, &format!("rule {}", at + 1))).collect();
    }
    if whole.has("conditions") {
        return Ok(vec![read_rule(given, "the rule")?]);
    }
    let tests = vec![Test::read(given, "the condition")?];
    Ok(vec![Rule { name: String::new(), inverted: false, disabled: false, tests }])
}

fn read_rule(given: &Value, place: &str) -> Result<Rule, ConditionError> {
    let rule = Members::of(given, place)?;
    rule.allow_only(&["name", "inverted", "inversed", "disabled", "conditions", "view", "miniview"])?;
    if rule.has("inverted") && rule.has("inversed") {
        return Err(rule.error("`inverted` and `inversed` are the same, give one of them"));
    }
    let conditions = list(rule.value("conditions"), &format!("`conditions` of {place}"), MOST)?;
    let tests = conditions
        .iter()
        .enumerate()
        .map(|(at, test)| Test::read(test, &format!("condition {} of {place}", at + 1)))
        .collect::<Result<_, _>>()?;
    Ok(Rule {
        name: rule.text("name")?.unwrap_or_default(),
        inverted: rule.truth("inverted")? || rule.truth("inversed")?,
        disabled: rule.truth("disabled")?,
        tests,
    })
}
