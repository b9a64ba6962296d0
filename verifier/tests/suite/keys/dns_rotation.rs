//! Keys change, under load and at bad moments.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use callback_verifier::{Class, KeyError, KeyStore, Rejection, Verifier};
use hickory_server::proto::op::ResponseCode::ServFail;

use super::zone::{TTL, Trouble, Zone, key_name, verifier};
use crate::support::keys::{A, B, TestKey};
use crate::support::{Forge, KEY_ID, now};

const NEXT_ID: &str = "2026-12._domainkey.copernica.com";

fn at(seconds: u64) -> SystemTime {
    now() + Duration::from_secs(seconds)
}

async fn verdict(verifier: &Verifier, id: &str, key: &'static TestKey, now: SystemTime) -> Result<(), Rejection> {
    let message = Forge::new().key(id, key).sign();
    verifier.verify(&message.head(), &message.body, now).await.map(drop)
}

/// So many callbacks at once. How many of them were accepted.
async fn accepted(
    verifier: &Verifier,
    id: &'static str,
    key: &'static TestKey,
    count: usize,
    now: SystemTime,
) -> usize {
    let message = Arc::new(Forge::new().key(id, key).sign());
    let callbacks: Vec<_> = (0..count)
        .map(|_| {
            let (verifier, message) = (verifier.clone(), Arc::clone(&message));
            tokio::spawn(async move { verifier.verify(&message.head(), &message.body, now).await.is_ok() })
        })
        .collect();
    let mut accepted = 0;
    for callback in callbacks {
        accepted += usize::from(callback.await.unwrap());
    }
    accepted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_key_under_the_same_name_is_found_under_load() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = Arc::new(zone.keys());
    let verifier = verifier(Arc::clone(&keys));
    assert_eq!(accepted(&verifier, KEY_ID, &A, 200, now()).await, 200);
    zone.publish(KEY_ID, &[B.record(), A.record()]);
    assert_eq!(accepted(&verifier, KEY_ID, &B, 200, at(30)).await, 200);
    assert_eq!(accepted(&verifier, KEY_ID, &A, 200, at(30)).await, 200, "the last key is published still");
    assert_eq!(keys.statistics().questions, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_under_a_new_name_is_found_under_load() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = Arc::new(zone.keys());
    let verifier = verifier(Arc::clone(&keys));
    assert_eq!(accepted(&verifier, KEY_ID, &A, 200, now()).await, 200);
    zone.publish(NEXT_ID, &[B.record()]);
    let (next, last) =
        tokio::join!(accepted(&verifier, NEXT_ID, &B, 200, at(1)), accepted(&verifier, KEY_ID, &A, 200, at(1)),);
    assert_eq!((next, last), (200, 200));
    assert_eq!(keys.statistics().questions, 2);
}

#[tokio::test]
async fn a_bad_signature_makes_the_key_looked_up_again_every_half_minute_at_most() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = Arc::new(zone.keys());
    let verifier = verifier(Arc::clone(&keys));
    assert_eq!(verdict(&verifier, KEY_ID, &A, now()).await, Ok(()));
    for (seconds, questions) in [(0, 2), (29, 2), (30, 3), (31, 3), (59, 3), (60, 4), (61, 4)] {
        for _ in 0..3 {
            assert_eq!(verdict(&verifier, KEY_ID, &B, at(seconds)).await, Err(Rejection::BadSignature));
        }
        assert_eq!(keys.statistics().questions, questions, "at {seconds} s");
    }
    assert_eq!(verdict(&verifier, KEY_ID, &A, at(61)).await, Ok(()));
}

#[tokio::test]
async fn a_lookup_that_failed_makes_a_bad_signature_temporary_and_leaves_good_ones_alone() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = Arc::new(zone.keys());
    let verifier = verifier(Arc::clone(&keys));
    assert_eq!(verdict(&verifier, KEY_ID, &A, now()).await, Ok(()));
    zone.is_in(Trouble::Code(ServFail));
    for seconds in [30, 31, 59] {
        let refused = verdict(&verifier, KEY_ID, &B, at(seconds)).await.unwrap_err();
        assert_eq!((refused.code(), refused.class()), ("key_unavailable", Class::Temporary), "at {seconds} s");
        assert_eq!(verdict(&verifier, KEY_ID, &A, at(seconds)).await, Ok(()), "at {seconds} s");
    }
    assert_eq!(keys.statistics().questions, 2);
    zone.is_in(Trouble::None);
    zone.publish(KEY_ID, &[B.record()]);
    assert_eq!(verdict(&verifier, KEY_ID, &B, at(60)).await, Ok(()));
    assert_eq!(keys.statistics().questions, 3);
}

#[tokio::test]
async fn keys_that_another_request_has_brought_are_newer_than_those_at_hand() {
    // Two requests have the last key at hand; the second finds out that it is the last one after the first has asked.
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let (keys, name) = (zone.keys(), key_name(KEY_ID));
    let old = keys.lookup(&name, now()).await.unwrap();
    zone.publish(KEY_ID, &[B.record()]);
    let new = keys.refresh(&name, &old, at(30)).await.unwrap().unwrap();
    let again = keys.refresh(&name, &old, at(30)).await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&new, &again) && !Arc::ptr_eq(&new, &old));
    assert!(keys.refresh(&name, &new, at(30)).await.unwrap().is_none());
    assert_eq!(keys.statistics().questions, 2);
}

#[tokio::test]
async fn a_bad_signature_discovers_a_revocation() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = Arc::new(zone.keys());
    let verifier = verifier(Arc::clone(&keys));
    assert_eq!(verdict(&verifier, KEY_ID, &A, now()).await, Ok(()));
    zone.publish(KEY_ID, &["v=DKIM1;p=".to_owned()]);
    assert_eq!(verdict(&verifier, KEY_ID, &A, at(40)).await, Ok(()), "it is kept for its time to live");
    assert_eq!(verdict(&verifier, KEY_ID, &B, at(40)).await, Err(Rejection::KeyRevoked));
    assert_eq!(verdict(&verifier, KEY_ID, &A, at(41)).await, Err(Rejection::KeyRevoked));
}

#[tokio::test]
async fn a_refresh_of_a_name_that_is_kept_no_more_is_a_lookup() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let (keys, name) = (zone.keys(), key_name(KEY_ID));
    let old = keys.lookup(&name, now()).await.unwrap();
    zone.withdraw(KEY_ID);
    assert_eq!(keys.refresh(&name, &old, at(30)).await.unwrap_err(), KeyError::NotFound);
    assert_eq!(keys.refresh(&name, &old, at(39)).await.unwrap_err(), KeyError::NotFound);
    assert_eq!(keys.statistics().questions, 2, "that there is none is remembered");
    zone.publish(KEY_ID, &[B.record()]);
    assert!(keys.refresh(&name, &old, at(40)).await.unwrap().is_some());
}

#[tokio::test]
async fn while_a_clock_has_jumped_back_keys_are_looked_up_again() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let (keys, name) = (zone.keys(), key_name(KEY_ID));
    let old = keys.lookup(&name, at(TTL)).await.unwrap();
    assert!(keys.refresh(&name, &old, now()).await.unwrap().is_some(), "the last lookup lies in the future");
}

#[tokio::test]
async fn a_rotation_right_after_a_lookup_is_seen_at_once() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = Arc::new(zone.keys());
    let verifier = verifier(Arc::clone(&keys));
    assert_eq!(verdict(&verifier, KEY_ID, &A, now()).await, Ok(()));
    zone.publish(KEY_ID, &[B.record()]);
    assert_eq!(verdict(&verifier, KEY_ID, &B, at(1)).await, Ok(()));
    assert_eq!(keys.statistics().questions, 2);
}
