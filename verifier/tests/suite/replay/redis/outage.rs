//! Redis that is not there, does not answer, is full, or was started anew.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use callback_verifier::replay::{RedisCheckError, ReplayError, Ticket};
use callback_verifier::{Class, RedisGuard, Rejection, ReplayGuard, StoreOutage};

use super::{Proxy, Server, at, claim, claim_when_free, commit, guard, nonce, until, verifier};
use crate::support::{Forge, now};

/// What became unavailable, for what reason.
fn reason<T: std::fmt::Debug>(outcome: Result<T, ReplayError>) -> String {
    match outcome {
        Err(ReplayError::Unavailable(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_redis_costs_no_callback() {
    let mut server = Server::start();
    let (here, there) = (guard(&server), guard(&server));
    let ticket = claim(&here, "a").await.unwrap();
    server.resume_from_nothing();
    // The connection at hand is dead, the scripts are gone.
    commit(&here, "a", ticket).await.unwrap();
    assert_eq!(claim(&here, "a").await, Err(ReplayError::Replayed));
    server.resume_from_nothing();
    // It remembers nothing: that is what its documentation says. The process that has handled it does.
    assert_eq!(claim(&here, "a").await, Err(ReplayError::Replayed));
    claim(&there, "a").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_a_callback_is_refused_for_the_moment() {
    let mut server = Server::start();
    let guard = guard(&server);
    claim(&guard, "a").await.unwrap();
    server.stop();
    for _ in 0..3 {
        assert!(reason(claim(&guard, "b").await).starts_with("Redis failed"));
        assert!(reason(commit(&guard, "c", Ticket(1)).await).starts_with("Redis failed"));
    }
    assert!(matches!(guard.check().await, Err(RedisCheckError::Unavailable(ReplayError::Unavailable(_)))));
    let message = Forge::new().sign();
    let verifier = verifier(|builder| builder.replay_guard(guard.clone()));
    let verified = verifier.verify(&message.head(), &message.body, now()).await.unwrap();
    let rejection = verifier.claim(&verified, now()).await.unwrap_err();
    assert!(matches!(rejection, Rejection::ReplayGuardUnavailable(_)), "{rejection:?}");
    assert_eq!((rejection.class(), rejection.retry_after()), (Class::Temporary, Some(5)));
    server.resume_from_nothing();
    verifier.claim(&verified, now()).await.unwrap().commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_a_callback_is_accepted_by_those_who_ask_for_it() {
    let mut server = Server::start();
    let [here, there] = [(); 2].map(|()| guard(&server).with_store_outage(StoreOutage::AcceptUnguarded));
    let committed = claim(&here, "a").await.unwrap();
    commit(&here, "a", committed).await.unwrap();
    assert_eq!(claim(&there, "a").await, Err(ReplayError::Replayed), "while Redis answers, it counts");
    server.stop();
    let unguarded = claim(&here, "b").await.unwrap();
    claim(&here, "b").await.unwrap();
    reason(commit(&here, "b", unguarded).await);
    assert_eq!(claim(&here, "b").await, Err(ReplayError::Replayed), "who has handled it knows that");
    claim(&there, "b").await.unwrap();
    server.resume_from_nothing();
    // Nobody has told Redis, so it gets in once more, and is remembered then.
    let once_more = claim(&there, "b").await.unwrap();
    commit(&there, "b", once_more).await.unwrap();
    assert_eq!(claim(&guard(&server), "b").await, Err(ReplayError::Replayed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_caller_has_gone_is_released() {
    let server = Server::start();
    let (here, there) = (guard(&server), guard(&server));
    // Opens the connection and brings the scripts.
    claim(&here, "a").await.unwrap();
    server.freeze();
    let hung_up = tokio::time::timeout(Duration::from_millis(200), claim(&here, "b"));
    hung_up.await.unwrap_err();
    server.thaw();
    // The lease is far too long to do it.
    claim_when_free(&there, "b").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_hangs_does_not_hang_the_receiver() {
    let server = Server::start();
    let patient = guard(&server);
    let hasty = patient.clone().with_timeout(Duration::from_millis(50));
    let ticket = claim(&patient, "a").await.unwrap();
    server.freeze();
    let late = "Redis did not answer within 50 ms";
    // The first asks over the connection at hand, the others over a new one.
    for text in ["b", "c", "d"] {
        assert_eq!(reason(claim(&hasty, text).await), late);
    }
    assert_eq!(reason(commit(&hasty, "a", ticket).await), late);
    assert_eq!(reason(hasty.release(&nonce("a"), ticket).await), late);
    let crowd: Vec<_> = (0..20)
        .map(|number| {
            let hasty = hasty.clone();
            tokio::spawn(async move { claim(&hasty, &number.to_string()).await })
        })
        .collect();
    for member in crowd {
        assert_eq!(reason(member.await.unwrap()), late);
    }
    server.thaw();
    // A release that came too late may be carried out all the same, and then the nonce is free.
    commit(&patient, "a", ticket).await.unwrap();
    assert_eq!(claim(&patient, "a").await, Err(ReplayError::Replayed));
    let ticket = claim(&patient, "new").await.unwrap();
    commit(&patient, "new", ticket).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_leads_nowhere_is_given_up() {
    let server = Server::start();
    let proxy = Proxy::before(server.socket());
    let patient = RedisGuard::new(&proxy.url()).unwrap().with_timeout(Duration::from_secs(20));
    let hasty = patient.clone().with_timeout(Duration::from_millis(50));
    claim(&patient, "a").await.unwrap();
    proxy.lose_questions();
    reason(claim(&hasty, "b").await);
    claim(&patient, "b").await.unwrap();
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_shares_one_connection() {
    let server = Server::start();
    let proxy = Proxy::before(server.socket());
    let guard = RedisGuard::new(&proxy.url()).unwrap().with_timeout(Duration::from_secs(20));
    let crowd: Vec<_> = (0..50)
        .map(|number| {
            let guard = guard.clone();
            tokio::spawn(async move { claim(&guard, &number.to_string()).await })
        })
        .collect();
    for member in crowd {
        member.await.unwrap().unwrap();
    }
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_answer_was_lost_is_made_once_more_and_holds() {
    let server = Server::start();
    let proxy = Proxy::before(server.socket());
    let guard = RedisGuard::new(&proxy.url()).unwrap().with_timeout(Duration::from_secs(20));
    claim(&guard, "a").await.unwrap();
    proxy.lose_answers();
    let ticket = claim(&guard, "b").await.unwrap();
    assert_eq!(proxy.connections(), 2);
    assert_eq!(claim(&guard, "b").await, Err(ReplayError::Pending));
    guard.release(&nonce("b"), ticket).await.unwrap();
    claim(&guard, "b").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn out_of_memory_redis_takes_no_claims_and_forgets_none() {
    let server = Server::with(&["--maxmemory-policy", "noeviction"]);
    let guard = guard(&server);
    let [handled, failed] = [claim(&guard, "handled").await.unwrap(), claim(&guard, "failed").await.unwrap()];
    let () = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    assert!(reason(claim(&guard, "new").await).starts_with("Redis is out of memory"));
    commit(&guard, "handled", handled).await.unwrap();
    guard.release(&nonce("failed"), failed).await.unwrap();
    assert_eq!(claim(&guard, "handled").await, Err(ReplayError::Replayed));
    assert_eq!(server.ask::<i64>(&["EXISTS", &super::key("handled"), &super::key("failed")]), 1);
    let () = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    claim(&guard, "new").await.unwrap();
    claim(&guard, "failed").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_server_is_told_without_credentials() {
    let server = Server::with(&["--requirepass", "right"]);
    for url in
        [server.url(), format!("{}?pass=hunter2", server.url()), format!("{}?user=nobody&pass=hunter2", server.url())]
    {
        let guard = RedisGuard::new(&url).unwrap().with_timeout(Duration::from_secs(20));
        let refused = reason(claim(&guard, "a").await);
        assert!(refused.starts_with("Redis failed"), "{refused}");
        assert!(!refused.contains("hunter2") && !refused.contains("within"), "{refused}");
    }
    let guard = RedisGuard::new(&format!("{}?pass=right", server.url())).unwrap();
    claim(&guard.with_timeout(Duration::from_secs(20)), "a").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_value_in_place_of_a_nonce_lets_nothing_in() {
    let server = Server::start();
    let () = server.ask(&["SET", &super::key("a"), "something else"]);
    assert!(reason(claim(&guard(&server), "a").await).contains("WRONGTYPE"));
}

#[test]
fn outside_of_a_runtime_it_refuses_and_does_not_panic() {
    let guard = RedisGuard::new("redis://127.0.0.1:1").unwrap();
    let nonce = nonce("a");
    let mut claim = pin!(guard.claim(&nonce, until(), at(0)));
    match claim.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => assert!(reason(outcome).contains("tokio runtime")),
        Poll::Pending => panic!("there is nothing to wait for"),
    }
    guard.abandon(nonce.clone(), Ticket(1));
}

#[test]
fn a_runtime_that_ended_takes_only_its_connection_with_it() {
    let server = Server::start();
    let guard = guard(&server);
    for text in ["a", "b", "c"] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(claim_when_free(&guard, text));
    }
}
