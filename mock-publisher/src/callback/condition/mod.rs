//! Conditions of callbacks: JavaScript, or a set of rules, or both.

mod expression;
mod known;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use self::expression::Expression;
use self::rules::RuleSet;
use super::World;
use super::decision::Look;
use crate::platform::Change;

/// What must be true of a change for its callback to fire. The empty one always is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
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
    expression: Option<Option<Expression>>,
    rules: Option<Option<Arc<RuleSet>>>,
}

impl ConditionDraft {
    /// Reads what was said: a JavaScript expression, empty for none, and a set of rules, `null` for none.
    pub(crate) fn parse(expression: Option<&str>, rules: Option<&Value>) -> Result<Self, ConditionError> {
        let of = |key: &'static str| move |ConditionError(reason)| ConditionError(format!("`{key}`: {reason}"));
        let rule_set = |rules: &Value| match rules {
            Value::Null => Ok(None),
            rules => RuleSet::parse(rules).map(Arc::new).map(Some),
        };
        Ok(Self {
            expression: expression.map(Expression::parse).transpose().map_err(of("expression"))?,
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

    /// This one, with what a draft says instead of its own.
    pub(crate) fn with(self, draft: ConditionDraft) -> Self {
        Self { expression: draft.expression.unwrap_or(self.expression), rules: draft.rules.unwrap_or(self.rules) }
    }

    /// The JavaScript expression; empty if there is none.
    pub(crate) fn expression(&self) -> &str {
        self.expression.as_ref().map_or("", Expression::source)
    }

    /// The set of rules as JSON, as it was given, if there is one.
    pub(crate) fn rules(&self) -> Option<Value> {
        self.rules.as_ref().map(|rules| rules.given().clone())
    }

    /// Whether nothing is asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.expression.is_none() && self.rules.is_none()
    }

    /// Whether it holds for a change, and nothing else.
    pub(crate) fn holds(&self, change: &Change, world: &dyn World) -> bool {
        self.evaluate(change, world).holds
    }

    /// Evaluates it for a change: the rules first, which cost less.
    pub(super) fn evaluate(&self, change: &Change, world: &dyn World) -> Evaluation {
        let mut whole = match &self.rules {
            Some(rules) => rules.evaluate(change, world),
            None => Evaluation { holds: true, ..Evaluation::default() },
        };
        if let (true, Some(expression)) = (whole.holds, &self.expression) {
            let evaluation = expression.evaluate(change, world);
            whole.looks.extend(evaluation.looks);
            whole = Evaluation { looks: whole.looks, ..evaluation };
        }
        whole
    }
}
