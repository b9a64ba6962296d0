//! From the outbox to the receivers: one attempt for each delivery, those of one callback and entity in order.
//!
//! A delivery is under way from the look into the outbox until its outcome is noted. Attempts run beside each other; what they
//! came to is noted many at a time.

mod attempt;
mod notes;
mod signers;
mod under_way;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::bell::Bell;
use crate::keyring::Keyring;
use crate::send::Client;
use crate::store::{Finished, Lane, Outgoing, Store, StoreError};
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
    pub(crate) bell: Bell,
}

impl Dispatcher {
    /// Works until `stop` is true and every attempt that had begun is finished. What is left stays in the outbox.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let dispatcher = Arc::new(self);
        let (notes, mut noted) = Notes::start(dispatcher.store.clone(), stop.clone());
        let mut attempts: JoinSet<Lane> = JoinSet::new();
        let mut under_way = UnderWay::default();
        while !*stop.borrow() {
            let pause = match dispatcher.fill(&mut attempts, &mut under_way, &notes).await {
                Ok(()) => LOOK_AGAIN,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read");
                    PAUSE_AFTER_ERROR
                }
            };
            tokio::select! {
                () = dispatcher.bell.rung() => {}
                Some(ended) = attempts.join_next() => under_way.ended(ended.ok()),
                Some(lane) = noted.recv() => under_way.noted(lane),
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => break,
            }
            // One look into the outbox for all that has happened meanwhile.
            while let Some(ended) = attempts.try_join_next() {
                under_way.ended(ended.ok());
            }
            while let Ok(lane) = noted.try_recv() {
                under_way.noted(lane);
            }
        }
        while attempts.join_next().await.is_some() {}
        notes.end().await;
    }

    /// Begins as many attempts as there is work and room for.
    async fn fill(
        self: &Arc<Self>,
        attempts: &mut JoinSet<Lane>,
        under_way: &mut UnderWay,
        notes: &Notes,
    ) -> Result<(), StoreError> {
        let Some(room) = under_way.room() else { return Ok(()) };
        // From the look into the outbox to the note, a number must mean the same delivery.
        let delivering = Arc::new(self.store.delivering().await);
        for Outgoing { id, lane, message } in self.store.outgoing(room).await? {
            under_way.begun(lane);
            let (dispatcher, notes, delivering) = (self.clone(), notes.queue(), delivering.clone());
            attempts.spawn(async move {
                let attempt = dispatcher.attempt(message).await;
                notes.note(Note { finished: Finished { id, lane, attempt }, delivering }).await;
                lane
            });
        }
        Ok(())
    }
}
