//! What a request that was accepted tells, and what it keeps to itself.

use callback_verifier::wire::Account;
use callback_verifier::{AuthenticHead, Verifier};

use crate::support::keys::{A, BITS_3072, TestKey};
use crate::support::{ACCOUNT, Forge, HOST, KEY_ID, Message, block_on, date_from_now, now};

fn head(key: &TestKey, message: &Message) -> AuthenticHead {
    let keys = callback_verifier::PinnedKeys::new().with_every_name(key.private.public_key().clone());
    let verifier = Verifier::builder(ACCOUNT).host(HOST).keys(keys).build().unwrap();
    block_on(verifier.verify_head(&message.head(), now())).unwrap()
}

#[test]
fn it_shows_what_the_signature_covers_and_nothing_else() {
    let message = Forge::new().set("X-Nonce", " one\t").add("X-List", "a").add("x-list", "b").add("X-Other", "c");
    let message = message.covering("X-list digest (request-target) Date host x-copernica-id X-Nonce").sign();
    let head = head(&A, &message);
    let covered: Vec<_> = head.covered_headers().collect();
    let target = [b"post ", message.target.as_bytes()].concat();
    assert_eq!(
        covered,
        [
            ("x-list", &b"a, b"[..]),
            ("digest", message.value("Digest")),
            ("(request-target)", &target),
            ("date", message.value("Date")),
            ("host", HOST.as_bytes()),
            ("x-copernica-id", b"account_1234"),
            ("x-nonce", b"one"),
        ]
    );
    for (name, value) in covered {
        assert_eq!(head.covered(&name.to_ascii_uppercase()), Some(value));
    }
    for uncovered in ["x-other", "content-type", "content-length", "signature", "list", ""] {
        assert_eq!(head.covered(uncovered), None, "{uncovered}");
    }
}

#[test]
fn it_names_account_date_and_key() {
    for (key, bits) in [(&A, 2048), (&BITS_3072, 3072)] {
        let message = Forge::new().key(KEY_ID, key).set("Date", date_from_now(-7)).sign();
        let head = head(key, &message);
        assert_eq!((head.account(), head.key_name().as_str()), (Account::new(ACCOUNT), KEY_ID));
        assert_eq!((head.key_bits(), now().duration_since(head.date()).unwrap().as_secs()), (bits, 7));
        let verified = head.verify_body(&message.body).unwrap();
        assert_eq!((verified.account(), verified.head().key_bits()), (Account::new(ACCOUNT), bits));
        assert_eq!((*verified.body(), verified.into_body()), (&message.body, &message.body));
    }
}

#[test]
fn a_log_line_names_what_is_covered_and_holds_none_of_it() {
    let message = Forge::new().set("X-Nonce", "a-secret").body("a body").sign();
    let head = head(&A, &message);
    let body = head.clone().body();
    let verified = head.clone().verify_body(&message.body).unwrap();
    for text in [format!("{head:?}"), format!("{body:?}"), format!("{verified:?}")] {
        for told in ["account_1234", KEY_ID, "2048", "x-nonce", "(request-target)"] {
            assert!(text.contains(told), "{told} is not in {text}");
        }
        for secret in ["a-secret", "a body", &message.target, message.text("Digest"), HOST] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
    assert_eq!(format!("{:?}", A.private.public_key()), "RSA-2048");
}
