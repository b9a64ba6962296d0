//! Keys that are not the platform's, or not by this name.

use callback_verifier::Rejection;
use callback_verifier::key::KeyNameError;

use super::Table;
use crate::support::keys::{A, B};
use crate::support::{Forge, KEY_ID, Receiver};

#[test]
fn refuses_keys_outside_the_zone() {
    let mut table = Table::new("foreign-key");
    for name in [
        "evilcopernica.com",
        "a.evilcopernica.com",
        "copernica.com.evil.test",
        "2026-11._domainkey.copernica.com.evil.test",
        "copernica.com",
        "COPERNICA.COM.",
        "2026-11._domainkey.copernica.net",
        "2026-11._domainkey.copernica.com.com",
        "2026-11._domainkey.xn--copernca-2va.com",
        "a.copernica-com",
        "com",
        "localhost",
        "127.0.0.1",
    ] {
        let foreign = Rejection::ForeignKey { got: name.into() };
        table.refuse(name, foreign, &Forge::new().key(name, &A).sign());
    }
    let other_zone = Receiver::pinning(&[(KEY_ID, &A)], |builder| builder.zone("keys.example.net"));
    let replaced = Rejection::ForeignKey { got: KEY_ID.into() };
    table.refuse_by(&other_zone, "platform-zone-replaced", replaced, &Forge::new().sign());
    table.finish(14);
}

#[test]
fn refuses_what_is_no_name() {
    let mut table = Table::new("key-name");
    let label = "a".repeat(64);
    // 254 bytes, in labels of an allowed length.
    let long = format!("{}.{}.copernica.com", vec!["a".repeat(59); 4].join("."), "");
    let long = long.replace("..", ".");
    assert_eq!(long.len(), 253);
    for name in [
        "",
        ".",
        ".copernica.com",
        "a..copernica.com",
        "a.copernica.com..",
        "a%2ecopernica.com",
        "https://a.copernica.com",
        "//a.copernica.com",
        "a.copernica.com/x",
        "a.copernica.com:53",
        "a b.copernica.com",
        " a.copernica.com",
        "a.copernica.com ",
        "*.copernica.com",
        "a@copernica.com",
        "[::1]",
        "a.copernica.com?x",
        "a;b.copernica.com",
        &format!("{label}.copernica.com"),
        &format!("a{long}"),
    ] {
        let malformed = Rejection::KeyIdMalformed { got: name.into(), reason: KeyNameError };
        table.refuse(&format!("`{name}`"), malformed, &Forge::new().key(name, &A).sign());
    }
    for name in [
        "a\n.copernica.com",
        "a\r\n.copernica.com",
        "a\0.copernica.com",
        "\u{212a}ey.copernica.com",
        "\u{ff41}.copernica.com",
        "a\u{3002}copernica.com",
        "a\\.copernica.com",
        "a.copernica.com,b.copernica.com",
    ] {
        let id = name.escape_unicode().to_string();
        table.refuse(&id, "signature_malformed", &Forge::new().key(name, &A).sign());
    }
    table.refuse("253-bytes-but-unknown", Rejection::KeyNotFound, &Forge::new().key(&long, &A).sign());
    table.finish(29);
}

#[test]
fn refuses_another_key_than_the_one_that_is_named() {
    let mut table = Table::new("other-key");
    let next = "2026-12._domainkey.copernica.com";
    let both = Receiver::pinning(&[(KEY_ID, &A), (next, &B)], |builder| builder);
    table.refuse("not-published", Rejection::KeyNotFound, &Forge::new().key(next, &B).sign());
    table.refuse("signed-by-another", Rejection::BadSignature, &Forge::new().key(KEY_ID, &B).sign());
    table.refuse_by(&both, "named-after-another", Rejection::BadSignature, &Forge::new().key(next, &A).sign());
    let renamed = Forge::new().sign().resign(KEY_ID, next);
    table.refuse_by(&both, "renamed", Rejection::BadSignature, &renamed);
    let only_b = Receiver::publishing(&[B.record()]);
    table.refuse_by(&only_b, "withdrawn", Rejection::BadSignature, &Forge::new().sign());
    table.finish(5);
}
