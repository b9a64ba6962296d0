//! Genuine requests that come again, as they are or dressed up, and nonces that nobody should choose.

use std::sync::Arc;

use callback_verifier::{Class, MemoryGuard, Rejection, ReplayGuard, Verifier};

use super::{ALIAS, claim, commit, guarded, verifier};
use crate::support::keys::A;
use crate::support::{Forge, KEY_ID, Message, date_from_now, now};

fn code(outcome: Result<callback_verifier::Claim, Rejection>) -> Result<(), &'static str> {
    outcome.map(drop).map_err(|rejection| rejection.code())
}

/// Handles a request, and says what becomes of another.
fn after(first: &Message, second: &Message) -> Result<(), Rejection> {
    let verifier = verifier(|builder| builder.account(99));
    commit(claim(&verifier, first, now()).unwrap());
    claim(&verifier, second, now()).map(drop)
}

#[test]
fn a_request_is_handled_once() {
    let message = Forge::new().sign();
    let verifier = verifier(|builder| builder);
    let held = claim(&verifier, &message, now()).unwrap();
    let pending = claim(&verifier, &message, now()).unwrap_err();
    assert_eq!((&pending, pending.class(), pending.step()), (&Rejection::ReplayPending, Class::Temporary, 12));
    commit(held);
    let replayed = claim(&verifier.clone(), &message, now()).unwrap_err();
    assert_eq!((&replayed, replayed.class(), replayed.step()), (&Rejection::Replayed, Class::Replayed, 12));
}

#[test]
fn a_request_that_was_not_handled_may_come_again() {
    let message = Forge::new().sign();
    let verifier = verifier(|builder| builder);
    for _ in 0..3 {
        crate::support::block_on(claim(&verifier, &message, now()).unwrap().release()).unwrap();
        drop(claim(&verifier, &message, now()).unwrap());
    }
    commit(claim(&verifier, &message, now()).unwrap());
    assert_eq!(code(claim(&verifier, &message, now())), Err("replayed"));
}

#[test]
fn a_replay_in_disguise_is_a_replay() {
    let original = || Forge::new().sign();
    for (name, disguised) in [
        ("key-id-in-upper-case", original().resign(KEY_ID, &KEY_ID.to_ascii_uppercase())),
        ("key-id-with-a-dot", original().resign(KEY_ID, &format!("{KEY_ID}."))),
        ("alias-of-the-same-key", original().resign(KEY_ID, ALIAS)),
        ("alias-signed", Forge::new().key(ALIAS, &A).sign()),
        ("algorithm-left-out", original().resign(r#"algorithm="rsa-sha256","#, "")),
        (
            "header-names-in-other-case",
            original().with(|message| {
                message.headers.iter_mut().for_each(|(name, _)| *name = name.to_ascii_uppercase());
            }),
        ),
        ("blanks-round-the-nonce", original().set("X-Nonce", " fsd9f2c07a1e4b86\t")),
        ("another-body", Forge::new().body("{}").sign()),
        ("another-target", Forge::new().target("/hooks/subprofile").sign()),
        ("a-later-date", Forge::new().set("Date", date_from_now(0)).sign()),
        ("other-coverage", Forge::new().not_covering("content-type").sign()),
        ("account-spelled-otherwise", Forge::documented().sign()),
    ] {
        assert_eq!(after(&original(), &disguised), Err(Rejection::Replayed), "replay/{name}");
    }
}

#[test]
fn what_differs_in_account_or_nonce_is_no_replay() {
    for (name, other) in [
        ("retry-with-a-fresh-nonce", Forge::new().set("X-Nonce", "fsd9f2c07a1e4b87").sign()),
        ("nonce-in-other-case", Forge::new().set("X-Nonce", "FSD9F2C07A1E4B86").sign()),
        ("another-account", Forge::new().set("X-Copernica-ID", "account_99").sign()),
    ] {
        assert_eq!(after(&Forge::new().sign(), &other), Ok(()), "replay/{name}");
    }
}

#[test]
fn an_environment_is_another_than_the_account_of_its_number() {
    use callback_verifier::EnvironmentIds;
    let verifier = verifier(|builder| builder.environment_ids(EnvironmentIds::Accept));
    commit(claim(&verifier, &Forge::new().sign(), now()).unwrap());
    let environment = Forge::new().set("X-Copernica-ID", "environment_1234").sign();
    commit(claim(&verifier, &environment, now()).unwrap());
    assert_eq!(code(claim(&verifier, &environment, now())), Err("replayed"));
}

#[test]
fn a_guarded_receiver_insists_on_a_nonce_that_is_covered() {
    let verifier = verifier(|builder| builder);
    let absent = Forge::new().not_covering("x-nonce").without("X-Nonce").sign();
    let uncovered = Forge::new().not_covering("x-nonce").sign();
    let added = absent.clone().add("X-Nonce", "added");
    for message in [absent, uncovered, added] {
        assert_eq!(code(claim(&verifier, &message, now())), Err("nonce_missing"), "{message:?}");
    }
}

#[test]
fn a_nonce_is_1_to_256_visible_ascii_characters() {
    let verifier = verifier(|builder| builder);
    let kept = |value: Vec<u8>| claim(&verifier, &Forge::new().set("X-Nonce", value).sign(), now());
    for good in [b"0".to_vec(), b"!~\"\\,;=/+{}".to_vec(), vec![b'x'; 255], vec![b'x'; 256]] {
        assert_eq!(code(kept(good.clone())), Ok(()), "{}", good.escape_ascii());
    }
    for bad in [
        b"".to_vec(),
        b" \t ".to_vec(),
        vec![b'x'; 257],
        vec![b'x'; 64 << 10],
        b"a b".to_vec(),
        b"a\tb".to_vec(),
        "n\u{f6}nce".as_bytes().to_vec(),
        vec![b'a', 0xff],
        b"a\x7f".to_vec(),
    ] {
        let rejection = kept(bad.clone()).unwrap_err();
        let expected = match &bad[..] {
            b"a\x7f" => "control_character",
            _ => "nonce_malformed",
        };
        assert_eq!(rejection.code(), expected, "{}", bad.escape_ascii());
        assert_eq!(rejection.class(), Class::Malformed);
        assert!(rejection.to_string().len() < 512, "{rejection}");
    }
}

#[test]
fn the_nonces_of_strangers_never_enter_the_store() {
    let guard = Arc::new(MemoryGuard::with_capacity(2));
    let verifier = guarded(Arc::clone(&guard));
    let good = || Forge::new().sign();
    for (name, forged) in [
        ("signature-of-another-key", Forge::new().key(KEY_ID, &crate::support::keys::B).sign()),
        ("nonce-changed", good().set("X-Nonce", "another")),
        ("body-changed", good().body("{}").set("Content-Length", "2")),
        ("unsigned", good().without("Signature")),
        ("stale", Forge::new().set("Date", date_from_now(-301)).sign()),
        ("another-account", Forge::new().set("X-Copernica-ID", "account_1235").sign()),
        ("another-host", Forge::new().set("Host", "other.example").sign()),
    ] {
        assert!(claim(&verifier, &forged, now()).is_err(), "{name}");
        assert!(guard.is_empty(), "{name}");
    }
    // Nor does the nonce of a request that was verified and not claimed.
    let message = good();
    assert!(crate::support::block_on(verifier.verify(&message.head(), &message.body, now())).is_ok());
    assert!(guard.is_empty());
    commit(claim(&verifier, &message, now()).unwrap());
    assert_eq!(guard.len(), 1);
}

#[test]
fn a_full_guard_refuses_for_the_moment_and_forgets_nobody() {
    let verifier = guarded(MemoryGuard::with_capacity(1));
    let first = Forge::new().sign();
    commit(claim(&verifier, &first, now()).unwrap());
    let full = claim(&verifier, &Forge::new().set("X-Nonce", "another").sign(), now()).unwrap_err();
    assert_eq!(full, Rejection::ReplayGuardFull { capacity: 1 });
    assert_eq!((full.class(), full.retry_after()), (Class::Temporary, Some(60)));
    assert_eq!(code(claim(&verifier, &first, now())), Err("replayed"));
}

#[test]
fn verifiers_share_a_guard_if_they_are_given_one() {
    let message = Forge::new().sign();
    let fleet: [Verifier; 2] = [verifier(|builder| builder), verifier(|builder| builder)];
    fleet.iter().for_each(|verifier| commit(claim(verifier, &message, now()).unwrap()));
    let guard: Arc<dyn ReplayGuard> = Arc::new(MemoryGuard::default());
    let [first, second] = [guarded(Arc::clone(&guard)), guarded(guard)];
    commit(claim(&first, &message, now()).unwrap());
    assert_eq!(code(claim(&second, &message, now())), Err("replayed"));
}

#[test]
fn without_a_guard_a_request_is_let_in_as_often_as_it_comes() {
    let verifier = verifier(|builder| builder.without_replay_guard());
    let message = Forge::new().not_covering("x-nonce").without("X-Nonce").sign();
    for _ in 0..3 {
        commit(claim(&verifier, &message, now()).unwrap());
    }
}
