//! What a stranger sees, and what the people who run the receiver see.

use std::time::SystemTime;

use callback_verifier::key::Lookup;
use callback_verifier::{KeyError, KeyName, KeySet, KeyStore, Rejection, Verifier};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};

use super::{Handler, builder, request, strict};
use crate::support::{ACCOUNT, Forge, HOST, block_on, log, now};

#[test]
fn a_genuine_request_reaches_the_handler_whole() {
    let handler = Handler::default();
    let message = Forge::new().sign();
    let response = handler.answer(&strict(), request(&message), StatusCode::ACCEPTED);
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert!(response.extensions().get::<Rejection>().is_none());
    let body = block_on(response.into_body().collect()).unwrap().to_bytes();
    assert_eq!(body, message.body);
    assert_eq!(handler.calls(), 1);
}

#[test]
fn a_stranger_learns_the_class_and_nothing_else() {
    let tampered = Forge::new().sign().with(|message| message.body[0] ^= 1);
    let unsigned = Forge::new().sign().without("Signature");
    let other = Forge::new().set("X-Copernica-ID", "account_9999").sign();
    let garbage = Forge::new().sign().set("Signature", "x");
    let strict = strict();
    let mut answers = Vec::new();
    for (message, status) in [(&tampered, 401), (&unsigned, 401), (&other, 401), (&garbage, 400)] {
        let handler = Handler::default();
        let response = handler.answer(&strict, request(message), StatusCode::OK);
        assert_eq!(handler.calls(), 0);
        assert_eq!(response.status(), status);
        let (mut parts, body) = response.into_parts();
        assert_eq!(block_on(body.collect()).unwrap().to_bytes(), "");
        assert!(parts.extensions.remove::<Rejection>().is_some());
        answers.push((parts.status, parts.headers));
    }
    assert!(answers[0] == answers[1] && answers[1] == answers[2], "{answers:?}");
    assert_eq!(answers[0].1[WWW_AUTHENTICATE], "Signature");
    assert!(answers[3].1.is_empty());
}

#[test]
fn the_exact_reason_is_in_the_extensions() {
    let message = Forge::new().set("X-Copernica-ID", "account_9999").sign();
    let response = Handler::default().answer(&strict(), request(&message), StatusCode::OK);
    let expected = Rejection::WrongAccount { got: "account_9999".into(), expected: "account_1234".into() };
    assert_eq!(response.extensions().get(), Some(&expected));
}

struct Down;

impl KeyStore for Down {
    fn cached(&self, _: &KeyName, _: SystemTime) -> Option<std::sync::Arc<KeySet>> {
        None
    }

    fn lookup<'a>(&'a self, _: &'a KeyName, _: SystemTime) -> Lookup<'a> {
        Box::pin(std::future::ready(Err(KeyError::Temporary("SERVFAIL".into()))))
    }
}

#[test]
fn what_may_pass_is_answered_with_503_and_a_time_to_try_again() {
    let layer = Verifier::builder(ACCOUNT).host(HOST).keys(Down).build().unwrap().layer().clock(now);
    let response = Handler::default().answer(&layer, request(&Forge::new().sign()), StatusCode::OK);
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[RETRY_AFTER], "5");
    assert_eq!(response.extensions().get(), Some(&Rejection::KeyUnavailable("SERVFAIL".into())));
}

#[test]
fn another_answer_can_be_made() {
    use tower::{Layer, ServiceExt, service_fn};
    let layer = strict().on_rejection(|rejection: &Rejection| {
        let mut response = Response::new(Full::<bytes::Bytes>::from(rejection.code()));
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        response
    });
    let handler = service_fn(|_: http::Request<Full<bytes::Bytes>>| async {
        Ok::<_, std::convert::Infallible>(Response::new(Full::default()))
    });
    let message = Forge::new().sign().without("Signature");
    let response = block_on(layer.layer(handler).oneshot(request(&message))).unwrap();
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    assert_eq!(response.extensions().get(), Some(&Rejection::SignatureMissing));
    assert_eq!(block_on(response.into_body().collect()).unwrap().to_bytes(), "signature_missing");
}

#[test]
fn verdicts_are_counted_by_their_code() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let layer = strict();
        for message in [Forge::new().sign(), Forge::new().sign(), Forge::new().sign().without("Signature")] {
            Handler::default().answer(&layer, request(&message), StatusCode::OK);
        }
    });
    let mut counted: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            assert_eq!(key.key().name(), callback_verifier::tower::VERDICTS);
            let labels: Vec<_> = key.key().labels().map(|label| label.value().to_owned()).collect();
            let metrics_util::debugging::DebugValue::Counter(count) = value else { panic!("{value:?}") };
            (labels.join(" "), count)
        })
        .collect();
    counted.sort();
    let expected = [("refused replayed 12", 1), ("refused signature_missing 2", 1), ("verified verified 0", 1)];
    assert_eq!(counted, expected.map(|(labels, count)| (labels.to_owned(), count)));
}

#[test]
fn the_exact_reason_is_in_the_log() {
    let log = log::of_this_thread(|| {
        let message = Forge::new().set("X-Copernica-ID", "account_9999").sign();
        Handler::default().answer(&strict(), request(&message), StatusCode::OK);
        let down = Verifier::builder(ACCOUNT).host(HOST).keys(Down).build().unwrap().layer().clock(now);
        Handler::default().answer(&down, request(&Forge::new().sign()), StatusCode::OK);
    });
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].contains(" INFO ") && lines[0].contains("expected account_1234, got account_9999"), "{log}");
    assert!(lines[0].contains("code=\"wrong_account\" step=8"), "{log}");
    assert!(lines[1].contains(" INFO ") && lines[1].contains("code=\"key_unavailable\" step=9"), "{log}");
}

#[test]
fn the_layer_can_be_printed_and_tells_no_secret() {
    let layer = builder().build().unwrap().layer().strip_prefix("/internal").unwrap();
    let text = format!("{layer:?}");
    assert!(text.contains("hooks.example.com") && text.contains("/internal"), "{text}");
}
