//! The replay guard: a genuine request is handled once (step 12 of the [checklist](crate::checklist)).
//!
//! A [`Claim`] is provisional. It is made after the signature and the body were verified, so that a stranger's nonces never
//! enter the store; it is [committed](Claim::commit) when the callback was handled, and released when that failed or when it
//! is dropped, so that a sender's retry is never lost.
//!
//! A nonce is remembered until its own date has left the window, with a margin for clocks that differ. After that the date
//! alone refuses the request, so the two cannot disagree.

mod claim;
mod memory;
mod nonce;

use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use crate::rejection::Rejection;

pub use claim::Claim;
pub use memory::MemoryGuard;
pub use nonce::{MAX_NONCE, Nonce};

/// An answer of a guard's store, under way.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReplayError>> + Send + 'a>>;

/// Tells one claim of a nonce from a later claim of the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// Remembers which nonces were handled, or are being handled.
///
/// What is remembered expires by the `now` that is handed in.
pub trait ReplayGuard: Send + Sync + 'static {
    /// Claims a nonce for the time that its callback is handled.
    ///
    /// `until` is when the nonce may be forgotten.
    fn claim<'a>(&'a self, nonce: &'a Nonce, until: SystemTime, now: SystemTime) -> Reply<'a, Ticket>;

    /// The callback was handled: the nonce is spent, whoever has claimed it meanwhile.
    fn commit<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket) -> Reply<'a, ()>;

    /// The callback was not handled: the nonce is free again, if this claim is still the one that holds it.
    fn release<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket) -> Reply<'a, ()>;

    /// Like [`release`](Self::release), for a claim that was dropped, where nobody can wait.
    fn abandon(&self, nonce: Nonce, ticket: Ticket);
}

/// A nonce cannot be claimed, or what became of a claim cannot be noted.
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
