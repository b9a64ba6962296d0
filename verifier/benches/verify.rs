//! What a verification costs, and its parts: `cargo bench -p callback-verifier --bench verify --all-features`.

#![expect(clippy::expect_used, reason = "a bench that cannot run is to stop")]

mod support;

use callback_verifier::wire::{
    CoveredHeaders, Digests, Separator, SignatureHeader, SigningString, format_date, parse_date,
};
use callback_verifier::{PublicKey, RequestHead};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use support::{COVERED, Callback, TARGET, ready};

fn whole(c: &mut Criterion) {
    let callback = Callback::typical();
    let (verifier, lines) = (callback.verifier(), callback.lines());
    let (signing_string, signature) = callback.signed();
    let key = PublicKey::from_der(callback.key.public_key_der()).expect("a key");
    let mut group = c.benchmark_group("verify");
    group.bench_function("steps 1 to 11", |b| {
        b.iter(|| {
            let head = RequestHead::new("POST", TARGET, black_box(&lines[..]));
            ready(verifier.verify(&head, &callback.body, callback.now)).expect("verified")
        })
    });
    group.bench_function("steps 1 to 12", |b| {
        let mut count = 0;
        let next = || {
            count += 1;
            Callback::with_nonce(&format!("bench-{count}"))
        };
        b.iter_batched(
            next,
            |callback| {
                let lines = callback.lines();
                let head = RequestHead::new("POST", TARGET, black_box(&lines[..]));
                let verified = ready(verifier.verify(&head, &callback.body[..], callback.now)).expect("verified");
                ready(ready(verifier.claim(&verified, callback.now)).expect("a new nonce").commit())
                    .expect("committed");
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("refused before the signature", |b| {
        let stale = callback.now + std::time::Duration::from_secs(7 * 24 * 60 * 60);
        b.iter(|| {
            let head = RequestHead::new("POST", TARGET, black_box(&lines[..]));
            ready(verifier.verify_head(&head, stale)).expect_err("refused")
        })
    });
    group.bench_function("bare RSA", |b| {
        b.iter(|| assert!(key.verify(black_box(signing_string.as_bytes()), &signature)))
    });
    group.finish();
}

fn parts(c: &mut Criterion) {
    let callback = Callback::typical();
    let lines = callback.lines();
    let value =
        |name: &str| callback.headers.iter().find(|(found, _)| *found == name).map(|(_, v)| v.as_bytes()).expect(name);
    let head = RequestHead::new("POST", TARGET, &lines[..]);
    let date = format_date(callback.now);
    let mut group = c.benchmark_group("parts");
    group.bench_function("signature header", |b| {
        b.iter(|| SignatureHeader::parse(black_box(value("signature")), Separator::Comma).expect("parsed"))
    });
    group.bench_function("covered headers", |b| b.iter(|| CoveredHeaders::parse(black_box(COVERED)).expect("parsed")));
    let covered = CoveredHeaders::parse(COVERED).expect("parsed");
    group.bench_function("signing string", |b| {
        b.iter(|| SigningString::build(black_box(&head), &covered).expect("built"))
    });
    group.bench_function("date", |b| b.iter(|| parse_date(black_box(date.as_bytes())).expect("parsed")));
    group.bench_function("digest", |b| {
        b.iter(|| Digests::parse(black_box(value("digest"))).expect("parsed").check(&callback.body).expect("equal"))
    });
    group.finish();
}

fn stream(c: &mut Criterion) {
    let callback = Callback::with_body(vec![7; 16 << 20]);
    let (verifier, lines) = (callback.verifier(), callback.lines());
    let head = RequestHead::new("POST", TARGET, &lines[..]);
    let authentic = ready(verifier.verify_head(&head, callback.now)).expect("authentic");
    let mut group = c.benchmark_group("stream");
    group.throughput(Throughput::Bytes(callback.body.len() as u64)).sample_size(20);
    group.bench_function("16 MiB in parts of 64 KiB", |b| {
        b.iter_batched(
            || authentic.clone().body(),
            |mut body| {
                callback.body.chunks(64 << 10).for_each(|chunk| body.update(chunk).expect("in its limits"));
                body.finish().expect("verified")
            },
            BatchSize::SmallInput,
        )
    });
    group.finish();
}

criterion_group!(benches, whole, parts, stream);
criterion_main!(benches);
