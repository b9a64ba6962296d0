//! The publisher's clock: what is stored, asked and signed has its time.

use callback_verifier::Rejection;
use serde_json::{Value, json};

use crate::control::check;
use crate::support::{Publisher, Receiver};

const CLOCK: &str = "/mock/v1/clock";
const CALLBACKS: &str = "/v4/database/customers/callbacks";

/// Adjusts the clock, and returns what it shows then.
#[track_caller]
fn adjust(publisher: &Publisher, body: &Value) -> Value {
    call(publisher, "PUT", CLOCK, body, 200)
}

/// Makes it later.
#[track_caller]
fn advance(publisher: &Publisher, body: &Value) -> Value {
    call(publisher, "POST", &format!("{CLOCK}/advance"), body, 200)
}

/// A call whose answer is as the API's document says.
#[track_caller]
fn call(publisher: &Publisher, method: &str, path: &str, body: &Value, status: u16) -> Value {
    let answer = publisher.call(method, path, Some(body)).expect_status(status);
    check(&publisher.get("/mock/v1/openapi.json"), path, method, status, &answer.body);
    answer.json()
}

#[test]
fn what_happens_has_the_time_of_the_clock() {
    let publisher = Publisher::start();
    let shown = adjust(&publisher, &json!({"now": "2030-02-28T22:30:00+01:00", "frozen": true}));
    assert_eq!((&shown["now"], &shown["frozen"]), (&json!("2030-02-28T21:30:00.000Z"), &json!(true)));
    publisher.profile("Mike");
    let database = publisher.post("/v4/databases", &json!({"name": "late"}));
    assert_eq!(publisher.get(&format!("/v4/database/{database}"))["created"], "2030-02-28 21:30:00");

    assert_eq!(advance(&publisher, &json!({"days": 1}))["now"], "2030-03-01T21:30:00.000Z");
    assert_eq!(advance(&publisher, &json!({"seconds": 1.5}))["now"], "2030-03-01T21:30:01.500Z");
    publisher.put("/v4/profile/1", &json!({"fields": {"city": "Utrecht"}}));
    let profile = publisher.get("/v4/profile/1");
    assert_eq!(
        (&profile["created"], &profile["modified"]),
        (&json!("2030-02-28 21:30:00"), &json!("2030-03-01 21:30:01"))
    );
    let changes = publisher.get("/mock/v1/changes");
    assert_eq!(changes["changes"][1]["time"], 1_898_631_001_500_i64);

    // A link's script sees it too, as the platform's `now` and as JavaScript's.
    let script = "profile.fields.city = new Date().toISOString() + ' ' + Date.now()";
    let link = publisher
        .call("POST", "/mock/v1/links", Some(&json!({"profile": 1, "kind": "click", "script": script})))
        .expect_status(201)
        .json();
    let path = link["link"].as_str().unwrap().split_once(&publisher.http.to_string()).unwrap().1.to_owned();
    publisher.call("GET", &path, None).expect_status(200);
    assert_eq!(publisher.get("/v4/profile/1")["fields"]["city"], "2030-03-01T21:30:01.500Z 1898631001500");
    assert_eq!(publisher.get("/mock/v1/links")["links"][0]["created"], "2030-03-01 21:30:01");
}

#[test]
fn a_condition_that_asks_for_a_date_fires_when_its_day_has_come() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    adjust(&publisher, &json!({"now": "2030-12-23T12:00:00Z", "frozen": true}));
    publisher.post("/v4/database/customers/fields", &json!({"name": "born", "type": "empty_date"}));
    publisher.post("/v4/database/customers/profiles", &json!({"fields": {"name": "Mike", "born": "1990-12-24"}}));
    let birthday = json!({"rules": [{"name": "birthday", "conditions": [
        {"type": "Date", "field": "born", "compare-mode": "ignoreyear", "after-mutation": ["plus", "0", "day", "day"],
         "before-mutation": ["plus", "0", "day"]},
    ]}]});
    publisher.post(CALLBACKS, &json!({"url": receiver.url("/birthday"), "conditions": birthday}));
    let expression = "new Date().toISOString() >= '2030-12-24T12'";
    publisher.post(CALLBACKS, &json!({"url": receiver.url("/script"), "expression": expression}));

    publisher.put("/v4/profile/1", &json!({"fields": {"city": "Delft"}}));
    assert_eq!(publisher.deliveries().len(), 0);
    advance(&publisher, &json!({"days": 1}));
    publisher.put("/v4/profile/1", &json!({"fields": {"city": "Utrecht"}}));
    let mut requests = [receiver.next_verified().request, receiver.next_verified().request];
    requests.sort();
    assert_eq!(requests, ["POST /birthday", "POST /script"]);
    // It was sent today, whatever the clock says.
    let started = publisher.settled(2)[0]["started"].as_i64().unwrap();
    assert!(started < 1_900_000_000_000, "{started}");
}

#[test]
fn requests_are_signed_by_the_real_time_unless_the_clock_signs() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/hook"));
    publisher.profile("Mike");
    receiver.next_verified();

    advance(&publisher, &json!({"days": 2}));
    publisher.profile("in time");
    receiver.next_verified();
    assert_eq!(adjust(&publisher, &json!({"signs": true}))["signs"], true);
    publisher.profile("early");
    let verdict = receiver.next().verdict;
    assert!(matches!(verdict, Err(Rejection::DateInFuture { ahead: 172_700..172_900, .. })), "{verdict:?}");

    adjust(&publisher, &json!({"now": "2001-02-03T04:05:06Z", "frozen": true}));
    publisher.profile("late");
    let late = receiver.next();
    assert!(matches!(late.verdict, Err(Rejection::DateTooOld { .. })), "{:?}", late.verdict);
    assert_eq!(late.header("date"), "Sat, 03 Feb 2001 04:05:06 GMT");

    let real = adjust(&publisher, &json!({"now": null}));
    assert_eq!((&real["offset_ms"], &real["frozen"], &real["signs"]), (&json!(0), &json!(false), &json!(true)));
    publisher.profile("in time again");
    receiver.next_verified();
}

#[test]
fn what_no_clock_can_do_is_refused_and_changes_nothing() {
    let publisher = Publisher::start();
    let before = adjust(&publisher, &json!({"now": "2030-01-01T00:00:00Z", "frozen": true}));
    for (method, path, body, expected) in [
        ("PUT", "", json!({"time": 1}), "unknown field `time`, expected one of `now`, `frozen`, `signs`"),
        ("PUT", "", json!(null), "expected an object with `now`, `frozen` or `signs`"),
        ("PUT", "", json!({"now": 5}), "now: invalid type: integer `5`, expected a string"),
        ("PUT", "", json!({"now": "soon", "frozen": false}), "now: `soon` is no time such as `2026-11-25T13:30:00Z`"),
        ("PUT", "", json!({"now": "2026-11-25", "frozen": false}), "`2026-11-25` is no time such as"),
        (
            "PUT",
            "",
            json!({"now": "1969-12-31T23:59:59Z", "signs": true}),
            "expected a time from 1970-01-01T00:00:00Z to",
        ),
        ("PUT", "", json!({"frozen": "no"}), "frozen: invalid type: string \"no\", expected a boolean"),
        ("PUT", "", json!({"frozen": null}), "frozen: invalid type: null, expected a boolean"),
        ("PUT", "", json!({"signs": 1}), "signs: invalid type: integer `1`, expected a boolean"),
        ("POST", "/advance", json!({"seconds": 0}), "expected either `seconds` or `days`, a positive number"),
        ("POST", "/advance", json!({"seconds": 0.0004}), "expected either `seconds` or `days`, a positive number"),
        ("POST", "/advance", json!({"days": -1}), "expected either `seconds` or `days`, a positive number"),
        (
            "POST",
            "/advance",
            json!({"days": 1, "seconds": 1}),
            "expected either `seconds` or `days`, a positive number",
        ),
        ("POST", "/advance", json!({}), "expected either `seconds` or `days`, a positive number"),
        ("POST", "/advance", json!({"days": "1"}), "days: invalid type: string \"1\", expected f64"),
        ("POST", "/advance", json!({"days": 1e300}), "expected a time from 1970-01-01T00:00:00Z to"),
        ("POST", "/advance", json!({"hours": 1}), "unknown field `hours`, expected `seconds` or `days`"),
    ] {
        let answer = call(&publisher, method, &format!("{CLOCK}{path}"), &body, 400);
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(answer["error"]["code"] == "bad_request" && message.contains(expected), "{body}: {message}");
    }
    let after = call(&publisher, "GET", CLOCK, &Value::Null, 200);
    for member in ["now", "frozen", "signs"] {
        assert_eq!(after[member], before[member]);
    }
    publisher.call("DELETE", CLOCK, None).expect_status(405);
}
