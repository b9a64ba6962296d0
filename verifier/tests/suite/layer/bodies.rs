//! A body is read for an authentic head only, no further than its limit, and no longer than its time.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use callback_verifier::Rejection;
use callback_verifier::tower::VerifyLayer;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

use super::{Handler, builder, request, strict};
use crate::support::{Forge, Message, now};

/// A body in parts, which counts how many were taken.
struct Parts {
    parts: std::vec::IntoIter<Result<Frame<Bytes>, std::io::Error>>,
    taken: Arc<AtomicUsize>,
    /// What comes behind the parts: the end, or nothing ever.
    ends: bool,
}

impl Body for Parts {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.parts.next() {
            Some(part) => {
                self.taken.fetch_add(1, Ordering::SeqCst);
                Poll::Ready(Some(part))
            }
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

fn in_parts(message: &Message, size: usize, ends: bool) -> (Request<Parts>, Arc<AtomicUsize>) {
    let parts: Vec<_> = message.body.chunks(size).map(|part| Ok(Frame::data(Bytes::copy_from_slice(part)))).collect();
    let taken = Arc::new(AtomicUsize::new(0));
    let body = Parts { parts: parts.into_iter(), taken: Arc::clone(&taken), ends };
    (request(message).map(|_| body), taken)
}

fn rejection(layer: &VerifyLayer, request: Request<impl Body<Data = Bytes> + Send + 'static>) -> Option<Rejection> {
    Handler::default().answer(layer, request, StatusCode::OK).extensions_mut().remove()
}

#[test]
fn takes_a_body_in_parts() {
    for size in [1, 7, 200, 10_000] {
        let message = Forge::new().sign();
        let (request, taken) = in_parts(&message, size, true);
        assert_eq!(rejection(&strict(), request), None, "{size}");
        assert_eq!(taken.load(Ordering::SeqCst), message.body.len().div_ceil(size));
    }
    let empty = Forge::new().body("").sign();
    assert_eq!(rejection(&strict(), request(&empty)), None);
}

#[test]
fn reads_nothing_of_the_body_of_a_forgery() {
    let forged = Forge::new().sign().set("Date", "Mon, 23 Nov 2026 08:15:01 GMT");
    let (request, taken) = in_parts(&forged, 10, true);
    assert_eq!(rejection(&strict(), request), Some(Rejection::BadSignature));
    assert_eq!(taken.load(Ordering::SeqCst), 0);
}

#[test]
fn reads_nothing_of_the_body_of_what_was_handled_before() {
    let (layer, message) = (strict(), Forge::new().sign());
    assert_eq!(rejection(&layer, request(&message)), None);
    let (again, taken) = in_parts(&message, 10, false);
    assert_eq!(rejection(&layer, again), Some(Rejection::Replayed));
    assert_eq!(taken.load(Ordering::SeqCst), 0);
}

#[test]
fn stops_reading_at_the_limit() {
    let layer = builder().max_body(1000).build().unwrap().layer().clock(now);
    // Without a `Content-Length`, or the head alone would tell.
    let message =
        Forge::new().not_covering("content-length").body(vec![b'x'; 100_000]).without("Content-Length").sign();
    let (request, taken) = in_parts(&message, 100, true);
    assert_eq!(rejection(&layer, request), Some(Rejection::BodyTooLarge { limit: 1000 }));
    assert_eq!(taken.load(Ordering::SeqCst), 11);
}

#[test]
fn stops_reading_a_body_that_is_longer_than_it_said() {
    let message = Forge::new().sign().with(|message| message.body.extend([b' '; 1000]));
    let (request, taken) = in_parts(&message, 100, true);
    let Some(Rejection::ContentLengthMismatch { declared, .. }) = rejection(&strict(), request) else { panic!() };
    assert_eq!(taken.load(Ordering::SeqCst) as u64, declared / 100 + 1);
}

#[test]
fn refuses_a_body_that_breaks_off() {
    let message = Forge::new().sign();
    let parts = [Ok(Frame::data(Bytes::copy_from_slice(&message.body))), Err(std::io::Error::other("reset"))];
    let body = Parts { parts: parts.into_iter().collect::<Vec<_>>().into_iter(), taken: Arc::default(), ends: true };
    assert_eq!(rejection(&strict(), request(&message).map(|_| body)), Some(Rejection::BodyUnreadable));
}

#[test]
fn trailers_are_not_part_of_the_body() {
    let message = Forge::new().sign();
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-copernica-id", "account_9999".parse().unwrap());
    let frames = [Frame::data(Bytes::copy_from_slice(&message.body)), Frame::trailers(trailers)];
    let body =
        Parts { parts: frames.into_iter().map(Ok).collect::<Vec<_>>().into_iter(), taken: Arc::default(), ends: true };
    assert_eq!(rejection(&strict(), request(&message).map(|_| body)), None);
}

#[tokio::test(start_paused = true)]
async fn gives_up_a_body_that_does_not_come_in_time() {
    let message = Forge::new().sign();
    let (request, _) = in_parts(&message, 10_000, false);
    let begun = tokio::time::Instant::now();
    let layer = strict().body_deadline(Duration::from_secs(7));
    let handler =
        service_fn(|_: Request<Full<Bytes>>| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) });
    let response = layer.layer(handler).oneshot(request).await.unwrap();
    assert_eq!(response.extensions().get(), Some(&Rejection::BodyTooSlow { limit: 7 }));
    assert_eq!(response.status(), 503);
    assert_eq!(begun.elapsed(), Duration::from_secs(7));
}
