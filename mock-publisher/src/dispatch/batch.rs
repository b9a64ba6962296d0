//! Deliveries that were taken out of the outbox together: what faults do to them, their signatures, and a task for each.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::OwnedRwLockReadGuard;

use super::Dispatcher;
use super::mishaps::{instead, not_sent, puts_off, repeats};
use super::notes::{Note, Queue};
use super::tampering::{Claims, tamper};
use super::under_way::Place;
use crate::emit::{Emission, SignedRequest, nonce};
use crate::faults::{Occurrence, Touch};
use crate::store::{Finished, Message, Outgoing, Step, StoreError};
use crate::terms::Terms;

/// How many are signed in a row by one thread at most, before the first of them is sent.
const IN_A_ROW: usize = 8;

/// A delivery that is under way.
pub(super) struct Begun {
    pub(super) next: Outgoing,
    pub(super) terms: Terms,
    pub(super) place: Place,
    pub(super) notes: Queue,
    /// Its share of the deliveries.
    pub(super) delivering: Arc<OwnedRwLockReadGuard<()>>,
}

/// One that is attempted now.
struct Attempting {
    begun: Begun,
    touches: Vec<Touch>,
    /// In real time.
    now: SystemTime,
}

impl Dispatcher {
    /// Begins attempts; all goes on by itself.
    pub(super) fn begin(self: &Arc<Self>, mut begun: Vec<Begun>) {
        // Each thread that signs gets two parts, so that the first ones need not wait for the last ones.
        let part = begun.len().div_ceil(2 * self.signers.count()).clamp(1, IN_A_ROW);
        while !begun.is_empty() {
            let rest = begun.split_off(part.min(begun.len()));
            let some = std::mem::replace(&mut begun, rest);
            tokio::spawn(self.clone().attempt_all(some));
        }
    }

    async fn attempt_all(self: Arc<Self>, begun: Vec<Begun>) {
        let mut attempting = Vec::with_capacity(begun.len());
        for begun in begun {
            let touches = self.faults.touching(occurrence(&begun.next));
            match instead(&touches, self.store.clock().now()) {
                Some(step) => begun.end(step, &touches).await,
                None => attempting.push(Attempting { begun, touches, now: SystemTime::now() }),
            }
        }
        let dispatcher = self.clone();
        let signed = self.signers.run(move || {
            let sign = |mut one: Attempting| {
                let request = dispatcher.signed(&mut one);
                (one, request)
            };
            attempting.into_iter().map(sign).collect::<Vec<_>>()
        });
        // Nothing is left of them if the signer panicked, which their places tell.
        for (one, request) in signed.await.unwrap_or_default() {
            let dispatcher = self.clone();
            tokio::spawn(async move {
                let Attempting { begun, touches, now } = one;
                let step = dispatcher.attempt(begun.next.number, request, &begun.terms, now).await;
                begun.end(step, &touches).await;
            });
        }
    }

    /// The request as it is sent; `Err` with the class of an error and its detail.
    fn signed(&self, one: &mut Attempting) -> Result<SignedRequest, (&'static str, String)> {
        let message = std::mem::replace(&mut one.begun.next.message, Err(StoreError::Stopped));
        let message = message.map_err(|error| ("unreadable", error.to_string()))?;
        if let Some(class) = not_sent(&one.touches) {
            return Err((class, "it was not sent, as was asked for".to_owned()));
        }
        self.emitted(message, one).map_err(|detail| ("signing_failed", detail))
    }

    fn emitted(&self, message: Message, one: &Attempting) -> Result<SignedRequest, String> {
        let body = message.payload.bytes.into();
        if let Some(head) = message.head {
            let again = SignedRequest::again(message.url, &head, body);
            return again.ok_or_else(|| "the head that was sent cannot be read".to_owned());
        }
        let date = self.store.clock().date_of_signature(one.now);
        let claims = Claims { account: self.account, date, is_strangers: false }.touched(&one.touches);
        let genuine = self.keyring.signing();
        let strangers = claims.is_strangers.then(|| self.stranger.named(&genuine.name)).transpose();
        let strangers = strangers.map_err(|error| error.to_string())?;
        let emission = Emission {
            target: &message.url,
            content_type: &message.payload.content_type,
            body,
            account: claims.account,
            date: claims.date,
            nonce: nonce().map_err(|error| error.to_string())?,
            wire: message.wire.unwrap_or(self.wire),
            coverage: self.coverage,
            key: strangers.as_ref().unwrap_or(&genuine),
        };
        let mut request = emission.sign().map_err(|error| error.to_string())?;
        self.metrics.signed(request.signing);
        tamper(&mut request, &one.touches);
        Ok(request)
    }
}

impl Begun {
    /// Hands in what became of it.
    async fn end(self, step: Step, touches: &[Touch]) {
        let Self { next: Outgoing { id, lane, number, subject, .. }, place, notes, delivering, .. } = self;
        let is_attempt = matches!(step, Step::Attempted { .. });
        // What puts it off does so alone; the others are asked again when it is its turn.
        let touched = touches.iter().filter(|touch| is_attempt != puts_off(&touch.kind));
        let faults = touched.map(|touch| (number, touch.kind.name())).collect();
        let repeats = if is_attempt { touches.iter().flat_map(repeats).collect() } else { Vec::new() };
        notes.note(Note { finished: Finished { id, lane, subject, step, faults, repeats }, delivering }).await;
        drop(place);
    }
}

fn occurrence(next: &Outgoing) -> Occurrence<'_> {
    Occurrence {
        callback: next.lane.callback,
        delivery: next.id,
        attempt: next.number,
        before: &next.faults,
        is_followed: next.is_followed,
        is_repeat: next.is_repeat,
        is_exact: next.message.as_ref().is_ok_and(|message| message.head.is_some()),
    }
}
