//! The one HTTP client: one attempt, how long it took, and what went wrong. [`RawClient`] sends what no HTTP client would.
//!
//! It follows no redirect, and it calls only addresses that its [`TargetRules`] allow.

mod connect;
mod error;
mod raw;
mod rules;

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::emit::SignedRequest;
use crate::excerpt::excerpt;
use crate::tls::Trust;

pub(crate) use connect::{Connector, Phases};
pub(crate) use error::SendError;
pub(crate) use raw::{Held, Pace, RawAnswer, RawClient};
pub(crate) use rules::TargetRules;

/// How much of an answer's body is kept.
const MAX_ANSWER: usize = 64 * 1024;
/// How much of its head is kept.
const MAX_HEAD: usize = 16 * 1024;

/// Sends signed requests. Cheap to clone; connections are kept alive and shared.
#[derive(Clone)]
pub(crate) struct Client {
    http: hyper_util::client::legacy::Client<Connector, Full<Bytes>>,
}

/// What an attempt came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) elapsed: Duration,
    pub(crate) result: Result<Answer, SendError>,
}

/// An answer of whatever status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// How long it took from the beginning of the attempt until its head was there.
    pub(crate) after: Duration,
    /// How long the connection took, if it was made for this exchange.
    pub(crate) phases: Option<Phases>,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// At most the first 64 KiB.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The status line and the headers, as text; at most the first 16 KiB.
    pub(crate) fn head_text(&self) -> String {
        let mut text = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes())));
            if text.len() > MAX_HEAD {
                return excerpt(&text, MAX_HEAD);
            }
        }
        text
    }
}

impl Client {
    pub(crate) fn new(rules: TargetRules, trust: Trust) -> Self {
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .http1_title_case_headers(true)
            // It is among the headers that are given, unless somebody wants to see a request without it.
            .set_host(false)
            .pool_idle_timeout(Duration::from_secs(15))
            .pool_timer(TokioTimer::new())
            .build(Connector::new(rules, trust));
        Self { http }
    }

    /// One attempt, however it ends.
    pub(crate) async fn attempt(&self, request: &SignedRequest, timeout: Duration) -> Outcome {
        let begun = Instant::now();
        let result = match tokio::time::timeout(timeout, self.exchange(request, begun)).await {
            Ok(result) => result,
            Err(_) => Err(SendError::TimeoutResponse(timeout)),
        };
        Outcome { elapsed: begun.elapsed(), result }
    }

    async fn exchange(&self, request: &SignedRequest, begun: Instant) -> Result<Answer, SendError> {
        let response = self.http.request(http_request(request)?).await.map_err(SendError::of)?;
        let after = begun.elapsed();
        let (head, body) = response.into_parts();
        let phases = Phases::of(&head.extensions);
        let body = beginning(body).await?;
        Ok(Answer { after, phases, status: head.status, headers: head.headers, body })
    }
}

fn http_request(request: &SignedRequest) -> Result<Request<Full<Bytes>>, SendError> {
    let invalid = |error: http::Error| SendError::Invalid(error.to_string());
    let mut built = Request::post(request.target.uri().clone());
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| invalid(error.into()))?;
        let value = HeaderValue::from_str(value).map_err(|error| invalid(error.into()))?;
        built = built.header(name, value);
    }
    built.body(Full::new(request.body.clone())).map_err(invalid)
}

async fn beginning(mut body: Incoming) -> Result<Vec<u8>, SendError> {
    let mut kept = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(SendError::of)?;
        let Some(data) = frame.data_ref() else { continue };
        let room = MAX_ANSWER - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
        if kept.len() == MAX_ANSWER {
            break;
        }
    }
    Ok(kept)
}
