use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::ReplayError;
use super::super::nonce::{Fingerprint, FingerprintHasher};

/// A shard is swept when at least so many nonces came since the last time.
const FEWEST_BETWEEN_SWEEPS: usize = 64;
/// A full shard is swept at most once in so many nanoseconds.
const BETWEEN_SWEEPS_WHEN_FULL: u64 = 1_000_000_000;

/// A part of the nonces, under one lock. Times are nanoseconds since 1970.
#[derive(Default)]
pub(super) struct Shard {
    slots: HashMap<Fingerprint, Slot, FingerprintHasher>,
    /// How many tickets were issued.
    issued: u64,
    /// No slot expires before this.
    earliest: u64,
    /// How many slots were filled since the last sweep, how many that sweep has left, and when it was.
    filled: usize,
    left: usize,
    swept: u64,
    /// The latest time until which something was remembered that is forgotten now.
    forgotten: u64,
}

struct Slot {
    until: u64,
    state: State,
}

enum State {
    Pending { ticket: NonZeroU64, lease_until: u64 },
    Committed,
}

/// What a claim wants.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) fingerprint: Fingerprint,
    pub(super) until: u64,
    pub(super) lease_until: u64,
    pub(super) now: u64,
}

/// How many nonces all shards together remember, and may.
pub(super) struct Room {
    taken: AtomicUsize,
    capacity: usize,
}

impl Shard {
    pub(super) fn claim(&mut self, wanted: Wanted, room: &Room) -> Result<NonZeroU64, ReplayError> {
        let Wanted { fingerprint, until, lease_until, now } = wanted;
        // As many slots are looked at as were filled since the last time, so a claim pays for one or two.
        if self.filled >= self.left.max(FEWEST_BETWEEN_SWEEPS) {
            self.sweep(now, room);
        }
        let ticket = NonZeroU64::MIN.saturating_add(self.issued);
        let pending = State::Pending { ticket, lease_until };
        match self.slots.entry(fingerprint) {
            Entry::Occupied(mut slot) if slot.get().until > now => {
                match slot.get().state {
                    State::Committed => return Err(ReplayError::Replayed),
                    State::Pending { lease_until, .. } if lease_until > now => return Err(ReplayError::Pending),
                    State::Pending { .. } => {}
                }
                let until = until.max(slot.get().until);
                slot.insert(Slot { until, state: pending });
            }
            Entry::Occupied(mut slot) => {
                self.forgotten = self.forgotten.max(slot.get().until);
                not_forgotten(until, self.forgotten)?;
                slot.insert(Slot { until, state: pending });
            }
            Entry::Vacant(slot) => {
                not_forgotten(until, self.forgotten)?;
                room.take()?;
                slot.insert(Slot { until, state: pending });
                self.note_filled(until);
            }
        }
        self.issued += 1;
        Ok(ticket)
    }

    pub(super) fn was_handled(&self, fingerprint: Fingerprint, now: u64) -> bool {
        let slot = self.slots.get(&fingerprint).filter(|slot| slot.until > now);
        slot.is_some_and(|slot| matches!(slot.state, State::Committed))
    }

    /// Marks a nonce as spent, also where the claim's lease was over and its slot is gone.
    pub(super) fn commit(&mut self, fingerprint: Fingerprint, until: u64, room: &Room) -> Result<(), ReplayError> {
        match self.slots.entry(fingerprint) {
            Entry::Occupied(mut slot) => {
                let until = until.max(slot.get().until);
                slot.insert(Slot { until, state: State::Committed });
            }
            // Nothing of that age can be claimed any more.
            Entry::Vacant(_) if until <= self.forgotten => {}
            Entry::Vacant(slot) => {
                room.take()?;
                slot.insert(Slot { until, state: State::Committed });
                self.note_filled(until);
            }
        }
        Ok(())
    }

    pub(super) fn release(&mut self, fingerprint: Fingerprint, ticket: u64, room: &Room) {
        if let Entry::Occupied(slot) = self.slots.entry(fingerprint)
            && matches!(slot.get().state, State::Pending { ticket: holder, .. } if holder.get() == ticket)
        {
            slot.remove();
            room.give(1);
        }
    }

    /// Forgets what has expired, if it was not looked for a moment ago. How many slots that freed.
    pub(super) fn sweep_when_full(&mut self, now: u64, room: &Room) -> usize {
        if now.abs_diff(self.swept) < BETWEEN_SWEEPS_WHEN_FULL { 0 } else { self.sweep(now, room) }
    }

    fn sweep(&mut self, now: u64, room: &Room) -> usize {
        if self.earliest > now {
            return 0;
        }
        let before = self.slots.len();
        let (mut earliest, mut forgotten) = (u64::MAX, self.forgotten);
        self.slots.retain(|_, slot| {
            let live = slot.until > now;
            if live {
                earliest = earliest.min(slot.until);
            } else {
                forgotten = forgotten.max(slot.until);
            }
            live
        });
        (self.earliest, self.forgotten) = (earliest, forgotten);
        (self.filled, self.left, self.swept) = (0, self.slots.len(), now);
        // After a burst the memory is given back, and a sweep costs what the slots cost, not what they once did.
        if self.slots.capacity() / 8 > self.left {
            self.slots.shrink_to(self.left * 2);
        }
        let freed = before - self.left;
        room.give(freed);
        freed
    }

    fn note_filled(&mut self, until: u64) {
        self.filled += 1;
        self.earliest = if self.slots.len() == 1 { until } else { self.earliest.min(until) };
    }
}

/// Whatever may have been forgotten cannot be told from what never came. That needs a clock that goes back.
fn not_forgotten(until: u64, forgotten: u64) -> Result<(), ReplayError> {
    if until > forgotten {
        return Ok(());
    }
    Err(ReplayError::Unavailable("the clock went back behind nonces that were forgotten".to_owned()))
}

impl Room {
    pub(super) fn for_nonces(capacity: usize) -> Self {
        Self { taken: AtomicUsize::new(0), capacity }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn take(&self) -> Result<(), ReplayError> {
        let one_more = |taken| (taken < self.capacity).then(|| taken + 1);
        match self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(()),
            Err(_) => Err(ReplayError::Full { capacity: self.capacity }),
        }
    }

    fn give(&self, slots: usize) {
        self.taken.fetch_sub(slots, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_takes_at_most_100_bytes() {
        // A hash table that has just grown is filled to 7/16, and keeps one byte more for each slot.
        let slot = size_of::<(Fingerprint, Slot)>() + 1;
        assert!(slot * 16 / 7 < 100, "{slot}");
    }

    #[test]
    fn a_sweep_gives_back_slots_and_memory_and_remembers_what_it_forgot() {
        let (mut shard, room) = (Shard::default(), Room::for_nonces(100_000));
        let wanted =
            |number: u64, now| Wanted { fingerprint: fingerprint(number), until: now + 10, lease_until: now + 5, now };
        (0..10_000).for_each(|number| assert!(shard.claim(wanted(number, 0), &room).is_ok()));
        assert_eq!((shard.slots.len(), room.taken()), (10_000, 10_000));
        let full = shard.slots.capacity();
        assert_eq!(shard.sweep(9, &room), 0);
        (10_000..10_010).for_each(|number| assert!(shard.claim(wanted(number, 5), &room).is_ok()));
        assert_eq!(shard.sweep(10, &room), 10_000);
        assert_eq!((shard.slots.len(), room.taken(), shard.forgotten, shard.earliest), (10, 10, 10, 15));
        // Room for as many again is kept.
        assert!((20..full / 100).contains(&shard.slots.capacity()), "{}", shard.slots.capacity());
    }

    #[test]
    fn what_has_expired_is_forgotten_while_new_nonces_come() {
        let (mut shard, room) = (Shard::default(), Room::for_nonces(100_000));
        for number in 0..50_000 {
            let wanted =
                Wanted { fingerprint: fingerprint(number), until: number + 100, lease_until: number + 5, now: number };
            assert!(shard.claim(wanted, &room).is_ok());
            // A hundred are live; as many again may wait for the next sweep.
            assert!(shard.slots.len() <= 201, "{}", shard.slots.len());
        }
        assert_eq!(room.taken(), shard.slots.len());
    }

    #[test]
    fn a_full_shard_is_searched_once_a_second_and_not_for_each_claim() {
        let (mut shard, room) = (Shard::default(), Room::for_nonces(2));
        let second = BETWEEN_SWEEPS_WHEN_FULL;
        let wanted = |number, now, until| Wanted { fingerprint: fingerprint(number), until, lease_until: now, now };
        assert!(shard.claim(wanted(1, 0, 10 * second), &room).is_ok());
        assert!(shard.claim(wanted(2, 0, 10 * second + 1), &room).is_ok());
        assert_eq!(shard.sweep_when_full(9 * second, &room), 0);
        assert_eq!(shard.sweep_when_full(10 * second, &room), 1);
        assert_eq!(shard.sweep_when_full(10 * second + 1, &room), 0);
        assert_eq!(shard.sweep_when_full(11 * second, &room), 1);
    }

    fn fingerprint(number: u64) -> Fingerprint {
        let nonce = crate::replay::Nonce::parse(crate::wire::Account::new(1), number.to_string().as_bytes());
        nonce.map(|nonce| nonce.fingerprint()).unwrap()
    }
}
