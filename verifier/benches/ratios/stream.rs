//! A body as it comes against its bare hash.

use std::hint::black_box;

use callback_verifier::RequestHead;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::measure::{median, peak_memory, rounded, seconds_each};
use crate::support::{Callback, TARGET, ready};

const GIB: u64 = 1 << 30;
const STREAM_PAIRS: usize = 5;

/// A body of 1 GiB in parts of 64 KiB through the verifier, against its bare SHA-256.
pub(crate) fn stream_vs_sha256() -> Value {
    use base64::Engine;
    let chunk = vec![7_u8; 64 << 10];
    let chunks = GIB / chunk.len() as u64;
    let digest = |chunk: &[u8]| {
        let mut hasher = Sha256::new();
        (0..chunks).for_each(|_| hasher.update(black_box(chunk)));
        hasher.finalize()
    };
    let expected = base64::engine::general_purpose::STANDARD.encode(digest(&chunk));
    let callback = Callback::with_digest(&expected, GIB);
    let verifier = callback.verifier();
    let lines = callback.lines();
    let head = RequestHead::new("POST", TARGET, &lines[..]);
    let memory_before = peak_memory();
    let pairs: Vec<(f64, f64)> = (0..STREAM_PAIRS)
        .map(|_| {
            let verified = seconds_each(1, || {
                let mut body = ready(verifier.verify_head(&head, callback.now)).expect("authentic").body();
                (0..chunks).for_each(|_| body.update(black_box(&chunk)).expect("in its limits"));
                black_box(body.finish().expect("verified"));
            });
            let bare = seconds_each(1, || {
                black_box(digest(&chunk));
            });
            (verified, bare)
        })
        .collect();
    json!({
        "ratio": rounded(median(pairs.iter().map(|(verified, bare)| bare / verified)), 3),
        "verified_mib_per_second": rounded(1024.0 / median(pairs.iter().map(|(verified, _)| *verified)), 0),
        "peak_memory_grew_by_kib": memory_before.zip(peak_memory()).map(|(before, after)| after - before),
    })
}
