//! What follows from the state of a set of keys.

use std::time::Duration;

use callback_verifier::{KeySet, PendingHead, Rejection, Verifier};

use crate::support::keys::{A, B, BITS_1024, TestKey};
use crate::support::{ACCOUNT, Forge, HOST, now};

fn published(keys: &[&TestKey]) -> KeySet {
    let records: Vec<_> = keys.iter().map(|key| key.record()).collect();
    KeySet::from_records(records.iter().map(String::as_bytes), Duration::from_secs(300)).unwrap()
}

/// What becomes of a callback that key A has signed.
fn verdict(keys: &KeySet) -> Result<(), Rejection> {
    let message = Forge::new().sign();
    let verifier = Verifier::builder(ACCOUNT).host(HOST).keys(callback_verifier::PinnedKeys::new()).build().unwrap();
    PendingHead::check(verifier.policy(), &message.head(), now()).unwrap().verify(keys).map(drop)
}

#[test]
fn a_signature_by_none_of_its_keys_proves_nothing_where_they_are_stale() {
    assert_eq!(verdict(&published(&[&B])), Err(Rejection::BadSignature));
    let stale = published(&[&B]).into_stale();
    assert!(stale.is_stale() && !published(&[&B]).is_stale());
    assert!(matches!(verdict(&stale), Err(Rejection::KeyUnavailable(_))));
    assert_eq!(verdict(&published(&[&B, &A]).into_stale()), Ok(()));
    // A key that is too small is no better for being stale.
    let too_small = Rejection::KeyTooSmall { bits: 1024, minimum: 2048 };
    assert_eq!(verdict(&published(&[&BITS_1024]).into_stale()), Err(too_small));
}

#[test]
fn a_key_is_proven_by_a_signature_and_by_nothing_else() {
    let keys = published(&[&B, &A]);
    assert!(!keys.is_proven());
    assert_eq!(verdict(&published(&[&B])), Err(Rejection::BadSignature));
    let other = published(&[&B]);
    assert!(verdict(&other).is_err() && !other.is_proven());
    assert!(verdict(&keys).is_ok() && keys.is_proven() && keys.clone().is_proven());
    assert!(keys.into_stale().is_proven());
}

#[test]
fn it_expires_when_its_records_do() {
    assert_eq!(published(&[&A]).time_to_live(), Some(Duration::from_secs(300)));
    assert_eq!(KeySet::pinned(A.private.public_key().clone()).time_to_live(), None);
}
