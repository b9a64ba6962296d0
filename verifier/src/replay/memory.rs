use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::{Nonce, ReplayError, ReplayGuard, Reply, Ticket};

/// Remembers nonces in the memory of this process. A restart empties it.
#[derive(Debug, Default)]
pub struct MemoryGuard {
    slots: Mutex<HashMap<Nonce, (SystemTime, Option<u64>)>>,
}

impl MemoryGuard {
    /// Tmp.
    pub fn with_capacity(_: usize) -> Self {
        Self::default()
    }
}

impl ReplayGuard for MemoryGuard {
    fn claim<'a>(&'a self, nonce: &'a Nonce, until: SystemTime, now: SystemTime) -> Reply<'a, Ticket> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, (until, _)| *until > now);
        let claimed = match slots.entry(nonce.clone()) {
            Entry::Occupied(slot) if slot.get().1.is_none() => Err(ReplayError::Replayed),
            Entry::Occupied(_) => Err(ReplayError::Pending),
            Entry::Vacant(slot) => {
                slot.insert((until, Some(0)));
                Ok(Ticket(0))
            }
        };
        Box::pin(std::future::ready(claimed))
    }

    fn commit<'a>(&'a self, nonce: &'a Nonce, _ticket: Ticket) -> Reply<'a, ()> {
        if let Some(slot) = self.slots.lock().unwrap_or_else(PoisonError::into_inner).get_mut(nonce) {
            slot.1 = None;
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn release<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket) -> Reply<'a, ()> {
        self.abandon(nonce.clone(), ticket);
        Box::pin(std::future::ready(Ok(())))
    }

    fn abandon(&self, nonce: Nonce, _ticket: Ticket) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(&nonce);
    }
}
