//! The memory of one process.

mod shard;

use std::fmt;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Fingerprint, Lease, Nonce, ReplayError, ReplayGuard, Reply, Ticket};
use shard::{Room, Shard, Wanted};

/// How many nonces are remembered unless it is said otherwise: 2,300 callbacks a second for the 420 s at most that a nonce
/// lives under the default policy.
const DEFAULT_CAPACITY: usize = 1_000_000;
/// Into how many parts the memory is divided, each with a lock of its own.
const SHARDS: usize = 128;

/// Remembers nonces in the memory of this process. A restart empties it, and a fleet of several processes does not share
/// it.
///
/// It takes less than 100 bytes a nonce, when they come and not before. When it is full it says so
/// ([`ReplayError::Full`]); a nonce whose date is still inside the window is never forgotten to make room.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use callback_verifier::{MemoryGuard, Verifier};
///
/// let callbacks_per_second = 50;
/// let guard = Arc::new(MemoryGuard::with_capacity(callbacks_per_second * (300 + 60 + 60)));
/// let verifier = Verifier::builder(1234).host("hooks.example.com").replay_guard(Arc::clone(&guard));
/// # let verifier = verifier.keys(keys()).build()?;
/// println!("{} of {} nonces", guard.len(), guard.capacity());
/// # assert_eq!(guard.capacity(), 21_000);
/// # assert!(guard.is_empty());
/// # Ok(())
/// # }
/// ```
///
/// # Clocks that jump
/// - *Forward:* nonces expire early, together with the dates of their requests. A [lease](Lease) that is over early lets
///   the same bytes in while they are being handled.
/// - *Back:* nonces are remembered and leases last for longer. Where some nonces were forgotten already, a request that is
///   as old as they are is refused for the moment ([`ReplayError::Unavailable`]), as it cannot be told from them. So a
///   callback that was handled is never claimed again, whatever the clock does.
pub struct MemoryGuard {
    shards: Box<[Mutex<Shard>]>,
    room: Room,
    lease: Lease,
}

impl MemoryGuard {
    /// A memory for so many nonces.
    ///
    /// Take the callbacks of a second times the policy's largest age and distance ahead in seconds, plus 60.
    pub fn with_capacity(nonces: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, room: Room::for_nonces(nonces), lease: Lease::default() }
    }

    /// For how long a claim keeps others out. Default: 60 s.
    #[must_use]
    pub fn with_lease(mut self, lease: Lease) -> Self {
        self.lease = lease;
        self
    }

    /// How many nonces it remembers at the moment. Some of them may have expired.
    pub fn len(&self) -> usize {
        self.room.taken()
    }

    /// Whether it remembers none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many nonces it remembers at most.
    pub fn capacity(&self) -> usize {
        self.room.capacity()
    }

    fn try_claim(&self, wanted: Wanted) -> Result<Ticket, ReplayError> {
        let mut claimed = self.shard(wanted.fingerprint).claim(wanted, &self.room);
        if matches!(claimed, Err(ReplayError::Full { .. })) && self.make_room(wanted.now) {
            claimed = self.shard(wanted.fingerprint).claim(wanted, &self.room);
        }
        claimed.map(|ticket| Ticket(ticket.get()))
    }

    /// Forgets expired nonces in the first shard that has some.
    fn make_room(&self, now: u64) -> bool {
        self.shards.iter().any(|shard| lock(shard).sweep_when_full(now, &self.room) > 0)
    }

    #[expect(clippy::indexing_slicing, reason = "the remainder is below the number of shards, which is not 0")]
    fn shard(&self, fingerprint: Fingerprint) -> MutexGuard<'_, Shard> {
        lock(&self.shards[fingerprint.remainder(SHARDS)])
    }
}

impl Default for MemoryGuard {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }
}

impl ReplayGuard for MemoryGuard {
    fn claim<'a>(&'a self, nonce: &'a Nonce, until: SystemTime, now: SystemTime) -> Reply<'a, Ticket> {
        let fingerprint = nonce.fingerprint();
        let lease_until = now.checked_add(self.lease.duration()).unwrap_or(until);
        let (until, lease_until, now) = (nanoseconds(until), nanoseconds(lease_until), nanoseconds(now));
        Box::pin(ready(self.try_claim(Wanted { fingerprint, until, lease_until, now })))
    }

    fn was_handled(&self, nonce: &Nonce, now: SystemTime) -> bool {
        self.shard(nonce.fingerprint()).was_handled(nonce.fingerprint(), nanoseconds(now))
    }

    fn commit<'a>(&'a self, nonce: &'a Nonce, _: Ticket, until: SystemTime, _: SystemTime) -> Reply<'a, ()> {
        let fingerprint = nonce.fingerprint();
        Box::pin(ready(self.shard(fingerprint).commit(fingerprint, nanoseconds(until), &self.room)))
    }

    fn release<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket) -> Reply<'a, ()> {
        self.abandon(nonce.clone(), ticket);
        Box::pin(ready(Ok(())))
    }

    fn abandon(&self, nonce: Nonce, ticket: Ticket) {
        self.shard(nonce.fingerprint()).release(nonce.fingerprint(), ticket.0, &self.room);
    }
}

impl fmt::Debug for MemoryGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryGuard")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("lease", &self.lease.duration())
            .finish()
    }
}

/// What a thread that panicked has left is whole: no slot is ever half filled.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nanoseconds since 1970, from 0 to the year 2554.
fn nanoseconds(time: SystemTime) -> u64 {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}
