//! Conditions that were read before. The same text is the same condition, so that JavaScript and patterns are not compiled again
//! for every transaction that looks at a callback.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::{Condition, ConditionError};

/// How many conditions are kept.
const MOST: usize = 256;
/// How many patterns of them: each may take a megabyte.
const MOST_PATTERNS: usize = 256;

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Known {
    conditions: HashMap<Text, Condition>,
    patterns: usize,
}

/// An expression, and rules as JSON.
type Text = (String, Option<String>);

impl Condition {
    /// Reads a condition as a store keeps it: the expression, and the rules as JSON.
    pub(crate) fn kept(expression: &str, rules: Option<&str>) -> Result<Self, ConditionError> {
        let text = (expression.to_owned(), rules.map(str::to_owned));
        if let Some(condition) = known(|known| known.conditions.get(&text).cloned()) {
            return Ok(condition);
        }
        let rules = rules.map(serde_json::from_str).transpose();
        let rules = rules.map_err(|error| ConditionError(format!("the rules are no JSON: {error}")))?;
        let condition = Self::parse(expression, rules.as_ref())?;
        known(|known| known.add(text, condition.clone()));
        Ok(condition)
    }
}

fn known<T>(work: impl FnOnce(&mut Known) -> T) -> T {
    work(&mut KNOWN.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Known {
    fn add(&mut self, text: Text, condition: Condition) {
        let patterns = condition.rules.as_ref().map_or(0, |rules| rules.patterns());
        if self.conditions.len() >= MOST || self.patterns + patterns > MOST_PATTERNS {
            // What is still used is soon known again.
            *self = Self::default();
        }
        if self.conditions.insert(text, condition).is_none() {
            self.patterns += patterns;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_condition_is_read_once() {
        let rules = Some("{\"field\": \"name\", \"regexp\": \"^read once$\"}");
        let [first, second] = ["", ""].map(|expression| Condition::kept(expression, rules).unwrap().rules.unwrap());
        assert!(Arc::ptr_eq(&first, &second));
        let other = Condition::kept("true", rules).unwrap();
        assert!(!Arc::ptr_eq(&first, &other.rules.unwrap()));
        assert!(Condition::kept("", Some("{")).is_err());
        assert!(Condition::kept("=", None).is_err());
    }

    #[test]
    fn no_more_is_kept_than_fits() {
        let mut known = Known::default();
        let pattern = serde_json::json!({"field": "name", "regexp": "x"});
        let with_pattern = Condition::parse("", Some(&pattern)).unwrap();
        for (condition, most) in [(Condition::default(), MOST), (with_pattern, MOST_PATTERNS)] {
            for number in 0..3 * most {
                known.add((number.to_string(), None), condition.clone());
                assert!(known.conditions.len() <= MOST && known.patterns <= MOST_PATTERNS);
            }
        }
        assert!(known.patterns > 0);
    }
}
