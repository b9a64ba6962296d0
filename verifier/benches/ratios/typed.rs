//! The whole of what a receiver does with a callback: steps 1 to 12, and the payload decoded.

use std::hint::black_box;
use std::sync::Arc;

use callback_verifier::{DnsKeys, Header, MemoryGuard, RequestHead, Verifier};
use serde_json::{Value, json};

use crate::measure::{median, microseconds, raw_key, rounded, seconds_each};
use crate::support::{Callback, TARGET, ready};

/// So many callbacks, each with a nonce of its own, so that a guard sees each once.
const CALLBACKS: usize = 100;
const BATCH: usize = 100;
const ROUNDS: usize = 300;

/// Steps 1 to 12 of a callback of 400 bytes with its payload decoded, its key cached, against the bare verification.
pub(crate) fn verify_typed_vs_raw() -> Value {
    let callbacks: Vec<Callback> =
        (0..CALLBACKS).map(|n| Callback::with_nonce(&format!("VChFI1aSHdyfrhP8Gy{n:06}"))).collect();
    let (signing_string, signature) = callbacks[0].signed();
    let key = raw_key(&callbacks[0]);
    let keys = Arc::new(callbacks[0].keys());
    let mut pairs = Vec::new();
    for _ in 0..ROUNDS {
        // A guard that has seen none of them yet.
        let verifier = callbacks[0].builder(Arc::clone(&keys)).replay_guard(MemoryGuard::default());
        let verifier = verifier.build().expect("a verifier");
        for batch in callbacks.chunks(BATCH) {
            let lines: Vec<_> = batch.iter().map(Callback::lines).collect();
            let mut next = batch.iter().zip(&lines);
            let typed = seconds_each(BATCH as u32, || {
                let (callback, lines) = next.next().expect("another callback");
                handle(&verifier, callback, lines);
            });
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
        "parts_us": parts(&callbacks, &keys),
    })
}

fn handle(verifier: &Verifier, callback: &Callback, lines: &[Header<'_>]) {
    let head = RequestHead::new("POST", TARGET, black_box(lines));
    let verified = ready(verifier.verify(&head, &callback.body[..], callback.now)).expect("verified");
    let claim = ready(verifier.claim(&verified, callback.now)).expect("a new nonce");
    black_box(verified.callback().expect("a payload"));
    ready(claim.commit()).expect("committed");
}

/// What comes on top of steps 1 to 11, by itself.
fn parts(callbacks: &[Callback], keys: &Arc<DnsKeys>) -> Value {
    let verifier = callbacks[0].builder(Arc::clone(keys)).build().expect("a verifier");
    let verified: Vec<_> = callbacks
        .iter()
        .map(|callback| {
            let lines = callback.lines();
            let head = RequestHead::new("POST", TARGET, &lines[..]);
            ready(verifier.verify(&head, &callback.body[..], callback.now)).expect("verified")
        })
        .collect();
    let mut payload = Vec::new();
    let mut claim = Vec::new();
    for batch in verified.chunks(BATCH) {
        let mut next = batch.iter();
        payload.push(seconds_each(BATCH as u32, || {
            black_box(next.next().expect("another callback").callback().expect("a payload"));
        }));
        let mut next = batch.iter();
        claim.push(seconds_each(BATCH as u32, || {
            let claim = verifier.claim(next.next().expect("another callback"), callbacks[0].now);
            ready(ready(claim).expect("a new nonce").commit()).expect("committed");
        }));
    }
    json!({ "payload": microseconds(median(payload.into_iter())), "claim": microseconds(median(claim.into_iter())) })
}
