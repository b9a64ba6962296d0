use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::{Nonce, ReplayError, ReplayGuard, Ticket};

/// A callback that is being handled. Nobody else handles it meanwhile.
///
/// [Commit](Self::commit) it when it was handled. Otherwise the sender may try again, even with the same bytes.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (verifier, head, body, now) = (verifier(), head(), BODY, now());
/// # let handle = |body: &[u8]| if body.is_empty() { Err(()) } else { Ok(()) };
/// let verified = verifier.verify(&head, body, now).await?;
/// let claim = verifier.claim(&verified, now).await?;
/// match handle(verified.body()) {
///     Ok(()) => claim.commit().await?,        // answer 2xx
///     Err(_) => claim.release().await?,       // answer 5xx: the sender tries again
/// }
/// # assert!(verifier.claim(&verified, now).await.is_err());
/// # Ok(())
/// # }
/// ```
#[must_use = "dropped at once, it lets the same request in again"]
pub struct Claim {
    held: Option<Held>,
}

struct Held {
    guard: Arc<dyn ReplayGuard>,
    nonce: Nonce,
    ticket: Ticket,
    until: SystemTime,
    claimed: SystemTime,
}

impl Claim {
    /// Claims a nonce at `now`, to be remembered until `until`.
    pub(crate) async fn make(
        guard: &Arc<dyn ReplayGuard>,
        nonce: Nonce,
        until: SystemTime,
        now: SystemTime,
    ) -> Result<Self, ReplayError> {
        let ticket = guard.claim(&nonce, until, now).await?;
        Ok(Self { held: Some(Held { guard: Arc::clone(guard), nonce, ticket, until, claimed: now }) })
    }

    /// The claim of a verifier without a guard.
    pub(crate) fn unguarded() -> Self {
        Self { held: None }
    }

    /// The callback was handled: the same request will be refused.
    ///
    /// It counts even if the [lease](super::Lease) was over and somebody else has claimed the callback meanwhile.
    ///
    /// With a store that has to be asked over a network, see that this future comes to its end: dropped half-way, as by a
    /// client that hangs up, it may leave a callback that was handled to be claimed again when the lease is over. The
    /// layer spawns it.
    ///
    /// # Errors
    /// [`ReplayError::Unavailable`] if the store could not be told, and [`ReplayError::Full`] if it has forgotten the claim
    /// and has no room for another. The callback *was* handled, so answer the sender as if nothing had happened, and log
    /// it: when the lease is over, the same bytes get in once more, for as long as their date is inside the window.
    pub async fn commit(mut self) -> Result<(), ReplayError> {
        match self.held.take() {
            Some(held) => held.guard.commit(&held.nonce, held.ticket, held.until, held.claimed).await,
            None => Ok(()),
        }
    }

    /// The callback was not handled: the same request may come again. Dropping the claim does the same, unobserved.
    ///
    /// # Errors
    /// [`ReplayError::Unavailable`] if the store could not be told. Then the same request may come again when the
    /// [lease](super::Lease) is over.
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
