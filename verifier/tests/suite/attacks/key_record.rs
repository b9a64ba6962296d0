//! Key records that are no promise of the zone's owner, seen through the whole checklist.

use callback_verifier::Rejection;
use callback_verifier::key::{MAX_RECORD, PublicKeyError, RecordError};

use super::Table;
use crate::support::der::{self, modulus_of, rsa_public_key, subject_public_key_info};
use crate::support::keys::{A, B, BITS_1024};
use crate::support::{Forge, KEY_ID, Receiver, base64};

#[test]
fn refuses_records_that_publish_no_usable_key() {
    let mut table = Table::new("key-record");
    let spki = base64(A.spki());
    let unusable = Rejection::KeyUnusable;
    for (name, record, refusal) in [
        ("revoked", "v=DKIM1;k=rsa;p=".into(), Rejection::KeyRevoked),
        ("revoked-with-blanks", "v=DKIM1; p= ; n=withdrawn".into(), Rejection::KeyRevoked),
        ("testing", format!("v=DKIM1;t=y;p={spki}"), Rejection::KeyTesting),
        ("testing-among-flags", format!("v=DKIM1;t=s : y;p={spki}"), Rejection::KeyTesting),
        ("ed25519", format!("v=DKIM1;k=ed25519;p={spki}"), unusable(RecordError::KeyType("ed25519".into()))),
        ("key-type-in-upper-case", format!("k=RSA;p={spki}"), unusable(RecordError::KeyType("RSA".into()))),
        ("key-type-empty", format!("k=;p={spki}"), unusable(RecordError::KeyType("".into()))),
        ("only-sha1", format!("v=DKIM1;h=sha1;p={spki}"), unusable(RecordError::HashAlgorithms("sha1".into()))),
        (
            "hash-look-alike",
            format!("h=xsha256:sha2567;p={spki}"),
            unusable(RecordError::HashAlgorithms("xsha256:sha2567".into())),
        ),
        ("other-service", format!("v=DKIM1;s=tlsrpt;p={spki}"), unusable(RecordError::ServiceTypes("tlsrpt".into()))),
        ("version-2", format!("v=DKIM2;p={spki}"), unusable(RecordError::Version)),
        ("version-in-lower-case", format!("v=dkim1;p={spki}"), unusable(RecordError::Version)),
        ("version-empty", format!("v=;p={spki}"), unusable(RecordError::Version)),
        ("version-not-first", format!("k=rsa;v=DKIM1;p={spki}"), unusable(RecordError::Version)),
        ("key-twice", format!("p={spki};p={spki}"), unusable(RecordError::Duplicate("p".into()))),
        ("key-and-revocation", format!("p={spki};p="), unusable(RecordError::Duplicate("p".into()))),
        ("unknown-twice", format!("x=1;x=1;p={spki}"), unusable(RecordError::Duplicate("x".into()))),
        ("no-key", "v=DKIM1;k=rsa".into(), unusable(RecordError::NoKey)),
        ("key-in-upper-case", format!("v=DKIM1;P={spki}"), unusable(RecordError::NoKey)),
        ("garbage", "v=DKIM1;p=not*base64".into(), unusable(RecordError::NotBase64)),
        ("without-padding", format!("p={}", base64(b"1234").trim_end_matches('=')), unusable(RecordError::NotBase64)),
        ("url-safe", format!("p={}", spki.replace(['+', '/'], "_")), unusable(RecordError::NotBase64)),
        ("spf-only", "v=spf1 include:copernica.com -all".into(), unusable(RecordError::Version)),
        ("text-only", "hello".into(), unusable(RecordError::Syntax("hello".into()))),
        ("empty", String::new(), unusable(RecordError::Syntax("".into()))),
        ("semicolons", format!("v=DKIM1;;p={spki}"), unusable(RecordError::Syntax("".into()))),
        (
            "65535-bytes",
            format!("p={spki};n={}", "x".repeat(65_535 - spki.len() - 5)),
            unusable(RecordError::TooLong { length: 65_535 }),
        ),
        (
            "limit-and-one",
            format!("p={spki};n={}", "x".repeat(MAX_RECORD - spki.len() - 4)),
            unusable(RecordError::TooLong { length: MAX_RECORD + 1 }),
        ),
    ] {
        table.refuse_by(&Receiver::publishing(&[record]), name, refusal, &Forge::new().sign());
    }
    table.refuse_by(&Receiver::publishing::<&str>(&[]), "no-record", Rejection::KeyNotFound, &Forge::new().sign());
    table.refuse_by(
        &Receiver::publishing(&vec![B.record(); 9]),
        "nine-keys",
        Rejection::TooManyKeys,
        &Forge::new().sign(),
    );
    table.finish(30);
}

#[test]
fn refuses_keys_that_are_no_good() {
    let mut table = Table::new("key");
    let odd = modulus_of(2048);
    let even = [&odd[..255], &[odd[255] - 1]].concat();
    let f4 = [1, 0, 1];
    let e = |exponent: &[u8]| rsa_public_key(&A.modulus(), exponent);
    let size = |bits| PublicKeyError::ModulusSize { bits };
    let not_der = || PublicKeyError::NotDer;
    let mut long_form = A.pkcs1();
    long_form.splice(1..4, [0x83, 0, long_form[2], long_form[3]]);
    let negative = der::value(0x30, &[&der::value(2, &[&A.modulus()]), &der::integer(&f4)]);
    let mut spki_with_rest = A.spki().to_vec();
    spki_with_rest.push(0);
    let ec = subject_public_key_info(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], der::NULL, &A.pkcs1());
    let pss = subject_public_key_info(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], der::NULL, &A.pkcs1());
    let parameters = subject_public_key_info(der::RSA_ENCRYPTION, &der::integer(&[1]), &A.pkcs1());
    let inner_rest = subject_public_key_info(der::RSA_ENCRYPTION, der::NULL, &[A.pkcs1(), vec![0]].concat());
    for (name, der, error) in [
        ("512-bits", rsa_public_key(&modulus_of(512), &f4), size(512)),
        ("768-bits", rsa_public_key(&modulus_of(768), &f4), size(768)),
        ("1023-bits", rsa_public_key(&modulus_of(1023), &f4), size(1023)),
        ("8193-bits", rsa_public_key(&modulus_of(8193), &f4), size(8193)),
        ("16384-bits", rsa_public_key(&modulus_of(16_384), &f4), size(16_384)),
        ("modulus-zero", rsa_public_key(&[], &f4), size(0)),
        ("modulus-even", rsa_public_key(&even, &f4), PublicKeyError::EvenModulus),
        ("exponent-zero", e(&[]), PublicKeyError::Exponent),
        ("exponent-one", e(&[1]), PublicKeyError::Exponent),
        ("exponent-two", e(&[2]), PublicKeyError::Exponent),
        ("exponent-even", e(&[1, 0, 0]), PublicKeyError::Exponent),
        ("exponent-of-34-bits", e(&[2, 0, 0, 0, 1]), PublicKeyError::Exponent),
        ("exponent-like-the-modulus", e(&A.modulus()), PublicKeyError::Exponent),
        ("bytes-behind", spki_with_rest, not_der()),
        ("bytes-behind-inner", inner_rest, not_der()),
        ("pkcs1-bytes-behind", [A.pkcs1(), vec![0]].concat(), not_der()),
        ("truncated", A.spki()[..200].to_vec(), not_der()),
        ("length-not-shortest", long_form, not_der()),
        ("modulus-negative", negative, not_der()),
        ("parameters-not-null", parameters, not_der()),
        ("one-byte", vec![0x30], not_der()),
        ("elliptic-curve", ec, PublicKeyError::OtherAlgorithm),
        ("rsa-pss", pss, PublicKeyError::OtherAlgorithm),
    ] {
        let record = format!("v=DKIM1;p={}", base64(&der));
        let refusal = Rejection::KeyUnusable(RecordError::Key(error));
        table.refuse_by(&Receiver::publishing(&[record]), name, refusal, &Forge::new().sign());
    }
    let small = || Forge::new().key(KEY_ID, &BITS_1024).sign();
    let too_small = || Rejection::KeyTooSmall { bits: 1024, minimum: 2048 };
    table.refuse_by(&Receiver::publishing(&[BITS_1024.record()]), "1024-bits", too_small(), &small());
    table.refuse_by(
        &Receiver::pinning(&[(KEY_ID, &BITS_1024)], |builder| builder),
        "1024-bits-pinned",
        too_small(),
        &small(),
    );
    let larger = Receiver::with(|builder| builder.min_key_bits(3072));
    let minimum = Rejection::KeyTooSmall { bits: 2048, minimum: 3072 };
    table.refuse_by(&larger, "2048-bits-where-3072-are-wanted", minimum, &Forge::new().sign());
    // A good key beside a refused one does not make the refused one good.
    for (name, records) in [("behind", [A.record(), BITS_1024.record()]), ("before", [BITS_1024.record(), A.record()])]
    {
        let beside = Receiver::publishing(&records);
        table.refuse_by(&beside, &format!("1024-bits-{name}-a-good-one"), Rejection::BadSignature, &small());
    }
    table.finish(28);
}
