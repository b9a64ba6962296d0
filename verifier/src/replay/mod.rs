//! The replay guard: a genuine request is handled once (step 12 of the [checklist](crate::checklist)).
//!
//! A [`Claim`] is provisional. It is made after the signature and the body were verified, so that a stranger's nonces never
//! enter the store; it is [committed](Claim::commit) when the callback was handled, and released when that failed or when it
//! is dropped, so that a sender's retry is never lost. Should nobody end it, its [`Lease`] does.
//!
//! | the nonce | what a claim of it is answered | status |
//! | --- | --- | --- |
//! | is new, was released, or its lease is over | a [`Claim`] | |
//! | is being handled | [`ReplayError::Pending`] | 503 |
//! | was handled | [`ReplayError::Replayed`] | 409 |
//! | finds no room | [`ReplayError::Full`] | 503 |
//! | cannot be asked for | [`ReplayError::Unavailable`] | 503 |
//!
//! A nonce is remembered until its own date has left the window, with a margin of 60 s for clocks that differ. After that
//! the date alone refuses the request, so the two cannot disagree.
//!
//! [`MemoryGuard`] remembers in this process, and forgets when it ends; `RedisGuard` (feature `redis`) remembers for a
//! fleet.
//!
//! The guard is no idempotency: a sender that tries again signs anew, with another nonce.

mod claim;
mod lease;
mod memory;
mod nonce;
#[cfg(feature = "redis")]
mod redis;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use crate::rejection::Rejection;

#[cfg(feature = "redis")]
pub use self::redis::{RedisCheckError, RedisGuard, RedisUrlError, StoreOutage};
pub use claim::Claim;
pub use lease::{Lease, LeaseError};
pub use memory::MemoryGuard;
pub use nonce::{Fingerprint, MAX_NONCE, Nonce};

/// An answer of a guard's store, under way.
///
/// See the example of [`ReplayGuard`].
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReplayError>> + Send + 'a>>;

/// Tells one claim of a nonce from a later claim of the same.
///
/// See the example of [`ReplayGuard`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// Remembers which nonces were handled, or are being handled.
///
/// What is remembered expires by the `now` that is handed in.
///
/// A guard that counts the replays which another one refuses:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (head, now) = (head(), now());
/// # use std::{sync::Arc, time::SystemTime};
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use callback_verifier::replay::{MemoryGuard, Nonce, ReplayError, ReplayGuard, Reply, Ticket};
///
/// struct Counting<G> {
///     guard: G,
///     replays: AtomicU64,
/// }
///
/// impl<G: ReplayGuard> ReplayGuard for Counting<G> {
///     fn claim<'a>(&'a self, nonce: &'a Nonce, until: SystemTime, now: SystemTime) -> Reply<'a, Ticket> {
///         Box::pin(async move {
///             let claimed = self.guard.claim(nonce, until, now).await;
///             if claimed == Err(ReplayError::Replayed) {
///                 self.replays.fetch_add(1, Ordering::Relaxed);
///             }
///             claimed
///         })
///     }
///     // `commit`, `release` and `abandon` hand over to `self.guard`.
/// #     fn commit<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket, u: SystemTime, c: SystemTime) -> Reply<'a, ()> {
/// #         self.guard.commit(nonce, ticket, u, c)
/// #     }
/// #     fn release<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket) -> Reply<'a, ()> {
/// #         self.guard.release(nonce, ticket)
/// #     }
/// #     fn abandon(&self, nonce: Nonce, ticket: Ticket) {
/// #         self.guard.abandon(nonce, ticket);
/// #     }
/// }
/// # let guard = Arc::new(Counting { guard: MemoryGuard::default(), replays: AtomicU64::new(0) });
/// # let builder = callback_verifier::Verifier::builder(1234).host("hooks.example.com").keys(keys());
/// # let verifier = builder.replay_guard(Arc::clone(&guard)).build()?;
/// # let verified = verifier.verify(&head, BODY, now).await?;
/// # verifier.claim(&verified, now).await?.commit().await?;
/// # assert!(verifier.claim(&verified, now).await.is_err());
/// # assert_eq!(guard.replays.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
pub trait ReplayGuard: Send + Sync + 'static {
    /// Claims a nonce for the time that its callback is handled.
    ///
    /// `until` is when the nonce may be forgotten. It lies after `now`. Nobody but this future knows the ticket before its
    /// end: dropped half-way, as by a client that hangs up, it gives back what it may have claimed.
    ///
    /// # Errors
    /// [`ReplayError::Replayed`] if it was committed, [`ReplayError::Pending`] if somebody else's claim holds it,
    /// [`ReplayError::Full`] or [`ReplayError::Unavailable`] if the store cannot take it.
    fn claim<'a>(&'a self, nonce: &'a Nonce, until: SystemTime, now: SystemTime) -> Reply<'a, Ticket>;

    /// Whether a nonce is spent, as far as can be told at once, without asking anybody. A [`claim`](Self::claim) has the last
    /// word; this spares the work before it.
    fn was_handled(&self, _nonce: &Nonce, _now: SystemTime) -> bool {
        false
    }

    /// The callback was handled: the nonce is spent, whoever has claimed it meanwhile, and even if the store has forgotten
    /// the claim.
    ///
    /// `until` and `claimed` are the `until` and the `now` that the claim was made with.
    ///
    /// # Errors
    /// [`ReplayError::Full`] if the claim was forgotten and there is no room for another, [`ReplayError::Unavailable`].
    fn commit<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket, until: SystemTime, claimed: SystemTime) -> Reply<'a, ()>;

    /// The callback was not handled: the nonce is free again, if this claim is still the one that holds it.
    ///
    /// # Errors
    /// [`ReplayError::Unavailable`]; then the lease frees it.
    fn release<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket) -> Reply<'a, ()>;

    /// Like [`release`](Self::release), for a claim that was dropped, where nobody can wait.
    fn abandon(&self, nonce: Nonce, ticket: Ticket);
}

/// One guard for several verifiers, and at hand for whoever wants to see how full it is.
impl<G: ReplayGuard + ?Sized> ReplayGuard for Arc<G> {
    fn claim<'a>(&'a self, nonce: &'a Nonce, until: SystemTime, now: SystemTime) -> Reply<'a, Ticket> {
        (**self).claim(nonce, until, now)
    }

    fn was_handled(&self, nonce: &Nonce, now: SystemTime) -> bool {
        (**self).was_handled(nonce, now)
    }

    fn commit<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket, until: SystemTime, claimed: SystemTime) -> Reply<'a, ()> {
        (**self).commit(nonce, ticket, until, claimed)
    }

    fn release<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket) -> Reply<'a, ()> {
        (**self).release(nonce, ticket)
    }

    fn abandon(&self, nonce: Nonce, ticket: Ticket) {
        (**self).abandon(nonce, ticket);
    }
}

/// A nonce cannot be claimed, or what became of a claim cannot be noted.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::{Duration, SystemTime};
/// use callback_verifier::replay::{Nonce, ReplayError};
/// use callback_verifier::{MemoryGuard, ReplayGuard, wire::Account};
///
/// # let now = SystemTime::now();
/// # let until = now + Duration::from_secs(420);
/// let guard = MemoryGuard::with_capacity(1);
/// let (nonce, other) = (Nonce::parse(Account::new(1234), b"one")?, Nonce::parse(Account::new(1234), b"two")?);
/// let ticket = guard.claim(&nonce, until, now).await?;
/// assert_eq!(guard.claim(&nonce, until, now).await, Err(ReplayError::Pending));
/// assert_eq!(guard.claim(&other, until, now).await, Err(ReplayError::Full { capacity: 1 }));
/// guard.commit(&nonce, ticket, until, now).await?;
/// assert_eq!(guard.claim(&nonce, until, now).await, Err(ReplayError::Replayed));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Its callback was handled.
    #[error("a callback with this nonce was handled before")]
    Replayed,
    /// Its callback is being handled.
    #[error("a callback with this nonce is being handled")]
    Pending,
    /// There is room for no more nonces. No live nonce is ever forgotten to make room.
    #[error("the replay guard is full: it remembers {capacity} nonces")]
    Full {
        /// How many are remembered at most.
        capacity: usize,
    },
    /// The store does not answer.
    #[error("the replay guard's store could not be asked: {0}")]
    Unavailable(String),
}

impl From<ReplayError> for Rejection {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Replayed => Self::Replayed,
            ReplayError::Pending => Self::ReplayPending,
            ReplayError::Full { capacity } => Self::ReplayGuardFull { capacity },
            ReplayError::Unavailable(reason) => Self::ReplayGuardUnavailable(reason),
        }
    }
}
