//! The publisher's share of the figures that the project holds: one JSON object on standard output; progress goes to
//! standard error.
//!
//! Both sides of a ratio are measured in turn, in short batches, and the ratio is the median of the pairs: so it holds
//! while the machine's speed drifts, and while somebody else is using it.

#![expect(clippy::expect_used, reason = "a bench that cannot run is to stop")]

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use mock_publisher::figures::Question;
use serde_json::{Map, Value, json};

const PAIRS: usize = 200;
const EVALUATIONS: u32 = 100;
const SIGNATURES: u32 = 5;

fn main() {
    let figures: [(&str, &dyn Fn() -> Value); 1] = [("condition_cost", &condition_cost)];
    // Those whose names contain an argument, or all.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let mut report = Map::new();
    for (name, measure) in figures.into_iter().filter(|(name, _)| is_wanted(name)) {
        eprintln!("{name}");
        report.insert(name.to_owned(), measure());
    }
    println!("{:#}", Value::Object(report));
}

/// A condition in JavaScript, isolated from the one before it, against the same library's bare RSA-2048 signature.
fn condition_cost() -> Value {
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

fn seconds_each(count: u32, mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..count).for_each(|_| work());
    begun.elapsed().as_secs_f64() / f64::from(count)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
