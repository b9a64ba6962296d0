//! A genuine request is handled once, and a retry is never lost.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use callback_verifier::tower::VerifyLayer;
use callback_verifier::{MemoryGuard, Rejection};
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
    use std::sync::atomic::{AtomicBool, Ordering};
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
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(cx) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
