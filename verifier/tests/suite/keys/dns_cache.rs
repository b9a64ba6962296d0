//! For how long keys from DNS are kept: by their time to live, and by the clock of the caller.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callback_verifier::Rejection;
use hickory_server::proto::op::ResponseCode;

use super::dns::{verdict_at, verifier};
use super::name_server::{NameServer, answer, failure, text, texts};
use crate::support::keys::{A, B};
use crate::support::{Forge, KEY_ID, now};

#[tokio::test]
async fn keeps_keys_for_their_time_to_live_by_the_clock_of_the_caller() {
    // The time to live that is published, and for how long it is kept: at least a minute, at most a day.
    for (published, kept) in [(300, 300), (0, 60), (59, 60), (86_400, 86_400), (u32::MAX >> 1, 86_400)] {
        let server = NameServer::start(move |question, _| {
            let mut answer = answer(question);
            let owner = question.queries[0].name().clone();
            answer.answers = vec![text(&owner, published, A.record().as_bytes()), text(&owner, u32::MAX >> 1, b"n=1")];
            vec![answer]
        });
        let verifier = verifier(&server);
        for (seconds, questions) in [(0, 1), (0, 1), (kept - 1, 1), (kept, 2), (kept * 2 - 1, 2), (kept * 2, 3)] {
            assert_eq!(verdict_at(&verifier, now() + Duration::from_secs(seconds)).await, Ok(()));
            assert_eq!(server.questions().0, questions, "{published} s published, {seconds} s later");
        }
    }
}

#[tokio::test]
async fn finds_the_next_key_of_a_name_once_the_last_one_has_expired() {
    let asked = AtomicUsize::new(0);
    let server = NameServer::start(move |question, _| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => vec![texts(question, &[A.record()])],
        _ => vec![texts(question, &[B.record()])],
    });
    let verifier = verifier(&server);
    assert_eq!(verdict_at(&verifier, now()).await, Ok(()));
    let later = now() + Duration::from_secs(300);
    let next = Forge::new().key(KEY_ID, &B).sign();
    assert_eq!(verifier.verify(&next.head(), &next.body, later).await.map(drop), Ok(()));
    assert_eq!(verdict_at(&verifier, later).await, Err(Rejection::BadSignature));
}

#[tokio::test]
async fn a_key_that_is_kept_does_not_mind_a_name_server_that_fails() {
    let asked = AtomicUsize::new(0);
    let server = NameServer::start(move |question, _| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => vec![texts(question, &[A.record()])],
        _ => failure(question, ResponseCode::ServFail),
    });
    let verifier = verifier(&server);
    for seconds in [0, 60, 299] {
        assert_eq!(verdict_at(&verifier, now() + Duration::from_secs(seconds)).await, Ok(()));
    }
}

#[tokio::test]
async fn keeps_one_key_for_all_spellings_of_its_name() {
    let server = NameServer::start(|question, _| vec![texts(question, &[A.record()])]);
    let verifier = verifier(&server);
    for key_id in [KEY_ID, "2026-11._DOMAINKEY.copernica.com", "2026-11._domainkey.copernica.com."] {
        let message = Forge::new().key(key_id, &A).sign();
        let verdict = verifier.verify(&message.head(), &message.body, now()).await.map(drop);
        assert_eq!(verdict, Ok(()), "{key_id}");
    }
    assert_eq!(server.questions(), (1, 0));
}
