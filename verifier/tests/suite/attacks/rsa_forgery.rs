//! Numbers that are nearly a signature. The published vectors of padding variants are in `wycheproof`.

use callback_verifier::Rejection;
use rsa::pkcs1v15::Pkcs1v15Sign;
use sha2::{Digest, Sha256};

use super::Table;
use crate::support::Forge;
use crate::support::keys::A;

#[test]
fn refuses_numbers_of_the_wrong_size() {
    let mut table = Table::new("rsa");
    let forge = Forge::new();
    let made = A.sign(&forge.signing_string());
    let modulus = A.modulus();
    let mut less_one = modulus.clone();
    less_one[255] -= 1;
    for (name, signature) in [
        ("zero-before", [&[0][..], &made].concat()),
        ("zero-behind", [&made[..], &[0]].concat()),
        ("zeros-before", [&[0; 256][..], &made].concat()),
        ("twice", made.repeat(2)),
        ("reversed", made.iter().rev().copied().collect()),
        ("all-zero", vec![0; 256]),
        ("one", [&[0; 255][..], &[1]].concat()),
        ("all-ones", vec![0xff; 256]),
        ("modulus", modulus.clone()),
        ("modulus-less-one", less_one),
    ] {
        table.refuse(name, Rejection::BadSignature, &forge.clone().carry(&signature));
    }
    let (forge, plus_modulus) = congruent();
    table.refuse("congruent-but-not-below-the-modulus", Rejection::BadSignature, &forge.carry(&plus_modulus));
    let (forge, without_zero) = without_leading_zero();
    table.refuse("leading-zero-left-out", Rejection::BadSignature, &forge.carry(&without_zero));
    table.finish(12);
}

/// A callback and its signature, the first of many that has a wanted property.
fn first(mut wanted: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> (Forge, Vec<u8>) {
    (0..5_000)
        .find_map(|nonce: u32| {
            let forge = Forge::new().set("X-Nonce", nonce.to_string());
            wanted(&A.sign(&forge.signing_string())).map(|signature| (forge, signature))
        })
        .unwrap()
}

/// Signature plus modulus, where that still fits 256 bytes: the same number to a verifier that forgets to compare.
fn congruent() -> (Forge, Vec<u8>) {
    first(|signature| {
        let mut sum = signature.to_vec();
        let mut carry = 0;
        for (digit, other) in sum.iter_mut().zip(A.modulus()).rev() {
            let total = u16::from(*digit) + u16::from(other) + carry;
            *digit = total.to_be_bytes()[1];
            carry = total >> 8;
        }
        (carry == 0).then_some(sum)
    })
}

fn without_leading_zero() -> (Forge, Vec<u8>) {
    first(|signature| signature.strip_prefix(&[0]).map(<[u8]>::to_vec))
}

#[test]
fn refuses_other_encodings_of_the_right_hash() {
    let mut table = Table::new("padding");
    let forge = Forge::new();
    let hash = Sha256::digest(forge.signing_string());
    /// DigestInfo of SHA-256 up to the hash (RFC 8017 section 9.2).
    const PREFIX: [u8; 19] = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
    let without_null = [&[0x30, 0x2f, 0x30, 0x0b][..], &PREFIX[4..15], &PREFIX[17..]].concat();
    let sha512_oid = [&PREFIX[..14], &[3], &PREFIX[15..]].concat();
    let octet_length = [&PREFIX[..18], &[0x1f]].concat();
    let sign = |prefix: &[u8]| {
        let padding = Pkcs1v15Sign { hash_len: Some(32), prefix: prefix.into() };
        A.raw.sign(padding, &hash).unwrap()
    };
    table.accept("the-right-one", &forge.clone().carry(&sign(&PREFIX)));
    for (name, prefix) in [
        ("without-null", &without_null[..]),
        ("no-digest-info", &[]),
        ("other-hash-algorithm", &sha512_oid),
        ("wrong-octet-length", &octet_length),
        ("sha-1-digest-info", &[0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14]),
    ] {
        table.refuse(name, Rejection::BadSignature, &forge.clone().carry(&sign(prefix)));
    }
    table.finish(6);
}
