//! The generator: what an honest publisher signs, and what becomes of it on the way.

use std::time::UNIX_EPOCH;

use callback_verifier::{Rejection, Transport};
use serde_json::{Map, Value, json};

use crate::support::keys::{A, B, BITS_1024, BITS_3072};
use crate::support::{ACCOUNT, Forge, HOST, KEY_ID, Message, base64, date_from_now, now};

/// What `verified` and each code look like in the file.
pub(super) fn refusal(rejection: &Rejection) -> Value {
    json!({"code": rejection.code(), "step": rejection.step(), "http_status": rejection.class().status(),
           "retry_after": rejection.retry_after()})
}

/// The text of the file.
pub(super) fn document() -> String {
    let vectors: Vec<Value> = accepted().into_iter().chain(refused()).map(|vector| vector.told()).collect();
    let about = [
        "Requests, the receiver that judges each, and its verdict. Texts are Latin-1: each character of a value or a body is a byte.",
        "`receiver` has the options of a verifier; what is not there is strict. `records` are the TXT records of the only key name, null if",
        "DNS fails. `now` is the clock, in seconds since 1970. What is in `before` comes first: it was handled, or is being handled. Then",
        "the request is verified, and its nonce claimed.",
    ];
    let elsewhere = json!({
        "authority_disagrees": "only HTTP/2 has an `:authority` beside `Host`: attacks/place.rs",
        "body_too_slow": "the layer's: layer/bodies.rs",
        "body_unreadable": "the layer's: layer/bodies.rs",
        "forwarded_malformed": "of proxies: layer/proxies.rs",
        "peer_unknown": "of proxies: layer/proxies.rs",
        "replay_guard_unavailable": "of stores that other machines have: replay/redis/outage.rs",
        "target_outside_prefix": "of proxies: layer/proxies.rs",
    });
    let document =
        json!({"version": 1, "about": about.join(" "), "key_id": KEY_ID, "elsewhere": elsewhere, "vectors": vectors});
    format!("{}\n", serde_json::to_string_pretty(&document).unwrap())
}

struct Vector {
    id: &'static str,
    receiver: Map<String, Value>,
    records: Option<Vec<String>>,
    before: Vec<(&'static str, Message)>,
    request: Message,
}

impl Vector {
    /// The strict receiver, which finds key [`A`] in DNS.
    fn new(id: &'static str, request: Message) -> Self {
        let mut receiver = Map::new();
        receiver.insert("account".into(), json!(ACCOUNT));
        receiver.insert("hosts".into(), json!([HOST]));
        Self { id, receiver, records: Some(vec![A.record()]), before: Vec::new(), request }
    }

    fn receiver(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.receiver.insert(name.into(), value.into());
        self
    }

    fn records(mut self, records: Option<&[&str]>) -> Self {
        self.records = records.map(|records| records.iter().map(|&record| record.to_owned()).collect());
        self
    }

    fn after(mut self, was: &'static str, request: Message) -> Self {
        self.before.push((was, request));
        self
    }

    fn told(&self) -> Value {
        let mut vector = json!({
            "id": self.id,
            "receiver": self.receiver,
            "records": self.records,
            "now": now().duration_since(UNIX_EPOCH).unwrap().as_secs(),
            "before": self.before.iter().map(|(was, message)| json!({"was": was, "request": told(message)})).collect::<Vec<_>>(),
            "request": told(&self.request),
        });
        vector["verdict"] =
            super::verdict(&vector).map_or_else(|rejection| refusal(&rejection), |()| json!("verified"));
        // The id of a refusal begins with its code, so that no verdict is blessed by mistake.
        let expected = self.id.split('/').next();
        assert_eq!(vector["verdict"]["code"].as_str().or(Some("verified")), expected, "{}", self.id);
        vector
    }
}

fn told(message: &Message) -> Value {
    let latin1 = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
    let lines: Vec<_> = message.headers.iter().map(|(name, value)| json!([name, latin1(value)])).collect();
    let https = match message.transport {
        Transport::Https => Some(true),
        Transport::Http => Some(false),
        _ => None,
    };
    json!({"method": message.method, "target": message.target, "headers": lines, "body": latin1(&message.body), "https": https})
}

fn accepted() -> Vec<Vector> {
    let (a, b) = (A.record(), B.record());
    vec![
        Vector::new("verified/lowercase", Forge::new().sign()),
        Vector::new("verified/documented", Forge::documented().sign()),
        Vector::new("verified/form", Forge::new().body("type=delete&profile=1").sign()),
        Vector::new("verified/empty-body", Forge::new().body("").sign()),
        Vector::new("verified/any-bytes", Forge::new().body([0, 0x80, 0xff, b'\n']).sign()),
        Vector::new("verified/query", Forge::new().target("/a//b%2Fc?x=%20+;&y=~").sign()),
        Vector::new("verified/latin-1", Forge::new().add("X-Name", b"Zo\xeb").covering_also("x-name").sign()),
        Vector::new("verified/algorithm-absent", Forge::new().algorithm(None).sign()),
        Vector::new("verified/oldest", Forge::new().set("Date", date_from_now(-300)).sign()),
        Vector::new("verified/furthest-ahead", Forge::new().set("Date", date_from_now(60)).sign()),
        Vector::new("verified/default-port", Forge::new().set("Host", format!("{HOST}:443")).sign()),
        Vector::new("verified/3072-bits", Forge::new().key(KEY_ID, &BITS_3072).sign())
            .records(Some(&[&BITS_3072.record()])),
        Vector::new("verified/second-record", Forge::new().sign()).records(Some(&["v=spf1 -all", &b, &a])),
        Vector::new("verified/other-nonce-was-handled", Forge::new().sign())
            .after("handled", Forge::new().set("X-Nonce", "another").sign()),
        Vector::new("verified/1024-bits-by-opt-in", Forge::new().key(KEY_ID, &BITS_1024).sign())
            .records(Some(&[&BITS_1024.record()]))
            .receiver("min_key_bits", 1024),
        Vector::new("verified/testing-by-opt-in", Forge::new().sign())
            .records(Some(&[&format!("{a};t=y")]))
            .receiver("allow_testing_keys", true),
        Vector::new("verified/environment-by-opt-in", Forge::new().set("X-Copernica-ID", "environment_1234").sign())
            .receiver("allow_environment", true),
        Vector::new("verified/hs2019-by-opt-in", Forge::new().algorithm(Some("hs2019")).sign())
            .receiver("allow_hs2019", true),
        Vector::new("verified/missing-comma-by-opt-in", Forge::new().sign().resign("\",signature=", "\" signature="))
            .receiver("allow_missing_comma", true),
        Vector::new("verified/https", Forge::new().sign().with(|message| message.transport = Transport::Https))
            .receiver("require_https", true),
        Vector::new("verified/older-by-choice", Forge::new().set("Date", date_from_now(-3600)).sign())
            .receiver("max_age", 3600),
    ]
}

fn refused() -> Vec<Vector> {
    let a = A.record();
    let genuine = || Forge::new().sign();
    let signature = || genuine().text("Signature").to_owned();
    let nine = [a.as_str(); 9];
    let revoked = Some(&["v=DKIM1;k=rsa;p="][..]);
    let new = Vector::new;
    vec![
        new("https_required/unknown", genuine()).receiver("require_https", true),
        new("https_required/http", genuine().with(|message| message.transport = Transport::Http))
            .receiver("require_https", true),
        new("wrong_method/put", genuine().method("PUT")),
        new("wrong_method/lower-case", genuine().method("post")),
        new(
            "too_many_headers/300",
            genuine().with(|message| message.headers.extend((0..300).map(|n| (format!("X-{n}"), Vec::new())))),
        ),
        new("signature_missing/unsigned", genuine().without("Signature")),
        new("signature_repeated/good-first", genuine().add("Signature", "x")),
        new("signature_repeated/good-last", genuine().add_first("Signature", "x")),
        new("signature_in_authorization/moved", {
            let moved = format!("Signature {}", signature());
            genuine().add("Authorization", moved)
        }),
        new("signature_malformed/empty", genuine().set("Signature", "")),
        new("signature_malformed/parameter-twice", genuine().resign("algorithm=", "keyId=\"x\",algorithm=")),
        new("signature_malformed/missing-comma", genuine().resign("\",signature=", "\" signature=")),
        new("algorithm_unsupported/hmac", genuine().resign("rsa-sha256", "hmac-sha256")),
        new("algorithm_unsupported/hs2019", Forge::new().algorithm(Some("hs2019")).sign()),
        new("coverage_malformed/twice", Forge::new().covering_also("digest").sign()),
        new("coverage_malformed/created", Forge::new().covering_also("(created)").sign()),
        new("coverage_missing/digest", Forge::new().not_covering("digest").sign()),
        new("coverage_missing/host", Forge::new().not_covering("host").sign()),
        new("header_missing/signed-as-empty", Forge::new().covering_also("x-trace").sign()),
        new("header_repeated/host", genuine().add("Host", "evil.example")),
        new("header_repeated/date-first", genuine().add_first("Date", date_from_now(0))),
        new("control_character/line-feed", Forge::new().set("X-Nonce", "a\nx-forged: 1").sign()),
        new("target_malformed/absolute", Forge::new().target("https://hooks.example.com/hook").sign()),
        new("date_malformed/rfc-850", Forge::new().set("Date", "Monday, 23-Nov-26 08:15:00 GMT").sign()),
        new("date_malformed/seconds", Forge::new().set("Date", "1795421700").sign()),
        new("date_too_old/301", Forge::new().set("Date", date_from_now(-301)).sign()),
        new("date_in_future/61", Forge::new().set("Date", date_from_now(61)).sign()),
        new("wrong_host/look-alike", Forge::new().set("Host", "hooks.example.com.evil.test").sign()),
        new("account_malformed/leading-zero", Forge::new().set("X-Copernica-ID", "account_01234").sign()),
        new("wrong_account/neighbour", Forge::new().set("X-Copernica-ID", "account_1235").sign()),
        new("wrong_account/environment", Forge::new().set("X-Copernica-ID", "environment_1234").sign()),
        new("key_id_malformed/blank", Forge::new().key("2026 11._domainkey.copernica.com", &A).sign()),
        new("foreign_key/look-alike", Forge::new().key("2026-11._domainkey.evilcopernica.com", &A).sign()),
        new("foreign_key/zone-itself", Forge::new().key("copernica.com", &A).sign()),
        new("key_not_found/no-record", genuine()).records(Some(&[])),
        new("key_revoked/empty-key", genuine()).records(revoked),
        new("key_unusable/spf-only", genuine()).records(Some(&["v=spf1 -all"])),
        new("key_unusable/key-twice", genuine()).records(Some(&[&format!("{a};p=")])),
        new("too_many_keys/nine", genuine()).records(Some(&nine)),
        new("key_testing/strict", genuine()).records(Some(&[&format!("{a};t=y")])),
        new("key_too_small/1024-bits", Forge::new().key(KEY_ID, &BITS_1024).sign())
            .records(Some(&[&BITS_1024.record()])),
        new("key_unavailable/servfail", genuine()).records(None),
        new("signature_not_base64/unpadded", genuine().resign("==\"", "\"")),
        new("bad_signature/another-key", Forge::new().key(KEY_ID, &B).sign()),
        new("bad_signature/path", genuine().target("/hooks/profiles?list=7&source=crm")),
        new("bad_signature/truncated", Forge::new().carry(&[0; 255])),
        new("bad_signature/uncovered-type", genuine().set("Content-Type", "text/plain")),
        new("digest_malformed/only-md5", Forge::new().set("Digest", "md5=1B2M2Y8AsgTpgAmY7PhCfg==").sign()),
        new("digest_malformed/twice", {
            let twice = format!("{0},{0}", Forge::new().message.text("Digest"));
            Forge::new().set("Digest", twice).sign()
        }),
        new("content_length_malformed/sign", Forge::new().set("Content-Length", "+5").sign()),
        new("content_length_mismatch/one-byte-more", genuine().with(|message| message.body.push(b' '))),
        new("body_too_large/by-one", Forge::new().body("12345").sign()).receiver("max_body", 4),
        new("digest_mismatch/one-letter", genuine().with(|message| message.body[10] ^= 1)),
        new(
            "digest_mismatch/one-of-two",
            Forge::new()
                .edit(|message| {
                    let digest = format!("{},sha-512={}", message.text("Digest"), base64([0; 64]));
                    message.set("Digest", digest)
                })
                .sign(),
        ),
        new("nonce_missing/uncovered", Forge::new().not_covering("x-nonce").sign()),
        new("nonce_malformed/too-long", Forge::new().set("X-Nonce", "n".repeat(257)).sign()),
        new("replayed/same-bytes", genuine()).after("handled", genuine()),
        new("replayed/signed-anew", Forge::new().set("Date", date_from_now(0)).sign()).after("handled", genuine()),
        new("replay_pending/same-bytes", genuine()).after("being handled", genuine()),
        new("replay_guard_full/one-nonce", genuine())
            .after("handled", Forge::new().set("X-Nonce", "another").sign())
            .receiver("replay_capacity", 1),
    ]
}
