//! End-to-end tests that need the machine to themselves: cargo runs them when all others have ended.
#![expect(clippy::unwrap_used, reason = "what is unexpected fails the test")]

#[expect(dead_code, unused_imports, reason = "the other end-to-end tests use the rest")]
#[path = "../e2e/support/mod.rs"]
mod support;

use serde_json::Value;
use tempfile::TempDir;

use support::{Publisher, Receiver, mock_publisher};

/// The highest rate that `rehearse` finds for a receiver of such a path, in callbacks per second.
fn limit_of(path: &str, arguments: &[&str]) -> (f64, Value) {
    let folder = TempDir::new().unwrap();
    let publisher = Publisher::start_in(&folder.path().join("mock-publisher-data"));
    let receiver = Receiver::of(&publisher);
    let mut command = mock_publisher(folder.path());
    command.args(["rehearse", &receiver.url(path), "--find-limit", "--profiles", "36000", "--json"]).args(arguments);
    // How many stages a search takes is up to chance, and what it takes for them is no mishap.
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    (report["limit"]["per_second"].as_f64().unwrap(), report)
}

#[test]
fn the_limit_of_a_receiver_is_found_within_ten_percent() {
    let (limit, report) = limit_of("/limited/120", &["--rate", "60", "--step", "2s"]);
    assert!((108.0..=132.0).contains(&limit), "{limit} in {report:#}");
    let verdict = report["verdict"].as_str().unwrap();
    assert!(verdict.contains("an import of 36000 profiles takes"), "{verdict}");
    assert_eq!(report["limit"]["bound"], "receiver");
}

/// What answers takes differs more than the length of a stage would let one see in the last of them.
#[test]
fn the_limit_is_found_where_latencies_vary() {
    let (limit, report) = limit_of("/limited/120/varying/300", &["--rate", "100", "--step", "3s"]);
    assert!((108.0..=132.0).contains(&limit), "{limit} in {report:#}");
}
