//! From the outbox to the receivers: one attempt for each delivery, those of one callback and entity in order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::bell::Bell;
use crate::emit::{Emission, nonce};
use crate::keyring::Keyring;
use crate::platform::Id;
use crate::send::{Answer, Client};
use crate::store::{Attempt, Lane, Outgoing, Pending, Store, StoreError};
use crate::wire_profile::{Coverage, WireProfile};

/// How many attempts run at the same time.
const MAX_CONCURRENT: usize = 256;
/// How many of them are for one callback, so that a slow receiver delays only itself.
const MAX_PER_CALLBACK: usize = 8;
/// How long to wait before the outbox is looked at although nobody has rung.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long to wait after the store failed.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// What signs and sends.
pub(crate) struct Dispatcher {
    pub(crate) store: Store,
    pub(crate) keyring: Keyring,
    pub(crate) client: Client,
    pub(crate) account: u64,
    /// How headers are spelled for callbacks that do not choose it themselves.
    pub(crate) wire: WireProfile,
    pub(crate) coverage: Coverage,
    pub(crate) bell: Bell,
}

/// The lanes whose delivery is under way: the profiles or subprofiles of each callback.
#[derive(Debug, Default)]
struct Busy(HashMap<Id, HashSet<Id>>);

impl Busy {
    /// `false` if the lane is busy already, or its callback has as many attempts as it may have.
    fn enter(&mut self, lane: Lane) -> bool {
        let entities = self.0.entry(lane.callback).or_default();
        entities.len() < MAX_PER_CALLBACK && entities.insert(lane.entity)
    }

    fn leave(&mut self, lane: Lane) {
        if let Some(entities) = self.0.get_mut(&lane.callback) {
            entities.remove(&lane.entity);
            if entities.is_empty() {
                self.0.remove(&lane.callback);
            }
        }
    }

    /// The callbacks that have as many attempts as they may have.
    fn full(&self) -> Vec<Id> {
        self.0.iter().filter(|(_, entities)| entities.len() >= MAX_PER_CALLBACK).map(|(id, _)| *id).collect()
    }
}

impl Dispatcher {
    /// Works until `stop` is true and every attempt that had begun is finished. What is left stays in the outbox.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let dispatcher = Arc::new(self);
        let mut attempts: JoinSet<Lane> = JoinSet::new();
        let mut busy = Busy::default();
        while !*stop.borrow() {
            let pause = match dispatcher.fill(&mut attempts, &mut busy, &stop).await {
                Ok(()) => LOOK_AGAIN,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read");
                    PAUSE_AFTER_ERROR
                }
            };
            tokio::select! {
                () = dispatcher.bell.rung() => {}
                Some(finished) = attempts.join_next() => {
                    // A panic would leave its lane closed, which beats repeating what made it panic.
                    if let Ok(lane) = finished {
                        busy.leave(lane);
                    }
                }
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => break,
            }
        }
        while attempts.join_next().await.is_some() {}
    }

    /// Begins as many attempts as there is work and room for.
    async fn fill(
        self: &Arc<Self>,
        attempts: &mut JoinSet<Lane>,
        busy: &mut Busy,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        // From the look into the outbox to the outcome, a number must mean the same delivery.
        let delivering = Arc::new(self.store.delivering().await);
        for Pending { id, lane } in self.store.pending(&busy.full()).await? {
            if attempts.len() < MAX_CONCURRENT && busy.enter(lane) {
                let (dispatcher, stop, delivering) = (self.clone(), stop.clone(), delivering.clone());
                attempts.spawn(async move {
                    dispatcher.deliver(id, stop).await;
                    drop(delivering);
                    lane
                });
            }
        }
        Ok(())
    }

    async fn deliver(&self, id: Id, mut stop: watch::Receiver<bool>) {
        let attempt = match self.store.outgoing(id).await {
            Ok(outgoing) => self.attempt(outgoing).await,
            // A row that cannot be read must not hold up the others.
            Err(error) => Attempt::failed("unreadable", error.to_string()),
        };
        let (status, micros) = (attempt.status, attempt.micros);
        let error = attempt.error.as_ref().map(|(class, _)| *class);
        // Its lane stays closed until the outcome is noted: nothing is sent twice because the store fails.
        loop {
            match self.store.finish(id, attempt.clone()).await {
                Ok(state) => {
                    tracing::info!(delivery = id, ?state, status, error, micros, "attempted");
                    return;
                }
                Err(error) => tracing::error!(delivery = id, %error, "the outcome of a delivery cannot be noted"),
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE_AFTER_ERROR) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn attempt(&self, delivery: Outgoing) -> Attempt {
        let real = SystemTime::now();
        let mut attempt = Attempt { started: crate::clock::millis(real), ..Attempt::default() };
        let nonce = match nonce() {
            Ok(nonce) => nonce,
            Err(error) => return Attempt::failed("signing_failed", error.to_string()),
        };
        let emission = Emission {
            target: &delivery.url,
            content_type: &delivery.payload.content_type,
            body: delivery.payload.bytes.into(),
            account: self.account,
            date: self.store.clock().date_of_signature(real),
            nonce,
            wire: delivery.wire.unwrap_or(self.wire),
            coverage: self.coverage,
            key: self.keyring.signing(),
        };
        // An RSA signature takes a third of a millisecond of a core; the threads of the runtime have other work.
        let signed = tokio::task::block_in_place(|| emission.sign());
        match signed {
            Err(error) => attempt.error = Some(("signing_failed", error.to_string())),
            Ok(request) => {
                attempt.request_head = request.head_text();
                let outcome = self.client.attempt(&request).await;
                attempt.micros = u64::try_from(outcome.elapsed.as_micros()).unwrap_or(u64::MAX);
                match outcome.result {
                    Ok(Answer { status, body }) => {
                        attempt.status = Some(status.as_u16());
                        attempt.answer = Some(body);
                        attempt.error = refusal(status).map(|class| (class, format!("the receiver answered {status}")));
                    }
                    Err(error) => attempt.error = Some((error.class(), error.to_string())),
                }
            }
        }
        attempt
    }
}

/// The class of an answer that is no success. Redirects are not followed.
fn refusal(status: http::StatusCode) -> Option<&'static str> {
    match status.as_u16() {
        200..300 => None,
        300..400 => Some("redirect_refused"),
        400..500 => Some("http_4xx"),
        _ => Some("http_5xx"),
    }
}
