//! From the outbox to the receivers: one attempt for each delivery, those of one callback and profile in order.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::bell::Bell;
use crate::emit::{Emission, nonce};
use crate::keyring::Keyring;
use crate::platform::Id;
use crate::send::{Answer, Client};
use crate::store::{Attempt, Pending, Store};
use crate::wire_profile::WireProfile;

/// How many attempts run at the same time.
const MAX_CONCURRENT: usize = 32;
/// How much of the outbox is looked at in one go.
const LOOK_AHEAD: usize = 256;
/// How long to wait after the store failed.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// What signs and sends.
pub(crate) struct Dispatcher {
    pub(crate) store: Store,
    pub(crate) keyring: Keyring,
    pub(crate) client: Client,
    pub(crate) account: u64,
    pub(crate) wire: WireProfile,
    pub(crate) bell: Bell,
}

/// Deliveries of one lane go out one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Lane {
    callback: Id,
    profile: Id,
}

impl Dispatcher {
    /// Works until `stop` is true and every attempt that had begun is finished. What is left stays in the outbox.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let dispatcher = Arc::new(self);
        let mut attempts: JoinSet<Lane> = JoinSet::new();
        let mut busy: HashSet<Lane> = HashSet::new();
        while !*stop.borrow() {
            let pause = match dispatcher.store.pending(LOOK_AHEAD).await {
                Ok(pending) => {
                    for delivery in pending {
                        let lane = Lane { callback: delivery.callback, profile: delivery.profile };
                        if attempts.len() < MAX_CONCURRENT && busy.insert(lane) {
                            let dispatcher = dispatcher.clone();
                            attempts.spawn(async move {
                                dispatcher.deliver(delivery).await;
                                lane
                            });
                        }
                    }
                    Duration::MAX
                }
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
                        busy.remove(&lane);
                    }
                }
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => break,
            }
        }
        while attempts.join_next().await.is_some() {}
    }

    async fn deliver(&self, delivery: Pending) {
        let id = delivery.id;
        let attempt = self.attempt(delivery).await;
        let (status, micros) = (attempt.status, attempt.micros);
        let error = attempt.error.as_ref().map(|(class, _)| *class);
        match self.store.finish(id, attempt).await {
            Ok(state) => tracing::info!(delivery = id, ?state, status, error, micros, "attempted"),
            Err(error) => {
                tracing::error!(delivery = id, %error, "the outcome of a delivery could not be noted");
                // It will be attempted again, but not in a tight loop.
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }

    async fn attempt(&self, delivery: Pending) -> Attempt {
        let now = SystemTime::now();
        let mut attempt = Attempt {
            started: crate::clock::millis(now),
            micros: 0,
            request_head: String::new(),
            status: None,
            answer: None,
            error: None,
        };
        let nonce = match nonce() {
            Ok(nonce) => nonce,
            Err(error) => {
                attempt.error = Some(("signing_failed", error.to_string()));
                return attempt;
            }
        };
        let emission = Emission {
            target: &delivery.url,
            content_type: delivery.payload.method.content_type(),
            body: delivery.payload.bytes.into(),
            account: self.account,
            date: now,
            nonce,
            wire: self.wire,
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
