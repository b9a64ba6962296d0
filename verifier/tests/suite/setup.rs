//! Verifiers that cannot be meant as they are asked for.

use callback_verifier::{BuildError, PinnedKeys, PolicyError, Verifier, VerifierBuilder};

use crate::support::{ACCOUNT, HOST};

fn error(change: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Option<PolicyError> {
    match change(Verifier::builder(ACCOUNT).keys(PinnedKeys::new())).build() {
        Ok(_) => None,
        Err(BuildError::Policy(error)) => Some(error),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_policy_that_makes_no_sense_is_refused() {
    assert_eq!(error(|builder| builder), Some(PolicyError::NoHost));
    assert_eq!(error(|builder| builder.host("a/b")), Some(PolicyError::Host("a/b".into())));
    assert_eq!(error(|builder| builder.host(HOST).host("")), Some(PolicyError::Host("".into())));
    assert_eq!(error(|builder| builder.host(HOST).zone("a..b")), Some(PolicyError::Zone("a..b".into())));
    for (bits, refused) in [(0, true), (1023, true), (1024, false), (8192, false), (8193, true)] {
        let expected = refused.then_some(PolicyError::KeyBits(bits));
        assert_eq!(error(|builder| builder.host(HOST).min_key_bits(bits)), expected);
    }
    // The first of several is told.
    let several = error(|builder| builder.zone("a b").host("a b").min_key_bits(1));
    assert_eq!(several, Some(PolicyError::Zone("a b".into())));
}

#[test]
fn a_verifier_shows_its_policy() {
    let verifier = Verifier::builder(ACCOUNT).host(HOST).keys(PinnedKeys::new()).build().unwrap();
    assert_eq!(verifier.policy().keys.zones.iter().map(|zone| zone.to_string()).collect::<Vec<_>>(), ["copernica.com"]);
    let text = format!("{verifier:?}");
    assert!(text.contains("accounts: [1234]") && text.contains("min_bits: 2048"), "{text}");
}

#[test]
fn a_verifier_says_what_it_insists_on_and_whether_replays_are_refused() {
    let builder = || Verifier::builder(ACCOUNT).host(HOST).keys(PinnedKeys::new());
    for (verifier, replays) in [
        (builder().build().unwrap(), "refused"),
        (builder().without_replay_guard().build().unwrap(), "NOT REFUSED: there is no replay guard"),
    ] {
        assert_eq!(verifier.to_string(), format!("{}\nreplays    {replays}", verifier.policy()));
    }
}
