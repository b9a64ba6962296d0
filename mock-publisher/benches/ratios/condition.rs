use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use mock_publisher::figures::Question;
use serde_json::{Map, Value, json};

use crate::{median, rounded, seconds_each};

const PAIRS: usize = 200;
const EVALUATIONS: u32 = 100;
const SIGNATURES: u32 = 5;

/// A condition in JavaScript, isolated from the one before it, against the same library's bare RSA-2048 signature.
pub(crate) fn condition_cost() -> Value {
    let (ratio, condition, signature) = against_signature("profile.name == 'Mike'");
    let others = [
        ("bare_name", "company == 'Apple'"),
        ("interests", "profile.tennis && !profile.golf"),
        (
            "statements",
            "var wanted = ['Mike', 'Jessica']; function is(name) { return wanted.includes(name) } is(profile.name)",
        ),
        ("loop", "var n = 0; for (var i = 0; i < 10; i++) n += i; n == 45"),
        ("subprofiles", "profile.orders.length == 0"),
    ];
    let others: Map<String, Value> = others
        .into_iter()
        .map(|(name, expression)| (name.to_owned(), json!(rounded(against_signature(expression).0, 4))))
        .collect();
    json!({
        "ratio": rounded(ratio, 4),
        "condition_us": rounded(condition * 1e6, 3),
        "signature_us": rounded(signature * 1e6, 3),
        "other_conditions": others,
    })
}

/// The ratio, and both times in seconds.
fn against_signature(expression: &str) -> (f64, f64, f64) {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key pair");
    let (random, mut signature) = (SystemRandom::new(), vec![0; key.public_modulus_len()]);
    let message = [b'x'; 400];
    let question = Question::new(expression).expect("JavaScript");
    let pairs: Vec<(f64, f64)> = (0..PAIRS)
        .map(|_| {
            let condition = seconds_each(EVALUATIONS, || {
                black_box(question.holds());
            });
            let signing = seconds_each(SIGNATURES, || {
                key.sign(&RSA_PKCS1_SHA256, &random, black_box(&message), &mut signature).expect("a signature");
            });
            (condition, signing)
        })
        .collect();
    (
        median(pairs.iter().map(|(condition, signing)| condition / signing)),
        median(pairs.iter().map(|(condition, _)| *condition)),
        median(pairs.iter().map(|(_, signing)| *signing)),
    )
}
