//! Deliveries that are made again.

use serde_json::{Value, json};

use crate::support::{Publisher, Receiver};

fn start() -> (Publisher, Receiver) {
    let publisher = Publisher::start_with(&["--in-memory"]);
    let receiver = Receiver::of(&publisher);
    (publisher, receiver)
}

fn redeliver(publisher: &Publisher, id: u64, body: &Value) -> Value {
    publisher.call("POST", &format!("/mock/v1/deliveries/{id}/redeliver"), Some(body)).expect_status(201).json()
}

#[test]
fn signed_anew_it_is_genuine_and_goes_where_the_callback_points_by_now() {
    let (publisher, receiver) = start();
    let callback = publisher.callback(&receiver.url("/answer/500"));
    publisher.profile("Mike");
    let first = receiver.next_verified();
    publisher.settled(1);
    publisher.put(&format!("/v4/callback/{callback}"), &json!({"url": receiver.url("/mended")}));
    let new = redeliver(&publisher, 1, &json!({}));
    assert_eq!((&new["id"], &new["repeats"], &new["exact"]), (&json!(2), &json!(1), &json!(false)));
    let second = receiver.next_verified();
    assert_eq!((second.request.as_str(), &second.body), ("POST /mended", &first.body));
    assert_ne!(second.header("x-nonce"), first.header("x-nonce"));
    let states: Vec<_> = publisher.settled(2).iter().map(|delivery| delivery["state"].clone()).collect();
    assert_eq!(states, ["failed", "delivered"]);
    let why = publisher.get("/mock/v1/changes/1/why")["callbacks"].clone();
    assert_eq!((why.as_array().unwrap().len(), &why[0]["delivery"]["id"]), (1, &json!(1)), "it fired once");
}

#[test]
fn the_same_bytes_show_whether_a_receiver_refuses_a_replay() {
    let (publisher, receiver) = start();
    publisher.callback(&receiver.url("/hook"));
    publisher.profile("Mike");
    receiver.next_verified();
    publisher.settled(1);
    redeliver(&publisher, 1, &json!({"exact": true}));
    assert_eq!(receiver.next().verdict.unwrap_err().code(), "replayed");
    let log = publisher.settled(2);
    assert_eq!((&log[1]["exact"], &log[1]["status"]), (&json!(true), &json!(409)));
    let request =
        |id: u64| publisher.call("GET", &format!("/mock/v1/deliveries/{id}/request"), None).expect_status(200);
    assert_eq!(request(1).body, request(2).body);
}

#[test]
fn all_that_failed_are_made_again_at_once_and_nothing_else() {
    let (publisher, receiver) = start();
    let [good, bad] = ["/good", "/first/3/503"].map(|path| publisher.callback(&receiver.url(path)));
    for name in ["Mike", "Jessica", "Tom"] {
        publisher.profile(name);
    }
    publisher.settled(6);
    (0..6).for_each(|_| drop(receiver.next_verified()));
    let many = |body: Value| {
        publisher.call("POST", "/mock/v1/deliveries/redeliver", Some(&body)).expect_status(200).json()["redelivered"]
            .clone()
    };
    assert_eq!(many(json!({"callback": good})), 0);
    assert_eq!(many(json!({"callback": bad, "action": "update"})), 0);
    assert_eq!(many(json!({"callback": bad})), 3);
    let states: Vec<_> = publisher.settled(9).iter().skip(6).map(|delivery| delivery["state"].clone()).collect();
    assert_eq!(states, ["delivered"; 3]);
    assert_eq!(many(json!({"state": "delivered", "callback": good, "exact": true})), 3);
    let log = publisher.settled(12);
    assert!(log[9..].iter().all(|delivery| delivery["status"] == 409), "{log:#?}");
    // Of what was made again, the latest one is.
    assert_eq!(many(json!({"state": "any", "action": "create", "callback": bad})), 3);
    publisher.settled(15);
}

/// However often it is asked for, each change is on its way once.
#[test]
fn what_fails_again_is_made_again_once() {
    let (publisher, receiver) = start();
    publisher.callback(&receiver.url("/first/3/503"));
    publisher.profile("Mike");
    publisher.settled(1);
    let again = || {
        // Nothing at all is an object without members.
        let answer = publisher.call("POST", "/mock/v1/deliveries/redeliver", None).expect_status(200).json();
        answer["redelivered"].as_u64().unwrap()
    };
    for count in 2..=4 {
        assert_eq!(again(), 1);
        publisher.settled(count);
    }
    assert_eq!(again(), 0, "it was delivered");
    let failed = publisher.get("/mock/v1/deliveries?state=failed")["deliveries"].as_array().unwrap().len();
    assert_eq!((failed, publisher.deliveries().len()), (3, 4));
}

#[test]
fn what_was_never_sent_has_no_bytes_and_what_is_not_there_cannot_be_made_again() {
    let (publisher, _) = start();
    publisher.callback("http://192.0.2.1/hook");
    publisher.profile("Mike");
    publisher.settled(1);
    let call = |target: &str, body: Value| publisher.call("POST", target, Some(&body));
    publisher.call("POST", "/mock/v1/faults", Some(&json!({"fault": "drop"}))).expect_status(201);
    publisher.profile("Jessica");
    publisher.settled(2);
    call("/mock/v1/deliveries/2/redeliver", json!({"exact": true})).expect_status(409);
    call("/mock/v1/deliveries/9/redeliver", json!({})).expect_status(404);
    call("/mock/v1/deliveries/1/redeliver", json!({"exakt": true})).expect_status(400);
    call("/mock/v1/deliveries/redeliver", json!({"callback": 9})).expect_status(404);
}
