//! One attempt: sent, and judged by what the receiver answers.

use std::time::{Duration, SystemTime};

use callback_verifier::wire::parse_date;
use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};

use super::Dispatcher;
use crate::clock::{self, Millis};
use crate::emit::SignedRequest;
use crate::store::{Attempt, Step};
use crate::terms::{Schedule, Terms};

/// The classes of errors that another attempt cannot mend.
const FINAL: [&str; 4] = ["unreadable", "signing_failed", "target_refused", "fault_drop"];

impl Dispatcher {
    /// Sends a request, if there is one, which was begun at that real time.
    pub(super) async fn attempt(
        &self,
        number: u32,
        request: Result<SignedRequest, (&'static str, String)>,
        terms: &Terms,
        begun: SystemTime,
    ) -> Step {
        let (attempt, wish) = match request {
            Ok(request) => self.send(number, &request, terms.timeout, begun).await,
            Err((class, detail)) => (Attempt::failed(number, class, detail), None),
        };
        let again = self.again(&attempt, &terms.schedule, wish);
        Step::Attempted { attempt: Box::new(attempt), again }
    }

    /// What came of it, and for how long the receiver wants to be left alone.
    async fn send(
        &self,
        number: u32,
        request: &SignedRequest,
        timeout: Duration,
        begun: SystemTime,
    ) -> (Attempt, Option<Duration>) {
        let outcome = self.client.attempt(request, timeout).await;
        let mut attempt = Attempt {
            number,
            started: clock::millis(begun),
            micros: micros(outcome.elapsed),
            request_head: request.head_text(),
            ..Attempt::default()
        };
        let mut wish = None;
        match outcome.result {
            Ok(answer) => {
                let status = answer.status;
                wish = retry_after(&answer.headers, begun);
                attempt.answered = Some(micros(answer.after));
                attempt.dns = answer.phases.map(|phases| micros(phases.dns));
                attempt.connect = answer.phases.map(|phases| micros(phases.connect));
                attempt.tls = answer.phases.and_then(|phases| phases.tls).map(micros);
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
