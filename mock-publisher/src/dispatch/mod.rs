//! From the outbox to the receivers: as many attempts for each delivery as the schedule wants, the deliveries of one callback
//! and entity in order.
//!
//! A delivery is under way from the look into the outbox until its outcome is noted. Attempts run beside each other; what they
//! came to is noted many at a time.

mod attempt;
mod notes;
mod signers;
mod tampering;
mod under_way;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use crate::bell::Bell;
use crate::faults::Faults;
use crate::keyring::{Keyring, Stranger};
use crate::metrics::Metrics;
use crate::send::Client;
use crate::store::{Due, Lane, Store, StoreError};
use crate::terms::{OwnTerms, Terms};
use crate::wire_profile::{Coverage, WireProfile};
use notes::{Note, Notes};
pub(crate) use signers::Signers;
use under_way::UnderWay;

/// How long to wait before the outbox is looked at although nobody has rung.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long to wait after the store failed.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// What signs and sends.
pub(crate) struct Dispatcher {
    pub(crate) store: Store,
    pub(crate) keyring: Keyring,
    pub(crate) signers: Signers,
    pub(crate) client: Client,
    pub(crate) account: u64,
    /// How headers are spelled for callbacks that do not choose it themselves.
    pub(crate) wire: WireProfile,
    pub(crate) coverage: Coverage,
    /// For callbacks that have none of their own.
    pub(crate) terms: Terms,
    pub(crate) bell: Bell,
    pub(crate) metrics: Metrics,
    pub(crate) faults: Faults,
    /// Whose key it is that nobody has published.
    pub(crate) stranger: Stranger,
}

impl Dispatcher {
    /// Works until `stop` is true and every attempt that had begun is finished. What is left stays in the outbox.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let dispatcher = Arc::new(self);
        let (notes, mut noted) = Notes::start(dispatcher.store.clone(), dispatcher.metrics.clone(), stop.clone());
        let mut attempts: JoinSet<Lane> = JoinSet::new();
        let mut under_way = UnderWay::default();
        while !*stop.borrow() {
            let pause = match dispatcher.fill(&mut attempts, &mut under_way, &notes).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read");
                    PAUSE_AFTER_ERROR
                }
            };
            tokio::select! {
                () = dispatcher.bell.rung() => {}
                Some(ended) = attempts.join_next() => under_way.ended(lane_of(ended)),
                Some(lane) = noted.recv() => under_way.noted(lane),
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => break,
            }
            // One look into the outbox for all that has happened meanwhile.
            while let Some(ended) = attempts.try_join_next() {
                under_way.ended(lane_of(ended));
            }
            while let Ok(lane) = noted.try_recv() {
                under_way.noted(lane);
            }
        }
        while attempts.join_next().await.is_some() {}
        notes.end().await;
    }

    /// Begins as many attempts as there is work and room for. How long to wait then if nothing happens.
    async fn fill(
        self: &Arc<Self>,
        attempts: &mut JoinSet<Lane>,
        under_way: &mut UnderWay,
        notes: &Notes,
    ) -> Result<Duration, StoreError> {
        let room = under_way.room();
        if room == 0 {
            return Ok(LOOK_AGAIN);
        }
        // From the look into the outbox to the note, a number must mean the same delivery.
        let delivering = Arc::new(self.store.delivering().await);
        let (present, server, now) = (under_way.clone(), self.terms.clone(), Instant::now());
        let share = move |callback, own: &OwnTerms| present.share(callback, &own.under(&server), now);
        let Due { outgoing, next_due, wait } = self.store.outgoing(room, share).await?;
        for next in outgoing {
            let (lane, terms) = (next.lane, next.terms.under(&self.terms));
            under_way.begun(lane, &terms, now);
            let (dispatcher, notes, delivering) = (self.clone(), notes.queue(), delivering.clone());
            attempts.spawn(async move {
                notes.note(Note { finished: dispatcher.attempt(next, &terms).await, delivering }).await;
                lane
            });
        }
        let until_due =
            next_due.map(|due| Duration::from_millis(due.saturating_sub(self.store.clock().now()).unsigned_abs()));
        // A clock that stands does not come to it; who sets it rings.
        let until_due = until_due.filter(|_| !self.store.clock().reading().frozen);
        Ok([until_due, wait].into_iter().flatten().fold(LOOK_AGAIN, Duration::min))
    }
}

/// The lane of an attempt that has ended. Nobody knows it of one that panicked.
fn lane_of(ended: Result<Lane, JoinError>) -> Option<Lane> {
    ended.inspect_err(|error| tracing::error!(%error, "an attempt panicked; its delivery waits for a restart")).ok()
}
