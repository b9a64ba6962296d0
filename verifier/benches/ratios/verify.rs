//! The checklist against the bare signature: on one thread, against `openssl`, and on two threads.

use std::hint::black_box;
use std::process::Command;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use callback_verifier::wire::{CoveredHeaders, Digests, Separator, SignatureHeader, SigningString, parse_date};
use callback_verifier::{RequestHead, Verifier};
use serde_json::{Value, json};

use crate::measure::{median, microseconds, raw_key, rounded, seconds_each};
use crate::support::{COVERED, Callback, TARGET, ready};

const PAIRS: usize = 400;
const BATCH: u32 = 100;
const OPENSSL_PAIRS: usize = 7;
const THREAD_ROUNDS: usize = 60;
const THREAD_BATCH: u32 = 1000;

/// Steps 1 to 11 of a callback of 400 bytes, its key cached, against the same library's bare RSA-2048 verification.
pub(crate) fn verify_vs_raw(callback: &Callback, verifier: &Verifier) -> Value {
    let (signing_string, signature) = callback.signed();
    let key = raw_key(callback);
    let lines = callback.lines();
    let pairs: Vec<(f64, f64)> = (0..PAIRS)
        .map(|_| {
            let whole = seconds_each(BATCH, || verify(callback, verifier, &lines));
            let raw = seconds_each(BATCH, || {
                key.verify_sig(black_box(signing_string.as_bytes()), &signature).expect("a good signature");
            });
            (whole, raw)
        })
        .collect();
    json!({
        "ratio": rounded(median(pairs.iter().map(|(whole, raw)| raw / whole)), 3),
        "verify_us": microseconds(median(pairs.iter().map(|(whole, _)| *whole))),
        "raw_us": microseconds(median(pairs.iter().map(|(_, raw)| *raw))),
        "parts_us": parts(callback),
    })
}

fn verify(callback: &Callback, verifier: &Verifier, lines: &[callback_verifier::Header<'_>]) {
    let head = RequestHead::new("POST", TARGET, black_box(lines));
    black_box(ready(verifier.verify(&head, &callback.body, callback.now)).expect("verified"));
}

/// What the parts of a verification take by themselves, in microseconds. The payload is decoded by no step; it is there to
/// compare with.
fn parts(callback: &Callback) -> Value {
    let value = |name: &str| {
        let found = callback.headers.iter().find(|(found, _)| *found == name);
        found.map(|(_, value)| value.as_bytes()).expect("a header")
    };
    let lines = callback.lines();
    let head = RequestHead::new("POST", TARGET, &lines[..]);
    let covered = CoveredHeaders::parse(COVERED).expect("a list");
    let (signing_string, signature) = callback.signed();
    let key = raw_key(callback);
    let time = |work: &mut dyn FnMut()| microseconds(median((0..PAIRS / 4).map(|_| seconds_each(BATCH, &mut *work))));
    json!({
        "parse": time(&mut || {
            let header = SignatureHeader::parse(black_box(value("signature")), Separator::Comma).expect("parsed");
            black_box(CoveredHeaders::parse(header.headers).expect("parsed"));
        }),
        "signing_string": time(&mut || {
            black_box(SigningString::build(black_box(&head), &covered).expect("built"));
        }),
        "date": time(&mut || {
            black_box(parse_date(black_box(value("date"))).expect("parsed"));
        }),
        "rsa": time(&mut || key.verify_sig(black_box(signing_string.as_bytes()), &signature).expect("good")),
        "digest": time(&mut || {
            let digests = Digests::parse(black_box(value("digest"))).expect("parsed");
            digests.check(black_box(&callback.body)).expect("equal");
        }),
        "payload": time(&mut || {
            black_box(serde_json::from_slice::<Value>(black_box(&callback.body)).expect("parsed"));
        }),
    })
}

/// Steps 1 to 11 against `openssl speed`.
pub(crate) fn verify_vs_openssl(callback: &Callback, verifier: &Verifier) -> Value {
    let lines = callback.lines();
    let mut pairs = Vec::new();
    for _ in 0..OPENSSL_PAIRS {
        let Some(theirs) = openssl_verifications_per_second() else {
            return json!({"ratio": null, "error": "`openssl speed rsa2048` did not run"});
        };
        let begun = Instant::now();
        let mut count = 0;
        while begun.elapsed() < Duration::from_secs(1) {
            (0..BATCH).for_each(|_| verify(callback, verifier, &lines));
            count += BATCH;
        }
        pairs.push((f64::from(count) / begun.elapsed().as_secs_f64(), theirs));
    }
    json!({
        "ratio": rounded(median(pairs.iter().map(|(ours, theirs)| ours / theirs)), 3),
        "verify_per_second": rounded(median(pairs.iter().map(|(ours, _)| *ours)), 0),
        "openssl_per_second": rounded(median(pairs.iter().map(|(_, theirs)| *theirs)), 0),
    })
}

/// The last column of the last line: `rsa 2048 bits 0.000281s 0.000015s   3560.0  66891.5`.
fn openssl_verifications_per_second() -> Option<f64> {
    let output = Command::new("openssl").args(["speed", "-elapsed", "-seconds", "1", "rsa2048"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().rev().find(|line| line.starts_with("rsa"))?.split_whitespace().last()?.parse().ok()
}

/// How much faster two threads verify than one, against the same of the bare signature.
pub(crate) fn two_threads(callback: &Callback, verifier: &Verifier) -> Value {
    let (signing_string, signature) = callback.signed();
    let key = raw_key(callback);
    let lines = callback.lines();
    let whole = || verify(callback, verifier, &lines);
    let raw = || key.verify_sig(black_box(signing_string.as_bytes()), &signature).expect("a good signature");
    let rounds: Vec<(f64, f64)> = (0..THREAD_ROUNDS)
        .map(|_| {
            let speed_up = |work: &(dyn Fn() + Sync)| seconds_of(1, work) / seconds_of(2, work) * 2.0;
            (speed_up(&whole), speed_up(&raw))
        })
        .collect();
    json!({
        "ratio": rounded(median(rounds.iter().map(|(whole, raw)| whole / raw)), 3),
        "checklist_speed_up": rounded(median(rounds.iter().map(|(whole, _)| *whole)), 2),
        "raw_speed_up": rounded(median(rounds.iter().map(|(_, raw)| *raw)), 2),
    })
}

/// How long a batch takes when so many threads do one each.
fn seconds_of(threads: usize, work: &(dyn Fn() + Sync)) -> f64 {
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        let batch = || {
            start.wait();
            seconds_each(THREAD_BATCH, work)
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(batch)).collect();
        running.into_iter().map(|thread| thread.join().expect("a batch")).fold(0.0, f64::max)
    })
}
