//! A genuine request is handled once, and a retry is never lost.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use callback_verifier::replay::{Nonce, Reply, Ticket};
use callback_verifier::tower::VerifyLayer;
use callback_verifier::{MemoryGuard, Rejection, ReplayGuard};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tokio::sync::Notify;
use tower::{Layer, ServiceExt, service_fn};

use super::{Handler, builder, code, request, strict};
use crate::support::{Forge, Message, now};

#[test]
fn refuses_what_was_handled() {
    let (layer, handler, message) = (strict(), Handler::default(), Forge::new().sign());
    for (status, calls) in [(200, 1), (409, 1), (409, 1)] {
        let response = handler.answer(&layer, request(&message), StatusCode::OK);
        assert_eq!((response.status().as_u16(), handler.calls()), (status, calls));
    }
    let again = Forge::new().set("X-Nonce", "another").sign();
    assert_eq!(handler.answer(&layer, request(&again), StatusCode::OK).status(), 200);
}

#[test]
fn lets_a_retry_in_when_the_handler_failed() {
    for failure in [301, 400, 404, 500, 503].map(|status| StatusCode::from_u16(status).unwrap()) {
        let (layer, handler, message) = (strict(), Handler::default(), Forge::new().sign());
        for status in [failure, failure, StatusCode::NO_CONTENT] {
            assert_eq!(handler.answer(&layer, request(&message), status).status(), status);
        }
        assert_eq!(handler.answer(&layer, request(&message), StatusCode::OK).status(), 409);
        assert_eq!(handler.calls(), 3);
    }
}

#[test]
fn lets_a_retry_in_when_the_body_was_not_the_one_that_was_signed() {
    let (layer, message) = (strict(), Forge::new().sign());
    let tampered = message.clone().with(|message| message.body[0] ^= 1);
    assert_eq!(code(&layer, &tampered), Some("digest_mismatch"));
    assert_eq!(code(&layer, &message), None);
}

#[test]
fn all_services_of_a_layer_share_one_guard_and_so_do_all_layers_of_a_verifier() {
    let verifier = builder().build().unwrap();
    let message = Forge::new().sign();
    assert_eq!(code(&verifier.layer().clock(now), &message), None);
    assert_eq!(code(&verifier.clone().layer().clock(now), &message), Some("replayed"));
}

#[test]
fn without_a_guard_a_request_comes_as_often_as_it_comes_and_needs_no_nonce() {
    let layer = builder().without_replay_guard().build().unwrap().layer().clock(now);
    let message = Forge::new().not_covering("x-nonce").sign();
    assert_eq!(code(&layer, &message), None);
    assert_eq!(code(&layer, &message), None);
    assert_eq!(code(&strict(), &message), Some("nonce_missing"));
}

#[test]
fn a_full_guard_asks_to_try_again() {
    let guard = MemoryGuard::with_capacity(1);
    let layer = builder().replay_guard(guard).build().unwrap().layer().clock(now);
    // The guard is sharded, so that the shard may be another; but not for all of these.
    let codes: Vec<_> = (0..1000).map(|n| code(&layer, &Forge::new().set("X-Nonce", format!("n{n}")).sign())).collect();
    assert!(codes.contains(&Some("replay_guard_full")), "{codes:?}");
    assert!(codes.iter().all(|code| matches!(code, None | Some("replay_guard_full"))), "{codes:?}");
}

/// A handler that waits to be told to go on.
fn waiting(
    gate: &Arc<Notify>,
) -> impl tower::Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static
+ use<> {
    let gate = Arc::clone(gate);
    service_fn(move |_: Request<Full<Bytes>>| {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            Ok::<_, Infallible>(Response::new(Full::default()))
        }
    })
}

async fn status(layer: &VerifyLayer, gate: &Arc<Notify>, message: &Message) -> u16 {
    layer.layer(waiting(gate)).oneshot(request(message)).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn what_is_being_handled_is_not_handled_a_second_time() {
    let (layer, gate, message) = (strict(), Arc::new(Notify::new()), Forge::new().sign());
    let mut first = Box::pin(status(&layer, &gate, &message));
    // Nothing but the gate is waited for, so one look brings it there.
    assert!(poll_once(&mut first).await.is_none());
    assert_eq!(status(&layer, &gate, &message).await, 503);
    gate.notify_one();
    assert_eq!(first.await, 200);
    assert_eq!(status(&layer, &gate, &message).await, 409);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_no_claim_behind() {
    let (layer, gate, message) = (strict(), Arc::new(Notify::new()), Forge::new().sign());
    let mut first = Box::pin(status(&layer, &gate, &message));
    assert!(poll_once(&mut first).await.is_none());
    drop(first);
    gate.notify_one();
    assert_eq!(status(&layer, &gate, &message).await, 200);
}

#[tokio::test]
async fn a_handler_that_panics_leaves_no_claim_behind() {
    let (layer, message) = (strict(), Forge::new().sign());
    let panicking = service_fn(|_: Request<Full<Bytes>>| async {
        if true {
            panic!("a mistake in the handler");
        }
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let ended = tokio::spawn(layer.layer(panicking).oneshot(request(&message))).await;
    assert!(ended.unwrap_err().is_panic());
    let gate = Arc::new(Notify::new());
    gate.notify_one();
    assert_eq!(status(&layer, &gate, &message).await, 200);
}

#[test]
fn a_body_that_came_too_late_for_the_guard_is_too_old() {
    use std::sync::atomic::AtomicBool;
    // The clock jumps between the head and the claim.
    let asked = AtomicBool::new(false);
    let layer = builder().build().unwrap().layer().clock(move || match asked.swap(true, Ordering::SeqCst) {
        false => now(),
        true => now() + Duration::from_secs(358),
    });
    let response = Handler::default().answer(&layer, request(&Forge::new().sign()), StatusCode::OK);
    assert_eq!(response.extensions().get(), Some(&Rejection::DateTooOld { age: 360, window: 300 }));
}

/// One look at a future: its value, if it has one already.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|cx| match std::pin::Pin::new(&mut *future).poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// A service that gives places, and counts how many were taken.
#[derive(Clone, Default)]
struct Places(Arc<AtomicUsize>);

impl tower::Service<Request<Full<Bytes>>> for Places {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        std::future::ready(Ok(Response::new(Full::default())))
    }
}

#[tokio::test]
async fn a_place_in_the_service_is_for_genuine_requests_only() {
    let (layer, places, message) = (strict(), Places::default(), Forge::new().sign());
    for (request, status, taken) in [
        (request(&message.clone().without("Signature")), 401, 0),
        (request(&message.clone().with(|message| message.body[0] ^= 1)), 401, 0),
        (request(&message), 200, 1),
        (request(&message), 409, 1),
    ] {
        let response = layer.layer(places.clone()).oneshot(request).await.unwrap();
        assert_eq!((response.status().as_u16(), places.0.load(Ordering::SeqCst)), (status, taken));
    }
}

/// A guard that is asked over a network, so that it takes time to tell it something.
#[derive(Clone, Default)]
struct Slow {
    told: Arc<Notify>,
    committed: Arc<Notify>,
}

impl ReplayGuard for Slow {
    fn claim<'a>(&'a self, _: &'a Nonce, _: SystemTime, _: SystemTime) -> Reply<'a, Ticket> {
        Box::pin(std::future::ready(Ok(Ticket(1))))
    }

    fn commit<'a>(&'a self, _: &'a Nonce, _: Ticket, _: SystemTime, _: SystemTime) -> Reply<'a, ()> {
        Box::pin(async {
            self.told.notified().await;
            self.committed.notify_one();
            Ok(())
        })
    }

    fn release<'a>(&'a self, _: &'a Nonce, _: Ticket) -> Reply<'a, ()> {
        panic!("it was handled");
    }

    fn abandon(&self, _: Nonce, _: Ticket) {
        panic!("it was handled");
    }
}

#[tokio::test]
async fn what_was_handled_is_remembered_even_if_the_client_hangs_up_meanwhile() {
    let guard = Slow::default();
    let layer = builder().replay_guard(guard.clone()).build().unwrap().layer().clock(now);
    let gate = Arc::new(Notify::new());
    gate.notify_one();
    let message = Forge::new().sign();
    let mut answer = Box::pin(status(&layer, &gate, &message));
    assert!(poll_once(&mut answer).await.is_none(), "it waits for the guard");
    drop(answer);
    guard.told.notify_one();
    guard.committed.notified().await;
}
