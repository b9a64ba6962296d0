//! What is counted, and what is kept.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Receiver, mock_publisher, run, wait_for};

fn start(arguments: &[&str]) -> (Publisher, Receiver) {
    let publisher = Publisher::start_with(&[&["--in-memory"], arguments].concat());
    let receiver = Receiver::of(&publisher);
    (publisher, receiver)
}

#[test]
fn attempts_are_counted_by_action_trigger_callback_and_error_and_over_time() {
    let (publisher, receiver) = start(&["--schedule", "fixed:0s"]);
    publisher.callback(&receiver.url("/good"));
    let bad = publisher.callback(&receiver.url("/first/1/503"));
    publisher.profile("Mike");
    publisher.settled(2);
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mick"}}));
    publisher.settled(4);
    publisher.callback("http://127.0.0.1:1/nobody");
    publisher.delete("/v4/profile/1");
    publisher.settled(7);

    let statistics = publisher.get("/mock/v1/statistics?every=minute");
    assert_eq!(statistics["total"], json!({"delivered": 6, "failed": 1, "retried": 2}));
    assert_eq!(statistics["by_action"]["create"], json!({"delivered": 2, "failed": 0, "retried": 1}));
    assert_eq!(statistics["by_action"]["delete"], json!({"delivered": 2, "failed": 1, "retried": 1}));
    assert_eq!(statistics["by_trigger"], json!({"rest": {"delivered": 6, "failed": 1, "retried": 2}}));
    assert_eq!(statistics["by_error"], json!({"http_5xx": 1, "connection_refused": 2}));
    let callbacks = statistics["by_callback"].as_array().unwrap();
    assert_eq!(callbacks.iter().map(|one| one["delivered"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 3, 0]);
    assert_eq!((&callbacks[1]["retried"], &callbacks[1]["url"]), (&json!(1), &json!(receiver.url("/first/1/503"))));
    assert_eq!((&statistics["latency_us"]["count"], &callbacks[2]["latency_us"]["count"]), (&json!(7), &json!(0)));
    assert!(callbacks[0]["latency_us"]["p50"].as_u64().unwrap() > 0);
    let steps = statistics["over_time"].as_array().unwrap();
    assert_eq!(steps.iter().map(|step| step["delivered"].as_u64().unwrap()).sum::<u64>(), 6);
    assert!(steps.iter().all(|step| step["from"].as_u64().unwrap() % 60_000 == 0), "{steps:?}");

    let only = publisher.get(&format!("/mock/v1/statistics?callback={bad}"));
    assert_eq!(only["total"], json!({"delivered": 3, "failed": 0, "retried": 1}));
    let before = publisher.get("/mock/v1/statistics?until=2020-01-01T00:00:00Z");
    assert_eq!((&before["total"]["delivered"], &before["latency_us"]["p99"]), (&json!(0), &Value::Null));
}

#[test]
fn the_log_forgets_the_oldest_deliveries_and_their_counts_stay() {
    let (publisher, receiver) = start(&["--keep-deliveries", "3"]);
    publisher.callback(&receiver.url("/hook"));
    for _ in 0..8 {
        publisher.profile("Mike");
        receiver.next_verified();
    }
    let left = wait_for("the log to forget", || Some(publisher.deliveries()).filter(|log| log.len() == 3));
    assert_eq!(left.iter().map(|one| one["sequence"].as_u64().unwrap()).collect::<Vec<_>>(), [6, 7, 8]);
    publisher.call("GET", "/mock/v1/deliveries/1", None).expect_status(404);
    assert_eq!(publisher.get("/mock/v1/statistics")["total"]["delivered"], 8);
    publisher.profile("Jessica");
    assert_eq!(publisher.get("/mock/v1/wait?after=8")["delivery"]["sequence"], 9, "numbers go on");
}

#[test]
fn the_log_forgets_what_is_too_old_and_never_what_is_still_to_be_delivered() {
    let (publisher, receiver) = start(&["--keep-for", "2d"]);
    publisher.callback(&receiver.url("/hook"));
    let waiting = publisher.callback(&receiver.url("/waits"));
    let terms = json!({"paused": true});
    publisher.call("PUT", &format!("/mock/v1/callbacks/{waiting}/terms"), Some(&terms)).expect_status(200);
    let deliver = |name| {
        publisher.profile(name);
        receiver.next_verified();
        wait_for("the outcome", || {
            publisher.deliveries().iter().any(|one| one["sequence"] != Value::Null).then_some(())
        });
    };
    deliver("Mike");
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"days": 3}))).expect_status(200);
    deliver("Jessica");
    let left = wait_for("the log to forget", || Some(publisher.deliveries()).filter(|log| log.len() == 3));
    let shown: Vec<_> = left.iter().map(|one| (&one["callback"], &one["state"], &one["change"])).collect();
    let of = |callback: u64, state: &str, change: u64| (json!(callback), json!(state), json!(change));
    let expected = [of(2, "pending", 1), of(1, "delivered", 2), of(2, "pending", 2)];
    assert_eq!(shown, expected.iter().map(|(a, b, c)| (a, b, c)).collect::<Vec<_>>());
}

#[test]
fn prometheus_finds_the_counts_and_needs_no_token() {
    let (publisher, receiver) = start(&[]);
    publisher.callback(&receiver.url("/hook"));
    publisher.callback(&receiver.url("/answer/404"));
    publisher.profile("Mike");
    publisher.settled(2);
    let answer = crate::support::exchange(publisher.http, "GET", "/metrics", &[], b"").expect_status(200);
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = answer.text();
    for line in [
        "mock_publisher_deliveries_total{outcome=\"delivered\"} 1",
        "mock_publisher_deliveries_total{outcome=\"failed\"} 1",
        "mock_publisher_attempts_total{error=\"http_4xx\"} 1",
        "mock_publisher_signatures_total 2",
        "mock_publisher_outbox_deliveries 0",
        "mock_publisher_last_change 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }
}

#[test]
fn the_commands_tell_the_counts_and_make_deliveries_again() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    let publisher = Publisher::start_with(&["--data", &data]);
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/first/1/500"));
    publisher.profile("Mike");
    publisher.settled(1);
    let command = |arguments: &[&str]| run(mock_publisher(folder.path()).args(arguments).args(["--data", &data]));
    let told = command(&["redeliver"]).expect_status(0).text();
    assert_eq!(told, "deliveries made again: 1\n");
    publisher.settled(2);
    let told = command(&["redeliver", "1", "--exact"]).expect_status(0).text();
    assert_eq!(told, "delivery 1 is made again as delivery 3\n");
    publisher.settled(3);
    command(&["redeliver", "9"]).expect_failure(1, &["no delivery 9"]);
    command(&["redeliver", "9", "--state", "any"]).expect_failure(2, &["cannot be used with"]);

    let table = command(&["stats", "--since", "1h"]).expect_status(0).text();
    let line = table.lines().find(|line| line.starts_with("all ")).unwrap();
    let words: Vec<_> = line.split_whitespace().take(4).collect();
    assert_eq!(words, ["all", "1", "2", "0"], "{table}");
    let json: Value = serde_json::from_str(&command(&["stats", "--json"]).expect_status(0).text()).unwrap();
    assert_eq!(json["total"], json!({"delivered": 1, "failed": 2, "retried": 0}));
    command(&["stats", "--callback", "9"]).expect_failure(1, &["no callback 9"]);
    command(&["stats", "--since", "yesterday"]).expect_failure(2, &["expected a whole number and its unit"]);
}
