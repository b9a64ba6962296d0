//! The publisher's share of the figures that the project holds: one JSON object on standard output; progress goes to
//! standard error.
//!
//! Both sides of a ratio are measured in turn, in short batches, and the ratio is the median of the pairs: so it holds
//! while the machine's speed drifts, and while somebody else is using it.

#![expect(clippy::expect_used, reason = "a bench that cannot run is to stop")]

mod backlog;
mod condition;
mod dispatch;
mod neighbours;
mod publisher;
mod receiver;

use std::time::Instant;

use serde_json::{Map, Value};

fn main() {
    // What takes minutes is measured if its name is given.
    let rare = ["backlog"];
    let figures: [(&str, &dyn Fn() -> Value); 5] = [
        ("condition_cost", &condition::condition_cost),
        ("dispatch_vs_sign", &dispatch::dispatch_vs_sign),
        ("machine_vs_sign", &dispatch::machine_vs_sign),
        ("healthy_delay", &neighbours::healthy_delay),
        ("backlog", &backlog::backlog),
    ];
    // Those whose names contain an argument, or all.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| {
        wanted.is_empty() && !rare.contains(&name) || wanted.iter().any(|part| name.contains(part.as_str()))
    };
    let mut report = Map::new();
    for (name, measure) in figures.into_iter().filter(|(name, _)| is_wanted(name)) {
        eprintln!("{name}");
        report.insert(name.to_owned(), measure());
    }
    println!("{:#}", Value::Object(report));
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
