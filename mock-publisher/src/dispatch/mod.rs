//! From the outbox to the receivers: as many attempts for each delivery as the schedule wants, the deliveries of one callback
//! and entity in order.
//!
//! A delivery is under way from the look into the outbox until its outcome is noted. A look takes several deliveries, which are
//! signed together and then sent beside each other; what the attempts came to is noted many at a time. Nearly all of the work
//! that is not the signature's is the price of waking somebody up, so nobody is woken for one delivery.

mod attempt;
mod batch;
mod housekeeping;
mod mishaps;
mod notes;
mod tampering;
mod under_way;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use crate::bell::Bell;
use crate::faults::Faults;
use crate::health::Health;
use crate::keyring::{Keyring, Stranger};
use crate::metrics::Metrics;
use crate::send::Client;
use crate::signers::Signers;
use crate::store::{Due, Store, StoreError};
use crate::terms::{OwnTerms, Terms};
use crate::wire_profile::{Coverage, WireProfile};
use batch::Begun;
pub(crate) use housekeeping::forget;
use notes::Notes;
use under_way::{Event, Events, UnderWay};

/// How long to wait before the outbox is looked at although nobody has rung.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long to wait between two looks at least, so that each finds several deliveries while there is much to do.
const BETWEEN_LOOKS: Duration = Duration::from_millis(3);
const READING: &str = "the outbox cannot be read";
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
    pub(crate) health: Health,
    /// Whose key it is that nobody has published.
    pub(crate) stranger: Stranger,
}

/// What a look into the outbox came to.
struct Looked {
    /// How long to wait if nothing happens.
    pause: Duration,
    /// Whether there was no room for all that is due.
    is_cut: bool,
}

impl Dispatcher {
    /// Works until `stop` is true and every attempt that had begun is finished. What is left stays in the outbox.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let dispatcher = Arc::new(self);
        let (events, mut heard) = mpsc::unbounded_channel();
        let notes = Notes::start(&dispatcher, events.clone(), stop.clone());
        let mut under_way = UnderWay::default();
        while !*stop.borrow() {
            let next_look = tokio::time::Instant::now() + BETWEEN_LOOKS;
            let Looked { pause, is_cut } = match dispatcher.fill(&mut under_way, &events, &notes).await {
                Ok(looked) => {
                    dispatcher.health.works(READING);
                    looked
                }
                Err(error) => {
                    tracing::error!(%error, "{READING}");
                    dispatcher.health.fails(READING, &error);
                    Looked { pause: PAUSE_AFTER_ERROR, is_cut: false }
                }
            };
            let pause = tokio::time::sleep(pause);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = dispatcher.bell.rung() => break,
                    Some(event) = heard.recv() => {
                        under_way.hear(event);
                        // A look finds nothing else than the last one did.
                        if matches!(event, Event::Noted { has_more: false, .. }) || !is_cut && matches!(event, Event::Ended(_)) {
                            continue;
                        }
                        break;
                    }
                    () = &mut pause => break,
                    _ = stop.changed() => break,
                }
            }
            tokio::time::sleep_until(next_look).await;
            while let Ok(event) = heard.try_recv() {
                under_way.hear(event);
            }
        }
        while !under_way.is_idle() {
            let Some(event) = heard.recv().await else { break };
            under_way.hear(event);
        }
        notes.end().await;
        if let Err(error) = dispatcher.store.write_statistics().await {
            tracing::warn!(%error, "the last statistics cannot be written");
        }
    }

    /// Begins as many attempts as there is work and room for.
    async fn fill(
        self: &Arc<Self>,
        under_way: &mut UnderWay,
        events: &Events,
        notes: &Notes,
    ) -> Result<Looked, StoreError> {
        let room = under_way.room();
        if room == 0 {
            return Ok(Looked { pause: LOOK_AGAIN, is_cut: true });
        }
        // From the look into the outbox to the note, a number must mean the same delivery.
        let delivering = Arc::new(self.store.delivering().await);
        let (present, server, now) = (under_way.clone(), self.terms.clone(), Instant::now());
        let share = move |callback, own: &OwnTerms| present.share(callback, &own.under(&server), now);
        let Due { outgoing, next_due, wait, is_cut } = self.store.outgoing(room, share).await?;
        let mut begun = Vec::with_capacity(outgoing.len());
        for next in outgoing {
            let terms = next.terms.under(&self.terms);
            let place = under_way.begin(next.lane, &terms, now, events);
            begun.push(Begun { next, terms, place, notes: notes.queue(), delivering: delivering.clone() });
        }
        self.begin(begun);
        let until_due =
            next_due.map(|due| Duration::from_millis(due.saturating_sub(self.store.clock().now()).unsigned_abs()));
        // A clock that stands does not come to it; who sets it rings.
        let until_due = until_due.filter(|_| !self.store.clock().reading().frozen);
        let pause = [until_due, wait].into_iter().flatten().fold(LOOK_AGAIN, Duration::min);
        Ok(Looked { pause, is_cut })
    }
}
