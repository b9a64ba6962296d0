//! The layer in front of a handler, without a socket except where the socket matters.

mod answers;
mod bodies;
mod claims;
mod proxies;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use callback_verifier::tower::{VerifyLayer, verified};
use callback_verifier::{PinnedKeys, Rejection, Verifier, VerifierBuilder};
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::keys::A;
use crate::support::{ACCOUNT, HOST, Message, block_on, now};

/// The strict policy, with the replay guard that is there by default.
fn builder() -> VerifierBuilder {
    let keys = PinnedKeys::new().with_every_name(A.private.public_key().clone());
    Verifier::builder(ACCOUNT).host(HOST).keys(keys)
}

fn strict() -> VerifyLayer {
    builder().build().unwrap().layer().clock(now)
}

/// A message as a server of the `http` crate hands it over.
fn request(message: &Message) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(message.method.as_str()).uri(message.target.as_str());
    for (name, value) in &message.headers {
        request = request.header(name, &value[..]);
    }
    request.body(Full::from(message.body.clone())).unwrap()
}

/// A handler that counts how often it is called, and answers with a status.
#[derive(Clone, Default)]
struct Handler {
    calls: Arc<AtomicUsize>,
}

impl Handler {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The answer to a request that goes through the layer.
    fn answer<B>(&self, layer: &VerifyLayer, request: Request<B>, status: StatusCode) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        let calls = Arc::clone(&self.calls);
        let handler = service_fn(move |request: Request<Full<Bytes>>| {
            calls.fetch_add(1, Ordering::SeqCst);
            async move {
                let evidence = verified(request.extensions()).cloned().unwrap();
                let body = request.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(body, evidence.body(), "the handler and the evidence have different bodies");
                let mut response = Response::new(Full::new(body));
                *response.status_mut() = status;
                Ok::<_, Infallible>(response)
            }
        });
        block_on(layer.layer(handler).oneshot(request)).unwrap()
    }
}

/// What becomes of a message: the code of the refusal, if there is one.
fn code(layer: &VerifyLayer, message: &Message) -> Option<&'static str> {
    let response = Handler::default().answer(layer, request(message), StatusCode::OK);
    let rejection = response.extensions().get::<Rejection>();
    assert_eq!(response.status().as_u16(), rejection.map_or(200, |rejection| rejection.class().status()));
    rejection.map(Rejection::code)
}
