//! What a publisher cannot do at the moment.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Parts of the work that fail, and why. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Health {
    /// A part of the work fails, and is tried again.
    pub(crate) fn fails(&self, what: &'static str, why: &impl Display) {
        self.parts().insert(what, why.to_string());
    }

    /// It works.
    pub(crate) fn works(&self, what: &'static str) {
        let mut parts = self.parts();
        if !parts.is_empty() {
            parts.remove(what);
        }
    }

    /// What fails, a sentence each; empty if all works.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.parts().iter().map(|(what, why)| format!("{what}: {why}")).collect()
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
