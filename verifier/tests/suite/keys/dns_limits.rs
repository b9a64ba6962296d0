//! What strangers cannot make a receiver do: ask too much, remember too much, forget what counts.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use callback_verifier::{Class, DnsKeys, KeyError, KeyStore, Rejection};
use hickory_server::proto::op::ResponseCode::{NXDomain, ServFail};

use super::dns::verdict_at;
use super::name_server::{NameServer, failure, texts};
use super::zone::{Trouble, Zone, key_name, verifier};
use crate::support::keys::{A, B};
use crate::support::{Forge, KEY_ID, now};

const NEXT_ID: &str = "2026-12._domainkey.copernica.com";
/// How many names are kept, as documented.
const MAX_NAMES: u64 = 1024;

fn at(millis: u64) -> SystemTime {
    now() + Duration::from_millis(millis)
}

fn is_temporary(error: &KeyError) -> bool {
    matches!(error, KeyError::Temporary(_))
}

#[tokio::test]
async fn that_there_is_no_key_is_remembered_for_ten_seconds() {
    let zone = Zone::publishing(&[]);
    let (keys, name) = (zone.keys(), key_name(KEY_ID));
    for millis in [0, 1, 9_999] {
        assert_eq!(keys.lookup(&name, at(millis)).await.unwrap_err(), KeyError::NotFound);
    }
    zone.publish(KEY_ID, &[A.record()]);
    assert_eq!(keys.lookup(&name, at(9_999)).await.unwrap_err(), KeyError::NotFound);
    assert!(keys.lookup(&name, at(10_000)).await.is_ok());
    assert_eq!(keys.statistics().questions, 2);
    assert_eq!(keys.statistics().remembered, 3);
}

#[tokio::test]
async fn a_lookup_that_failed_is_not_repeated_for_a_second() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    zone.is_in(Trouble::Code(ServFail));
    let (keys, name) = (zone.keys(), key_name(KEY_ID));
    for (millis, questions) in [(0, 1), (1, 1), (999, 1), (1000, 2), (1999, 2)] {
        assert!(is_temporary(&keys.lookup(&name, at(millis)).await.unwrap_err()));
        assert_eq!(keys.statistics().questions, questions, "at {millis} ms");
    }
    zone.is_in(Trouble::None);
    assert!(keys.lookup(&name, at(2000)).await.is_ok());
}

#[tokio::test]
async fn a_clock_that_jumps_back_prolongs_no_refusal() {
    for trouble in [Trouble::Code(NXDomain), Trouble::Code(ServFail)] {
        let zone = Zone::publishing(&[(KEY_ID, &A)]);
        zone.is_in(trouble);
        let (keys, name) = (zone.keys(), key_name(KEY_ID));
        assert!(keys.lookup(&name, at(3_600_000)).await.is_err());
        zone.is_in(Trouble::None);
        assert!(keys.lookup(&name, at(0)).await.is_ok(), "{trouble:?}");
    }
}

#[tokio::test]
async fn names_never_seen_before_are_limited_and_put_off() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = Arc::new(zone.keys());
    let verifier = verifier(Arc::clone(&keys));
    assert_eq!(verdict_at(&verifier, now()).await, Ok(()));
    // 1,000 a second, for three seconds.
    let junk = Forge::new().sign();
    let mut codes = std::collections::BTreeMap::new();
    for number in 0..3000 {
        let message = junk.clone().resign("2026-11", &format!("junk-{number}"));
        let refused = verifier.verify(&message.head(), &message.body, at(number)).await.map(drop).unwrap_err();
        *codes.entry((refused.code(), refused.class() == Class::Temporary)).or_insert(0) += 1;
    }
    // One of the burst went to the honest name.
    let asked = 99 + 59;
    assert_eq!(
        codes.into_iter().collect::<Vec<_>>(),
        [(("key_not_found", false), asked), (("key_unavailable", true), 3000 - asked)]
    );
    let statistics = keys.statistics();
    assert_eq!((statistics.questions, statistics.throttled), (159, 2842));
    // Where an answer is slow the packet is sent again, twice at most.
    assert!((159..=3 * 159).contains(&zone.server.questions().0), "{:?} packets", zone.server.questions());
    // Who has keys kept is not touched by it, not even once they have expired.
    assert_eq!(verdict_at(&verifier, at(3000)).await, Ok(()));
    assert_eq!(verdict_at(&verifier, at(3000) + Duration::from_secs(300)).await, Ok(()));
}

#[tokio::test]
async fn expected_names_are_outside_the_limit() {
    let zone = Zone::publishing(&[(KEY_ID, &A), (NEXT_ID, &B)]);
    let keys = zone.keys().new_names_per_second(0, 0).expecting([key_name(NEXT_ID)]);
    assert!(is_temporary(&keys.lookup(&key_name(KEY_ID), now()).await.unwrap_err()));
    assert!(keys.lookup(&key_name(NEXT_ID), now()).await.is_ok());
    assert_eq!(keys.statistics().throttled, 1);
}

#[tokio::test]
async fn the_limit_is_the_operators_choice() {
    let zone = Zone::publishing(&[]);
    let keys = zone.keys().new_names_per_second(1, 3);
    let mut asked = 0;
    for number in 0..20 {
        let refused = keys.lookup(&key_name(&format!("n{number}.copernica.com")), now()).await.unwrap_err();
        asked += u32::from(refused == KeyError::NotFound);
    }
    assert_eq!(asked, 3);
}

/// A name server that has a key for every name.
fn generous() -> NameServer {
    NameServer::start(|question, _| {
        let asked = question.queries[0].name().to_ascii().to_ascii_lowercase();
        if asked.starts_with("no") { failure(question, NXDomain) } else { vec![texts(question, &[A.record()])] }
    })
}

#[tokio::test]
async fn names_that_prove_nothing_displace_each_other_and_nobody_else() {
    let server = generous();
    let expected = key_name(NEXT_ID);
    let keys = DnsKeys::with_name_servers(&[server.address]).unwrap();
    let keys = Arc::new(keys.new_names_per_second(u32::MAX, u32::MAX).expecting([expected.clone()]));
    let verifier = verifier(Arc::clone(&keys));
    assert_eq!(verdict_at(&verifier, now()).await, Ok(()));
    assert!(keys.lookup(&expected, now()).await.is_ok());
    for number in 0..MAX_NAMES + 200 {
        assert!(keys.lookup(&key_name(&format!("n{number}.copernica.com")), at(number)).await.is_ok());
        assert!(keys.statistics().kept <= MAX_NAMES + 1, "{number}");
    }
    let later = at(MAX_NAMES + 200);
    assert_eq!(keys.statistics().kept, MAX_NAMES + 1);
    assert!(keys.cached(&key_name(KEY_ID), later).is_some(), "it is proven");
    assert!(keys.cached(&expected, later).is_some(), "it is expected");
    assert!(keys.cached(&key_name("n0.copernica.com"), later).is_none(), "it expires first");
    assert!(keys.cached(&key_name(&format!("n{}.copernica.com", MAX_NAMES + 199)), later).is_some());
    // Names without keys are remembered apart from them, and no more than that many either.
    for number in 0..MAX_NAMES + 10 {
        let name = key_name(&format!("no{number}.copernica.com"));
        assert_eq!(keys.lookup(&name, later).await.unwrap_err(), KeyError::NotFound);
    }
    let before = keys.statistics().remembered;
    for (number, remembered) in [(0, 1), (MAX_NAMES - 1, 1), (MAX_NAMES, 0), (MAX_NAMES + 9, 0)] {
        let name = key_name(&format!("no{number}.copernica.com"));
        let so_far = keys.statistics().remembered;
        assert_eq!(keys.lookup(&name, later).await.unwrap_err(), KeyError::NotFound);
        assert_eq!(keys.statistics().remembered - so_far, remembered, "{number}");
    }
    assert_eq!(keys.statistics().remembered - before, 2);
    assert!(keys.cached(&key_name(KEY_ID), later).is_some());
}

#[tokio::test]
async fn what_has_expired_makes_room() {
    let server = generous();
    let keys = DnsKeys::with_name_servers(&[server.address]).unwrap().new_names_per_second(u32::MAX, u32::MAX);
    for number in 0..MAX_NAMES {
        assert!(keys.lookup(&key_name(&format!("n{number}.copernica.com")), now()).await.is_ok());
    }
    assert!(keys.lookup(&key_name("last.copernica.com"), now() + Duration::from_secs(300)).await.is_ok());
    assert_eq!(keys.statistics().kept, 1);
}

#[tokio::test]
async fn lookups_under_way_are_limited_too() {
    let zone = Zone::publishing(&[]);
    zone.is_in(Trouble::Silence);
    tokio::time::pause();
    let keys = Arc::new(zone.keys().new_names_per_second(u32::MAX, u32::MAX).expecting([key_name(NEXT_ID)]));
    let lookups: Vec<_> = (0..300)
        .map(|number| {
            let keys = Arc::clone(&keys);
            tokio::spawn(async move { keys.lookup(&key_name(&format!("n{number}.copernica.com")), now()).await })
        })
        .collect();
    for lookup in lookups {
        assert!(is_temporary(&lookup.await.unwrap().unwrap_err()));
    }
    let statistics = keys.statistics();
    assert_eq!((statistics.questions, statistics.throttled), (64, 236));
    zone.is_in(Trouble::None);
    tokio::time::resume();
    assert_eq!(keys.lookup(&key_name(NEXT_ID), now()).await.unwrap_err(), KeyError::NotFound);
}

#[tokio::test]
async fn a_callback_under_a_name_that_is_put_off_is_never_refused_for_good() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let verifier = verifier(Arc::new(zone.keys().new_names_per_second(0, 0)));
    let refused = verdict_at(&verifier, now()).await.unwrap_err();
    assert_eq!(refused, Rejection::KeyUnavailable("too many names that were never seen before".to_owned()));
    assert_eq!(refused.retry_after(), Some(5));
}
