//! How the time grows with what a sender chooses: no faster than the size does.

use std::hint::black_box;

use callback_verifier::wire::Digests;
use callback_verifier::{Header, RequestHead, Verifier};
use serde_json::{Map, Value, json};

use crate::measure::{median, microseconds, rounded, seconds_each};
use crate::support::{Callback, TARGET, ready};

const ROUNDS: usize = 50;

/// A request with so many header lines, in microseconds. One of more than 256 is refused.
pub(crate) fn header_lines(callback: &Callback, verifier: &Verifier) -> Value {
    let time = |count: usize| {
        let mut lines = callback.lines();
        let fillers: Vec<String> = (0..count.saturating_sub(lines.len())).map(|n| format!("x-filler-{n}")).collect();
        lines.extend(fillers.iter().map(|name| Header::new(name, b"a value of some length")));
        let head = RequestHead::new("POST", TARGET, &lines[..]);
        seconds_each(20, || {
            let _ = black_box(ready(verifier.verify(black_box(&head), &callback.body[..], callback.now)));
        })
    };
    curve([16, 32, 64, 128, 256, 1024, 16_384], |count| microseconds(median((0..ROUNDS).map(|_| time(count)))))
}

/// A body of so many bytes, in nanoseconds per byte.
pub(crate) fn body_bytes() -> Value {
    let time = |size: usize| {
        let body = vec![b'x'; size];
        let callback = Callback::with_digest(&Digests::sha256_base64(&body), size as u64);
        let verifier = callback.verifier();
        let lines = callback.lines();
        let head = RequestHead::new("POST", TARGET, &lines[..]);
        let work = || {
            black_box(ready(verifier.verify(&head, &body[..], callback.now)).expect("verified"));
        };
        median((0..5).map(|_| seconds_each(10, work))) * 1e9 / size as f64
    };
    curve([1 << 14, 1 << 17, 1 << 20, 1 << 23], |size| rounded(time(size), 3))
}

fn curve<const N: usize>(sizes: [usize; N], measure: impl Fn(usize) -> f64) -> Value {
    let points = sizes.into_iter().map(|size| (size.to_string(), json!(measure(size))));
    Value::Object(points.collect::<Map<_, _>>())
}
