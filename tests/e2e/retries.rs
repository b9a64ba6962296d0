//! Deliveries that fail are attempted again, as the schedule says.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::control::check;
use crate::support::{Publisher, Receiver, wait_for};

fn start(schedule: &str) -> (Publisher, Receiver) {
    let publisher = Publisher::start_with(&["--in-memory", "--schedule", schedule]);
    let receiver = Receiver::of(&publisher);
    (publisher, receiver)
}

/// A delivery with all its attempts, as the API's document says.
fn delivery(publisher: &Publisher, id: u64) -> Value {
    let path = "/mock/v1/deliveries/{delivery}";
    let answer = publisher.call("GET", &path.replace("{delivery}", &id.to_string()), None).expect_status(200);
    check(&publisher.get("/mock/v1/openapi.json"), path, "GET", 200, &answer.body);
    answer.json()
}

/// The same, once it has had so many attempts.
fn attempted(publisher: &Publisher, id: u64, attempts: u64) -> Value {
    wait_for("the attempts", || Some(delivery(publisher, id)).filter(|delivery| delivery["attempts"] == attempts))
}

#[test]
fn each_attempt_has_a_signature_of_its_own_over_the_same_body() {
    let (publisher, receiver) = start("fixed:50ms,50ms,1h");
    publisher.callback(&receiver.url("/first/2/503"));
    publisher.profile("Mike");
    let received: Vec<_> = (0..3).map(|_| receiver.next_verified()).collect();
    let bodies: BTreeSet<_> = received.iter().map(|one| one.text()).collect();
    let nonces: Vec<_> = received.iter().map(|one| one.header("x-nonce")).collect();
    let signatures: BTreeSet<_> = received.iter().map(|one| one.header("signature")).collect();
    assert_eq!((bodies.len(), nonces.iter().collect::<BTreeSet<_>>().len(), signatures.len()), (1, 3, 3));

    let settled = &publisher.settled(1)[0];
    assert_eq!(
        (&settled["state"], &settled["attempts"], &settled["status"]),
        (&json!("delivered"), &json!(3), &json!(200))
    );
    let shown = delivery(&publisher, 1);
    assert_eq!((&shown["due"], &shown["sequence"]), (&Value::Null, &json!(1)));
    let history: Vec<_> = shown["history"].as_array().unwrap().iter().map(|attempt| &attempt["status"]).collect();
    assert_eq!(history, [503, 503, 200]);
    let (first, last) = (&shown["history"][0], &shown["history"][2]);
    assert_eq!(
        (&first["number"], &first["error"], &first["answer"]),
        (&json!(1), &json!("http_5xx"), &json!("not yet"))
    );
    assert!(first["response_head"].as_str().unwrap().starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{first}");
    assert!(last["answered"].as_u64().unwrap() <= last["micros"].as_u64().unwrap(), "{last}");
    let connection = first["dns"].as_u64().unwrap() + first["connect"].as_u64().unwrap();
    assert!((1..=first["answered"].as_u64().unwrap()).contains(&connection), "{first}");
    assert_eq!(
        (&last["dns"], &last["connect"]),
        (&Value::Null, &Value::Null),
        "it had the connection of the first one"
    );

    for (query, nonce) in
        [("?attempt=1", nonces[0]), ("?attempt=2", nonces[1]), ("?attempt=3", nonces[2]), ("", nonces[2])]
    {
        let request = publisher.call("GET", &format!("/mock/v1/deliveries/1/request{query}"), None).expect_status(200);
        assert!(request.text().contains(nonce), "{query}: {}", request.text());
    }
    publisher.call("GET", "/mock/v1/deliveries/1/request?attempt=4", None).expect_status(409);
    receiver.expect_nothing_more();
}

#[test]
fn what_comes_later_waits_for_the_attempts_of_its_own_profile_and_for_no_others() {
    let (publisher, receiver) = start("fixed:1h");
    publisher.callback(&receiver.url("/first/1/500"));
    publisher.profile("Mike");
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mick"}}));
    assert!(receiver.next_verified().text().contains("Mike"));
    attempted(&publisher, 1, 1);
    publisher.profile("Jessica");
    assert!(receiver.next_verified().text().contains("Jessica"), "she does not wait for Mike");
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"seconds": 3600}))).expect_status(200);
    assert!(receiver.next_verified().text().contains("Mike"));
    assert!(receiver.next_verified().text().contains("Mick"), "he comes after Mike");
    let attempts: Vec<_> = publisher.settled(3).iter().map(|delivery| delivery["attempts"].clone()).collect();
    assert_eq!(attempts, [2, 1, 1]);
}

#[test]
fn after_the_last_attempt_it_has_failed() {
    let (publisher, receiver) = start("fixed:10ms,10ms");
    publisher.callback(&receiver.url("/answer/500"));
    publisher.profile("Mike");
    let settled = &publisher.settled(1)[0];
    assert_eq!(
        (&settled["state"], &settled["attempts"], &settled["error"]),
        (&json!("failed"), &json!(3), &json!("http_5xx"))
    );
}

/// Another attempt would not mend it.
#[test]
fn a_target_that_may_not_be_called_is_not_tried_again() {
    let (publisher, _) = start("fixed:10ms");
    publisher.callback("http://192.0.2.1/hook");
    publisher.profile("Mike");
    let settled = &publisher.settled(1)[0];
    assert_eq!((&settled["attempts"], &settled["error"]), (&json!(1), &json!("target_refused")));
}

#[test]
fn a_receiver_that_is_gone_is_told_nothing_more() {
    let (publisher, receiver) = start("standard");
    let callback = publisher.callback(&receiver.url("/answer/410"));
    publisher.profile("Mike");
    let settled = &publisher.settled(1)[0];
    assert_eq!(
        (&settled["state"], &settled["attempts"], &settled["status"]),
        (&json!("failed"), &json!(1), &json!(410))
    );
    assert_eq!(publisher.get(&format!("/mock/v1/callbacks/{callback}"))["active"], false);
    assert_eq!(publisher.get(&format!("/mock/v1/callbacks/{callback}/terms"))["paused"], true, "nor what was queued");
    publisher.profile("Jessica");
    assert_eq!(publisher.get("/mock/v1/changes/2/why")["callbacks"][0]["reason"], "not_active");
    assert!(publisher.log().contains("the receiver is gone (410)"), "{}", publisher.log());
}

#[test]
fn a_receiver_can_ask_for_time() {
    let (publisher, receiver) = start("fixed:0s");
    publisher.callback(&receiver.url("/busy/3600"));
    publisher.profile("Mike");
    let waiting = attempted(&publisher, 1, 1);
    let pause = waiting["due"].as_i64().unwrap() - waiting["started"].as_i64().unwrap();
    assert!((3_600_000..3_630_000).contains(&pause), "{waiting}");
    // It is by the publisher's clock.
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"seconds": 3700}))).expect_status(200);
    assert_eq!(publisher.settled(1)[0]["state"], "delivered");
}

#[test]
fn a_restart_forgets_no_attempt_that_is_due() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    let publisher = Publisher::start_with(&["--data", &data, "--schedule", "fixed:2h"]);
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/first/1/500"));
    publisher.profile("Mike");
    let due = attempted(&publisher, 1, 1)["due"].clone();
    publisher.kill();

    let publisher = Publisher::start_with(&["--data", &data]);
    receiver.trust(&publisher);
    assert_eq!(delivery(&publisher, 1)["due"], due);
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"seconds": 7300}))).expect_status(200);
    let settled = &publisher.settled(1)[0];
    assert_eq!((&settled["state"], &settled["attempts"]), (&json!("delivered"), &json!(2)));
}
