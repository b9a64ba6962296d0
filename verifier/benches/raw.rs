//! The bare RSA verification for whoever measures beside it: tells the typical callback as a line of JSON, and then, for each number
//! of verifications that comes as a line, how many seconds one of them took.

#![expect(clippy::expect_used, reason = "a bench that cannot run is to stop")]

#[expect(dead_code, reason = "what other benches need")]
#[path = "ratios/measure.rs"]
mod measure;
#[expect(dead_code, reason = "what other benches need")]
mod support;

use std::hint::black_box;
use std::io::{BufRead, stdin};

use measure::{raw_key, seconds_each};
use serde_json::json;
use support::{Callback, TARGET, key_name};

fn main() {
    let callback = Callback::typical();
    let (signing_string, signature) = callback.signed();
    let key = raw_key(&callback);
    let body = String::from_utf8(callback.body.clone()).expect("a body of text");
    let key_pem = callback.key.public_key_pem();
    let request = json!({"target": TARGET, "headers": callback.headers, "body": body});
    println!("{}", json!({"request": request, "key_id": key_name().as_str(), "key_pem": key_pem}));
    for line in stdin().lock().lines() {
        let count = line.expect("a line").trim().parse().expect("a number");
        let seconds = seconds_each(count, || {
            key.verify_sig(black_box(signing_string.as_bytes()), &signature).expect("a good signature");
        });
        println!("{seconds}");
    }
}
