use serde_json::json;

use crate::name_server::{self, Answer, NO_SUCH_NAME, SERVER_FAILURE, TTL};
use crate::run;
use crate::signed::{KEY_ID, SMALL_KEY, record, record_of};

fn small_record() -> String {
    record_of(&std::fs::read_to_string(SMALL_KEY).unwrap())
}

#[test]
fn shows_each_key() {
    let address = name_server::start(Answer::Records(vec![small_record(), record()]));
    let run = run(&["key", "2026-11._DomainKey.Copernica.com.", "--nameserver", &address], b"").expect(0);
    assert_eq!(
        run.stdout,
        format!(
            "usable\n\n\
             key        {KEY_ID}\n\
             ttl        {TTL} s\n\
             candidate  RSA-1024: key_too_small\n\
             candidate  RSA-2048: usable\n"
        )
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn json_has_each_key() {
    let testing = record().replace("k=rsa", "t=y:s; k=rsa");
    let address = name_server::start(Answer::Records(vec![testing]));
    let run = run(&["key", KEY_ID, "--nameserver", &address, "--json"], b"").expect(1);
    assert_eq!(
        run.json(),
        json!({
            "verdict": "unusable", "code": "key_testing", "reason": "the key is published for testing (`t=y`)",
            "hint": "its owner says that he is testing; `--allow-testing-keys` takes it",
            "key": KEY_ID, "ttl": TTL,
            "candidates": [{"bits": 2048, "testing": true, "usable": false, "code": "key_testing"}],
        })
    );
}

#[test]
fn says_why_there_is_no_usable_key() {
    let records = |text: &str| Answer::Records(vec![text.to_owned()]);
    for (answer, flags, status, code) in [
        (Answer::Code(NO_SUCH_NAME), &[][..], 1, "key_not_found"),
        (Answer::Records(Vec::new()), &[], 1, "key_not_found"),
        (records("v=DKIM1; p="), &[], 1, "key_revoked"),
        (records("v=DKIM1; k=ed25519; p=AA=="), &[], 1, "key_unusable"),
        (records(&small_record()), &[], 1, "key_too_small"),
        (records(&record()), &["--min-key-bits", "2049"], 1, "key_too_small"),
        (records(&record()), &["--zone", "example.org"], 1, "foreign_key"),
        (Answer::Code(SERVER_FAILURE), &[], 3, "key_unavailable"),
    ] {
        let address = name_server::start(answer);
        let run = run(&[&["key", KEY_ID, "--nameserver", &address, "--json"], flags].concat(), b"").expect(status);
        assert_eq!(run.json()["code"], code);
    }
}

#[test]
fn an_opt_in_makes_a_key_usable() {
    let address = name_server::start(Answer::Records(vec![small_record().replace("k=rsa", "k=rsa; t=y")]));
    let flags = ["key", KEY_ID, "--nameserver", &address, "--min-key-bits", "1024", "--allow-testing-keys"];
    assert!(run(&flags, b"").expect(0).stdout.contains("candidate  RSA-1024, published for testing: usable\n"));
}

#[test]
fn a_foreign_key_is_not_asked_for() {
    let address = name_server::closed_port();
    let run = run(&["key", "key.evilcopernica.com", "--nameserver", &address], b"").expect(1);
    assert_eq!(
        run.stdout,
        "not usable: foreign_key\n\
         the key `key.evilcopernica.com` lies in no allowed zone\n\n\
         key        key.evilcopernica.com\n\n\
         hint: only if you trust whoever owns its zone: `--zone ZONE`\n"
    );
}

#[test]
fn an_unreachable_name_server_is_temporary() {
    let run = run(&["key", KEY_ID, "--nameserver", &name_server::closed_port()], b"").expect(3);
    assert!(run.stdout.starts_with("no verdict: key_unavailable\nthe key could not be looked up: "), "{}", run.stdout);
}
