//! The figures that the project holds, as one JSON object on standard output; progress goes to standard error.
//!
//! Both sides of a ratio are measured in turn, in short batches, and the ratio is the median of the pairs: so it holds while
//! the machine's speed drifts, and while somebody else is using it.

#![expect(clippy::expect_used, reason = "a bench that cannot run is to stop")]

mod support;

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use callback_verifier::wire::{CoveredHeaders, Digests, Separator, SignatureHeader, SigningString, parse_date};
use callback_verifier::{RequestHead, Verifier};
use pkcs1::der::Decode;
use pkcs1::der::asn1::UintRef;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{COVERED, Callback, TARGET, ready};

const PAIRS: usize = 400;
const BATCH: u32 = 100;
const OPENSSL_PAIRS: usize = 7;
const GIB: u64 = 1 << 30;
const STREAM_PAIRS: usize = 5;

fn main() {
    let callback = Callback::typical();
    let verifier = callback.verifier();
    eprintln!("verify_vs_raw: {PAIRS} pairs of {BATCH} verifications");
    let verify_vs_raw = verify_vs_raw(&callback, &verifier);
    eprintln!("verify_vs_openssl: {OPENSSL_PAIRS} pairs of a second");
    let verify_vs_openssl = verify_vs_openssl(&callback, &verifier);
    eprintln!("stream_vs_sha256: {STREAM_PAIRS} pairs of 1 GiB");
    let stream_vs_sha256 = stream_vs_sha256();
    let report = json!({
        "verify_vs_raw": verify_vs_raw,
        "verify_vs_openssl": verify_vs_openssl,
        "stream_vs_sha256": stream_vs_sha256,
    });
    println!("{report:#}");
}

/// Steps 1 to 11 of a callback of 400 bytes, its key cached, against the same library's bare RSA-2048 verification.
fn verify_vs_raw(callback: &Callback, verifier: &Verifier) -> Value {
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

fn raw_key(callback: &Callback) -> ParsedPublicKey {
    let info = spki::SubjectPublicKeyInfoRef::try_from(callback.key.public_key_der()).expect("a key");
    let rsa = pkcs1::RsaPublicKey::<UintRef<'_>>::from_der(info.subject_public_key.raw_bytes()).expect("an RSA key");
    let components = PublicKeyComponents { n: rsa.modulus.as_bytes(), e: rsa.public_exponent.as_bytes() };
    components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).expect("a usable key")
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
fn verify_vs_openssl(callback: &Callback, verifier: &Verifier) -> Value {
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

/// A body of 1 GiB in parts of 64 KiB through the verifier, against its bare SHA-256.
fn stream_vs_sha256() -> Value {
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

/// The peak memory of this process in KiB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
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

fn microseconds(seconds: f64) -> f64 {
    rounded(seconds * 1e6, 3)
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
