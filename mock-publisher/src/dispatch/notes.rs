//! Notes what attempts came to: all that has ended since the last time in one transaction.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedRwLockReadGuard, mpsc, watch};
use tokio::task::JoinHandle;

use super::under_way::{Event, Events};
use super::{Dispatcher, PAUSE_AFTER_ERROR};
use crate::clock::{self, Millis};
use crate::metrics::Metrics;
use crate::platform::Id;
use crate::store::{Attempt, DeliveryState, Finished, Lane, Step};

/// How many outcomes are noted in one transaction, and how many wait for the next one. Who has more waits.
const MOST: usize = 256;

const NOTING: &str = "the outcomes of deliveries cannot be noted";
/// So many outcomes at once say that there is much to do. One after the other, as those of one lane are, they are noted at once.
const MANY: usize = 2;
/// How long to wait between two transactions at least while there is much to do, so that each has many outcomes to note.
const BETWEEN_COMMITS: Duration = Duration::from_millis(6);

/// What an attempt came to, with its share of the deliveries.
pub(super) struct Note {
    pub(super) finished: Finished,
    pub(super) delivering: Arc<OwnedRwLockReadGuard<()>>,
}

/// The one who notes outcomes.
pub(super) struct Notes {
    queue: mpsc::Sender<Note>,
    worker: JoinHandle<()>,
}

/// Where attempts hand in what they came to.
pub(super) struct Queue(mpsc::Sender<Note>);

impl Notes {
    /// Begins, and tells of each lane whose outcome is noted.
    pub(super) fn start(dispatcher: &Arc<Dispatcher>, events: Events, stop: watch::Receiver<bool>) -> Self {
        let (queue, waiting) = mpsc::channel(MOST);
        let worker = tokio::spawn(work(dispatcher.clone(), waiting, events, stop));
        Self { queue, worker }
    }

    pub(super) fn queue(&self) -> Queue {
        Queue(self.queue.clone())
    }

    /// Waits until all is noted that was handed in.
    pub(super) async fn end(self) {
        drop(self.queue);
        if let Err(error) = self.worker.await {
            tracing::error!(%error, "outcomes of deliveries could not be noted");
        }
    }
}

impl Queue {
    pub(super) async fn note(&self, note: Note) {
        // Nobody takes it when the store has failed until the end: the delivery is still in the outbox.
        let _ = self.0.send(note).await;
    }
}

async fn work(
    dispatcher: Arc<Dispatcher>,
    mut waiting: mpsc::Receiver<Note>,
    events: Events,
    mut stop: watch::Receiver<bool>,
) {
    let mut batch = Vec::with_capacity(MOST);
    while waiting.recv_many(&mut batch, MOST).await > 0 {
        let next_commit = tokio::time::Instant::now() + BETWEEN_COMMITS;
        let (finished, shares): (Vec<_>, Vec<_>) = batch.drain(..).map(|note| (note.finished, note.delivering)).unzip();
        let finished = Arc::new(finished);
        // The lanes stay closed until the outcomes are noted: nothing is sent twice because the store fails. At the end what
        // cannot be noted stays in the outbox.
        let more = loop {
            let error = match dispatcher.store.finish(finished.clone()).await {
                Ok(more) => break more,
                Err(error) => error,
            };
            tracing::error!(%error, count = finished.len(), "{NOTING}");
            dispatcher.health.fails(NOTING, &error);
            if *stop.borrow() {
                break Vec::new();
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE_AFTER_ERROR) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        };
        dispatcher.health.works(NOTING);
        drop(shares);
        for (nth, Finished { id, lane, step, .. }) in finished.iter().enumerate() {
            if let Step::Attempted { attempt, again } = step {
                tell(&dispatcher.metrics, *id, *lane, attempt, *again);
            }
            // At the end nobody asks any more.
            let _ = events.send(Event::Noted { lane: *lane, has_more: more.get(nth).is_some_and(|more| *more) });
        }
        if finished.len() >= MANY {
            tokio::time::sleep_until(next_commit).await;
        }
    }
}

fn tell(metrics: &Metrics, id: Id, lane: Lane, attempt: &Attempt, again: Option<Millis>) {
    let Attempt { number, status, micros, .. } = *attempt;
    let state = if again.is_some() { DeliveryState::Pending } else { attempt.outcome() };
    let error = attempt.error.as_ref().map(|(class, _)| *class);
    metrics.attempted(error, Duration::from_micros(micros));
    if again.is_none() {
        metrics.settled(state.name());
    }
    let again = again.map(clock::stamp);
    tracing::info!(delivery = id, ?state, attempt = number, status, error, micros, again, "attempted");
    if attempt.says_gone() {
        tracing::warn!(callback = lane.callback, "the receiver is gone (410): its callback is not active any more");
    }
}
