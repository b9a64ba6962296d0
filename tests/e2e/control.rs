//! The control API: what it answers is what its document says, and what it does.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Receiver};

const PROFILES: &str = "/v4/database/customers/profiles";

/// What the document says that this is answered with.
pub(crate) fn check(document: &Value, path: &str, method: &str, status: u16, answer: &[u8]) {
    let operation = &document["paths"][path][method.to_lowercase()];
    let mut response = &operation["responses"][status.to_string()];
    if let Some(name) = response["$ref"].as_str() {
        response = &document["components"]["responses"][name.rsplit('/').next().unwrap()];
    }
    assert!(response.is_object(), "{method} {path} is not said to answer {status}");
    let Some(media) = response["content"].as_object() else {
        assert_eq!(answer, b"", "{method} {path} is said to answer nothing");
        return;
    };
    if let Some(json) = media.get("application/json") {
        let mut schema = json["schema"].clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let answer: Value = serde_json::from_slice(answer).unwrap();
        let errors: Vec<String> = validator.iter_errors(&answer).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:?} in {answer}");
    }
}

#[test]
fn every_answer_is_as_the_document_says() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let document = publisher.get("/mock/v1/openapi.json");
    let callback =
        json!({"url": receiver.url("/hook"), "conditions": {"field": "name", "contains": "i"}, "expression": "true"});
    publisher.post("/v4/database/customers/callbacks", &callback);
    publisher.profile("Mike");
    receiver.next_verified();
    publisher.settled(1);
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Nick"}}));
    receiver.next_verified();
    publisher.settled(2);

    let mut called = Vec::new();
    for (method, path, target, body, status) in [
        ("PUT", "/mock/v1/clock", "/mock/v1/clock", json!({"now": "2030-01-01T00:00:00Z", "frozen": true}), 200),
        ("PUT", "/mock/v1/clock", "/mock/v1/clock", json!({"then": null}), 400),
        ("POST", "/mock/v1/clock/advance", "/mock/v1/clock/advance", json!({"days": 1}), 200),
        ("POST", "/mock/v1/clock/advance", "/mock/v1/clock/advance", json!({"days": -1}), 400),
        ("POST", "/mock/v1/deliveries/{delivery}/redeliver", "/mock/v1/deliveries/1/redeliver", json!({}), 201),
        ("POST", "/mock/v1/deliveries/{delivery}/redeliver", "/mock/v1/deliveries/99/redeliver", json!({}), 404),
        ("POST", "/mock/v1/deliveries/redeliver", "/mock/v1/deliveries/redeliver", json!({"callback": 1}), 200),
        ("POST", "/mock/v1/deliveries/redeliver", "/mock/v1/deliveries/redeliver", json!({"callback": 9}), 404),
        ("POST", "/mock/v1/deliveries/redeliver", "/mock/v1/deliveries/redeliver", json!({"state": "pending"}), 400),
        ("POST", "/mock/v1/faults", "/mock/v1/faults", json!({"fault": "stale_date", "chance": 0}), 201),
        ("POST", "/mock/v1/faults", "/mock/v1/faults", json!({"fault": "fire"}), 400),
        ("POST", "/mock/v1/keys/rotate", "/mock/v1/keys/rotate", json!({"selector": "next"}), 201),
        ("POST", "/mock/v1/keys/rotate", "/mock/v1/keys/rotate", json!({"selector": "next"}), 409),
        ("POST", "/mock/v1/keys/rotate", "/mock/v1/keys/rotate", json!({"bits": 512}), 400),
        ("POST", "/mock/v1/keys/revoke", "/mock/v1/keys/revoke", json!({"name": "next._domainkey.copernica.com"}), 200),
        ("POST", "/mock/v1/keys/revoke", "/mock/v1/keys/revoke", json!({"name": "nobody"}), 404),
        ("PUT", "/mock/v1/callbacks/{callback}/terms", "/mock/v1/callbacks/1/terms", json!({"rate": 100}), 200),
        ("PUT", "/mock/v1/callbacks/{callback}/terms", "/mock/v1/callbacks/1/terms", json!({"rate": "100"}), 400),
    ] {
        let answer = publisher.call(method, target, Some(&body)).expect_status(status);
        check(&document, path, method, status, &answer.body);
        called.push((path, method.to_lowercase()));
    }
    for (method, path, target, status) in [
        ("GET", "/mock/v1/callbacks", "/mock/v1/callbacks", 200),
        ("GET", "/mock/v1/callbacks/{callback}", "/mock/v1/callbacks/1", 200),
        ("GET", "/mock/v1/callbacks/{callback}", "/mock/v1/callbacks/9", 404),
        ("GET", "/mock/v1/callbacks/{callback}", "/mock/v1/callbacks/x", 400),
        ("GET", "/mock/v1/callbacks/{callback}/terms", "/mock/v1/callbacks/1/terms", 200),
        ("GET", "/mock/v1/changes", "/mock/v1/changes?limit=1", 200),
        ("GET", "/mock/v1/changes", "/mock/v1/changes?limit=x", 400),
        ("GET", "/mock/v1/changes", "/mock/v1/changes?limit=-1", 400),
        ("GET", "/mock/v1/changes", "/mock/v1/changes?callback=1", 400),
        ("GET", "/mock/v1/changes/{change}", "/mock/v1/changes/2", 200),
        ("GET", "/mock/v1/changes/{change}", "/mock/v1/changes/9", 404),
        ("GET", "/mock/v1/changes/{change}/why", "/mock/v1/changes/2/why", 200),
        ("GET", "/mock/v1/clock", "/mock/v1/clock", 200),
        ("GET", "/mock/v1/deliveries", "/mock/v1/deliveries", 200),
        ("GET", "/mock/v1/deliveries", "/mock/v1/deliveries?after=x", 400),
        ("GET", "/mock/v1/deliveries", "/mock/v1/deliveries?calback=1", 400),
        ("GET", "/mock/v1/deliveries", "/mock/v1/deliveries?callback=1", 200),
        ("GET", "/mock/v1/deliveries/{delivery}", "/mock/v1/deliveries/1", 200),
        ("GET", "/mock/v1/deliveries/{delivery}", "/mock/v1/deliveries/9", 404),
        ("GET", "/mock/v1/deliveries/{delivery}/request", "/mock/v1/deliveries/1/request", 200),
        ("GET", "/mock/v1/faults", "/mock/v1/faults", 200),
        ("DELETE", "/mock/v1/faults/{fault}", "/mock/v1/faults/1", 204),
        ("DELETE", "/mock/v1/faults/{fault}", "/mock/v1/faults/1", 404),
        ("DELETE", "/mock/v1/faults", "/mock/v1/faults", 204),
        ("GET", "/mock/v1/keys", "/mock/v1/keys", 200),
        ("GET", "/mock/v1/openapi.json", "/mock/v1/openapi.json", 200),
        ("GET", "/mock/v1/statistics", "/mock/v1/statistics", 200),
        ("GET", "/mock/v1/statistics", "/mock/v1/statistics?callback=9", 404),
        ("GET", "/mock/v1/statistics", "/mock/v1/statistics?since=yesterday", 400),
        ("GET", "/mock/v1/statistics", "/mock/v1/statistics?every=week", 400),
        ("GET", "/mock/v1/wait", "/mock/v1/wait", 200),
        ("GET", "/mock/v1/wait", "/mock/v1/wait?after=99&timeout=0", 200),
        ("GET", "/mock/v1/wait", "/mock/v1/wait?timeout=61", 400),
        ("GET", "/mock/v1/wait", "/mock/v1/wait?state=pending", 400),
        ("GET", "/mock/v1/wait", "/mock/v1/wait?calback=1", 400),
        ("GET", "/mock/v1/wait", "/mock/v1/wait?timeout=5s", 400),
        ("GET", "/mock/v1/wait", "/mock/v1/wait?callback=77", 404),
        ("PUT", "/mock/v1/snapshots/{snapshot}", "/mock/v1/snapshots/before", 200),
        ("PUT", "/mock/v1/snapshots/{snapshot}", "/mock/v1/snapshots/start", 400),
        ("PUT", "/mock/v1/snapshots/{snapshot}", "/mock/v1/snapshots/..%2Fbefore", 400),
        ("GET", "/mock/v1/snapshots", "/mock/v1/snapshots", 200),
        ("POST", "/mock/v1/snapshots/{snapshot}/restore", "/mock/v1/snapshots/before/restore", 204),
        ("POST", "/mock/v1/snapshots/{snapshot}/restore", "/mock/v1/snapshots/after/restore", 404),
        ("DELETE", "/mock/v1/snapshots/{snapshot}", "/mock/v1/snapshots/before", 204),
        ("DELETE", "/mock/v1/snapshots/{snapshot}", "/mock/v1/snapshots/before", 404),
        ("POST", "/mock/v1/reset", "/mock/v1/reset", 204),
    ] {
        let answer = publisher.call(method, target, None).expect_status(status);
        check(&document, path, method, status, &answer.body);
        called.push((path, method.to_lowercase()));
    }
    publisher.call("POST", "/mock/v1/reset", None).expect_status(204);
    assert_eq!(publisher.get("/mock/v1/clock")["offset_ms"], 0);

    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            assert!(called.contains(&(path.as_str(), method.clone())), "{method} {path} was not called");
        }
    }
}

#[test]
fn whoever_waits_gets_each_outcome_once_and_in_order() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let [all, deleted] = ["all", "delete"].map(|action| {
        publisher.post("/v4/database/customers/callbacks", &json!({"url": receiver.url("/hook"), "action": action}))
    });

    let nothing = publisher.get("/mock/v1/wait?timeout=0.1");
    assert_eq!(nothing, json!({"delivery": null, "next": 0}));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| publisher.get(&format!("/mock/v1/wait?callback={all}&timeout=20")));
        publisher.profile("Mike");
        receiver.next_verified();
        let first = waiter.join().unwrap();
        assert_eq!((&first["next"], &first["delivery"]["state"]), (&json!(1), &json!("delivered")));
    });
    for name in ["Nick", "Rick", "Vick"] {
        publisher.profile(name);
        receiver.next_verified();
    }
    let mut after = json!(0);
    let mut profiles = Vec::new();
    for _ in 0..4 {
        let outcome = publisher.get(&format!("/mock/v1/wait?after={after}"));
        profiles.push(outcome["delivery"]["profile"].as_u64().unwrap());
        assert_eq!(outcome["delivery"]["sequence"], outcome["next"]);
        after = outcome["next"].clone();
    }
    profiles.sort_unstable();
    assert_eq!(profiles, [1, 2, 3, 4]);
    let of_callback =
        |id: u64| publisher.get(&format!("/mock/v1/deliveries?callback={id}&limit=10"))["deliveries"].clone();
    assert_eq!((of_callback(all).as_array().unwrap().len(), of_callback(deleted)), (4, json!([])));
    // The other callback has no outcome before somebody is removed.
    assert_eq!(publisher.get(&format!("/mock/v1/wait?callback={deleted}&timeout=0.1"))["delivery"], Value::Null);
    publisher.delete("/v4/profile/1");
    let gone = publisher.get(&format!("/mock/v1/wait?callback={deleted}&after={after}"));
    assert_eq!((&gone["delivery"]["action"], &gone["delivery"]["profile"]), (&json!("delete"), &json!(1)));
    assert_eq!(
        publisher.get(&format!("/mock/v1/wait?after={after}&state=failed&timeout=0.1"))["delivery"],
        Value::Null
    );
}

#[test]
fn every_list_says_in_the_same_words_which_part_there_cannot_be() {
    let publisher = Publisher::start();
    for (list, parameters) in [
        ("changes", ["after", "limit"]),
        ("deliveries", ["after", "limit"]),
        ("deliveries", ["callback", "limit"]),
        ("wait", ["after", "callback"]),
        ("imports", ["after", "limit"]),
        ("links", ["after", "limit"]),
        ("ui/databases/customers/profiles", ["start", "limit"]),
        ("ui/collections/1/subprofiles", ["start", "limit"]),
    ] {
        for parameter in parameters {
            for value in ["x", "-1", "", "1.5"] {
                let path = format!("/mock/v1/{list}?{parameter}={value}");
                let error = publisher.call("GET", &path, None).expect_status(400).json()["error"].clone();
                let message = format!("`{parameter}`: expected a whole number from 0, got `{value}`");
                assert_eq!(error, json!({"code": "bad_request", "message": message}), "{path}");
            }
        }
        let unknown = publisher.call("GET", &format!("/mock/v1/{list}?limt=1"), None).expect_status(400).json();
        let message = unknown["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("`limt`: unknown field `limt`, expected"), "{list}: {message}");
        // The token may stand in the query, too. (Nobody is to wait for an outcome here.)
        let timeout = if list == "wait" { "&timeout=0" } else { "" };
        let path = format!("/mock/v1/{list}?access_token={}{timeout}", publisher.token);
        publisher.call("GET", &path, None).expect_status(200);
    }
}

#[test]
fn nobody_who_waits_holds_up_a_stop() {
    let mut publisher = Publisher::start();
    let (http, token) = (publisher.http, publisher.token.clone());
    let waiter = std::thread::spawn(move || {
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        crate::support::exchange(http, "GET", "/mock/v1/wait?timeout=60", &headers, b"").json()
    });
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    publisher.stop();
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    assert_eq!(waiter.join().unwrap()["delivery"], Value::Null);
}

#[test]
fn a_reset_brings_back_what_the_scenario_began_with() {
    let folder = TempDir::new().unwrap();
    let scenario = folder.path().join("it.toml");
    fs::write(&scenario, "[[databases]]\nname = 'shop'\nprofiles = 3\nfields = [{ name = 'name' }]\n").unwrap();
    let data = folder.path().join("data");
    let publisher =
        Publisher::start_with(&["--scenario", scenario.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    let profiles = || publisher.get("/v4/database/shop/profiles")["data"].clone();
    let before = profiles();
    assert_eq!(before.as_array().unwrap().len(), 3);
    let receiver = Receiver::of(&publisher);
    publisher.post("/v4/database/shop/callbacks", &json!({"url": receiver.url("/hook")}));
    assert_eq!(publisher.post("/v4/database/shop/profiles", &json!({"fields": {"name": "Mike"}})), 4);
    receiver.next_verified();
    // What is still in the outbox when a snapshot is taken is sent again.
    publisher.settled(1);
    publisher.call("PUT", "/mock/v1/snapshots/four", None).expect_status(200);

    publisher.call("POST", "/mock/v1/reset", None).expect_status(204);
    assert_eq!(profiles(), before);
    assert_eq!(publisher.get("/mock/v1/callbacks"), json!({"callbacks": []}));
    assert_eq!(publisher.post("/v4/database/shop/profiles", &json!({"fields": {"name": "Nick"}})), 4);
    receiver.expect_nothing_more();

    // With its callback, which is told of what happens from now on.
    publisher.call("POST", "/mock/v1/snapshots/four/restore", None).expect_status(204);
    assert_eq!(publisher.get("/v4/profile/4")["fields"]["name"], "Mike");
    publisher.put("/v4/profile/4", &json!({"fields": {"name": "Rick"}}));
    assert!(receiver.next_verified().text().contains("Rick"));
}

#[test]
fn without_the_token_there_is_nothing_to_see() {
    let publisher = Publisher::start();
    for (method, target) in
        [("GET", "/mock/v1/openapi.json"), ("GET", "/mock/v1/wait"), ("POST", "/mock/v1/reset"), ("GET", PROFILES)]
    {
        let answer = crate::support::exchange(publisher.http, method, target, &[], b"");
        assert_ne!(answer.status, 200, "{method} {target}");
        assert!(answer.text().contains("token"), "{method} {target}: {}", answer.text());
    }
}
