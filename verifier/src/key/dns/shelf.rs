use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use super::span::Span;
use crate::key::{KeyName, KeySet};

/// The keys that are served without waiting.
///
/// It is read for each request, so that is all there is to it: one look under a lock that readers share. Who is served for
/// how long is decided by the [`Ledger`](super::ledger::Ledger), which alone writes here.
#[derive(Debug, Default)]
pub(super) struct Shelf(RwLock<HashMap<KeyName, (Arc<KeySet>, Span)>>);

impl Shelf {
    pub(super) fn serve(&self, name: &KeyName, now: SystemTime) -> Option<Arc<KeySet>> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(name).filter(|(_, span)| span.contains(now)).map(|(keys, _)| Arc::clone(keys))
    }

    pub(super) fn put(&self, name: &KeyName, keys: Arc<KeySet>, span: Span) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), (keys, span));
    }

    pub(super) fn clear(&self, name: &KeyName) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}
