//! Why a request was refused, and what would have made it pass. Each request here is signed as an honest publisher signs it,
//! and then mangled as a proxy or a program would.

mod bodies;
mod heads;
mod policies;
mod properties;
mod steps;
mod targets;

use callback_verifier::explain::{Explanation, Finding, Hints, explain};
use callback_verifier::{KeyName, PinnedKeys, Verifier, VerifierBuilder};

use crate::support::keys::{A, TestKey};
use crate::support::{ACCOUNT, Forge, HOST, KEY_ID, Message, block_on, now};

fn verifier(key: &'static TestKey, change: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Verifier {
    let keys = PinnedKeys::new().with(KeyName::parse(KEY_ID).unwrap(), key.private.public_key().clone()).unwrap();
    change(Verifier::builder(ACCOUNT).host(HOST).keys(keys)).build().unwrap()
}

fn strict() -> Verifier {
    verifier(&A, |builder| builder)
}

fn explained(message: &Message) -> Explanation {
    explained_by(&strict(), message)
}

fn explained_by(verifier: &Verifier, message: &Message) -> Explanation {
    explained_with(verifier, message, |_| {})
}

fn explained_with(verifier: &Verifier, message: &Message, hint: impl FnOnce(&mut Hints)) -> Explanation {
    let mut hints = Hints::default();
    hint(&mut hints);
    block_on(explain(verifier, &message.head(), &message.body, now(), &hints))
}

/// The refused request has exactly one finding.
#[track_caller]
fn the_finding(explanation: &Explanation) -> &Finding {
    match &explanation.findings[..] {
        [finding] => finding,
        other => panic!("{:?} has {} findings: {other:#?}", explanation.verdict, other.len()),
    }
}

/// The one finding is this single change: its code and its text. The signing string is the one that was signed.
#[track_caller]
fn assert_found(signed: &Message, explanation: &Explanation, code: &str, text: &str) {
    let finding = the_finding(explanation);
    let codes: Vec<_> = finding.changes.iter().map(|change| change.code()).collect();
    assert_eq!((codes, finding.to_string().as_str()), (vec![code], text));
    assert!(!finding.explanation().is_empty() && !finding.remedies().is_empty(), "{finding:?}");
    let expected = explained(signed).signing_string;
    if expected.is_some() {
        assert_eq!(finding.signing_string, expected, "the string that was signed");
    }
}

fn signed() -> Message {
    Forge::new().sign()
}
