//! The terms of delivery, which each callback can have of its own.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::control::check;
use crate::support::{Publisher, Receiver, wait_for};

const PATH: &str = "/mock/v1/callbacks/{callback}/terms";

fn start() -> (Publisher, Receiver) {
    let publisher = Publisher::start_with(&["--in-memory"]);
    let receiver = Receiver::of(&publisher);
    (publisher, receiver)
}

/// Changes a callback's terms; what they are then, as the API's document says.
fn set(publisher: &Publisher, callback: u64, terms: Value) -> Value {
    let path = PATH.replace("{callback}", &callback.to_string());
    let answer = publisher.call("PUT", &path, Some(&terms)).expect_status(200);
    let document = publisher.get("/mock/v1/openapi.json");
    check(&document, PATH, "PUT", 200, &answer.body);
    let shown = publisher.call("GET", &path, None).expect_status(200);
    check(&document, PATH, "GET", 200, &shown.body);
    assert_eq!(shown.json(), answer.json());
    answer.json()
}

#[test]
fn a_paused_callback_keeps_its_deliveries_until_it_is_resumed() {
    let (publisher, receiver) = start();
    let paused = publisher.callback(&receiver.url("/paused"));
    publisher.callback(&receiver.url("/other"));
    assert_eq!(set(&publisher, paused, json!({"paused": true}))["paused"], true);
    publisher.profile("Mike");
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mick"}}));
    for _ in 0..2 {
        assert!(receiver.next_verified().request.ends_with("/other"));
    }
    assert_eq!(publisher.get("/mock/v1/deliveries?callback=1")["deliveries"][0]["state"], "pending");
    set(&publisher, paused, json!({"paused": false}));
    let told: Vec<_> = (0..2).map(|_| receiver.next_verified()).collect();
    assert!(told[0].text().contains("Mike") && told[1].text().contains("Mick"), "in order: {told:?}");
    assert_eq!(publisher.settled(4).len(), 4);
}

#[test]
fn what_a_removed_callback_had_in_the_outbox_is_delivered_although_it_was_paused() {
    let (publisher, receiver) = start();
    let callback = publisher.callback(&receiver.url("/hook"));
    set(&publisher, callback, json!({"paused": true}));
    publisher.profile("Mike");
    publisher.delete(&format!("/v4/callback/{callback}"));
    publisher.profile("Jessica");
    assert!(receiver.next_verified().text().contains("Mike"));

    let callback = publisher.callback(&receiver.url("/hook"));
    set(&publisher, callback, json!({"paused": true}));
    publisher.profile("Tom");
    crate::soap::done(&publisher, "Database_remove", "<id>1</id>");
    // With its database: that Tom is there, and that all three of them have gone.
    let told: Vec<_> = (0..4).map(|_| receiver.next_verified().text().to_owned()).collect();
    assert_eq!(told.iter().filter(|text| text.contains("Tom") && text.contains("create")).count(), 1, "{told:?}");
}

#[test]
fn a_rate_holds_for_one_callback() {
    let (publisher, receiver) = start();
    let slow = publisher.callback(&receiver.url("/slow"));
    set(&publisher, slow, json!({"rate": 5}));
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    for name in ["Mike", "Jessica", "Tom", "Anna"] {
        publisher.profile(name);
    }
    let started = publisher.settled(4).iter().map(|delivery| delivery["started"].as_u64().unwrap()).max().unwrap();
    assert!(started >= before + 600, "the fourth one began after {} ms", started - before);
}

#[test]
fn no_more_attempts_run_at_a_time_than_a_callback_wants() {
    let (publisher, receiver) = start();
    let one_by_one = publisher.callback(&receiver.url("/one-by-one"));
    set(&publisher, one_by_one, json!({"concurrency": 1}));
    publisher.callback(&receiver.url("/other"));
    receiver.hold();
    publisher.profile("Mike");
    publisher.profile("Jessica");
    let mut came: Vec<_> = (0..3).map(|_| receiver.next_verified().request).collect();
    came.sort();
    assert_eq!(came, ["POST /one-by-one", "POST /other", "POST /other"]);
    receiver.expect_nothing_more();
    receiver.release();
    assert_eq!(receiver.next_verified().request, "POST /one-by-one");
}

#[test]
fn without_an_order_nothing_waits_for_an_earlier_one() {
    let (publisher, receiver) = start();
    let callback = publisher.callback(&receiver.url("/first/1/500"));
    set(&publisher, callback, json!({"order": "none", "schedule": "fixed:1h", "concurrency": 1}));
    publisher.profile("Mike");
    receiver.next_verified();
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mick"}}));
    assert!(receiver.next_verified().text().contains("Mick"));
    let update = wait_for("the update", || publisher.deliveries().into_iter().find(|one| one["state"] != "pending"));
    assert_eq!((&update["action"], &update["state"]), (&json!("update"), &json!("delivered")));
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"seconds": 4000}))).expect_status(200);
    assert!(receiver.next_verified().text().contains("Mike"));
}

#[test]
fn an_attempt_takes_no_longer_than_its_callback_wants() {
    let (publisher, receiver) = start();
    let callback = publisher.callback(&receiver.url("/never"));
    set(&publisher, callback, json!({"timeout_ms": 50}));
    publisher.profile("Mike");
    let settled = &publisher.settled(1)[0];
    assert_eq!(settled["error"], "timeout_response");
    assert!(settled["micros"].as_u64().unwrap() >= 50_000, "{settled}");
}

#[test]
fn terms_outlive_a_restart_and_go_before_those_of_the_server() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    let publisher = Publisher::start_with(&["--data", &data]);
    let receiver = Receiver::of(&publisher);
    let callback = publisher.callback(&receiver.url("/first/1/500"));
    let own = json!({"paused": true, "schedule": "fixed:0s", "concurrency": 2, "rate": 0.5, "order": "none",
                     "timeout_ms": 300});
    assert_eq!(set(&publisher, callback, own.clone()), own);
    publisher.profile("Mike");
    publisher.kill();

    let publisher = Publisher::start_with(&["--data", &data, "--schedule", "fixed:1h", "--rate", "0.001"]);
    receiver.trust(&publisher);
    assert_eq!(set(&publisher, callback, json!({})), own);
    set(&publisher, callback, json!({"paused": false, "rate": 50}));
    let settled = wait_for("the outcome", || {
        publisher.deliveries().into_iter().next().filter(|delivery| delivery["state"] == "delivered")
    });
    assert_eq!(settled["attempts"], 2);
}

#[test]
fn terms_that_make_no_sense_are_refused_and_change_nothing() {
    let (publisher, receiver) = start();
    let callback = publisher.callback(&receiver.url("/hook"));
    let path = PATH.replace("{callback}", &callback.to_string());
    for (wrong, message) in [
        (json!({"concurrency": 0}), "concurrency: expected a whole number from 1 to 256, got 0"),
        (json!({"rate": 5, "order": "some"}), "order: unknown variant `some`, expected `entity` or `none`"),
        (json!({"rate": 1e9}), "rate: expected attempts per second, from 0.001 to 100000"),
        (json!({"schedule": "fixed:1"}), "schedule: expected `none`, `standard`, or `fixed:` and pauses"),
        (json!({"pause": true}), "unknown field `pause`"),
        (json!([true]), "expected an object in JSON, got a list"),
    ] {
        let answer = publisher.call("PUT", &path, Some(&wrong)).expect_status(400);
        let told = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(told.contains(message), "{wrong}: {told}");
    }
    assert_eq!(set(&publisher, callback, json!({}))["rate"], Value::Null);
    publisher.call("GET", "/mock/v1/callbacks/7/terms", None).expect_status(404);
    publisher.call("PUT", "/mock/v1/callbacks/7/terms", Some(&json!({}))).expect_status(404);
}
