use callback_verifier::explain::Outcome;
use callback_verifier::{Rejection, Verifier};

use super::{explained, explained_by, signed, strict};
use crate::support::keys::A;
use crate::support::{ACCOUNT, Forge, HOST, Published, block_on, now};

#[test]
fn an_honest_request_goes_through_all_steps_and_needs_nothing() {
    for message in
        [signed(), Forge::documented().sign(), Forge::new().body("").sign(), Forge::new().algorithm(None).sign()]
    {
        let explanation = explained(&message);
        assert_eq!(explanation.verdict, Ok(()));
        let outcomes: Vec<_> = explanation.steps.iter().map(|step| step.outcome).collect();
        assert_eq!(outcomes, [&[Outcome::Ok; 11][..], &[Outcome::NotChecked]].concat());
        assert_eq!((explanation.findings, explanation.tried, explanation.untried), (vec![], vec![], None));
        assert!(explanation.signing_string.is_some());
    }
}

#[test]
fn each_step_tells_what_it_found() {
    let published =
        Verifier::builder(ACCOUNT).host(HOST).keys(Published(vec![A.record().into_bytes()])).build().unwrap();
    let steps = explained_by(&published, &signed()).steps;
    let found: Vec<_> = steps.iter().map(|step| (step.number, step.name, step.detail.as_deref().unwrap())).collect();
    let signature = format!("{} bytes", signed().value("Signature").len());
    let body = format!("{} bytes, as signed", signed().body.len());
    assert_eq!(
        found,
        [
            (1, "transport, method", "POST, transport unknown, any will do"),
            (2, "one signature", &*signature),
            (3, "algorithm", "rsa-sha256"),
            (4, "coverage", "8 names"),
            (5, "covered headers", "all there, target `/hooks/profile?list=7&source=crm`"),
            (6, "date", "Mon, 23 Nov 2026 08:15:00 GMT, 2 s old"),
            (7, "host", "hooks.example.com"),
            (8, "account", "account_1234"),
            (9, "key", "2026-11._domainkey.copernica.com, RSA-2048, ttl 300 s"),
            (10, "signature", "made by this key"),
            (11, "body", &*body),
            (12, "replay", "the replay guard is not asked here"),
        ]
    );
}

#[test]
fn the_step_that_failed_says_why_and_those_behind_were_not_reached() {
    for (message, step) in [
        (signed().method("PUT"), 1),
        (signed().without("Signature"), 2),
        (Forge::new().algorithm(Some("none")).sign(), 3),
        (Forge::new().not_covering("digest").sign(), 4),
        (signed().without("X-Nonce"), 5),
        (signed().set("Date", "now"), 6),
        (signed().set("Host", "a.example"), 7),
        (signed().set("X-Copernica-ID", "account_1"), 8),
        (Forge::new().key("copernica.com", &A).sign(), 9),
        (signed().target("/"), 10),
        (signed().with(|message| message.body[0] = b' '), 11),
    ] {
        let explanation = explained(&message);
        let rejection = explanation.verdict.unwrap_err();
        assert_eq!(rejection.step(), step);
        for found in &explanation.steps {
            let expected = match found.number {
                number if number < step => Outcome::Ok,
                number if number == step => Outcome::Failed,
                _ => Outcome::NotReached,
            };
            assert_eq!(found.outcome, expected, "{found:?}");
            assert_eq!(found.detail.is_some(), found.number <= step);
        }
        let failed = &explanation.steps[usize::from(step) - 1];
        assert_eq!(failed.detail, Some(rejection.to_string()));
    }
}

#[test]
fn a_digest_that_is_malformed_keeps_the_key_from_being_asked_for() {
    let explanation = explained(&Forge::new().set("Digest", "md5=AAAA").sign());
    let outcomes: Vec<_> = explanation.steps.iter().skip(7).map(|step| step.outcome).collect();
    assert_eq!(outcomes, [Outcome::Ok, Outcome::NotReached, Outcome::NotReached, Outcome::Failed, Outcome::NotReached]);
}

#[test]
fn a_lookup_that_fails_gives_no_verdict() {
    struct Unreachable;
    impl callback_verifier::KeyStore for Unreachable {
        fn cached(
            &self,
            _: &callback_verifier::KeyName,
            _: std::time::SystemTime,
        ) -> Option<std::sync::Arc<callback_verifier::KeySet>> {
            None
        }
        fn lookup<'a>(
            &'a self,
            _: &'a callback_verifier::KeyName,
            _: std::time::SystemTime,
        ) -> callback_verifier::key::Lookup<'a> {
            Box::pin(std::future::ready(Err(callback_verifier::KeyError::Temporary("no answer".into()))))
        }
    }
    let verifier = Verifier::builder(ACCOUNT).host(HOST).keys(Unreachable).build().unwrap();
    let explanation = explained_by(&verifier, &signed());
    assert!(!explanation.is_conclusive() && explanation.untried.is_some());
    assert_eq!((explanation.steps[8].outcome, explanation.steps[9].outcome), (Outcome::NoVerdict, Outcome::NotReached));
    // The verdict that needs no key stands.
    let explanation = explained_by(&verifier, &signed().set("Host", "a.example"));
    assert!(explanation.is_conclusive() && explanation.untried.is_some());
    assert_eq!(explanation.verdict.map_err(|rejection| rejection.code()), Err("wrong_host"));
}

#[test]
fn the_verdict_is_that_of_the_verifier() {
    for message in
        [signed(), signed().target("/x"), signed().body("x"), signed().without("Digest"), signed().set("Date", "x")]
    {
        let verdict = block_on(strict().verify(&message.head(), &message.body, now())).map(drop);
        assert_eq!(explained(&message).verdict, verdict);
    }
}

#[test]
fn trying_does_not_prove_a_key() {
    use callback_verifier::{KeyName, KeyStore, PinnedKeys};
    let name = KeyName::parse(crate::support::KEY_ID).unwrap();
    let pinned = PinnedKeys::new().with(name.clone(), A.private.public_key().clone()).unwrap();
    let verifier = Verifier::builder(ACCOUNT).host(HOST).keys(pinned.clone()).build().unwrap();
    let explanation = explained_by(&verifier, &Forge::new().target("/hook").sign().target("/internal/hook"));
    assert_eq!(explanation.verdict, Err(Rejection::BadSignature));
    assert_eq!(explanation.findings.len(), 1);
    assert!(!pinned.cached(&name, now()).unwrap().is_proven());
}
