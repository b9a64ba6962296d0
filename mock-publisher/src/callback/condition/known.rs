//! Conditions that were read before. The same text is the same condition, so that JavaScript and patterns are not compiled again
//! for every transaction that looks at a callback.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::{ConditionError, Parts, Text};

/// How many conditions are kept.
const MOST: usize = 256;
/// How many patterns of them: each may take a megabyte.
const MOST_PATTERNS: usize = 256;

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Known {
    conditions: HashMap<Text, Parts>,
    patterns: usize,
}

/// Reads a condition, if it is not known.
pub(super) fn parts(text: &Text) -> Result<Parts, ConditionError> {
    if let Some(parts) = known(|known| known.conditions.get(text).cloned()) {
        return Ok(parts);
    }
    let parts = Parts::read(text)?;
    known(|known| known.add(text.clone(), parts.clone()));
    Ok(parts)
}

fn known<T>(work: impl FnOnce(&mut Known) -> T) -> T {
    work(&mut KNOWN.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Known {
    fn add(&mut self, text: Text, parts: Parts) {
        let patterns = parts.rules.as_ref().map_or(0, |rules| rules.patterns());
        if self.conditions.len() >= MOST || self.patterns + patterns > MOST_PATTERNS {
            // What is still used is soon known again.
            *self = Self::default();
        }
        if self.conditions.insert(text, parts).is_none() {
            self.patterns += patterns;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn text(expression: &str, rules: Option<&str>) -> Text {
        Text { expression: expression.to_owned(), rules: rules.map(str::to_owned) }
    }

    #[test]
    fn a_condition_is_read_once() {
        let rules = Some("{\"field\": \"name\", \"regexp\": \"^read once$\"}");
        let [first, second, other] =
            ["", "", "true"].map(|expression| parts(&text(expression, rules)).unwrap().rules.unwrap());
        assert!(Arc::ptr_eq(&first, &second));
        assert!(!Arc::ptr_eq(&first, &other));
        assert!(parts(&text("", Some("{"))).is_err());
        assert!(parts(&text("=", None)).is_err());
    }

    #[test]
    fn no_more_is_kept_than_fits() {
        let mut known = Known::default();
        let pattern = "{\"field\": \"name\", \"regexp\": \"x\"}";
        for (rules, most) in [(None, MOST), (Some(pattern), MOST_PATTERNS)] {
            let parts = Parts::read(&text("", rules)).unwrap();
            for number in 0..3 * most {
                known.add(text(&number.to_string(), None), parts.clone());
                assert!(known.conditions.len() <= MOST && known.patterns <= MOST_PATTERNS);
            }
        }
        assert!(known.patterns > 0);
    }
}
