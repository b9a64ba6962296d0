//! Keys that are given.

use std::sync::Arc;

use callback_verifier::key::{PinnedKeyError, PublicKeyError};
use callback_verifier::{KeyError, KeyName, KeyStore, PinnedKeys, PublicKey};

use crate::support::keys::{A, B};
use crate::support::{block_on, der, now};

fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

fn public(key: &crate::support::keys::TestKey) -> PublicKey {
    PublicKey::from_der(key.spki()).unwrap()
}

/// Whether it is key A that the store has, under a name.
fn finds_a(keys: &impl KeyStore, text: &str) -> Option<bool> {
    let signature = A.sign(b"message");
    let found = keys.cached(&name(text), now());
    let looked_up = block_on(keys.lookup(&name(text), now()));
    assert_eq!(found.is_some(), looked_up.is_ok());
    assert!(looked_up.as_ref().err().is_none_or(|error| *error == KeyError::NotFound));
    found.map(|set| {
        assert!(set.candidates().len() == 1 && !set.candidates()[0].testing && set.time_to_live().is_none());
        set.candidates()[0].key.verify(b"message", &signature)
    })
}

#[test]
fn a_pinned_key_is_found_by_its_name_in_any_spelling() {
    let keys = PinnedKeys::new().with(name("a.copernica.com"), public(&A)).unwrap();
    let keys = keys.with(name("b.copernica.com"), public(&B)).unwrap();
    assert_eq!(finds_a(&keys, "a.copernica.com"), Some(true));
    assert_eq!(finds_a(&keys, "A.Copernica.com."), Some(true));
    assert_eq!(finds_a(&keys, "b.copernica.com"), Some(false));
    assert_eq!(finds_a(&keys, "c.copernica.com"), None);
    assert_eq!(finds_a(&PinnedKeys::new(), "a.copernica.com"), None);
}

#[test]
fn a_key_for_every_name_stands_back_behind_a_name_of_its_own() {
    let keys = PinnedKeys::new().with_every_name(public(&A)).with(name("b.copernica.com"), public(&B)).unwrap();
    assert_eq!(finds_a(&keys, "anything.copernica.com"), Some(true));
    assert_eq!(finds_a(&keys, "b.copernica.com"), Some(false));
}

#[test]
fn a_store_that_is_shared_has_its_keys_at_hand_as_well() {
    let keys = Arc::new(PinnedKeys::new().with(name("a.copernica.com"), public(&A)).unwrap());
    assert_eq!(finds_a(&keys, "a.copernica.com"), Some(true));
    assert_eq!(finds_a(&keys, "b.copernica.com"), None);
}

#[test]
fn a_name_may_have_several_keys_and_not_too_many() {
    let one = || name("a.copernica.com");
    let keys = PinnedKeys::new().with(one(), public(&A)).unwrap().with(one(), public(&B)).unwrap();
    let found = keys.cached(&one(), now()).unwrap();
    let verifies = |key: &crate::support::keys::TestKey| {
        found.candidates().iter().any(|candidate| candidate.key.verify(b"message", &key.sign(b"message")))
    };
    assert!(verifies(&A) && verifies(&B));
    let full = (2..8).try_fold(keys, |keys, _| keys.with(one(), public(&A))).unwrap();
    assert_eq!(full.with(one(), public(&A)).unwrap_err(), KeyError::TooMany);
}

#[test]
fn reads_both_forms_of_pem() {
    let pem_of = |label: &str, der: &[u8]| pem::encode(&pem::Pem::new(label, der));
    for text in [A.private.public_key_pem(), pem_of("PUBLIC KEY", A.spki()), pem_of("RSA PUBLIC KEY", &A.pkcs1())] {
        let key = PinnedKeys::read_pem(&text).unwrap();
        assert!(key.verify(b"message", &A.sign(b"message")), "{text}");
    }
}

#[test]
fn refuses_every_other_pem() {
    let pem_of = |label: &str, der: &[u8]| pem::encode(&pem::Pem::new(label, der));
    let small = der::rsa_public_key(&der::modulus_of(512), &[1, 0, 1]);
    for (text, error) in [
        (String::new(), PinnedKeyError::NotPem),
        (A.record(), PinnedKeyError::NotPem),
        (A.pem.to_owned(), PinnedKeyError::OtherLabel("PRIVATE KEY".into())),
        (pem_of("CERTIFICATE", A.spki()), PinnedKeyError::OtherLabel("CERTIFICATE".into())),
        (pem_of("PUBLIC KEY", b"x"), PinnedKeyError::Key(PublicKeyError::NotDer)),
        (pem_of("PUBLIC KEY", &small), PinnedKeyError::Key(PublicKeyError::ModulusSize { bits: 512 })),
    ] {
        assert_eq!(PinnedKeys::read_pem(&text).unwrap_err(), error, "{text}");
    }
}
