//! The vectors of draft-cavage-http-signatures-10 appendix C: same signing strings, same signatures, bit for bit.

use callback_verifier::key::{Backend, PublicKey};
use callback_verifier::sign::PrivateKey;
use callback_verifier::wire::{CoveredHeaders, Digests, SignatureHeaderError, SigningString};
use callback_verifier::{KeyName, Rejection, Transport};

use crate::support::{KEY_ID, Message, Receiver, base64, unbase64};

/// The draft's key pair, its private half converted to PKCS#8.
const PRIVATE_KEY: &str = include_str!("../keys/cavage-appendix-c.pem");
const PUBLIC_KEY: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C36rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2\
                          qsBe/2hFyc2DCJJg0h1L78+6Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJwoYi+1hqp1fIekaxsyQIDAQAB";

struct Vector {
    name: &'static str,
    covered: &'static str,
    signing_string: &'static str,
    signature: &'static str,
}

const VECTORS: [Vector; 3] = [
    Vector {
        name: "C.1 default",
        covered: "date",
        signing_string: "date: Sun, 05 Jan 2014 21:31:40 GMT",
        signature: "SjWJWbWN7i0wzBvtPl8rbASWz5xQW6mcJmn+ibttBqtifLN7Sazz6m79cNfwwb8DMJ5cou1s7uEGKKCs+FLEEaDV5lp7q25WqS+l\
                    avg7T8hc0GppauB6hbgEKTwblDHYGEtbGmtdHgVCk9SuS13F0hZ8FD0k/5OxEPXe5WozsbM=",
    },
    Vector {
        name: "C.2 basic",
        covered: "(request-target) host date",
        signing_string: "(request-target): post /foo?param=value&pet=dog\nhost: example.com\ndate: Sun, 05 Jan 2014 21:31:40 GMT",
        signature: "qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbHpUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2iicw3HMbe8VfEdKFY\
                    Rqzic+efkb3nndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fswtemr3lgdDEmn04swr2Os0=",
    },
    Vector {
        name: "C.3 all headers",
        covered: "(request-target) host date content-type digest content-length",
        signing_string: "(request-target): post /foo?param=value&pet=dog\nhost: example.com\ndate: Sun, 05 Jan 2014 21:31:40 GMT\n\
                         content-type: application/json\ndigest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=\ncontent-length: 18",
        signature: "vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv120V0\
                    1IL+TAD48XaERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE=",
    },
];

fn request() -> Message {
    let headers = [
        ("Host", "example.com"),
        ("Date", "Sun, 05 Jan 2014 21:31:40 GMT"),
        ("Content-Type", "application/json"),
        ("Digest", "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="),
        ("Content-Length", "18"),
    ];
    Message {
        method: "POST".into(),
        target: "/foo?param=value&pet=dog".into(),
        headers: headers.map(|(name, value)| (name.into(), value.into())).to_vec(),
        body: br#"{"hello": "world"}"#.to_vec(),
        authority: None,
        transport: Transport::Unknown,
    }
}

#[test]
fn builds_the_signing_strings_of_the_draft() {
    for vector in VECTORS {
        let covered = CoveredHeaders::parse(vector.covered).unwrap();
        let built = SigningString::build(&request().head(), &covered).unwrap();
        assert_eq!(built.as_bytes(), vector.signing_string.as_bytes(), "{}", vector.name);
    }
    let digests = Digests::parse(request().value("Digest")).unwrap();
    assert_eq!(digests.check(&request().body), Ok(()));
}

#[test]
fn verifies_the_signatures_of_the_draft() {
    for backend in [Backend::AwsLc, Backend::RustCrypto] {
        let key = PublicKey::from_der_with(&unbase64(PUBLIC_KEY), backend).unwrap();
        for vector in VECTORS {
            let signature = unbase64(vector.signature);
            assert!(key.verify(vector.signing_string.as_bytes(), &signature), "{} by {backend:?}", vector.name);
            assert!(!key.verify(vector.signing_string.to_uppercase().as_bytes(), &signature), "{}", vector.name);
        }
    }
}

#[test]
fn makes_the_signatures_of_the_draft() {
    let key = PrivateKey::from_pkcs8(pem::parse(PRIVATE_KEY).unwrap().contents(), Backend::RustCrypto).unwrap();
    assert_eq!(base64(key.public_key_der()), PUBLIC_KEY);
    for vector in VECTORS {
        let covered = CoveredHeaders::parse(vector.covered).unwrap();
        let made = key.sign_request(&request().head(), &KeyName::parse("Test").unwrap(), &covered).unwrap();
        let expected = format!(
            "keyId=\"test\",algorithm=\"rsa-sha256\",headers=\"{}\",signature=\"{}\"",
            vector.covered, vector.signature
        );
        assert_eq!(made, expected, "{}", vector.name);
    }
}

#[test]
fn the_checklist_refuses_the_requests_of_the_draft_because_they_cover_too_little() {
    for (vector, uncovered) in VECTORS.iter().zip(["(request-target)", "x-copernica-id", "x-copernica-id"]) {
        let header = format!(
            "keyId=\"{KEY_ID}\",algorithm=\"rsa-sha256\",headers=\"{}\",signature=\"{}\"",
            vector.covered, vector.signature
        );
        let verdict = Receiver::strict().verdict(&request().add("Signature", header));
        assert_eq!(verdict, Err(Rejection::CoverageMissing { name: uncovered }), "{}", vector.name);
    }
    // As the draft prints it, C.1 leaves `headers` to its default.
    let header = format!("keyId=\"Test\",algorithm=\"rsa-sha256\",signature=\"{}\"", VECTORS[0].signature);
    let verdict = Receiver::strict().verdict(&request().add("Signature", header));
    assert_eq!(verdict, Err(Rejection::SignatureMalformed(SignatureHeaderError::Missing { name: "headers" })));
}
