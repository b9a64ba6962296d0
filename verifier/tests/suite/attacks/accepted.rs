//! Honest callbacks, in every form in which one may come.

use callback_verifier::{EnvironmentIds, Hs2019, MissingComma, TestingKeys, Transport, TransportPolicy, Verifier};
use sha2::{Digest, Sha256, Sha512};

use super::Table;
use crate::support::keys::{A, B, BITS_1024, BITS_3072, BITS_4096};
use crate::support::{
    ACCOUNT, Forge, HOST, KEY_ID, Message, Published, Receiver, base64, block_on, date_from_now, now,
};

#[test]
fn takes_every_kind_of_callback_in_both_wire_profiles() {
    let mut table = Table::new("baseline");
    for action in ["create", "update", "delete"] {
        for kind in ["profile", "subprofile"] {
            let interests = if kind == "profile" { r#","interests":["tennis"]"# } else { "" };
            for (format, content_type, body) in [
                (
                    "json",
                    "application/json",
                    format!(r#"{{"id":"7","action":"{action}","fields":{{"name":"Mike"}}{interests}}}"#),
                ),
                (
                    "xml",
                    "application/xml",
                    format!("<{kind}><id>7</id><action>{action}</action><fields><name>Mike</name></fields></{kind}>"),
                ),
                (
                    "form",
                    "application/x-www-form-urlencoded",
                    format!("type={action}&{kind}=7&fields%5Bname%5D=Mike&time=1795421700"),
                ),
            ] {
                for (profile, forge) in [("lowercase", Forge::new()), ("documented", Forge::documented())] {
                    let message = forge.set("Content-Type", content_type).body(body.clone());
                    table.accept(&format!("{action}-{kind}-{format}-{profile}"), &message.sign());
                }
            }
        }
    }
    table.finish(36);
}

#[test]
fn takes_each_point_of_the_documented_profile_alone() {
    let mut table = Table::new("accepted-profile");
    table.accept("documented-names", &Forge::new().documented_names().sign());
    table.accept("documented-digest", &Forge::new().documented_digest().sign());
    table.accept("documented-account", &Forge::new().documented_account().sign());
    let spaced = A.record().replace(';', "; ");
    table.accept_by(&Receiver::publishing(&[spaced]), "documented-record", &Forge::new().sign());
    table.accept_by(&Receiver::publishing(&[A.record()]), "lowercase-record", &Forge::documented().sign());
    table.finish(5);
}

#[test]
fn takes_what_the_signature_header_may_look_like() {
    let mut table = Table::new("accepted-signature-header");
    let mut names: Vec<_> = Forge::new().covered.split(' ').map(str::to_owned).collect();
    for turn in 1..names.len() {
        names.rotate_left(1);
        table.accept(&format!("order-{turn}"), &Forge::new().covering(&names.join(" ")).sign());
    }
    names.reverse();
    table.accept("order-reversed", &Forge::new().covering(&names.join(" ")).sign());
    table.accept("only-required", &Forge::new().covering("digest x-copernica-id date host (request-target)").sign());
    table.accept("extra-covered", &Forge::new().add("X-Trace", "7").covering_also("x-trace").sign());
    table.accept(
        "extra-covered-twice",
        &Forge::new().add("X-Trace", "7").add("x-trace", "8").covering_also("X-Trace").sign(),
    );
    table.accept("extra-uncovered", &Forge::new().add("X-Trace", "7").sign());
    let covered: String = (0..24).map(|index| format!(" x-{index}")).collect();
    let many = (0..24).fold(Forge::new(), |forge, index| forge.add(&format!("X-{index}"), "v"));
    let all = format!("{}{covered}", many.covered);
    table.accept("covering-32-names", &many.covering(&all).sign());
    table.accept(
        "unknown-parameters",
        &Forge::new().sign().resign("keyId", "opaque=\"a=b; c\",created=1402170695,keyId"),
    );
    table.accept("expires-long-past-is-not-used", &Forge::new().sign().resign("keyId", "expires=1,keyId"));
    table.accept("blanks-round-commas", &Forge::new().sign().resign("\",algorithm", "\" ,  algorithm"));
    table.accept("parameters-permuted", &permuted());
    table.accept("algorithm-absent", &Forge::new().algorithm(None).sign());
    table.accept_by(
        &Receiver::with(|builder| builder.hs2019(Hs2019::AcceptAsRsaSha256)),
        "hs2019-by-opt-in",
        &Forge::new().algorithm(Some("hs2019")).sign(),
    );
    table.accept_by(
        &Receiver::with(|builder| builder.missing_comma(MissingComma::Accept)),
        "missing-comma-by-opt-in",
        &Forge::new().sign().resign("\",signature", "\" signature"),
    );
    table.accept("basic-authorization-beside", &Forge::new().add("Authorization", "Basic c2lnbmF0dXJlOng=").sign());
    table.finish(21);
}

/// The parameters in another order.
fn permuted() -> Message {
    let message = Forge::new().sign();
    let mut parameters: Vec<_> = message.text("Signature").split(',').map(str::to_owned).collect();
    parameters.reverse();
    message.set("Signature", parameters.join(","))
}

#[test]
fn takes_every_digest_that_binds_the_body() {
    let mut table = Table::new("accepted-digest");
    let body = Forge::new().message.body;
    let (sha256, sha512) = (base64(Sha256::digest(&body)), base64(Sha512::digest(&body)));
    for (name, digest) in [
        ("upper-case", format!("SHA-256={sha256}")),
        ("mixed-case", format!("ShA-256={sha256}")),
        ("sha-512", format!("sha-512={sha512}")),
        ("both", format!("SHA-512={sha512},SHA-256={sha256}")),
        ("weak-before", format!("md5=AAAA,sha-256={sha256}")),
        ("weak-behind", format!("sha-256={sha256}, UNIXsum=30637, adler32=03da0195")),
    ] {
        table.accept(name, &Forge::new().set("Digest", digest).sign());
    }
    table.finish(6);
}

#[test]
fn takes_every_body() {
    let mut table = Table::new("accepted-body");
    table.accept("empty", &Forge::new().body("").sign());
    table.accept("one-byte", &Forge::new().body([0]).sign());
    table.accept(
        "astral-characters",
        &Forge::new().body("{\"fields\":{\"name\":\"\u{1f980} \u{10348} \u{e9}\"}}").sign(),
    );
    table.accept("not-utf-8", &Forge::new().body([0xff, 0xfe, 0, 0x80]).sign());
    table.accept("one-mebibyte", &Forge::new().body(vec![b'x'; 1 << 20]).sign());
    let chunked = || Forge::new().without("Content-Length").not_covering("content-length");
    table.accept("chunked", &chunked().add("Transfer-Encoding", "chunked").sign());
    table.accept("content-length-uncovered", &Forge::new().not_covering("content-length").sign());
    table.accept("content-length-with-leading-zero", &Forge::new().body("12345").set("Content-Length", "05").sign());
    let limit = Receiver::with(|builder| builder.max_body(5));
    table.accept_by(&limit, "exactly-the-limit", &Forge::new().body("12345").sign());
    table.finish(9);
}

#[test]
fn takes_every_target_and_header_value_as_it_stands() {
    let mut table = Table::new("accepted-value");
    for target in [
        "/",
        "/?",
        "/?a=%7E&b=~",
        "/a%2Fb/%e2%82%ac?c=%E2%82%AC",
        "/a;v=1?b+c=d+e",
        "//double//slash/?q=/../",
        "/a/../b/./c",
        "/?q=\"'<>[]{}|\\^`",
        "/:80@x?http://other.example/",
        "/*",
    ] {
        table.accept(target, &Forge::new().target(target).sign());
    }
    let odd = |value: &[u8]| Forge::new().add("X-Odd", value).covering_also("x-odd").sign();
    table.accept("inner-blanks-and-tabs", &odd(b"a  b\tc \t d"));
    table.accept("white-space-round-it", &odd(b" \t a b \t "));
    table.accept("empty-but-there", &odd(b""));
    table.accept("blank-but-there", &odd(b" \t "));
    table.accept("latin-1", &odd(b"caf\xe9"));
    table.accept("white-space-round-known-ones", &Forge::new().set("Date", format!(" {}\t", date_from_now(0))).sign());
    for host in ["hooks.example.com:443", "HOOKS.example.COM", "hooks.example.com:80"] {
        table.accept(host, &Forge::new().set("Host", host).sign());
    }
    let over = |transport: Transport, host: &str| {
        Forge::new().set("Host", host).edit(|message| message.with(|message| message.transport = transport)).sign()
    };
    table.accept("default-port-over-http", &over(Transport::Http, "hooks.example.com:80"));
    table.accept("default-port-over-https", &over(Transport::Https, "hooks.example.com:443"));
    let https = Receiver::with(|builder| builder.transport(TransportPolicy::RequireHttps));
    table.accept_by(&https, "https-where-it-must-be", &over(Transport::Https, "hooks.example.com"));
    let authority = |message: Message| message.with(|message| message.authority = Some("hooks.example.com".into()));
    table.accept("authority-for-host", &Forge::new().without("Host").edit(authority).sign());
    table.accept("authority-and-host", &Forge::new().edit(authority).sign());
    table.finish(24);
}

#[test]
fn takes_accounts_that_are_expected() {
    let mut table = Table::new("accepted-account");
    for id in ["account_1234", "account-1234", "Account_1234", "ACCOUNT-1234"] {
        table.accept(id, &Forge::new().set("X-Copernica-ID", id).sign());
    }
    let several = Receiver::with(|builder| builder.account(99));
    table.accept_by(&several, "second-of-several", &Forge::new().set("X-Copernica-ID", "account_99").sign());
    let environments = Receiver::with(|builder| builder.environment_ids(EnvironmentIds::Accept));
    for id in ["environment_1234", "environment-1234", "account_1234"] {
        let name = format!("{id}-by-opt-in");
        table.accept_by(&environments, &name, &Forge::new().set("X-Copernica-ID", id).sign());
    }
    table.finish(8);
}

#[test]
fn takes_dates_inside_the_window() {
    let mut table = Table::new("accepted-date");
    for seconds in [-300, -59, -1, 0, 30, 60] {
        table.accept(&seconds.to_string(), &Forge::new().set("Date", date_from_now(seconds)).sign());
    }
    table.finish(6);
}

#[test]
fn takes_every_key_that_is_published_properly() {
    let mut table = Table::new("accepted-key");
    for key_id in ["2026-11._DomainKey.COPERNICA.com", "2026-11._domainkey.copernica.com."] {
        table.accept(key_id, &Forge::new().key(key_id, &A).sign());
    }
    let sizes = Receiver::pinning(&[("3072.copernica.com", &BITS_3072), ("4096.copernica.com", &BITS_4096)], |b| b);
    table.accept_by(&sizes, "3072-bits", &Forge::new().key("3072.copernica.com", &BITS_3072).sign());
    table.accept_by(&sizes, "4096-bits", &Forge::new().key("4096.copernica.com", &BITS_4096).sign());
    let small = Receiver::pinning(&[(KEY_ID, &BITS_1024)], |builder| builder.min_key_bits(1024));
    table.accept_by(&small, "1024-bits-by-opt-in", &Forge::new().key(KEY_ID, &BITS_1024).sign());
    let foreign = Receiver::pinning(&[("a.keys.example.net", &A)], |builder| builder.zone("keys.example.net"));
    table.accept_by(&foreign, "other-zone-by-opt-in", &Forge::new().key("a.keys.example.net", &A).sign());

    let mut publish = |name: &str, records: &[String]| {
        table.accept_by(&Receiver::publishing(records), name, &Forge::new().sign());
    };
    let (spki, pkcs1) = (base64(A.spki()), base64(A.pkcs1()));
    publish(
        "folded",
        &[format!("v = DKIM1 ;\r\n k\t= rsa;\r\n\tp = {} {}\r\n {}; ", &spki[..9], &spki[9..80], &spki[80..])],
    );
    publish("bare-rsa-public-key", &[format!("v=DKIM1;k=rsa;p={pkcs1}")]);
    publish("without-version", &[format!("k=rsa;p={spki}")]);
    publish("only-the-key", &[format!("p={spki}")]);
    publish("unknown-tags", &[format!("v=DKIM1;x=1;p={spki};y_2=a:b;n=for hooks")]);
    publish("trailing-semicolon", &[format!("v=DKIM1;p={spki};")]);
    publish("hash-and-service-listed", &[format!("v=DKIM1;h=sha1:sha256;s=*;p={spki}")]);
    publish("for-email", &[format!("v=DKIM1;s=email;t=s;p={spki}")]);
    publish("right-one-last", &["v=spf1 -all".into(), "site-verification=abc".into(), B.record(), A.record()]);
    publish("right-one-first", &[A.record(), B.record()]);
    publish("beside-a-revoked-one", &["v=DKIM1;p=".into(), A.record()]);
    publish("eighth-of-eight", &[vec![B.record(); 7], vec![A.record()]].concat());
    table.finish(18);
}

#[test]
fn takes_the_new_and_the_old_key_while_both_are_published() {
    let mut table = Table::new("accepted-rotation");
    let next = "2026-12._domainkey.copernica.com";
    let both = Receiver::pinning(&[(KEY_ID, &A), (next, &B)], |builder| builder);
    table.accept_by(&both, "before", &Forge::new().sign());
    table.accept_by(&both, "after", &Forge::new().key(next, &B).sign());
    table.accept_by(&both, "in-flight", &Forge::new().set("Date", date_from_now(-200)).sign());
    // The same selector, with the new record beside the old one.
    let beside = Receiver::publishing(&[B.record(), A.record()]);
    table.accept_by(&beside, "same-name-old-key", &Forge::new().sign());
    table.accept_by(&beside, "same-name-new-key", &Forge::new().key(KEY_ID, &B).sign());
    let retry = Forge::new().set("Date", date_from_now(-1)).set("X-Nonce", "0fe11a90");
    table.accept("retry", &retry.sign());
    table.finish(6);
}

#[test]
fn takes_a_testing_key_by_opt_in() {
    let record = format!("v=DKIM1;t=y;p={}", base64(A.spki()));
    let published = Published(vec![record.into_bytes()]);
    let verifier =
        Verifier::builder(ACCOUNT).host(HOST).keys(published).testing_keys(TestingKeys::Accept).build().unwrap();
    let message = Forge::new().sign();
    let verdict = block_on(verifier.verify(&message.head(), &message.body, now()));
    assert_eq!(verdict.map(|verified| verified.account().id), Ok(ACCOUNT));
}
