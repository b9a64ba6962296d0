use std::time::SystemTime;

use super::Dispatcher;
use crate::emit::{Emission, SignedRequest, nonce};
use crate::send::Answer;
use crate::store::{Attempt, Message, StoreError};

impl Dispatcher {
    /// One attempt, however it ends: a date, a nonce and a signature of its own, over the same body.
    pub(super) async fn attempt(&self, message: Result<Message, StoreError>) -> Attempt {
        let message = match message {
            Ok(message) => message,
            Err(error) => return Attempt::failed("unreadable", error.to_string()),
        };
        let real = SystemTime::now();
        let mut attempt = Attempt { started: crate::clock::millis(real), ..Attempt::default() };
        match self.signed(message, real).await {
            Err(detail) => attempt.error = Some(("signing_failed", detail)),
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

    async fn signed(&self, message: Message, now: SystemTime) -> Result<SignedRequest, String> {
        let nonce = nonce().map_err(|error| error.to_string())?;
        let (account, wire, coverage) = (self.account, message.wire.unwrap_or(self.wire), self.coverage);
        let date = self.store.clock().date_of_signature(now);
        let keyring = self.keyring.clone();
        let sign = move || {
            let emission = Emission {
                target: &message.url,
                content_type: &message.payload.content_type,
                body: message.payload.bytes.into(),
                account,
                date,
                nonce,
                wire,
                coverage,
                key: keyring.signing(),
            };
            emission.sign()
        };
        match self.signers.run(sign).await {
            Some(signed) => signed.map_err(|error| error.to_string()),
            None => Err("the signer panicked".to_owned()),
        }
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
