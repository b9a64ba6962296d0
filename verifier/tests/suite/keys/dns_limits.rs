//! What strangers cannot make a receiver do: ask too much, remember too much, forget what counts.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use callback_verifier::{Class, DnsKeys, KeyError, KeyStore, Rejection};
use hickory_server::proto::op::ResponseCode::{NXDomain, ServFail};

use super::dns::verdict_at;
use super::name_server::{NameServer, failure, texts};
use super::zone::{Trouble, Zone, key_name, verifier};
use crate::support::keys::{A, B};
use crate::support::{Forge, KEY_ID, Message, now};

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

/// A callback under a name of its own number, signed with a key that is not published there.
fn forged(number: u64) -> Message {
    Forge::new().key(&format!("n{number}.copernica.com"), &B).sign()
}

#[tokio::test]
async fn forgeries_under_names_that_have_keys_are_limited_too() {
    let server = generous();
    let keys = Arc::new(DnsKeys::with_name_servers(&[server.address]).unwrap());
    let verifier = verifier(Arc::clone(&keys));
    let count = async |number: u64, millis: u64| {
        let message = forged(number);
        verifier.verify(&message.head(), &message.body, at(millis)).await.map(drop).unwrap_err().class()
    };
    // 1,000 a second for three seconds: each finds a key that did not make its signature.
    for number in 0..3000 {
        count(number, number).await;
    }
    let allowed = 100 + 59;
    let kept = keys.statistics();
    assert_eq!(kept.questions, allowed);
    // Of those at once, half looked a name up and half looked it up once more. Later each time there was only one to be had.
    assert_eq!(kept.kept, 50 + 59);
    // One volley under the names that are kept, when each may be looked up again.
    let mut put_off = 0;
    for number in 0..3000 {
        put_off += usize::from(count(number, 120_000).await == Class::Temporary);
    }
    assert_eq!(keys.statistics().questions - kept.questions, 100);
    assert!(put_off >= 2900, "{put_off}");
}

#[tokio::test]
async fn a_forgery_that_was_put_off_is_no_lookup() {
    let server = generous();
    let keys = DnsKeys::with_name_servers(&[server.address]).unwrap().new_names_per_second(1, 1);
    let name = key_name("n1.copernica.com");
    let at_hand = keys.lookup(&name, at(0)).await.unwrap();
    assert!(is_temporary(&keys.refresh(&name, &at_hand, at(0)).await.unwrap_err()));
    assert!(keys.refresh(&name, &at_hand, at(1000)).await.unwrap().is_some(), "the next second has room for one");
    assert_eq!((keys.statistics().questions, keys.statistics().throttled), (2, 1));
}

#[tokio::test]
async fn lookups_that_follow_forgeries_share_the_room_of_new_names_and_those_of_proven_names_take_none() {
    let zone = Zone::publishing(&[]);
    let names: Vec<_> = (0..200).map(|number| format!("n{number}.copernica.com")).collect();
    names.iter().for_each(|name| zone.publish(name, &[A.record()]));
    let keys = Arc::new(zone.keys().new_names_per_second(u32::MAX, u32::MAX));
    let verifier = verifier(Arc::clone(&keys));
    let (proven, unproven) = names.split_at(100);
    for name in proven {
        let message = Forge::new().key(name, &A).sign();
        assert!(verifier.verify(&message.head(), &message.body, now()).await.is_ok());
    }
    for name in unproven {
        assert!(keys.lookup(&key_name(name), now()).await.is_ok());
    }
    zone.is_in(Trouble::Silence);
    tokio::time::pause();
    let before = keys.statistics();
    let refresh = |name: &String| {
        let (keys, name) = (Arc::clone(&keys), key_name(name));
        let at_hand = keys.cached(&name, now()).unwrap();
        tokio::spawn(async move { keys.refresh(&name, &at_hand, now()).await })
    };
    // All of those that are proven, first. They are no more than names that are kept.
    let mut under_way: Vec<_> = proven.iter().map(refresh).collect();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(keys.statistics().questions - before.questions, 100);
    under_way.extend(unproven.iter().map(refresh));
    for lookup in under_way {
        assert!(is_temporary(&lookup.await.unwrap().unwrap_err()));
    }
    let asked = keys.statistics();
    assert_eq!((asked.questions - before.questions, asked.throttled), (100 + 64, 36));
}

#[tokio::test]
async fn a_proven_name_does_not_queue_behind_made_up_ones_when_its_keys_have_expired() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    for (serve_stale_for, expired) in [(0, 300_000), (DAY, DAY + 300_000)] {
        let zone = Zone::publishing(&[(KEY_ID, &A)]);
        let keys = Arc::new(zone.keys().serve_stale_for(Duration::from_millis(serve_stale_for)));
        let verifier = verifier(Arc::clone(&keys));
        let flood = async |millis| {
            for number in 0..150 {
                let _ = keys.lookup(&key_name(&format!("junk-{millis}-{number}.copernica.com")), at(millis)).await;
            }
        };
        assert_eq!(verdict_at(&verifier, at(0)).await, Ok(()));
        flood(expired).await;
        assert_eq!(verdict_at(&verifier, at(expired)).await, Ok(()));
        // Nor when DNS failed in between: then it is asked for once a second, as any other.
        zone.is_in(Trouble::Code(ServFail));
        let (failing, questions) = (2 * expired, keys.statistics().questions);
        for millis in [0, 1, 999] {
            assert_eq!(verdict_at(&verifier, at(failing + millis)).await.unwrap_err().class(), Class::Temporary);
        }
        assert_eq!(keys.statistics().questions - questions, 1);
        zone.is_in(Trouble::None);
        flood(failing + 1000).await;
        assert_eq!(verdict_at(&verifier, at(failing + 1000)).await, Ok(()));
        // That it is gone makes it a name like any other.
        zone.withdraw(KEY_ID);
        let gone = 4 * expired;
        assert_eq!(verdict_at(&verifier, at(gone)).await, Err(Rejection::KeyNotFound));
        flood(gone + 10_000).await;
        assert_eq!(verdict_at(&verifier, at(gone + 10_000)).await.unwrap_err().class(), Class::Temporary);
    }
}

#[tokio::test]
async fn names_that_prove_nothing_do_not_displace_a_proven_name_that_has_expired() {
    let server = generous();
    let keys = DnsKeys::with_name_servers(&[server.address]).unwrap();
    let keys = Arc::new(keys.new_names_per_second(20, 2 * 1024).serve_stale_for(Duration::ZERO));
    let verifier = verifier(Arc::clone(&keys));
    assert_eq!(verdict_at(&verifier, at(0)).await, Ok(()));
    let expired = at(300_000);
    for number in 0..2 * MAX_NAMES {
        let _ = keys.lookup(&key_name(&format!("n{number}.copernica.com")), expired).await;
    }
    assert_eq!(keys.statistics().kept, MAX_NAMES);
    assert!(is_temporary(&keys.lookup(&key_name("n.copernica.com"), expired).await.unwrap_err()), "all are used up");
    assert_eq!(verdict_at(&verifier, expired).await, Ok(()));
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
    assert_eq!(
        refused,
        Rejection::KeyUnavailable("too many lookups of names that have verified nothing yet".to_owned())
    );
    assert_eq!(refused.retry_after(), Some(5));
}
