use callback_verifier::explain::{NeighbouringKeys, Untried, explain};
use callback_verifier::{KeyName, PinnedKeys, Rejection, Verifier};

use super::{assert_found, explained, explained_by, explained_with, signed, the_finding, verifier};
use crate::support::keys::{A, B, BITS_1024};
use crate::support::{ACCOUNT, Forge, HOST, KEY_ID, Published, block_on, date_from_now, now};

#[test]
fn another_clock_would_have_done() {
    for (seconds, code, hour) in [
        (-400, "date_too_old", false),
        (-3600, "date_too_old", true),
        (-7195, "date_too_old", true),
        (7230, "date_in_future", true),
        (61, "date_in_future", false),
    ] {
        let signed = Forge::new().set("Date", date_from_now(seconds)).sign();
        let explanation = explained(&signed);
        assert_eq!(explanation.verdict.as_ref().map_err(Rejection::code), Err(code));
        let side = if seconds < 0 { "earlier" } else { "later" };
        let text = format!("the time were {} s {side}, which is the request's own date", seconds.unsigned_abs());
        assert_found(&signed, &explanation, "clock", &text);
        assert_eq!(the_finding(&explanation).explanation().contains("hour"), hour, "{seconds}");
    }
}

#[test]
fn a_saved_request_is_explained_beyond_its_age() {
    let received = Forge::new().set("Date", date_from_now(-86_400)).target("/hook").sign().target("/internal/hook");
    let explanation = explained(&received);
    let codes: Vec<_> = the_finding(&explanation).changes.iter().map(|change| change.code()).collect();
    assert_eq!(codes, ["clock", "target_prefix_added"]);
}

#[test]
fn a_saved_request_whose_body_was_written_anew_is_explained_too() {
    let signed = Forge::new().set("Date", date_from_now(-86_400)).body("{\"a\":1}").sign();
    let explanation = explained(&signed.body("{\"a\": 1}").set("Content-Length", "8"));
    let codes: Vec<_> = the_finding(&explanation).changes.iter().map(|change| change.code()).collect();
    assert_eq!(codes, ["body_reserialised", "clock"]);
}

#[test]
fn another_policy_would_have_done() {
    for (message, code, text) in [
        (
            Forge::new().set("X-Copernica-ID", "account_99").sign(),
            "policy_account",
            "account 99 were among the expected accounts",
        ),
        (
            Forge::new().set("X-Copernica-ID", "environment-1234").sign(),
            "policy_environment_ids",
            "environment 1234 of the sister product were accepted",
        ),
        (
            Forge::new().set("Host", "a.example:8080").sign(),
            "policy_host",
            "`a.example:8080` were among the expected hosts",
        ),
        (Forge::new().algorithm(Some("hs2019")).sign(), "policy_hs2019", "the algorithm name `hs2019` were accepted"),
        (
            signed().resign("\",signature=", "\" signature="),
            "policy_missing_comma",
            "a missing comma in the `Signature` header were accepted",
        ),
    ] {
        assert_found(&message, &explained(&message), code, text);
    }
    let small = verifier(&A, |builder| builder.max_body(10));
    let text = format!("bodies of {} bytes were accepted", signed().body.len());
    assert_found(&signed(), &explained_by(&small, &signed()), "policy_max_body", &text);
}

#[test]
fn a_key_that_is_not_good_enough_is_found() {
    let published = |record: String| {
        Verifier::builder(ACCOUNT).host(HOST).keys(Published(vec![record.into_bytes()])).build().unwrap()
    };
    let testing = A.record().replace("k=rsa", "k=rsa;t=y");
    let text = "keys that are published for testing were accepted";
    assert_found(&signed(), &explained_by(&published(testing), &signed()), "policy_testing_keys", text);
    let small = Forge::new().key(KEY_ID, &BITS_1024).sign();
    let text = "keys of 1024 bits were accepted";
    assert_found(&small, &explained_by(&published(BITS_1024.record()), &small), "policy_min_key_bits", text);
}

#[test]
fn another_key_has_no_findings() {
    let forged = Forge::new().key(KEY_ID, &B).sign();
    let explanation = explained(&forged);
    assert_eq!(explanation.verdict, Err(Rejection::BadSignature));
    assert_eq!((explanation.findings, explanation.untried), (vec![], None));
    assert!(explanation.tried.len() > 5, "{:?}", explanation.tried);
}

#[test]
fn the_key_of_a_neighbouring_month_is_asked_for_by_hint_only() {
    let pin = |keys: PinnedKeys, name: &str, key: &'static crate::support::keys::TestKey| {
        keys.with(KeyName::parse(name).unwrap(), key.private.public_key().clone()).unwrap()
    };
    let october = "2026-10._domainkey.copernica.com";
    let keys = pin(pin(PinnedKeys::new(), KEY_ID, &B), october, &A);
    let with_both = Verifier::builder(ACCOUNT).host(HOST).keys(keys).build().unwrap();
    let with_october = Verifier::builder(ACCOUNT).host(HOST).keys(pin(PinnedKeys::new(), october, &A)).build().unwrap();
    let message = signed();
    assert_eq!(explained_by(&with_both, &message).findings, []);
    let refused = explained_by(&with_october, &message);
    assert_eq!(refused.untried, Some(Untried::Refused(Rejection::KeyNotFound)));
    for verifier in [with_both, with_october] {
        let hinted = explained_with(&verifier, &message, |hints| hints.neighbouring_keys = NeighbouringKeys::LookUp);
        assert_found(&message, &hinted, "key", "`keyId` were `2026-10._domainkey.copernica.com`");
    }
}

#[test]
fn without_a_key_nothing_is_tried_and_the_reason_is_given() {
    let foreign = Forge::new().key("2026-11._domainkey.evil.example", &A).sign();
    let unsigned = signed().without("Signature");
    let many = (0..300).fold(signed(), |message, _| message.add("X-Many", "1"));
    for (message, code) in [(foreign, "foreign_key"), (unsigned, "signature_missing"), (many, "too_many_headers")] {
        let explanation = explained(&message);
        let Some(Untried::Refused(reason)) = &explanation.untried else { panic!("{explanation:?}") };
        assert_eq!((reason.code(), explanation.tried.len()), (code, 0));
    }
    let huge = signed().add("X-Huge", vec![b'a'; 70_000]);
    assert_eq!(explained(&huge).verdict, Ok(()));
    let huge = huge.target("/other");
    assert!(matches!(explained(&huge).untried, Some(Untried::HeadTooLarge { .. })));
}

#[test]
fn an_explanation_can_be_awaited_anywhere() {
    fn is_send(future: impl Future<Output = callback_verifier::explain::Explanation> + Send) -> impl Future {
        future
    }
    let (verifier, message) = (super::strict(), signed());
    let (head, hints) = (message.head(), callback_verifier::explain::Hints::default());
    let _ = block_on(is_send(explain(&verifier, &head, &message.body, now(), &hints)));
}
