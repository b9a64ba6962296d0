//! The figures that the project holds, as one JSON object on standard output; progress goes to standard error.
//!
//! Both sides of a ratio are measured in turn, in short batches, and the ratio is the median of the pairs: so it holds while
//! the machine's speed drifts, and while somebody else is using it.

#![expect(clippy::expect_used, reason = "a bench that cannot run is to stop")]

mod curves;
mod layer;
mod measure;
mod nonces;
mod stream;
#[path = "../support/mod.rs"]
mod support;
mod typed;
mod verify;

use serde_json::{Map, Value};
use support::Callback;

fn main() {
    if let Some(result) = nonces::of_this_process() {
        println!("{result}");
        return;
    }
    let callback = Callback::typical();
    let verifier = callback.verifier();
    let figures: [(&str, &dyn Fn() -> Value); 9] = [
        ("verify_vs_raw", &|| verify::verify_vs_raw(&callback, &verifier)),
        ("verify_typed_vs_raw", &typed::verify_typed_vs_raw),
        ("verify_vs_openssl", &|| verify::verify_vs_openssl(&callback, &verifier)),
        ("two_threads_vs_raw", &|| verify::two_threads(&callback, &verifier)),
        ("layer_overhead", &|| layer::layer_overhead(&verifier, &callback)),
        ("stream_vs_sha256", &stream::stream_vs_sha256),
        ("microseconds_by_header_lines", &|| curves::header_lines(&callback, &verifier)),
        ("nanoseconds_per_body_byte", &curves::body_bytes),
        ("replay_guard_by_nonces", &nonces::by_count),
    ];
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
