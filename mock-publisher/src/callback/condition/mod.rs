//! Conditions of callbacks: JavaScript, or a set of rules, or both.

mod expression;
mod known;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use self::expression::Expression;
use self::rules::RuleSet;
use super::World;
use super::decision::Look;
use crate::platform::Change;

/// What must be true of a change for its callback to fire. The empty one always is.
///
/// It is a text until it is evaluated: compiling JavaScript and patterns takes time that is to count as evaluation, and that
/// nobody is to spend for a callback that is not asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    text: Text,
    parts: OnceLock<Result<Parts, ConditionError>>,
}

/// A condition as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Text {
    /// JavaScript; empty for none.
    expression: String,
    /// JSON.
    rules: Option<String>,
}

/// A condition as it is evaluated.
#[derive(Debug, Clone)]
struct Parts {
    expression: Option<Expression>,
    rules: Option<Arc<RuleSet>>,
}

/// A condition that cannot be set up, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ConditionError(pub(crate) String);

/// What came of a condition.
#[derive(Debug, Clone, Default)]
pub(super) struct Evaluation {
    pub(super) holds: bool,
    pub(super) looks: Vec<Look>,
    pub(super) error: Option<String>,
}

/// What a condition is to be, as far as somebody said: its two halves are set apart from each other.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConditionDraft {
    expression: Option<String>,
    rules: Option<Option<String>>,
}

impl ConditionDraft {
    /// Checks what was said: a JavaScript expression, empty for none, and a set of rules, `null` for none.
    pub(crate) fn parse(expression: Option<&str>, rules: Option<&Value>) -> Result<Self, ConditionError> {
        let of = |key: &'static str| move |ConditionError(reason)| ConditionError(format!("`{key}`: {reason}"));
        let source = |source: &str| Ok(Expression::parse(source)?.map_or_else(String::new, |_| source.to_owned()));
        let rule_set = |rules: &Value| match rules {
            Value::Null => Ok(None),
            rules => RuleSet::parse(rules).map(|_| Some(rules.to_string())),
        };
        Ok(Self {
            expression: expression.map(source).transpose().map_err(of("expression"))?,
            rules: rules.map(rule_set).transpose().map_err(of("conditions"))?,
        })
    }
}

impl Condition {
    /// Reads a condition: a JavaScript expression, which may be empty, and a set of rules, which may be missing. Both
    /// must hold.
    pub(crate) fn parse(expression: &str, rules: Option<&Value>) -> Result<Self, ConditionError> {
        Ok(Self::default().with(ConditionDraft::parse(Some(expression), rules)?))
    }

    /// One as a store keeps it, which was checked before: the expression, and the rules as JSON.
    pub(crate) fn kept(expression: String, rules: Option<String>) -> Self {
        Self { text: Text { expression, rules }, parts: OnceLock::new() }
    }

    /// This one, with what a draft says instead of its own.
    pub(crate) fn with(self, draft: ConditionDraft) -> Self {
        let Text { expression, rules } = self.text;
        Self::kept(draft.expression.unwrap_or(expression), draft.rules.unwrap_or(rules))
    }

    /// The JavaScript expression; empty if there is none.
    pub(crate) fn expression(&self) -> &str {
        &self.text.expression
    }

    /// The set of rules as it was given, if there is one.
    pub(crate) fn rules(&self) -> Option<Value> {
        self.rules_as_json().map(|json| serde_json::from_str(json).unwrap_or_else(|_| Value::from(json)))
    }

    /// The same as a store keeps it.
    pub(crate) fn rules_as_json(&self) -> Option<&str> {
        self.text.rules.as_deref()
    }

    /// Whether nothing is asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.text == Text::default()
    }

    /// Whether it holds for a change, and nothing else.
    pub(crate) fn holds(&self, change: &Change, world: &dyn World) -> bool {
        self.evaluate(change, world).holds
    }

    /// Evaluates it for a change: the rules first, which cost less.
    pub(super) fn evaluate(&self, change: &Change, world: &dyn World) -> Evaluation {
        let parts = match self.parts.get_or_init(|| known::parts(&self.text)) {
            Ok(parts) => parts,
            Err(error) => return Evaluation { error: Some(error.to_string()), ..Evaluation::default() },
        };
        let mut whole = match &parts.rules {
            Some(rules) => rules.evaluate(change, world),
            None => Evaluation { holds: true, ..Evaluation::default() },
        };
        if let (true, Some(expression)) = (whole.holds, &parts.expression) {
            let evaluation = expression.evaluate(change, world);
            whole.looks.extend(evaluation.looks);
            whole = Evaluation { looks: whole.looks, ..evaluation };
        }
        whole
    }
}

impl Parts {
    fn read(text: &Text) -> Result<Self, ConditionError> {
        let json = |json: &str| {
            serde_json::from_str(json).map_err(|error| ConditionError(format!("the rules are no JSON: {error}")))
        };
        let rules = text.rules.as_deref().map(|rules| RuleSet::parse(&json(rules)?).map(Arc::new)).transpose()?;
        Ok(Self { expression: Expression::parse(&text.expression)?, rules })
    }
}
