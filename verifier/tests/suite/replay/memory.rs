//! The memory of one process: leases, tickets, room, and clocks that jump.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use callback_verifier::replay::{ReplayError, Ticket};
use callback_verifier::{Lease, MemoryGuard, ReplayGuard};

use super::{at, nonce};
use crate::support::block_on;

const FULL: ReplayError = ReplayError::Full { capacity: 10 };

fn claim(guard: &MemoryGuard, text: &str, until: SystemTime, now: SystemTime) -> Result<Ticket, ReplayError> {
    block_on(guard.claim(&nonce(text), until, now))
}

/// Claims a nonce that is to be remembered for 100 s.
fn claim_at(guard: &MemoryGuard, text: &str, seconds: u64) -> Result<Ticket, ReplayError> {
    claim(guard, text, at(seconds + 100), at(seconds))
}

fn commit_at(guard: &MemoryGuard, text: &str, ticket: Ticket, seconds: u64) -> Result<(), ReplayError> {
    block_on(guard.commit(&nonce(text), ticket, at(seconds + 100), at(seconds)))
}

fn release(guard: &MemoryGuard, text: &str, ticket: Ticket) {
    block_on(guard.release(&nonce(text), ticket)).unwrap();
}

#[test]
fn a_claim_that_nobody_ends_is_ended_by_its_lease() {
    let guard = MemoryGuard::default();
    claim_at(&guard, "a", 0).unwrap();
    assert_eq!(claim(&guard, "a", at(100), at(60) - Duration::from_nanos(1)), Err(ReplayError::Pending));
    claim(&guard, "a", at(100), at(60)).unwrap();
    let brief = MemoryGuard::default().with_lease(Lease::new(Duration::from_millis(5)).unwrap());
    claim_at(&brief, "a", 0).unwrap();
    assert_eq!(claim(&brief, "a", at(100), at(0) + Duration::from_millis(4)), Err(ReplayError::Pending));
    claim(&brief, "a", at(100), at(0) + Duration::from_millis(5)).unwrap();
}

#[test]
fn a_late_release_does_not_free_the_claim_of_another() {
    let guard = MemoryGuard::default();
    let first = claim_at(&guard, "a", 0).unwrap();
    let second = claim_at(&guard, "a", 60).unwrap();
    release(&guard, "a", first);
    guard.abandon(nonce("a"), first);
    assert_eq!(claim_at(&guard, "a", 61), Err(ReplayError::Pending));
    release(&guard, "a", second);
    claim_at(&guard, "a", 61).unwrap();
}

#[test]
fn a_late_commit_counts() {
    // While somebody else holds the claim, after he has released it, and after he was forgotten.
    let guard = MemoryGuard::default();
    let first = claim_at(&guard, "a", 0).unwrap();
    let second = claim_at(&guard, "a", 60).unwrap();
    commit_at(&guard, "a", first, 0).unwrap();
    assert_eq!(claim_at(&guard, "a", 61), Err(ReplayError::Replayed));
    release(&guard, "a", second);
    assert_eq!(claim_at(&guard, "a", 61), Err(ReplayError::Replayed));

    let first = claim_at(&guard, "b", 0).unwrap();
    let second = claim_at(&guard, "b", 60).unwrap();
    release(&guard, "b", second);
    commit_at(&guard, "b", first, 0).unwrap();
    assert_eq!(claim(&guard, "b", at(100), at(61)), Err(ReplayError::Replayed));
}

#[test]
fn a_nonce_is_remembered_for_the_longest_time_that_was_asked_for() {
    let guard = MemoryGuard::default();
    let long = claim(&guard, "a", at(200), at(0)).unwrap();
    let short = claim(&guard, "a", at(120), at(60)).unwrap();
    block_on(guard.commit(&nonce("a"), short, at(120), at(60))).unwrap();
    assert_eq!(claim(&guard, "a", at(300), at(199)), Err(ReplayError::Replayed));
    block_on(guard.commit(&nonce("a"), long, at(400), at(0))).unwrap();
    assert_eq!(claim(&guard, "a", at(500), at(399)), Err(ReplayError::Replayed));
    claim(&guard, "a", at(500), at(400)).unwrap();
}

#[test]
fn a_full_memory_forgets_what_has_expired_and_nothing_else() {
    let guard = MemoryGuard::with_capacity(10);
    for number in 0..10 {
        let ticket = claim_at(&guard, &number.to_string(), number).unwrap();
        if number % 2 == 0 {
            commit_at(&guard, &number.to_string(), ticket, number).unwrap();
        }
    }
    assert_eq!((guard.len(), guard.capacity()), (10, 10));
    for now in [10, 50, 99] {
        assert_eq!(claim_at(&guard, "another", now), Err(FULL));
        assert_eq!(claim_at(&guard, "0", now), Err(ReplayError::Replayed));
    }
    // One of them expires each second, and makes room for one.
    for now in 100..110 {
        claim_at(&guard, &format!("new-{now}"), now).unwrap();
        assert_eq!(claim_at(&guard, "another", now), Err(FULL), "{now}");
    }
    assert_eq!(claim_at(&guard, "new-100", 110), Err(ReplayError::Pending));
}

#[test]
fn a_claim_that_is_released_makes_room() {
    let guard = MemoryGuard::with_capacity(10);
    let tickets: Vec<_> = (0..10).map(|number| claim_at(&guard, &number.to_string(), 0).unwrap()).collect();
    assert_eq!(claim_at(&guard, "another", 0), Err(FULL));
    release(&guard, "3", tickets[3]);
    release(&guard, "3", tickets[3]);
    assert_eq!(guard.len(), 9);
    claim_at(&guard, "another", 0).unwrap();
    assert_eq!(claim_at(&guard, "one-more", 0), Err(FULL));
    // A commit whose slot is gone needs room too, and says so.
    assert_eq!(commit_at(&guard, "3", tickets[3], 0), Err(FULL));
}

#[test]
fn a_commit_of_what_nobody_can_claim_any_more_takes_no_room() {
    let guard = MemoryGuard::with_capacity(1);
    let ticket = claim_at(&guard, "a", 0).unwrap();
    claim_at(&guard, "b", 200).unwrap();
    commit_at(&guard, "a", ticket, 0).unwrap();
    assert_eq!(guard.len(), 1);
}

#[test]
fn it_tells_how_full_it_is() {
    let guard = MemoryGuard::with_capacity(10);
    assert!(guard.is_empty());
    let ticket = claim_at(&guard, "a", 0).unwrap();
    assert_eq!((guard.is_empty(), guard.len(), guard.capacity()), (false, 1, 10));
    assert_eq!(format!("{guard:?}"), "MemoryGuard { len: 1, capacity: 10, lease: 60s }");
    release(&guard, "a", ticket);
    assert!(guard.is_empty());
    assert_eq!(MemoryGuard::default().capacity(), 1_000_000);
}

#[test]
fn what_was_handled_is_known_at_once_until_it_expires() {
    let guard = Arc::new(MemoryGuard::default());
    let handled =
        |seconds| [guard.was_handled(&nonce("a"), at(seconds)), (*guard).was_handled(&nonce("a"), at(seconds))];
    assert_eq!(handled(0), [false; 2]);
    let ticket = claim_at(&guard, "a", 0).unwrap();
    assert_eq!(handled(0), [false; 2], "it is being handled");
    commit_at(&guard, "a", ticket, 0).unwrap();
    assert_eq!((handled(0), handled(99)), ([true; 2], [true; 2]));
    assert_eq!(handled(100), [false; 2]);
    assert!(!guard.was_handled(&nonce("another"), at(0)));
}

#[test]
fn a_memory_for_nothing_is_full() {
    let guard = MemoryGuard::with_capacity(0);
    assert_eq!(claim_at(&guard, "a", 0), Err(ReplayError::Full { capacity: 0 }));
}

#[test]
fn a_clock_that_jumps_lets_no_replay_in() {
    let guard = MemoryGuard::with_capacity(10);
    for number in 0..10 {
        let ticket = claim_at(&guard, &number.to_string(), 0).unwrap();
        commit_at(&guard, &number.to_string(), ticket, 0).unwrap();
    }
    // An hour ahead: all have expired, and some are forgotten for new ones.
    claim_at(&guard, "new", 3_600).unwrap();
    let spare = claim_at(&guard, "spare", 3_600).unwrap();
    release(&guard, "spare", spare);
    // And back: what is as old as they were cannot be told from them; what is newer can.
    for number in 0..10 {
        let outcome = claim(&guard, &number.to_string(), at(100), at(50));
        assert!(matches!(outcome, Err(ReplayError::Unavailable(_) | ReplayError::Replayed)), "{number}: {outcome:?}");
    }
    claim(&guard, "newer", at(101), at(50)).unwrap();
    assert_eq!(claim(&guard, "new", at(101), at(50)), Err(ReplayError::Pending));
}

#[test]
fn no_time_makes_it_panic() {
    let far = SystemTime::UNIX_EPOCH + Duration::from_secs(i64::MAX.unsigned_abs());
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(1_000_000_000);
    for until in [far, before_1970, at(0)] {
        for now in [far, before_1970, at(0)] {
            let guard = MemoryGuard::default();
            if let Ok(ticket) = claim(&guard, "a", until, now) {
                block_on(guard.commit(&nonce("a"), ticket, until, now)).unwrap();
            }
            assert!(until <= now || claim(&guard, "a", until, now).is_err(), "{until:?} {now:?}");
        }
    }
}
