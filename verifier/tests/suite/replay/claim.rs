//! What a claim passes on of what its store says.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use callback_verifier::replay::{Nonce, ReplayError, Reply, Ticket};
use callback_verifier::{Lease, MemoryGuard, ReplayGuard};

use super::{claim, guarded, nonce};
use crate::support::{Forge, block_on, now};

/// A store that takes claims and then cannot be reached.
#[derive(Default)]
struct Unreachable {
    abandoned: AtomicUsize,
}

fn gone<'a>() -> Reply<'a, ()> {
    Box::pin(ready(Err(ReplayError::Unavailable("gone".into()))))
}

impl ReplayGuard for Unreachable {
    fn claim<'a>(&'a self, _: &'a Nonce, _: SystemTime, _: SystemTime) -> Reply<'a, Ticket> {
        Box::pin(ready(Ok(Ticket(1))))
    }

    fn commit<'a>(&'a self, _: &'a Nonce, _: Ticket, _: SystemTime, _: SystemTime) -> Reply<'a, ()> {
        gone()
    }

    fn release<'a>(&'a self, _: &'a Nonce, _: Ticket) -> Reply<'a, ()> {
        gone()
    }

    fn abandon(&self, _: Nonce, _: Ticket) {
        self.abandoned.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn whoever_ends_a_claim_is_told_that_the_store_is_gone() {
    let guard = Arc::new(Unreachable::default());
    let verifier = guarded(Arc::clone(&guard));
    let claimed = || claim(&verifier, &Forge::new().sign(), now()).unwrap();
    let gone = || Err(ReplayError::Unavailable("gone".into()));
    assert_eq!(block_on(claimed().commit()), gone());
    assert_eq!(block_on(claimed().release()), gone());
    assert_eq!(guard.abandoned.load(Ordering::Relaxed), 0);
    drop(claimed());
    assert_eq!(guard.abandoned.load(Ordering::Relaxed), 1);
}

#[test]
fn a_store_that_has_to_be_asked_knows_of_nothing_at_once() {
    assert!(!Unreachable::default().was_handled(&nonce("a"), now()));
}

#[test]
fn it_shows_its_nonce() {
    let verifier = guarded(MemoryGuard::default());
    let claim = claim(&verifier, &Forge::new().sign(), now()).unwrap();
    assert_eq!(format!("{claim:?}"), "Claim { nonce: Some(Nonce(account_1234 fsd9f2c07a1e4b86)) }");
}

#[test]
fn a_lease_is_a_minute_unless_it_is_said_otherwise_and_a_day_at_most() {
    use std::time::Duration;
    assert_eq!(Lease::default().duration(), Duration::from_secs(60));
    let day = Duration::from_secs(86_400);
    assert_eq!(Lease::new(day).map(Lease::duration), Ok(day));
    assert!(Lease::new(day + Duration::from_nanos(1)).is_err());
}
