use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callback_verifier::Zone;

use crate::faults::FaultKind;

/// A zone whose names somebody sets one by one, with whatever records; and names outside of it, as in the zone of an
/// attacker. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(super) zone: Zone,
    present: Arc<Mutex<BTreeMap<String, Name>>>,
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
}

#[derive(Debug, Default)]
struct Name {
    told: Told,
    asked: u64,
}

impl Names {
    pub(crate) fn new(zone: Zone) -> Self {
        Self { zone, present: Arc::default() }
    }

    /// Says what is answered about a name, in lower case and without a dot behind it, from now on.
    pub(crate) fn tell(&self, name: &str, told: Told) {
        self.present().entry(name.to_owned()).or_default().told = told;
    }

    /// How often somebody has asked about any name that is there.
    pub(crate) fn asked(&self) -> u64 {
        self.present().values().map(|name| name.asked).sum()
    }

    /// All names.
    pub(super) fn all(&self) -> Vec<(String, Told)> {
        self.present().iter().map(|(name, entry)| (name.clone(), entry.told.clone())).collect()
    }

    /// Counts a question; what goes wrong with its answer.
    pub(super) fn question(&self, name: &str) -> Option<FaultKind> {
        let mut present = self.present();
        let name = present.get_mut(name)?;
        name.asked += 1;
        name.told.fault.clone()
    }

    fn present(&self) -> MutexGuard<'_, BTreeMap<String, Name>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
