//! The memory of a fleet, with a real Redis server.

mod outage;
mod proxy;
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use callback_verifier::replay::{Nonce, RedisCheckError, ReplayError, Ticket};
use callback_verifier::{Lease, RedisGuard, Rejection, ReplayGuard};

use super::{at, nonce, verifier};
use crate::support::{Forge, now};
use proxy::Proxy;
use server::Server;

const WINDOW: u64 = 100;

/// A guard that waits long enough for any machine.
fn guard(server: &Server) -> RedisGuard {
    RedisGuard::new(&server.url()).unwrap().with_timeout(Duration::from_secs(20))
}

fn brief(server: &Server) -> RedisGuard {
    guard(server).with_lease(Lease::new(Duration::from_millis(20)).unwrap())
}

fn until() -> SystemTime {
    at(WINDOW)
}

async fn claim(guard: &RedisGuard, text: &str) -> Result<Ticket, ReplayError> {
    guard.claim(&nonce(text), until(), at(0)).await
}

async fn commit(guard: &RedisGuard, text: &str, ticket: Ticket) -> Result<(), ReplayError> {
    guard.commit(&nonce(text), ticket, until(), at(0)).await
}

/// What keeps the server: its time is real, so there is nothing but to ask again.
async fn claim_when_free(guard: &RedisGuard, text: &str) -> Ticket {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match claim(guard, text).await {
            Ok(ticket) => return ticket,
            Err(error) => assert_eq!(error, ReplayError::Pending),
        }
        assert!(Instant::now() < deadline, "still pending");
        tokio::task::yield_now().await;
    }
}

fn key(text: &str) -> String {
    format!("callback-nonce:{}", nonce(text).fingerprint())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_handles_a_callback_once() {
    let server = Server::start();
    let (here, there) = (guard(&server), guard(&server));
    let ticket = claim(&here, "a").await.unwrap();
    assert_eq!(claim(&there, "a").await, Err(ReplayError::Pending));
    assert_eq!(claim(&here, "a").await, Err(ReplayError::Pending));
    commit(&here, "a", ticket).await.unwrap();
    assert_eq!(claim(&there, "a").await, Err(ReplayError::Replayed));
    assert_eq!(claim(&here, "a").await, Err(ReplayError::Replayed));
    claim(&there, "b").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_has_spent_or_was_told_to_be_spent_it_refuses_without_asking() {
    let mut server = Server::start();
    let (here, there) = (guard(&server), guard(&server));
    let known = |guard: &RedisGuard, seconds| guard.was_handled(&nonce("a"), at(seconds));
    let ticket = claim(&here, "a").await.unwrap();
    assert_eq!(claim(&there, "a").await, Err(ReplayError::Pending));
    assert!(!known(&here, 0) && !known(&there, 0), "it may fail yet");
    commit(&here, "a", ticket).await.unwrap();
    assert!(known(&here, 0) && !known(&there, 0));
    assert_eq!(claim(&there, "a").await, Err(ReplayError::Replayed));
    for guard in [&here, &there] {
        assert!(known(guard, WINDOW - 1) && !known(guard, WINDOW));
        assert!(known(&guard.clone(), 0) && !known(&guard.clone().with_prefix("theirs:"), 0));
    }
    server.stop();
    for guard in [&here, &there] {
        assert_eq!(claim(guard, "a").await, Err(ReplayError::Replayed));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_claim_a_nonce_at_once_one_gets_it() {
    let server = Server::start();
    let fleet = [guard(&server), guard(&server), guard(&server)];
    for round in 0..50 {
        let nonce: Arc<Nonce> = Arc::new(nonce(round.to_string()));
        let claims: Vec<_> = fleet
            .iter()
            .cycle()
            .take(9)
            .map(|guard| {
                let (guard, nonce) = (guard.clone(), Arc::clone(&nonce));
                tokio::spawn(async move { guard.claim(&nonce, until(), at(0)).await })
            })
            .collect();
        let mut winners = 0;
        for claim in claims {
            match claim.await.unwrap() {
                Ok(_) => winners += 1,
                Err(error) => assert_eq!(error, ReplayError::Pending),
            }
        }
        assert_eq!(winners, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_ends_unhandled_frees_the_nonce() {
    let server = Server::start();
    let (here, there) = (guard(&server), guard(&server));
    let ticket = claim(&here, "a").await.unwrap();
    here.release(&nonce("a"), ticket).await.unwrap();
    let ticket = claim(&there, "a").await.unwrap();
    // In the background; the lease is far too long to do it.
    there.abandon(nonce("a"), ticket);
    claim_when_free(&here, "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lease_of_a_crashed_process_ends() {
    let server = Server::start();
    claim(&brief(&server), "a").await.unwrap();
    claim_when_free(&guard(&server), "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_release_does_not_free_the_claim_of_another() {
    let server = Server::start();
    let (slow, other) = (brief(&server), guard(&server));
    let late = claim(&slow, "a").await.unwrap();
    claim_when_free(&other, "a").await;
    slow.release(&nonce("a"), late).await.unwrap();
    assert_eq!(claim(&other, "a").await, Err(ReplayError::Pending));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_counts() {
    let server = Server::start();
    let (slow, other) = (brief(&server), guard(&server));
    // While somebody else holds the claim, and after he has given it back.
    let late = claim(&slow, "a").await.unwrap();
    let second = claim_when_free(&other, "a").await;
    commit(&slow, "a", late).await.unwrap();
    assert_eq!(claim(&other, "a").await, Err(ReplayError::Replayed));
    other.release(&nonce("a"), second).await.unwrap();
    assert_eq!(claim(&other, "a").await, Err(ReplayError::Replayed));
    // After the claim was forgotten.
    let late = claim(&slow, "b").await.unwrap();
    let second = claim_when_free(&other, "b").await;
    other.release(&nonce("b"), second).await.unwrap();
    commit(&slow, "b", late).await.unwrap();
    assert_eq!(claim(&other, "b").await, Err(ReplayError::Replayed));
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_counts_the_lease_and_then_the_window() {
    let server = Server::start();
    let lives = |text: &str| server.ask::<i64>(&["PTTL", &key(text)]);
    let minute = guard(&server);
    let ticket = claim(&minute, "a").await.unwrap();
    assert!((40_000..=60_000).contains(&lives("a")), "{}", lives("a"));
    commit(&minute, "a", ticket).await.unwrap();
    assert!((80_000..=100_000).contains(&lives("a")), "{}", lives("a"));
    // A commit that asks for less takes nothing away.
    minute.commit(&nonce("a"), ticket, at(10), at(0)).await.unwrap();
    assert!((80_000..=100_000).contains(&lives("a")), "{}", lives("a"));
    // A lease that is longer than the window ends with it.
    let hour = guard(&server).with_lease(Lease::new(Duration::from_secs(3_600)).unwrap());
    claim(&hour, "b").await.unwrap();
    assert!((80_000..=100_000).contains(&lives("b")), "{}", lives("b"));
    // The shortest time there is.
    hour.claim(&nonce("c"), at(0) + Duration::from_nanos(1), at(0)).await.unwrap();
    assert!(lives("c") <= 1, "{}", lives("c"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prefix_names_the_keys_and_parts_receivers() {
    let server = Server::start();
    let (ours, theirs) = (guard(&server), guard(&server).with_prefix("theirs:"));
    let ticket = claim(&ours, "a").await.unwrap();
    commit(&ours, "a", ticket).await.unwrap();
    claim(&theirs, "a").await.unwrap();
    let mut keys = server.ask::<Vec<String>>(&["KEYS", "*"]);
    keys.sort();
    assert_eq!(keys, [key("a"), format!("theirs:{}", nonce("a").fingerprint())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_remembers_in_redis() {
    let server = Server::start();
    let [here, there] = [(); 2].map(|()| verifier(|builder| builder.replay_guard(guard(&server))));
    let message = Forge::new().sign();
    let verified = here.verify(&message.head(), &message.body, now()).await.unwrap();
    let claim = here.claim(&verified, now()).await.unwrap();
    assert_eq!(there.claim(&verified, now()).await.unwrap_err(), Rejection::ReplayPending);
    claim.release().await.unwrap();
    let claim = there.claim(&verified, now()).await.unwrap();
    claim.commit().await.unwrap();
    assert_eq!(here.claim(&verified, now()).await.unwrap_err(), Rejection::Replayed);
    // Two seconds of 300, and of the margin of 60, have passed.
    let keys = server.ask::<Vec<String>>(&["KEYS", "*"]);
    let lives = server.ask::<i64>(&["PTTL", &keys[0]]);
    assert!((330_000..=358_000).contains(&lives), "{lives}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_over_tcp_and_with_a_password() {
    let (server, port) = Server::on_tcp();
    let () = server.ask(&[
        "ACL",
        "SETUSER",
        "receiver",
        "on",
        ">s3cr%t/",
        "~callback-nonce:*",
        "+@scripting",
        "+@write",
        "+@read",
        "+info",
    ]);
    let guard = RedisGuard::new(&format!("redis://receiver:s3cr%25t%2F@127.0.0.1:{port}/0")).unwrap();
    let guard = guard.with_timeout(Duration::from_secs(20));
    assert_eq!(guard.check().await, Ok(()));
    let ticket = claim(&guard, "a").await.unwrap();
    commit(&guard, "a", ticket).await.unwrap();
    assert_eq!(claim(&guard, "a").await, Err(ReplayError::Replayed));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_finds_a_server_that_would_forget() {
    for (options, expected) in [
        (vec![], Ok(())),
        (vec!["--maxmemory", "100mb", "--maxmemory-policy", "noeviction"], Ok(())),
        (vec!["--maxmemory-policy", "allkeys-lru"], Ok(())),
        (vec!["--maxmemory", "100mb", "--maxmemory-policy", "volatile-ttl"], Err("volatile-ttl")),
        (vec!["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"], Err("allkeys-lru")),
    ] {
        let server = Server::with(&options);
        let expected = expected.map_err(|policy| RedisCheckError::Evicts { got: policy.into() });
        assert_eq!(guard(&server).check().await, expected, "{options:?}");
    }
}

#[test]
fn a_url_that_makes_no_sense_is_refused_at_once_and_not_repeated() {
    for url in [
        "",
        "localhost",
        "http://user:hunter2@localhost",
        "redis://",
        "redis://user:hunter2@localhost/hunter2",
        "redis://user:hunter2@localhost:99999",
        "redis://user:hunter2@localhost?protocol=hunter2",
        "redis://hunter2%ff@localhost",
        "redis://:hunter2%ff@localhost",
        "rediss://user:hunter2@localhost",
        "redis://user:hunter2@0.0.0.0",
    ] {
        let error = RedisGuard::new(url).unwrap_err();
        let texts = format!("{error} {error:?}");
        assert!(!texts.contains("hunter2"), "{texts}");
        assert!(error.to_string().starts_with("not a usable Redis URL"), "{url}: {error}");
    }
}

#[test]
fn credentials_do_not_show() {
    let guard = RedisGuard::new("redis://user-x:hunter2@redis.example:6380/3").unwrap();
    let shown = format!("{guard:?}");
    assert!(shown.contains("redis.example:6380") && !shown.contains("hunter2") && !shown.contains("user-x"), "{shown}");
    let guard = RedisGuard::new("unix:///run/redis.sock?user=user-x&pass=hunter2").unwrap();
    let shown = format!("{guard:?}");
    assert!(shown.contains("/run/redis.sock") && !shown.contains("hunter2") && !shown.contains("user-x"), "{shown}");
}
