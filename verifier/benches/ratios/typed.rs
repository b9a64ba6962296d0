//! The whole of what a receiver does with a callback: steps 1 to 12, and the payload decoded.

use std::hint::black_box;

use callback_verifier::{MemoryGuard, RequestHead, Verifier};
use serde_json::{Value, json};

use crate::measure::{median, microseconds, rounded, seconds_each};
use crate::support::{Callback, TARGET, ready};
use crate::verify::raw_key;

/// So many callbacks, each with a nonce of its own, so that a guard sees each once.
const CALLBACKS: usize = 1000;
const BATCH: usize = 100;
const ROUNDS: usize = 30;

/// Steps 1 to 12 of a callback of 400 bytes with its payload decoded, its key cached, against the bare verification.
pub(crate) fn verify_typed_vs_raw() -> Value {
    let callbacks: Vec<Callback> =
        (0..CALLBACKS).map(|n| Callback::with_nonce(&format!("VChFI1aSHdyfrhP8Gy{n:06}"))).collect();
    let (signing_string, signature) = callbacks[0].signed();
    let key = raw_key(&callbacks[0]);
    let keys = std::sync::Arc::new(callbacks[0].keys());
    let mut pairs = Vec::new();
    for _ in 0..ROUNDS {
        // A guard that has seen none of them yet.
        let verifier = callbacks[0].builder(std::sync::Arc::clone(&keys)).replay_guard(MemoryGuard::default());
        let verifier = verifier.build().expect("a verifier");
        for batch in callbacks.chunks(BATCH) {
            let mut next = batch.iter();
            let typed = seconds_each(BATCH as u32, || handle(&verifier, next.next().expect("another callback")));
            let raw = seconds_each(BATCH as u32, || {
                key.verify_sig(black_box(signing_string.as_bytes()), &signature).expect("a good signature");
            });
            pairs.push((typed, raw));
        }
    }
    json!({
        "ratio": rounded(median(pairs.iter().map(|(typed, raw)| raw / typed)), 3),
        "typed_us": microseconds(median(pairs.iter().map(|(typed, _)| *typed))),
        "raw_us": microseconds(median(pairs.iter().map(|(_, raw)| *raw))),
    })
}

fn handle(verifier: &Verifier, callback: &Callback) {
    let lines = callback.lines();
    let head = RequestHead::new("POST", TARGET, black_box(&lines[..]));
    let verified = ready(verifier.verify(&head, &callback.body[..], callback.now)).expect("verified");
    let claim = ready(verifier.claim(&verified, callback.now)).expect("a new nonce");
    black_box(verified.callback().expect("a payload"));
    ready(claim.commit()).expect("committed");
}
