//! End-to-end tests that need the machine to themselves: cargo runs them when all others have ended.
#![expect(clippy::unwrap_used, reason = "what is unexpected fails the test")]

#[expect(dead_code, unused_imports, reason = "the other end-to-end tests use the rest")]
#[path = "../e2e/support/mod.rs"]
mod support;

use serde_json::Value;
use tempfile::TempDir;

use support::{Publisher, Receiver, mock_publisher, run};

#[test]
fn the_limit_of_a_receiver_is_found_within_ten_percent() {
    let folder = TempDir::new().unwrap();
    let publisher = Publisher::start_in(&folder.path().join("mock-publisher-data"));
    let receiver = Receiver::of(&publisher);
    let mut command = mock_publisher(folder.path());
    command.args(["rehearse", &receiver.url("/limited/120"), "--find-limit", "--rate", "60", "--step", "2s"]);
    let outcome = run(command.args(["--profiles", "36000", "--json"])).expect_status(0);
    let report: Value = serde_json::from_str(&outcome.text()).unwrap();
    let limit = report["limit"]["per_second"].as_f64().unwrap();
    assert!((108.0..=132.0).contains(&limit), "{limit} in {report:#}");
    let verdict = report["verdict"].as_str().unwrap();
    assert!(verdict.contains("an import of 36000 profiles takes"), "{verdict}");
}
