use std::time::{Duration, SystemTime};

use callback_verifier::wire::parse_date;
use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};

use super::Dispatcher;
use super::tampering::{Claims, tamper};
use crate::clock::{self, Millis};
use crate::emit::{Emission, SignedRequest, nonce};
use crate::faults::{FaultKind, Occurrence, Touch};
use crate::store::{Attempt, Finished, Message, Outgoing, Repeat, Step, StoreError};
use crate::terms::{Schedule, Terms};

/// The classes of errors that another attempt cannot mend.
const FINAL: [&str; 4] = ["unreadable", "signing_failed", "target_refused", "fault_drop"];

impl Dispatcher {
    /// Carries out what is next for a delivery, however it ends: mostly one attempt, with a date, a nonce and a signature of its
    /// own, over the same body.
    pub(super) async fn attempt(&self, next: Outgoing, terms: &Terms) -> Finished {
        let touches = self.faults.touching(Occurrence {
            callback: next.lane.callback,
            delivery: next.id,
            attempt: next.number,
            before: &next.faults,
            is_followed: next.is_followed,
            is_repeat: next.is_repeat,
            is_exact: next.message.as_ref().is_ok_and(|message| message.head.is_some()),
        });
        let Outgoing { id, lane, number, message, .. } = next;
        let step = match self.instead(&touches) {
            Some(step) => step,
            None => self.step(number, message, terms, &touches).await,
        };
        let is_attempt = matches!(step, Step::Attempted { .. });
        // What puts it off does so alone; the others are asked again when it is its turn.
        let touched = touches.iter().filter(|touch| is_attempt != puts_off(&touch.kind));
        let faults = touched.map(|touch| (number, touch.kind.name())).collect();
        let repeats = if is_attempt { touches.iter().flat_map(repeats).collect() } else { Vec::new() };
        Finished { id, lane, step, faults, repeats }
    }

    /// What is done in the place of an attempt, because of faults that put it off.
    fn instead(&self, touches: &[Touch]) -> Option<Step> {
        let now = self.store.clock().now();
        let until = touches.iter().filter_map(|touch| match touch.kind {
            FaultKind::Delay { seconds } => Some(now.saturating_add(millis(seconds))),
            FaultKind::Burst { seconds } => {
                let period = millis(seconds).max(1);
                Some(now.saturating_sub(now.rem_euclid(period)).saturating_add(period))
            }
            _ => None,
        });
        let is_overtaken = || touches.iter().any(|touch| touch.kind == FaultKind::Reorder);
        until.max().map(Step::Deferred).or_else(|| is_overtaken().then_some(Step::Overtaken))
    }

    async fn step(&self, number: u32, message: Result<Message, StoreError>, terms: &Terms, touches: &[Touch]) -> Step {
        let fault = touches.iter().find_map(|touch| match touch.kind {
            FaultKind::Drop => Some("fault_drop"),
            FaultKind::FailFirst { .. } => Some("fault_fail_first"),
            _ => None,
        });
        let (attempt, wish) = match (message, fault) {
            (Err(error), _) => (Attempt::failed(number, "unreadable", error.to_string()), None),
            (_, Some(class)) => (Attempt::failed(number, class, "it was not sent, as was asked for".to_owned()), None),
            (Ok(message), None) => self.send(number, message, terms.timeout, touches).await,
        };
        let again = self.again(&attempt, &terms.schedule, wish);
        Step::Attempted { attempt, again }
    }

    /// What came of it, and for how long the receiver wants to be left alone.
    async fn send(
        &self,
        number: u32,
        message: Message,
        timeout: Duration,
        touches: &[Touch],
    ) -> (Attempt, Option<Duration>) {
        let real = SystemTime::now();
        let request = match self.signed(message, real, touches).await {
            Ok(request) => request,
            Err(detail) => return (Attempt::failed(number, "signing_failed", detail), None),
        };
        let outcome = self.client.attempt(&request, timeout).await;
        let mut attempt = Attempt {
            number,
            started: clock::millis(real),
            micros: micros(outcome.elapsed),
            request_head: request.head_text(),
            ..Attempt::default()
        };
        let mut wish = None;
        match outcome.result {
            Ok(answer) => {
                let status = answer.status;
                wish = retry_after(&answer.headers, real);
                attempt.answered = Some(micros(answer.after));
                attempt.status = Some(status.as_u16());
                attempt.response_head = Some(answer.head_text());
                attempt.answer = Some(answer.body);
                attempt.error = refusal(status).map(|class| (class, format!("the receiver answered {status}")));
            }
            Err(error) => attempt.error = Some((error.class(), error.to_string())),
        }
        (attempt, wish)
    }

    /// When to attempt it again, if at all.
    fn again(&self, attempt: &Attempt, schedule: &Schedule, wish: Option<Duration>) -> Option<Millis> {
        let (class, _) = attempt.error.as_ref()?;
        // Whoever is gone does not come back because he is asked once more.
        if FINAL.contains(class) || attempt.says_gone() {
            return None;
        }
        let pause = schedule.pause_after(attempt.number, chance(), wish)?;
        let pause = Millis::try_from(pause.as_millis()).unwrap_or(Millis::MAX);
        Some(self.store.clock().now().saturating_add(pause))
    }

    /// The request as it is sent.
    async fn signed(&self, message: Message, now: SystemTime, touches: &[Touch]) -> Result<SignedRequest, String> {
        if let Some(head) = message.head {
            let again = SignedRequest::again(message.url, &head, message.payload.bytes.into());
            return again.ok_or_else(|| "the head that was sent cannot be read".to_owned());
        }
        let nonce = nonce().map_err(|error| error.to_string())?;
        let (wire, coverage) = (message.wire.unwrap_or(self.wire), self.coverage);
        let date = self.store.clock().date_of_signature(now);
        let claims = Claims { account: self.account, date, is_strangers: false }.touched(touches);
        let (keyring, stranger) = (self.keyring.clone(), self.stranger.clone());
        let sign = move || {
            let genuine = keyring.signing();
            let strangers = claims.is_strangers.then(|| stranger.named(&genuine.name)).transpose();
            let strangers = strangers.map_err(|error| error.to_string())?;
            let emission = Emission {
                target: &message.url,
                content_type: &message.payload.content_type,
                body: message.payload.bytes.into(),
                account: claims.account,
                date: claims.date,
                nonce,
                wire,
                coverage,
                key: strangers.as_ref().unwrap_or(genuine),
            };
            emission.sign().map_err(|error| error.to_string())
        };
        let mut request = self.signers.run(sign).await.ok_or("the signer panicked")??;
        self.metrics.signed(request.signing);
        tamper(&mut request, touches);
        Ok(request)
    }
}

/// Whether a fault puts an attempt off, and does not change it.
const fn puts_off(fault: &FaultKind) -> bool {
    matches!(fault, FaultKind::Delay { .. } | FaultKind::Burst { .. } | FaultKind::Reorder)
}

fn repeats(touch: &Touch) -> Vec<Repeat> {
    match touch.kind {
        FaultKind::Replay => vec![Repeat::SameBytes],
        FaultKind::Duplicate { count } => vec![Repeat::SignedAnew; count.into()],
        _ => Vec::new(),
    }
}

fn millis(seconds: f64) -> Millis {
    (seconds * 1000.0).round() as Millis
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// From 0 to 1.
fn chance() -> f64 {
    let mut byte = [0];
    // Without it there is no jitter, which nobody misses.
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / f64::from(u8::MAX)
}

/// The class of an answer that is no success. Redirects are not followed.
fn refusal(status: StatusCode) -> Option<&'static str> {
    match status.as_u16() {
        200..300 => None,
        300..400 => Some("redirect_refused"),
        400..500 => Some("http_4xx"),
        _ => Some("http_5xx"),
    }
}

/// For how long a receiver wants to be left alone: seconds or a date (RFC 9110 section 10.2.3). What is neither says nothing.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.as_bytes();
    if let Ok(date) = parse_date(value) {
        return Some(date.duration_since(now).unwrap_or_default());
    }
    std::str::from_utf8(value).ok()?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_asks_for_time_in_seconds_or_until_a_date() {
        let now = parse_date(b"Mon, 23 Nov 2026 08:15:00 GMT").unwrap();
        let asked = |value: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            retry_after(&headers, now).map(|time| time.as_secs())
        };
        assert_eq!((asked("120"), asked("0")), (Some(120), Some(0)));
        assert_eq!(asked("Mon, 23 Nov 2026 08:16:00 GMT"), Some(60));
        assert_eq!(asked("Mon, 23 Nov 2026 08:14:00 GMT"), Some(0));
        assert_eq!((asked("-1"), asked("soon"), asked("1.5"), asked("")), (None, None, None, None));
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
