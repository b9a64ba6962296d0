//! Bodies that are not the one that was signed, and `Digest` headers that leave open which one that is.

use callback_verifier::wire::{DigestAlgorithm, DigestError};
use callback_verifier::{PinnedKeys, Rejection, Verifier};
use sha2::{Digest, Sha256, Sha512};

use super::Table;
use crate::support::keys::A;
use crate::support::{ACCOUNT, Forge, HOST, Message, Receiver, base64, block_on, now};

/// A callback whose length nobody tells, so that only the digest can find out.
fn chunked() -> Forge {
    Forge::new().without("Content-Length").not_covering("content-length")
}

fn chunked_body(body: &str) -> Message {
    Forge::new().body(body).without("Content-Length").not_covering("content-length").sign()
}

fn sha256(body: &[u8]) -> String {
    base64(Sha256::digest(body))
}

fn sha512(body: &[u8]) -> String {
    base64(Sha512::digest(body))
}

#[test]
fn refuses_bodies_that_are_bound_but_changed() {
    let mut table = Table::new("body");
    let honest = Forge::new().message.body;
    let declared = honest.len() as u64;
    let mismatch = || Rejection::DigestMismatch { algorithm: DigestAlgorithm::Sha256 };
    let mut flipped = honest.clone();
    flipped[100] ^= 1;
    for (name, body) in [
        ("one-byte-more", [&honest[..], b" "].concat()),
        ("one-byte-less", honest[..honest.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("replaced", b"{\"id\":\"1\",\"action\":\"delete\"}".to_vec()),
        ("twice", honest.repeat(2)),
    ] {
        let length_mismatch = Rejection::ContentLengthMismatch { declared, got: body.len() as u64 };
        table.refuse(name, length_mismatch, &Forge::new().sign().body(body.clone()));
        table.refuse(&format!("{name}-chunked"), mismatch(), &chunked().sign().body(body.clone()));
        // Whoever may change the body may also change the headers that the signature does not cover.
        let uncovered = Forge::new().not_covering("content-length").sign();
        let adjusted = uncovered.set("Content-Length", body.len().to_string()).body(body.clone());
        table.refuse(&format!("{name}-length-adjusted"), mismatch(), &adjusted);
        let rebound = Forge::new().sign().set("Digest", format!("sha-256={}", sha256(&body)));
        let rebound = rebound.set("Content-Length", body.len().to_string()).body(body);
        table.refuse(&format!("{name}-digest-replaced"), Rejection::BadSignature, &rebound);
    }
    table.refuse("one-bit", mismatch(), &Forge::new().sign().body(flipped));
    let other = Forge::new().set("Digest", format!("sha-256={}", sha256(b"another body"))).sign();
    table.refuse("digest-of-another-body-signed", mismatch(), &other);
    table.finish(22);
}

#[test]
fn refuses_lengths_that_are_wrong() {
    let mut table = Table::new("length");
    let five = || Forge::new().body("12345");
    for declared in [0, 4, 6, 1_000_000] {
        let mismatch = Rejection::ContentLengthMismatch { declared, got: 5 };
        table.refuse(&declared.to_string(), mismatch, &five().set("Content-Length", declared.to_string()).sign());
    }
    for text in ["", "+5", "-5", "5,5", "5, 5", "5.0", "0x5", "5e0", "5 5", "five", "\u{ff15}", "18446744073709551616"]
    {
        let malformed = Rejection::ContentLengthMalformed { got: text.into() };
        table.refuse(&format!("`{text}`"), malformed, &five().set("Content-Length", text).sign());
    }
    let limit = Receiver::with(|builder| builder.max_body(4));
    let too_large = || Rejection::BodyTooLarge { limit: 4 };
    table.refuse_by(&limit, "declared-over-the-limit", too_large(), &five().sign());
    table.refuse_by(&limit, "declared-over-the-limit-and-short", too_large(), &five().sign().body("1"));
    table.refuse_by(&limit, "chunked-over-the-limit", too_large(), &chunked_body("12345"));
    let nine_mebibytes = Forge::new().set("Content-Length", (9 << 20).to_string()).sign();
    table.refuse("over-the-default-limit", Rejection::BodyTooLarge { limit: 8 << 20 }, &nine_mebibytes);
    table.finish(20);
}

#[test]
fn refuses_a_body_in_parts_as_soon_as_it_is_too_long() {
    let keys = PinnedKeys::new().with_every_name(A.private.public_key().clone());
    let verifier = Verifier::builder(ACCOUNT).host(HOST).keys(keys).max_body(5).build().unwrap();
    let declared = Forge::new().body("1234").sign();
    let longer = Rejection::ContentLengthMismatch { declared: 4, got: 5 };
    let too_large = Rejection::BodyTooLarge { limit: 5 };
    for (message, second, refusal) in [(declared, "45", longer), (chunked_body("1234"), "456", too_large)] {
        let mut body = block_on(verifier.verify_head(&message.head(), now())).unwrap().body();
        assert_eq!(body.update(b"123"), Ok(()));
        assert_eq!(body.update(second.as_bytes()), Err(refusal.clone()));
        // Whoever goes on all the same is told so again.
        assert_eq!(body.finish().map(drop), Err(refusal));
    }
}

#[test]
fn refuses_digests_that_bind_nothing_or_two_bodies() {
    let mut table = Table::new("digest");
    let body = Forge::new().message.body;
    let (good, bad) = (sha256(&body), sha256(b"other"));
    let (good512, bad512) = (sha512(&body), sha512(b"other"));
    let mismatch = |algorithm| Rejection::DigestMismatch { algorithm };
    let malformed = |error| Rejection::DigestMalformed(error);
    let duplicate = |name: &str| malformed(DigestError::Duplicate(name.into()));
    let not_base64 = || malformed(DigestError::NotBase64(DigestAlgorithm::Sha256));
    for (name, digest, refusal) in [
        ("good-and-bad", format!("sha-256={good},sha-256={bad}"), duplicate("sha-256")),
        ("bad-and-good", format!("sha-256={bad},sha-256={good}"), duplicate("sha-256")),
        ("twice-in-other-case", format!("sha-256={good},SHA-256={bad}"), duplicate("SHA-256")),
        ("weak-twice", format!("md5=a,sha-256={good},MD5=b"), duplicate("MD5")),
        ("weak-good-strong-bad", format!("md5=AAAA,sha-256={bad}"), mismatch(DigestAlgorithm::Sha256)),
        ("sha-256-bad-sha-512-good", format!("sha-512={good512},sha-256={bad}"), mismatch(DigestAlgorithm::Sha256)),
        ("sha-256-good-sha-512-bad", format!("sha-256={good},sha-512={bad512}"), mismatch(DigestAlgorithm::Sha512)),
        ("only-md5", "md5=HUXZLQLMuI/KZ5KDcJPcOA==".into(), malformed(DigestError::NoneSupported)),
        ("only-sha", "SHA=thvDyvhfIqlvFe+A9MYgxAfm1q5=".into(), malformed(DigestError::NoneSupported)),
        ("only-adler32", "adler32=03da0195".into(), malformed(DigestError::NoneSupported)),
        ("only-unix-sum", "UNIXsum=30637,UNIXcksum=1,CRC32c=1".into(), malformed(DigestError::NoneSupported)),
        ("only-unknown", format!("sha-257={good}"), malformed(DigestError::NoneSupported)),
        ("without-hyphen", format!("sha256={good}"), malformed(DigestError::NoneSupported)),
        ("without-padding", format!("sha-256={}", good.trim_end_matches('=')), not_base64()),
        ("padding-behind", format!("sha-256={good}="), not_base64()),
        ("stray-bits", format!("sha-256={}", with_stray_bits(&good)), not_base64()),
        ("url-safe", format!("sha-256={}", good.replace(['+', '/'], "_")), not_base64()),
        ("structured-field", format!("sha-256=:{good}:"), not_base64()),
        ("sha-512-value", format!("sha-256={good512}"), not_base64()),
        // The padding of the base64 is the only equals sign.
        (
            "no-equals",
            format!("sha-256:{good}"),
            malformed(DigestError::Syntax(format!("sha-256:{good}").as_str().into())),
        ),
        ("comma-behind", format!("sha-256={good},"), malformed(DigestError::Syntax("".into()))),
        ("semicolon", format!("sha-256={good};q=1"), not_base64()),
        (
            "nine",
            (0..9).map(|index| format!("a{index}=1,")).collect::<String>() + "sha-256=",
            malformed(DigestError::TooMany),
        ),
    ] {
        let message = Forge::new().set("Digest", digest).sign();
        table.refuse(name, refusal, &message);
    }
    let repeated = || Rejection::HeaderRepeated { name: "digest" };
    let bad_header = format!("sha-256={bad}");
    table.refuse("two-headers-good-first", repeated(), &Forge::new().sign().add("Digest", bad_header.clone()));
    table.refuse("two-headers-good-last", repeated(), &Forge::new().sign().add_first("digest", bad_header.clone()));
    table.refuse("two-headers-signed", repeated(), &Forge::new().add("Digest", bad_header).sign());
    table.refuse("two-headers-equal", repeated(), &twice(Forge::new().sign()));
    table.finish(27);
}

fn twice(message: Message) -> Message {
    let digest = message.value("Digest").to_vec();
    message.add("Digest", digest)
}

/// The same bytes for a decoder that ignores the bits that stand for nothing.
fn with_stray_bits(good: &str) -> String {
    format!("{}{}=", &good[..42], char::from(good.as_bytes()[42] + 1))
}
