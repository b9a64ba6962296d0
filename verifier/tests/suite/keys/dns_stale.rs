//! Proven keys are served past their time to live while DNS does not answer, and not a moment beyond what was promised.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use callback_verifier::{Class, DnsKeys, KeyStore, Rejection, Verifier};
use hickory_server::proto::op::ResponseCode::{NXDomain, Refused, ServFail};

use super::dns::verdict_at;
use super::zone::{TTL, Trouble, Zone, key_name, verifier};
use crate::support::keys::{A, B};
use crate::support::{Forge, KEY_ID, now};

const DAY: u64 = 24 * 60 * 60;

fn at(seconds: u64) -> SystemTime {
    now() + Duration::from_secs(seconds)
}

/// A zone, and a receiver that has proven its key at 0 s.
async fn proven(change: impl FnOnce(DnsKeys) -> DnsKeys) -> (Zone, Arc<DnsKeys>, Verifier) {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = Arc::new(change(zone.keys()));
    let verifier = verifier(Arc::clone(&keys));
    assert_eq!(verdict_at(&verifier, now()).await, Ok(()));
    (zone, keys, verifier)
}

async fn code_at(verifier: &Verifier, seconds: u64) -> &'static str {
    verdict_at(verifier, at(seconds)).await.map_or_else(|refused| refused.code(), |()| "accepted")
}

#[tokio::test]
async fn proven_keys_are_served_for_a_day_while_dns_fails() {
    let troubles = [Trouble::Code(ServFail), Trouble::Code(Refused), Trouble::Truncated, Trouble::Garbage];
    for trouble in troubles.into_iter().chain([Trouble::EndlessAliases]) {
        let (zone, _, verifier) = proven(|keys| keys).await;
        zone.is_in(trouble);
        for seconds in [TTL, TTL + 3600, TTL + DAY - 1] {
            assert_eq!(code_at(&verifier, seconds).await, "accepted", "{trouble:?} at {seconds} s");
        }
        assert_eq!(code_at(&verifier, TTL + DAY).await, "key_unavailable", "{trouble:?}");
        zone.is_in(Trouble::None);
        assert_eq!(code_at(&verifier, TTL + DAY + 1).await, "accepted", "{trouble:?}");
    }
}

#[tokio::test]
async fn stale_service_ends_within_its_last_recheck() {
    let (zone, keys, verifier) = proven(|keys| keys).await;
    zone.is_in(Trouble::Code(ServFail));
    assert_eq!(code_at(&verifier, TTL + DAY - 10).await, "accepted");
    // The next recheck would be due at +20 s; the keys end before.
    assert!(keys.cached(&key_name(KEY_ID), at(TTL + DAY - 1)).is_some());
    assert!(keys.cached(&key_name(KEY_ID), at(TTL + DAY)).is_none());
}

#[tokio::test]
async fn how_long_is_the_operators_choice() {
    for (seconds, accepted) in [(0, false), (59, false), (61, true)] {
        let (zone, _, verifier) = proven(|keys| keys.serve_stale_for(Duration::from_secs(seconds))).await;
        zone.is_in(Trouble::Code(ServFail));
        let expected = if accepted { "accepted" } else { "key_unavailable" };
        assert_eq!(code_at(&verifier, TTL + 60).await, expected, "{seconds} s");
    }
}

#[tokio::test]
async fn keys_that_have_proven_nothing_are_not_served_past_their_time() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = Arc::new(zone.keys());
    let verifier = verifier(Arc::clone(&keys));
    assert!(keys.lookup(&key_name(KEY_ID), now()).await.is_ok());
    zone.is_in(Trouble::Code(ServFail));
    assert_eq!(code_at(&verifier, TTL).await, "key_unavailable");
}

#[tokio::test]
async fn with_dns_well_the_first_request_past_the_time_sees_what_is_published() {
    let (zone, keys, verifier) = proven(|keys| keys).await;
    zone.publish(KEY_ID, &[B.record()]);
    assert_eq!(verdict_at(&verifier, at(TTL)).await, Err(Rejection::BadSignature));
    assert_eq!(keys.statistics().stale, 0);
}

#[tokio::test]
async fn dns_is_asked_every_half_minute_by_one_request_and_nobody_else_waits() {
    let (zone, keys, verifier) = proven(|keys| keys).await;
    zone.is_in(Trouble::Code(ServFail));
    let before = keys.statistics();
    for seconds in TTL..TTL + 90 {
        for _ in 0..5 {
            assert_eq!(code_at(&verifier, seconds).await, "accepted");
        }
    }
    let after = keys.statistics();
    assert_eq!((after.questions - before.questions, after.failed - before.failed), (3, 3));
    assert_eq!(after.stale, 3);
    // Once it is time to ask again, one lookup asks; for everybody else the keys are at hand meanwhile.
    let (name, due) = (key_name(KEY_ID), at(TTL + 90));
    assert!(keys.cached(&name, due).is_none());
    let mut one = keys.lookup(&name, due);
    std::future::poll_fn(|cx| {
        assert!(one.as_mut().poll(cx).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    assert!(keys.cached(&name, due).unwrap().is_stale());
    assert!(one.await.unwrap().is_stale());
}

#[tokio::test]
async fn while_dns_is_silent_nobody_with_stale_keys_waits_for_its_deadline() {
    let (zone, keys, _) = proven(|keys| keys).await;
    zone.is_in(Trouble::Silence);
    tokio::time::pause();
    let name = key_name(KEY_ID);
    for (seconds, waited) in [(TTL, 1800), (TTL + 30, 1800)] {
        let began = tokio::time::Instant::now();
        assert!(keys.lookup(&name, at(seconds)).await.unwrap().is_stale());
        let elapsed = began.elapsed().as_millis();
        assert!((waited..=waited + 1).contains(&elapsed), "{elapsed} ms, timers are exact to a millisecond");
        assert!(keys.cached(&name, at(seconds + 29)).unwrap().is_stale());
        // The question ends by itself; what it brings is nothing.
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    let statistics = keys.statistics();
    assert_eq!((statistics.questions, statistics.failed, statistics.stale), (3, 2, 2));
}

#[tokio::test]
async fn once_dns_is_back_stale_keys_give_way() {
    let (zone, keys, verifier) = proven(|keys| keys).await;
    zone.is_in(Trouble::Code(ServFail));
    assert_eq!(code_at(&verifier, TTL).await, "accepted");
    zone.is_in(Trouble::None);
    let name = key_name(KEY_ID);
    assert!(keys.cached(&name, at(TTL + 29)).unwrap().is_stale());
    assert_eq!(code_at(&verifier, TTL + 30).await, "accepted");
    let fresh = keys.cached(&name, at(TTL + 30 + TTL - 1)).unwrap();
    assert!(!fresh.is_stale() && fresh.is_proven(), "the same key is proven still");
}

#[tokio::test]
async fn another_key_under_the_name_has_yet_to_prove_itself() {
    let (zone, keys, verifier) = proven(|keys| keys).await;
    zone.publish(KEY_ID, &[B.record()]);
    assert_eq!(verdict_at(&verifier, at(TTL)).await, Err(Rejection::BadSignature));
    assert!(!keys.cached(&key_name(KEY_ID), at(TTL)).unwrap().is_proven());
    zone.publish(KEY_ID, &[B.record(), A.record()]);
    let next = Forge::new().key(KEY_ID, &B).sign();
    assert!(verifier.verify(&next.head(), &next.body, at(TTL)).await.is_ok());
    zone.publish(KEY_ID, &[A.record(), B.record()]);
    assert!(keys.lookup(&key_name(KEY_ID), at(2 * TTL)).await.unwrap().is_proven(), "one of them is the same");
}

#[tokio::test]
async fn an_answer_that_there_is_no_key_ends_stale_service_at_once() {
    type Ends = fn(&Zone);
    let ends: [(&str, Ends); 3] = [
        ("key_not_found", |zone| zone.is_in(Trouble::Code(NXDomain))),
        ("key_revoked", |zone| zone.publish(KEY_ID, &["v=DKIM1;p=".to_owned()])),
        ("key_unusable", |zone| zone.publish(KEY_ID, &["v=spf1 -all".to_owned()])),
    ];
    for (code, end) in ends {
        let (zone, keys, verifier) = proven(|keys| keys).await;
        zone.is_in(Trouble::Code(ServFail));
        assert_eq!(code_at(&verifier, TTL).await, "accepted");
        zone.is_in(Trouble::None);
        end(&zone);
        assert_eq!(code_at(&verifier, TTL + 30).await, code);
        assert!(keys.cached(&key_name(KEY_ID), at(TTL + 30)).is_none());
        // Nor do they come back when DNS fails once more.
        zone.is_in(Trouble::Code(ServFail));
        assert_eq!(code_at(&verifier, TTL + 45).await, "key_unavailable");
        assert_eq!(keys.statistics().kept, 0);
    }
}

#[tokio::test]
async fn a_bad_signature_under_stale_keys_proves_nothing() {
    let (zone, _, verifier) = proven(|keys| keys).await;
    zone.is_in(Trouble::Code(ServFail));
    let forged = Forge::new().key(KEY_ID, &B).sign();
    let refused = verifier.verify(&forged.head(), &forged.body, at(TTL)).await.map(drop).unwrap_err();
    assert_eq!((refused.code(), refused.class()), ("key_unavailable", Class::Temporary));
}

#[tokio::test]
async fn a_clock_that_jumps_back_keeps_no_key_for_longer() {
    let (zone, keys, _) = proven(|keys| keys).await;
    let name = key_name(KEY_ID);
    assert!(keys.cached(&name, now() - Duration::from_secs(5)).is_some(), "a small step is no jump");
    let past = now() - Duration::from_secs(3600);
    assert!(keys.cached(&name, past).is_none(), "they were looked up in the future");
    zone.publish(KEY_ID, &["v=DKIM1;p=".to_owned()]);
    assert!(keys.lookup(&name, past).await.is_err());
    assert!(keys.cached(&name, now()).is_none(), "what was learnt later counts");
}

#[tokio::test]
async fn who_judges_by_an_earlier_time_takes_nothing_from_the_others() {
    let (zone, _, verifier) = proven(|keys| keys).await;
    assert_eq!(code_at(&verifier, TTL + 1).await, "accepted");
    zone.is_in(Trouble::Code(ServFail));
    let an_hour_ago = now() - Duration::from_secs(3600);
    let earlier = keys_at(&verifier, an_hour_ago).await;
    assert_eq!(earlier, Err("key_unavailable"), "by then nothing had been looked up");
    assert_eq!(code_at(&verifier, TTL + 2).await, "accepted");
}

/// What becomes of a callback that was signed at the time by which it is judged.
async fn keys_at(verifier: &Verifier, now: SystemTime) -> Result<(), &'static str> {
    let message = Forge::new().set("Date", callback_verifier::wire::format_date(now)).sign();
    verifier.verify(&message.head(), &message.body, now).await.map(drop).map_err(|refused| refused.code())
}
