//! The grammar of key records, and which of several records counts.

use callback_verifier::key::{Backend, KeyRecord, MAX_CANDIDATES, PublicKeyError, RecordError};
use callback_verifier::{KeyError, PublicKey, Rejection};

use crate::support::keys::{A, B};
use crate::support::{Published, base64, der};

fn parse(text: &str) -> Result<KeyRecord, RecordError> {
    KeyRecord::parse(text.as_bytes())
}

#[test]
fn a_key_is_the_same_key_in_every_encoding() {
    let keys = [PublicKey::from_der(A.spki()), PublicKey::from_der(&A.pkcs1())].map(Result::unwrap);
    let other_library = PublicKey::from_der_with(A.spki(), Backend::RustCrypto).unwrap();
    assert!(keys[0] == keys[1] && keys[0] == other_library);
    assert!(keys[0] != PublicKey::from_der(B.spki()).unwrap());
}

#[test]
fn takes_the_largest_and_the_smallest_keys_that_are_bounded() {
    let longest_exponent = [1, 0, 0, 0, 1];
    for (modulus, exponent, bits) in [
        (A.modulus(), &longest_exponent[..], 2048),
        (A.modulus(), &[3], 2048),
        (der::modulus_of(1024), &[1, 0, 1], 1024),
        (der::modulus_of(1025), &[1, 0, 1], 1025),
        (der::modulus_of(8192), &[1, 0, 1], 8192),
    ] {
        let der = der::rsa_public_key(&modulus, exponent);
        let key = PublicKey::from_der_with(&der, Backend::RustCrypto).unwrap();
        assert_eq!((key.modulus_bits(), key.modulus_length()), (bits, modulus.len()), "{bits} {exponent:?}");
    }
}

#[test]
fn reads_every_form_of_a_record() {
    let spki = base64(A.spki());
    let folded: String = spki.chars().flat_map(|c| [c, ' ']).collect();
    for (text, testing) in [
        (A.record(), false),
        (format!("v=DKIM1;k=rsa;p={}", base64(A.pkcs1())), false),
        (format!("p={spki}"), false),
        (format!(" \t p \r\n =\r\n\t{spki} \t "), false),
        (format!("v=DKIM1; p={folded}"), false),
        (format!("v=DKIM1;p={}\r\n {}\r\n\t{};", &spki[..7], &spki[7..77], &spki[77..]), false),
        (format!("v=DKIM1;p={spki}; "), false),
        (format!("v=DKIM1;p={spki};\r\n "), false),
        (format!("p={spki};k=rsa;s=*;h=sha256"), false),
        (format!("v=DKIM1\r\n ;k=rsa \t\r\n \r\n\t;p={spki}"), false),
        (format!("v=DKIM1;h= sha1 : sha256 ;p={spki}"), false),
        (format!("v=DKIM1;s= tlsrpt : email ;p={spki}"), false),
        (format!("v=DKIM1;g=*;n=any note;x_1=;V=2;p={spki}"), false),
        (format!("v=DKIM1;n=a=b=c;p={spki}"), false),
        (format!("t=;p={spki}"), false),
        (format!("t=s;p={spki}"), false),
        (format!("t=Y:yes;p={spki}"), false),
        (format!("t=y;p={spki}"), true),
        (format!("t= s : y ;p={spki}"), true),
    ] {
        let record = parse(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(record.testing, testing, "{text:?}");
        assert!(record.key.verify(b"message", &A.sign(b"message")), "{text:?}");
    }
}

#[test]
fn refuses_what_is_no_tag_list() {
    let spki = base64(A.spki());
    let syntax = |text: &str| RecordError::Syntax(text.into());
    for (text, error) in [
        ("", syntax("")),
        (" ", syntax("")),
        (";", syntax("")),
        ("p", syntax("p")),
        ("=x", syntax("=x")),
        ("1p=x", syntax("1p=x")),
        ("_p=x", syntax("_p=x")),
        ("p-q=x", syntax("p-q=x")),
        ("p q=x", syntax("p q=x")),
        ("v=DKIM1;;p=x", syntax("")),
        ("v=DKIM1; ;p=x", syntax("")),
        (";v=DKIM1;p=x", syntax("")),
        ("v=DKIM1;p=x;;", syntax("")),
        ("v=DKIM1,p=x", RecordError::Version),
        ("v=DKIM1 k=rsa;p=x", RecordError::Version),
        // A line break alone folds nothing.
        ("v=DKIM1;\np=x", syntax("\np=x")),
        ("v=DKIM1;\r\np=x", syntax("\r\np=x")),
        ("p=x\n", syntax("p=x\n")),
        ("p=x\r\n", syntax("p=x\r\n")),
        ("p=x\0", syntax("p=x\0")),
        ("n=caf\u{e9};p=x", syntax("n=caf\u{e9}")),
    ] {
        assert_eq!(parse(text).unwrap_err(), error, "{text:?}");
    }
    let binary = [b"p=", A.spki()].concat();
    assert!(matches!(KeyRecord::parse(&binary), Err(RecordError::Syntax(_) | RecordError::NotBase64)));
    assert_eq!(parse(&format!("k=rsa;p={spki};k=rsa")).unwrap_err(), RecordError::Duplicate("k".into()));
    let long = format!("p={spki};n={}", "x".repeat(8_192));
    assert_eq!(parse(&long).unwrap_err(), RecordError::TooLong { length: long.len() });
    let longest = format!("p={spki};n={}", "x".repeat(8_192 - spki.len() - 5));
    assert!(longest.len() == 8_192 && parse(&longest).is_ok());
}

#[test]
fn each_tag_has_its_rule() {
    let spki = base64(A.spki());
    let hashes = |text: &str| RecordError::HashAlgorithms(text.into());
    let services = |text: &str| RecordError::ServiceTypes(text.into());
    for (tags, error) in [
        ("v=DKIM1 ;v=DKIM1;", RecordError::Duplicate("v".into())),
        ("v=DKIM1x;", RecordError::Version),
        ("v=DKIM11;", RecordError::Version),
        ("v=DK IM1;", RecordError::Version),
        ("x=1;v=DKIM1;", RecordError::Version),
        ("k=rsa2;", RecordError::KeyType("rsa2".into())),
        ("k=r sa;", RecordError::KeyType("r sa".into())),
        ("h=;", hashes("")),
        ("h=SHA256;", hashes("SHA256")),
        ("h=sha256,sha1;", hashes("sha256,sha1")),
        ("s=;", services("")),
        ("s=e-mail;", services("e-mail")),
        ("s=**;", services("**")),
    ] {
        let text = format!("{tags}p={spki}");
        assert_eq!(parse(&text).unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn a_set_takes_every_usable_record_in_order() {
    let published = |records: &[&str]| Published(records.iter().map(|text| text.as_bytes().to_vec()).collect()).keys();
    let (a, b) = (A.record(), B.record());
    let set = published(&["v=spf1 -all", &b, "v=DKIM1;p=", &a, "junk"]).unwrap();
    let signature = A.sign(b"message");
    let by_a: Vec<_> = set.candidates().iter().map(|candidate| candidate.key.verify(b"message", &signature)).collect();
    assert_eq!(by_a, [false, true]);

    let mut eight = vec![b.as_str(); MAX_CANDIDATES];
    eight.extend(["v=DKIM1;p="; 20]);
    assert_eq!(published(&eight).unwrap().candidates().len(), MAX_CANDIDATES);
    eight.push(&a);
    assert_eq!(published(&eight).unwrap_err(), KeyError::TooMany);
}

#[test]
fn of_several_bad_records_the_most_telling_is_reported() {
    let weak = format!("p={}", base64(der::rsa_public_key(&der::modulus_of(512), &[1, 0, 1])));
    let unusable = KeyError::Unusable;
    let size = RecordError::Key(PublicKeyError::ModulusSize { bits: 512 });
    // From the least to the most telling; where two are equal, the first is reported.
    let ranked = [
        ("junk", unusable(RecordError::Syntax("junk".into()))),
        ("v=spf1 -all", unusable(RecordError::Version)),
        ("v=DKIM1;n=no key", unusable(RecordError::Version)),
        (weak.as_str(), unusable(size.clone())),
        ("v=DKIM1;p=*", unusable(size)),
        ("v=DKIM1;p=", KeyError::Revoked),
    ];
    let mut records: Vec<Vec<u8>> = Vec::new();
    for (text, expected) in &ranked {
        records.push(text.as_bytes().to_vec());
        assert_eq!(Published(records.clone()).keys().unwrap_err(), *expected, "up to {text}");
    }
    records.reverse();
    assert_eq!(Published(records).keys().unwrap_err(), KeyError::Revoked);
    assert_eq!(Published(Vec::new()).keys().unwrap_err(), KeyError::NotFound);
}

#[test]
fn every_key_error_is_a_rejection_of_its_own() {
    for (error, code) in [
        (KeyError::NotFound, "key_not_found"),
        (KeyError::Revoked, "key_revoked"),
        (KeyError::Unusable(RecordError::NoKey), "key_unusable"),
        (KeyError::TooMany, "too_many_keys"),
        (KeyError::Temporary("timeout".into()), "key_unavailable"),
    ] {
        let rejection = Rejection::from(error);
        assert_eq!((rejection.code(), rejection.step()), (code, 9));
    }
}
