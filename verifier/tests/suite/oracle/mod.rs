//! Signer and verifier share one grammar, so that a mistake in it could hide from every round trip. Here two strangers
//! judge: a receiver in Python (`tests/oracle`), and the `openssl` command line.
//!
//! Where one of them is missing these tests fail.

mod generate;
mod mutate;
mod mutated;
mod processes;
mod verdicts;

use callback_verifier::wire::{CoveredHeaders, SigningString, SigningStringError};
use callback_verifier::{KeyName, Rejection};
use serde_json::{Value, json};

use crate::support::keys::A;
use crate::support::{Forge, KEY_ID, Message, Receiver, Seeded, unbase64, unhex};
use generate::{any_request, signable};
use processes::{OpenSsl, Python};
use verdicts::{Judge, Settings, as_json};

const REQUESTS: usize = 4_000;

/// The signing strings that Python makes of requests; `Err` with the covered header that one lacks.
fn python_strings(requests: &[Forge]) -> Vec<Result<Vec<u8>, String>> {
    let records: Vec<_> = requests
        .iter()
        .map(|forge| {
            let mut record = as_json(&forge.message);
            record["covered"] = json!(forge.covered);
            record
        })
        .collect();
    let read = |answer: &Value| match (answer["string"].as_str(), answer["refused"].as_str()) {
        (Some(string), None) => Ok(unhex(string)),
        (None, Some(refused)) => Err(refused.strip_prefix("lacks ").unwrap().to_owned()),
        _ => panic!("{answer}"),
    };
    let mut python = Python::start("strings");
    python.tell(Value::from(records).to_string());
    python.answers().iter().map(read).collect()
}

/// Has the crate sign a request.
fn signed_by_the_crate(forge: &Forge) -> Message {
    let covered = CoveredHeaders::parse(&forge.covered).unwrap();
    let key_id = KeyName::parse(KEY_ID).unwrap();
    let header = A.private.sign_request(&forge.message.head(), &key_id, &covered).unwrap();
    forge.message.clone().add("Signature", header)
}

fn signable_requests(seed: u64, count: usize) -> Vec<Forge> {
    let mut seeded = Seeded(seed);
    (0..count).map(|_| signable(&mut seeded)).collect()
}

#[test]
fn signing_strings_agree_with_python() {
    let mut seeded = Seeded(1);
    let requests: Vec<_> = (0..REQUESTS).map(|_| any_request(&mut seeded)).collect();
    let mut missing = 0;
    for (forge, theirs) in requests.iter().zip(python_strings(&requests)) {
        let covered = CoveredHeaders::parse(&forge.covered).unwrap();
        match (SigningString::build(&forge.message.head(), &covered), theirs) {
            (Ok(ours), Ok(theirs)) => {
                assert_eq!(ours.as_bytes().escape_ascii().to_string(), theirs.escape_ascii().to_string());
            }
            (Err(SigningStringError::Missing { name }), Err(theirs)) => {
                assert_eq!(name, theirs);
                missing += 1;
            }
            (ours, theirs) => panic!("{ours:?} is not {theirs:?} for {:?}", forge.message),
        }
    }
    assert!((REQUESTS / 50..REQUESTS / 5).contains(&missing), "{missing} requests lack what they cover");
}

#[test]
fn every_signature_of_the_signer_verifies_in_python_and_here() {
    let requests = signable_requests(2, REQUESTS);
    let signed: Vec<_> = requests.iter().map(signed_by_the_crate).collect();
    let receiver = Receiver::strict();
    let mut judge = Judge::start(&Settings::strict());
    judge.tell(&signed);
    for (message, theirs) in signed.iter().zip(judge.verdicts()) {
        assert!(theirs.is_empty(), "{theirs:?} for {message:?}");
        assert_eq!(receiver.verdict(message), Ok(()), "{message:?}");
    }
}

#[test]
fn signatures_of_the_signer_verify_by_openssl() {
    let openssl = OpenSsl::with_key(A.pem);
    let requests = signable_requests(5, 30);
    for (forge, string) in requests.iter().zip(python_strings(&requests)) {
        let message = signed_by_the_crate(forge);
        let header = message.text("Signature");
        let signature = unbase64(header.rsplit('"').nth(1).unwrap());
        let mut string = string.unwrap();
        assert!(openssl.verifies(&string, &signature), "{message:?}");
        string[0] ^= 1;
        assert!(!openssl.verifies(&string, &signature), "openssl verifies anything");
    }
}

#[test]
fn signatures_by_openssl_over_strings_by_python_verify_here() {
    let openssl = OpenSsl::with_key(A.pem);
    let requests = signable_requests(6, 30);
    let receiver = Receiver::strict();
    for (forge, string) in requests.iter().zip(python_strings(&requests)) {
        let signature = openssl.sign(&string.unwrap());
        let message = forge.clone().carry(&signature);
        assert_eq!(receiver.verdict(&message), Ok(()), "{message:?}");
        assert_eq!(message.text("Signature"), signed_by_the_crate(forge).text("Signature"));
        let moved = message.with(|message| message.target.push('x'));
        assert_eq!(receiver.verdict(&moved), Err(Rejection::BadSignature));
    }
}
