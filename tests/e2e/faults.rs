//! What goes wrong on request, and what a receiver makes of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::control::check;
use crate::support::{Publisher, Receiver, wait_for};

fn start(arguments: &[&str]) -> (Publisher, Receiver) {
    let publisher = Publisher::start_with(&[&["--in-memory"], arguments].concat());
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/hook"));
    (publisher, receiver)
}

fn add(publisher: &Publisher, fault: &Value) -> Value {
    let answer = publisher.call("POST", "/mock/v1/faults", Some(fault)).expect_status(201);
    check(&publisher.get("/mock/v1/openapi.json"), "/mock/v1/faults", "POST", 201, &answer.body);
    answer.json()
}

fn pause(publisher: &Publisher, paused: bool) {
    let terms = json!({"paused": paused});
    publisher.call("PUT", "/mock/v1/callbacks/1/terms", Some(&terms)).expect_status(200);
}

/// Each fault on the wire, and the reason why a receiver refuses what it touched.
#[test]
fn a_receiver_refuses_what_was_spoilt_on_the_wire_and_takes_what_comes_after_it() {
    let (publisher, receiver) = start(&[]);
    let table = [
        (json!({"fault": "stale_date"}), "date_too_old"),
        (json!({"fault": "stale_date", "seconds": 400}), "date_too_old"),
        (json!({"fault": "future_date"}), "date_in_future"),
        (json!({"fault": "wrong_key"}), "bad_signature"),
        (json!({"fault": "wrong_account"}), "wrong_account"),
        (json!({"fault": "tampered_body"}), "digest_mismatch"),
        (json!({"fault": "tampered_header", "header": "host"}), "wrong_host"),
        (json!({"fault": "tampered_header", "header": "content-type"}), "bad_signature"),
        (json!({"fault": "tampered_header", "header": "x-nonce"}), "bad_signature"),
        (json!({"fault": "dropped_header", "header": "host"}), "header_missing"),
        (json!({"fault": "dropped_header", "header": "date"}), "header_missing"),
        (json!({"fault": "dropped_header", "header": "content-type"}), "header_missing"),
        (json!({"fault": "dropped_header", "header": "x-copernica-id"}), "header_missing"),
        (json!({"fault": "dropped_header", "header": "digest"}), "header_missing"),
        (json!({"fault": "dropped_header", "header": "X-Nonce"}), "header_missing"),
        (json!({"fault": "dropped_header", "header": "signature"}), "signature_missing"),
        (json!({"fault": "duplicated_header", "header": "host"}), "header_repeated"),
        (json!({"fault": "duplicated_header", "header": "date"}), "header_repeated"),
        (json!({"fault": "duplicated_header", "header": "digest"}), "header_repeated"),
        (json!({"fault": "duplicated_header", "header": "signature"}), "signature_repeated"),
        (json!({"fault": "unsigned"}), "signature_missing"),
    ];
    let mut found = Vec::new();
    for (nth, (fault, _)) in (1..).zip(&table) {
        let mut once = fault.clone();
        once["times"] = json!(1);
        add(&publisher, &once);
        publisher.profile("Mike");
        let verdict = receiver.next().verdict;
        found.push((fault, verdict.err().map_or("verified", |rejection| rejection.code())));
        let log = publisher.settled(2 * nth - 1);
        let touched = &log[2 * nth - 2];
        assert_eq!(touched["faults"], json!([[1, fault["fault"]]]), "the log tells it: {touched}");
        assert_eq!((&touched["state"], &touched["error"]), (&json!("failed"), &json!("http_4xx")), "{touched}");
        publisher.profile("Jessica");
        receiver.next_verified();
        assert_eq!(publisher.settled(2 * nth)[2 * nth - 1]["faults"], json!([]));
    }
    let expected: Vec<_> = table.iter().map(|(fault, code)| (fault, *code)).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_same_bytes_are_refused_when_they_come_again() {
    let (publisher, receiver) = start(&[]);
    add(&publisher, &json!({"fault": "replay", "times": 1}));
    publisher.profile("Mike");
    let (first, second) = (receiver.next_verified(), receiver.next());
    assert_eq!(second.verdict.as_ref().unwrap_err().code(), "replayed");
    assert_eq!((first.header("x-nonce"), &first.body), (second.header("x-nonce"), &second.body));
    let log = publisher.settled(2);
    assert_eq!((&log[1]["repeats"], &log[1]["exact"], &log[1]["status"]), (&json!(1), &json!(true), &json!(409)));
    publisher.profile("Jessica");
    receiver.next_verified();
    receiver.expect_nothing_more();
}

#[test]
fn a_duplicate_is_genuine_each_time() {
    let (publisher, receiver) = start(&[]);
    add(&publisher, &json!({"fault": "duplicate", "count": 2}));
    publisher.profile("Mike");
    let received: Vec<_> = (0..3).map(|_| receiver.next_verified()).collect();
    let nonces: BTreeSet<_> = received.iter().map(|one| one.header("x-nonce")).collect();
    let bodies: BTreeSet<_> = received.iter().map(|one| one.text()).collect();
    assert_eq!((nonces.len(), bodies.len()), (3, 1));
    let repeats: Vec<_> = publisher.settled(3).iter().map(|delivery| delivery["repeats"].clone()).collect();
    assert_eq!(repeats, [Value::Null, json!(1), json!(1)]);
    receiver.expect_nothing_more();
}

#[test]
fn what_is_reordered_comes_behind_the_next_one() {
    let (publisher, receiver) = start(&[]);
    pause(&publisher, true);
    publisher.profile("Mike");
    for name in ["Mick", "Mitch"] {
        publisher.put("/v4/profile/1", &json!({"fields": {"name": name}}));
    }
    add(&publisher, &json!({"fault": "reorder", "times": 1}));
    pause(&publisher, false);
    let told: Vec<_> = (0..3).map(|_| receiver.next_verified()).collect();
    for (received, name) in told.iter().zip(["Mick", "Mike", "Mitch"]) {
        assert!(received.text().contains(name), "{name}: {told:?}");
    }
    let log = publisher.settled(3);
    let faults: Vec<_> = log.iter().map(|delivery| delivery["faults"].clone()).collect();
    assert_eq!(faults, [json!([[1, "reorder"]]), json!([]), json!([])]);
}

#[test]
fn what_is_delayed_waits_by_the_clock_of_the_publisher() {
    let (publisher, receiver) = start(&[]);
    add(&publisher, &json!({"fault": "delay", "seconds": 3600, "times": 1}));
    publisher.profile("Mike");
    let waiting = wait_for("the delay", || {
        Some(publisher.deliveries().remove(0)).filter(|delivery| delivery["due"] != Value::Null)
    });
    assert_eq!((&waiting["state"], &waiting["attempts"]), (&json!("pending"), &json!(0)));
    publisher.profile("Jessica");
    assert!(receiver.next_verified().text().contains("Jessica"));
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"seconds": 3601}))).expect_status(200);
    assert!(receiver.next_verified().text().contains("Mike"));
    assert_eq!(publisher.settled(2)[0]["faults"], json!([[1, "delay"]]));
}

#[test]
fn what_is_put_off_is_spoilt_when_it_is_sent() {
    let (publisher, receiver) = start(&[]);
    add(&publisher, &json!({"fault": "delay", "seconds": 3600, "times": 1}));
    add(&publisher, &json!({"fault": "tampered_body", "times": 1}));
    publisher.profile("Mike");
    wait_for("the delay", || (publisher.deliveries()[0]["due"] != Value::Null).then_some(()));
    let listed = publisher.get("/mock/v1/faults");
    assert_eq!(listed["faults"][1]["touched"], 0, "{listed}");
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"seconds": 3601}))).expect_status(200);
    assert_eq!(receiver.next().verdict.unwrap_err().code(), "digest_mismatch");
    assert_eq!(publisher.settled(1)[0]["faults"], json!([[1, "delay"], [1, "tampered_body"]]));
}

#[test]
fn a_burst_holds_all_until_the_same_moment() {
    let (publisher, receiver) = start(&[]);
    let at = |now: &str| json!({"now": now, "frozen": true});
    publisher.call("PUT", "/mock/v1/clock", Some(&at("2030-01-01T00:00:10Z"))).expect_status(200);
    add(&publisher, &json!({"fault": "burst", "seconds": 60}));
    publisher.profile("Mike");
    publisher.call("PUT", "/mock/v1/clock", Some(&at("2030-01-01T00:00:50Z"))).expect_status(200);
    publisher.profile("Jessica");
    let due: BTreeSet<_> = wait_for("both to be held", || {
        let due: Vec<_> = publisher.deliveries().iter().filter_map(|delivery| delivery["due"].as_i64()).collect();
        (due.len() == 2).then_some(due)
    })
    .into_iter()
    .collect();
    assert_eq!(due.len(), 1);
    receiver.expect_nothing_more();
    publisher.call("PUT", "/mock/v1/clock", Some(&at("2030-01-01T00:01:00Z"))).expect_status(200);
    receiver.next_verified();
    receiver.next_verified();
    assert_eq!(publisher.settled(2).len(), 2);
}

#[test]
fn what_is_dropped_never_comes_and_is_not_tried_again() {
    let (publisher, receiver) = start(&["--schedule", "fixed:0s"]);
    add(&publisher, &json!({"fault": "drop", "times": 1}));
    publisher.profile("Mike");
    publisher.profile("Jessica");
    assert!(receiver.next_verified().text().contains("Jessica"));
    let dropped = &publisher.settled(2)[0];
    assert_eq!((&dropped["state"], &dropped["error"]), (&json!("failed"), &json!("fault_drop")));
    receiver.expect_nothing_more();
}

#[test]
fn the_first_attempts_fail_and_the_next_one_comes_through() {
    let (publisher, receiver) = start(&["--schedule", "fixed:0s,0s,0s"]);
    add(&publisher, &json!({"fault": "fail_first", "attempts": 2}));
    publisher.profile("Mike");
    receiver.next_verified();
    let settled = &publisher.settled(1)[0];
    assert_eq!((&settled["attempts"], &settled["state"]), (&json!(3), &json!("delivered")));
    assert_eq!(settled["faults"], json!([[1, "fail_first"], [2, "fail_first"]]));
    let history = publisher.get("/mock/v1/deliveries/1")["history"].clone();
    assert_eq!((&history[0]["error"], &history[2]["status"]), (&json!("fault_fail_first"), &json!(200)));
    receiver.expect_nothing_more();
}

#[test]
fn a_seed_spoils_the_same_deliveries_in_every_run() {
    let spoilt = || {
        let (publisher, receiver) = start(&[]);
        add(&publisher, &json!({"fault": "unsigned", "chance": 0.5, "seed": 42}));
        for _ in 0..12 {
            publisher.profile("Mike");
            receiver.next();
        }
        let log = publisher.settled(12);
        let failed = log.iter().filter(|delivery| delivery["state"] == "failed");
        failed.map(|delivery| delivery["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let first = spoilt();
    assert!((1..12).contains(&first.len()), "{first:?}");
    assert_eq!(spoilt(), first);
}

#[test]
fn faults_are_counted_and_end_one_by_one_all_together_and_with_a_reset() {
    let (publisher, receiver) = start(&[]);
    let silent = publisher.callback(&receiver.url("/silent"));
    publisher.put(&format!("/v4/callback/{silent}"), &json!({"active": false}));
    add(&publisher, &json!({"fault": "stale_date", "callback": 1}));
    add(&publisher, &json!({"fault": "unsigned", "callback": silent}));
    publisher.call("POST", "/mock/v1/faults", Some(&json!({"fault": "unsigned", "callback": 9}))).expect_status(404);
    publisher.profile("Mike");
    assert_eq!(receiver.next().verdict.unwrap_err().code(), "date_too_old");
    publisher.settled(1);
    let faults = || publisher.get("/mock/v1/faults")["faults"].as_array().unwrap().clone();
    let touched: Vec<_> = faults().iter().map(|fault| fault["touched"].clone()).collect();
    assert_eq!(touched, [json!(1), json!(0)]);
    publisher.delete("/mock/v1/faults/1");
    publisher.profile("Jessica");
    receiver.next_verified();
    assert_eq!(faults().len(), 1);
    publisher.delete("/mock/v1/faults");
    assert_eq!(faults().len(), 0);
    add(&publisher, &json!({"fault": "drop"}));
    publisher.call("POST", "/mock/v1/reset", None).expect_status(204);
    assert_eq!(faults().len(), 0);
}
