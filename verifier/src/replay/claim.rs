use std::fmt;
use std::sync::Arc;

use super::{Nonce, ReplayError, ReplayGuard, Ticket};

/// A callback that is being handled. Nobody else handles it meanwhile.
///
/// [Commit](Self::commit) it when it was handled. Otherwise the sender may try again, even with the same bytes.
#[must_use = "dropped at once, it lets the same request in again"]
pub struct Claim {
    held: Option<Held>,
}

struct Held {
    guard: Arc<dyn ReplayGuard>,
    nonce: Nonce,
    ticket: Ticket,
}

impl Claim {
    pub(crate) fn new(guard: Arc<dyn ReplayGuard>, nonce: Nonce, ticket: Ticket) -> Self {
        Self { held: Some(Held { guard, nonce, ticket }) }
    }

    /// The claim of a verifier without a guard.
    pub(crate) fn unguarded() -> Self {
        Self { held: None }
    }

    /// The callback was handled: the same request will be refused.
    ///
    /// # Errors
    /// [`ReplayError::Unavailable`] if the store could not be told.
    pub async fn commit(mut self) -> Result<(), ReplayError> {
        match self.held.take() {
            Some(held) => held.guard.commit(&held.nonce, held.ticket).await,
            None => Ok(()),
        }
    }

    /// The callback was not handled: the same request may come again. Dropping the claim does the same, unobserved.
    ///
    /// # Errors
    /// [`ReplayError::Unavailable`] if the store could not be told.
    pub async fn release(mut self) -> Result<(), ReplayError> {
        match self.held.take() {
            Some(held) => held.guard.release(&held.nonce, held.ticket).await,
            None => Ok(()),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            held.guard.abandon(held.nonce, held.ticket);
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("nonce", &self.held.as_ref().map(|held| &held.nonce)).finish()
    }
}
