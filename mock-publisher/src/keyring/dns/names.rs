use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callback_verifier::Zone;

use super::Forgery;
use crate::faults::FaultKind;

/// A zone whose names somebody sets one by one, with whatever records; and names outside of it, as in the zone of an
/// attacker. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(super) zone: Zone,
    present: Arc<Mutex<BTreeMap<String, Told>>>,
    asked: Arc<AtomicU64>,
}

/// What is answered about a name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Told {
    /// Its TXT records.
    pub(crate) records: Vec<Vec<u8>>,
    /// The name that it is another name of.
    pub(crate) alias: Option<String>,
    /// What goes wrong with the answer.
    pub(crate) fault: Option<FaultKind>,
    /// What somebody else has made up about it.
    pub(crate) forgery: Option<Forgery>,
}

impl Names {
    pub(crate) fn new(zone: Zone) -> Self {
        Self { zone, present: Arc::default(), asked: Arc::default() }
    }

    /// Says what is answered about a name, in lower case and without a dot behind it, from now on.
    pub(crate) fn tell(&self, name: &str, told: Told) {
        self.present().insert(name.to_owned(), told);
    }

    /// How often somebody has asked for the TXT records of a name that is in the zone, or there at all.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// All names.
    pub(super) fn all(&self) -> Vec<(String, Told)> {
        self.present().iter().map(|(name, told)| (name.clone(), told.clone())).collect()
    }

    /// Counts a question for the TXT records of a name.
    pub(super) fn count(&self, name: &str) {
        let is_inside = name.strip_suffix(self.zone.as_str()).is_some_and(|before| before.ends_with('.'));
        if is_inside || self.present().contains_key(name) {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What is answered about a name.
    pub(super) fn told(&self, name: &str) -> Option<Told> {
        self.present().get(name).cloned()
    }

    fn present(&self) -> MutexGuard<'_, BTreeMap<String, Told>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
