//! Signatures that a verifier takes if it lets the request choose the algorithm, or compares what is empty.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, RsaEncoding};
use callback_verifier::Rejection;
use callback_verifier::wire::{DigestAlgorithm, DigestError};

use super::Table;
use crate::support::keys::A;
use crate::support::{Forge, base64, hex};

#[test]
fn refuses_a_mac_that_is_keyed_with_the_public_key() {
    let mut table = Table::new("algorithm");
    let forge = Forge::new();
    let keys = [
        ("public-key-pem", A.private.public_key_pem().into_bytes()),
        ("public-key-pem-trimmed", A.private.public_key_pem().trim_end().as_bytes().to_vec()),
        ("public-key-der", A.spki().to_vec()),
        ("public-key-pkcs1", A.pkcs1()),
        ("record-value", base64(A.spki()).into_bytes()),
        ("record", A.record().into_bytes()),
        ("empty-key", Vec::new()),
    ];
    for (name, key) in keys {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &forge.signing_string());
        let hexadecimal = hex(mac.as_ref());
        for (form, text) in
            [("raw", base64(mac.as_ref())), ("hex", hexadecimal.clone()), ("hex-base64", base64(hexadecimal))]
        {
            let carrying = |algorithm| forge.clone().algorithm(algorithm).carry_text(&text);
            let id = |label: &str| format!("hmac-{name}-{form}-{label}");
            let unsupported = Rejection::AlgorithmUnsupported { got: "hmac-sha256".into() };
            table.refuse(&id("told"), unsupported, &carrying(Some("hmac-sha256")));
            table.refuse(&id("as-rsa"), Rejection::BadSignature, &carrying(Some("rsa-sha256")));
            table.refuse(&id("untold"), Rejection::BadSignature, &carrying(None));
        }
    }
    table.finish(63);
}

#[test]
fn refuses_every_other_algorithm_by_name() {
    let mut table = Table::new("algorithm-name");
    for name in [
        "rsa-sha1",
        "rsa-sha512",
        "rsa-md5",
        "ecdsa-sha256",
        "ed25519",
        "hs2019",
        "rsa-pss-sha512",
        "none",
        "None",
        "null",
        "",
        " ",
        "hmac-x",
        "RSA-SHA256",
        "rsa-sha256 ",
        " rsa-sha256",
        "rsa_sha256",
    ] {
        let signed = Forge::new().algorithm(Some(name)).sign();
        let unsigned = Forge::new().algorithm(Some(name)).carry(&[]);
        let unsupported = || Rejection::AlgorithmUnsupported { got: name.into() };
        table.refuse(&format!("`{name}`"), unsupported(), &signed);
        table.refuse(&format!("`{name}`-and-no-signature"), unsupported(), &unsigned);
    }
    table.finish(34);
}

#[test]
fn refuses_other_rsa_signatures_under_the_name_of_this_one() {
    let mut table = Table::new("other-rsa");
    let forge = Forge::new();
    let key = aws_lc_rs::rsa::KeyPair::from_pkcs8(pem::parse(A.pem).unwrap().contents()).unwrap();
    let encodings: [(&str, &'static dyn RsaEncoding); 4] = [
        ("pss-sha256", &signature::RSA_PSS_SHA256),
        ("pss-sha512", &signature::RSA_PSS_SHA512),
        ("pkcs1-sha384", &signature::RSA_PKCS1_SHA384),
        ("pkcs1-sha512", &signature::RSA_PKCS1_SHA512),
    ];
    for (name, encoding) in encodings {
        let mut made = vec![0; key.public_modulus_len()];
        key.sign(encoding, &SystemRandom::new(), &forge.signing_string(), &mut made).unwrap();
        table.refuse(name, Rejection::BadSignature, &forge.clone().carry(&made));
        table.refuse(&format!("{name}-untold"), Rejection::BadSignature, &forge.clone().algorithm(None).carry(&made));
    }
    table.finish(8);
}

#[test]
fn refuses_empty_and_truncated_signatures() {
    let mut table = Table::new("empty-signature");
    let forge = Forge::new();
    let made = A.sign(&forge.signing_string());
    for length in 0..made.len() {
        let (front, back) = (&made[..length], &made[made.len() - length..]);
        table.refuse(&format!("first-{length}-bytes"), Rejection::BadSignature, &forge.clone().carry(front));
        if length > 0 {
            table.refuse(&format!("last-{length}-bytes"), Rejection::BadSignature, &forge.clone().carry(back));
        }
    }
    let text = base64(&made);
    for length in 0..text.len() {
        let refusal = if length % 4 == 0 { Rejection::BadSignature } else { Rejection::SignatureNotBase64 };
        table.refuse(&format!("first-{length}-characters"), refusal, &forge.clone().carry_text(&text[..length]));
    }
    table.refuse("v1-comma", "signature_malformed", &forge.clone().carry_text(&format!("v1,{text}")));
    for (name, text) in [
        ("v1-equals", format!("v1={text}")),
        ("blank-before", format!(" {text}")),
        ("blank-behind", format!("{text} ")),
        ("padding-behind", format!("{text}=")),
        ("without-padding", text.trim_end_matches('=').to_owned()),
        ("url-safe-alphabet", text.replace('+', "-").replace('/', "_")),
        ("twice", format!("{text}{text}")),
        ("stray-bits", with_stray_bits(&text)),
        ("percent-encoded", text.replace('=', "%3D")),
        ("hex", hex(&made) + "0"),
    ] {
        table.refuse(name, Rejection::SignatureNotBase64, &forge.clone().carry_text(&text));
    }
    table.finish(256 + 255 + 344 + 11);
}

/// The same bytes for a decoder that ignores the bits that stand for nothing.
fn with_stray_bits(text: &str) -> String {
    let significant = text.trim_end_matches('=');
    let last = significant.as_bytes()[significant.len() - 1];
    format!("{}{}{}", &significant[..significant.len() - 1], char::from(last + 1), &text[significant.len()..])
}

#[test]
fn refuses_empty_and_truncated_digests() {
    let mut table = Table::new("empty-digest");
    let digest = Forge::new().message.text("Digest").to_owned();
    let value = digest.strip_prefix("sha-256=").unwrap();
    let signed_with = |digest: &str| Forge::new().set("Digest", digest).sign();
    let malformed = |error| Rejection::DigestMalformed(error);
    for length in 0..value.len() {
        let not_base64 = malformed(DigestError::NotBase64(DigestAlgorithm::Sha256));
        table.refuse(&format!("first-{length}-characters"), not_base64, &signed_with(&digest[..8 + length]));
    }
    table.refuse("no-value", malformed(DigestError::Syntax("sha-256".into())), &signed_with("sha-256"));
    table.refuse("no-header-value", malformed(DigestError::Syntax("".into())), &signed_with(""));
    table.refuse("only-equals", malformed(DigestError::Syntax("=".into())), &signed_with("="));
    table.refuse(
        "sha-512-of-nothing",
        malformed(DigestError::NotBase64(DigestAlgorithm::Sha512)),
        &signed_with(&format!("{digest},sha-512=")),
    );
    table.finish(48);
}
