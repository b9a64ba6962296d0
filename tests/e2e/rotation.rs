//! Keys that take over from each other, and a name server that goes wrong on request.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Receiver, mock_publisher, run};

fn start(arguments: &[&str]) -> (Publisher, Receiver) {
    let publisher = Publisher::start_with(&[&["--in-memory"], arguments].concat());
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/hook"));
    (publisher, receiver)
}

fn rotate(publisher: &Publisher, how: Value) -> Value {
    publisher.call("POST", "/mock/v1/keys/rotate", Some(&how)).expect_status(201).json()
}

fn keys(publisher: &Publisher) -> Vec<Value> {
    publisher.get("/mock/v1/keys")["keys"].as_array().unwrap().clone()
}

/// The code of the verdict on the next callback.
fn verdict(publisher: &Publisher, receiver: &Receiver) -> &'static str {
    publisher.profile("Mike");
    receiver.next().verdict.err().map_or("verified", |rejection| rejection.code())
}

/// The code of the verdict on the first delivery's bytes, by a receiver that remembers nothing.
fn verdict_on_old_bytes(publisher: &Publisher, receiver: &Receiver) -> &'static str {
    receiver.trust(publisher);
    publisher.call("POST", "/mock/v1/deliveries/1/redeliver", Some(&json!({"exact": true}))).expect_status(201);
    receiver.next().verdict.err().map_or("verified", |rejection| rejection.code())
}

#[test]
fn with_an_overlap_both_keys_are_found_and_without_one_the_old_one_is_not() {
    let (publisher, receiver) = start(&[]);
    assert_eq!(verdict(&publisher, &receiver), "verified");
    publisher.settled(1);
    let new = rotate(&publisher, json!({}));
    assert_eq!((&new["signs"], &new["state"], &new["bits"]), (&json!(true), &json!("published"), &json!(2048)));
    assert_eq!(verdict(&publisher, &receiver), "verified");
    assert_eq!(verdict_on_old_bytes(&publisher, &receiver), "verified");
    publisher.settled(3);
    let shown = keys(&publisher);
    assert_eq!((shown.len(), &shown[1]["signs"], &shown[1]["state"]), (2, &json!(false), &json!("published")));
    assert!(shown[1]["published_until"].as_i64().unwrap() > shown[0]["published_from"].as_i64().unwrap());

    let (publisher, receiver) = start(&[]);
    assert_eq!(verdict(&publisher, &receiver), "verified");
    publisher.settled(1);
    rotate(&publisher, json!({"overlap_seconds": 0}));
    assert_eq!(verdict(&publisher, &receiver), "verified", "what is signed with the new one is");
    assert_eq!(verdict_on_old_bytes(&publisher, &receiver), "key_not_found");
    assert_eq!(keys(&publisher)[1]["state"], "retired");
}

#[test]
fn what_is_signed_before_its_key_is_published_is_refused_until_it_is() {
    let (publisher, receiver) = start(&[]);
    rotate(&publisher, json!({"publish_after_seconds": 3600}));
    assert_eq!(keys(&publisher)[0]["state"], "unpublished");
    assert_eq!(verdict(&publisher, &receiver), "key_not_found");
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"seconds": 3600}))).expect_status(200);
    receiver.trust(&publisher);
    assert_eq!(verdict(&publisher, &receiver), "verified");
}

#[test]
fn a_key_that_is_revoked_verifies_nothing() {
    let (publisher, receiver) = start(&[]);
    assert_eq!(verdict(&publisher, &receiver), "verified");
    publisher.settled(1);
    rotate(&publisher, json!({"selector": "other"}));
    let old = publisher.key_id.clone();
    publisher.call("POST", "/mock/v1/keys/revoke", Some(&json!({"name": old}))).expect_status(200);
    assert_eq!(verdict_on_old_bytes(&publisher, &receiver), "key_revoked");
    assert_eq!(verdict(&publisher, &receiver), "verified");
}

#[test]
fn a_receiver_takes_long_keys_and_refuses_short_ones() {
    let (publisher, receiver) = start(&[]);
    for (bits, expected) in [(3072, "verified"), (4096, "verified"), (1024, "key_too_small")] {
        assert_eq!(rotate(&publisher, json!({"bits": bits}))["bits"], bits);
        assert_eq!(verdict(&publisher, &receiver), expected, "{bits}");
    }
}

/// A year passes by the clock of the publisher and of the receiver.
#[test]
fn in_a_year_of_monthly_rotations_a_receiver_refuses_nothing() {
    let (publisher, receiver) = start(&["--rotate", "monthly"]);
    let mut names = std::collections::BTreeSet::new();
    let mut offset = 0;
    for month in 0..12 {
        let clock = publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"days": 30.5}))).expect_status(200);
        offset = clock.json()["offset_ms"].as_u64().unwrap();
        receiver.later_by(Duration::from_millis(offset));
        publisher.call("PUT", "/mock/v1/clock", Some(&json!({"signs": true}))).expect_status(200);
        let name = keys(&publisher)[0]["name"].as_str().unwrap().to_owned();
        assert!(names.insert(name), "the key of the month signs as soon as the clock has been moved");
        publisher.profile("Mike");
        receiver.next_verified();
        publisher.settled(month + 1);
    }
    assert_eq!(names.len(), 12);
    assert!(offset > 360 * 86_400_000, "{offset}");
    let published = keys(&publisher).iter().filter(|key| key["state"] == "published").count();
    assert!((1..=2).contains(&published), "{published}");
    assert!(publisher.deliveries().iter().all(|delivery| delivery["state"] == "delivered"));
}

/// The clock is not kept: after a restart it is the real one again, and what was made in its future is there all the same.
#[test]
fn a_key_of_the_future_is_in_dns_when_the_clock_is_set_back() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    let publisher = Publisher::start_with(&["--data", &data]);
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"days": 400}))).expect_status(200);
    let new = rotate(&publisher, json!({"publish_after_seconds": 3600}));
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"seconds": 3600}))).expect_status(200);
    assert_eq!(keys(&publisher)[0]["state"], "published");
    publisher.call("PUT", "/mock/v1/clock", Some(&json!({"now": null}))).expect_status(200);
    assert_eq!(keys(&publisher)[0]["state"], "published");
    publisher.kill();
    let publisher = Publisher::start_with(&["--data", &data]);
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/hook"));
    assert_eq!(verdict(&publisher, &receiver), "verified");
    assert_eq!((&keys(&publisher)[0]["name"], &keys(&publisher)[0]["state"]), (&new["name"], &json!("published")));
}

#[test]
fn the_keys_outlive_a_restart_and_the_command_tells_them() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    let publisher = Publisher::start_with(&["--data", &data]);
    let command = |arguments: &[&str]| run(mock_publisher(folder.path()).args(arguments).args(["--data", &data]));
    let told = command(&["keys", "rotate", "--bits", "3072", "--selector", "second"]).expect_status(0).text();
    assert_eq!(told, "second._domainkey.copernica.com   RSA-3072   signs\n");
    command(&["keys", "rotate", "--selector", "third", "--overlap", "0s"]).expect_status(0);
    command(&["keys", "rotate", "--selector", "third"]).expect_failure(1, &["there is a key `third` already"]);
    command(&["keys", "list", "--token", "another-token"]).expect_failure(1, &["access token"]);
    command(&["keys", "revoke", "nokey"]).expect_failure(1, &["`nokey`"]);
    command(&["keys", "revoke", &publisher.key_id]).expect_status(0);
    // By the clock of the publisher that runs, and not by the real one.
    command(&["keys", "rotate", "--selector", "fourth", "--overlap", "1h"]).expect_status(0);
    publisher.call("POST", "/mock/v1/clock/advance", Some(&json!({"days": 1}))).expect_status(200);
    assert!(
        command(&["keys", "list"])
            .expect_status(0)
            .text()
            .contains("third._domainkey.copernica.com   RSA-2048   retired")
    );
    publisher
        .call("POST", "/mock/v1/keys/revoke", Some(&json!({"name": "fourth._domainkey.copernica.com"})))
        .expect_status(200);
    assert!(
        command(&["keys", "list"])
            .expect_status(0)
            .text()
            .starts_with("fourth._domainkey.copernica.com   RSA-2048   signs, revoked\n")
    );
    publisher.call("PUT", "/mock/v1/clock", Some(&json!({"now": null}))).expect_status(200);
    let before = keys(&publisher);
    let first = publisher.key_id.clone();
    publisher.kill();

    let list = command(&["keys", "list"]).expect_status(0).text();
    assert_eq!(
        list,
        format!(
            "fourth._domainkey.copernica.com   RSA-2048   signs, revoked\nthird._domainkey.copernica.com   RSA-2048   published\nsecond._domainkey.copernica.com   RSA-3072   retired\n\
             {first}   RSA-2048   revoked\n"
        )
    );
    let publisher = Publisher::start_with(&["--data", &data]);
    assert_eq!((keys(&publisher), publisher.key_id.as_str()), (before, "fourth._domainkey.copernica.com"));
    command(&["keys", "rotate", "--selector", "fifth"]).expect_status(0);
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/hook"));
    assert_eq!(verdict(&publisher, &receiver), "verified");
    publisher.kill();

    // Nothing that was a key once becomes one again under the same name.
    let publisher = Publisher::start_with(&["--data", &data]);
    command(&["keys", "rotate", "--selector", "THIRD"]).expect_failure(1, &["there is a key `third` already"]);
    publisher.kill();
    std::fs::remove_file(folder.path().join("data/keys/ring.json")).unwrap();
    let publisher = Publisher::start_with(&["--data", &data]);
    assert_eq!(publisher.key_id, "third._domainkey.copernica.com");
    command(&["keys", "rotate", "--selector", "second"]).expect_failure(1, &["there is a key `second` already"]);
    let told = command(&["keys", "rotate"]).expect_status(0).text();
    assert_ne!(told.split(' ').next().unwrap(), first, "{told}");
    publisher.kill();

    std::fs::write(folder.path().join("data/keys/ring.json"), "[").unwrap();
    command(&["keys", "list"])
        .expect_failure(1, &["ring.json` cannot be read", "remove it, and the newest key signs alone"]);
}

/// Each fault of the name server, and what a receiver that has seen no key yet makes of it.
#[test]
fn a_receiver_takes_what_it_can_and_says_why_it_does_not_when_the_name_server_goes_wrong() {
    let (publisher, receiver) = start(&[]);
    let mut found = Vec::new();
    let table = [
        (json!({"fault": "dns_servfail"}), "key_unavailable", 503),
        (json!({"fault": "dns_timeout"}), "key_unavailable", 503),
        (json!({"fault": "dns_nxdomain"}), "key_not_found", 401),
        (json!({"fault": "dns_refused"}), "key_unavailable", 503),
        (json!({"fault": "dns_slow", "seconds": 0.1}), "verified", 200),
        (json!({"fault": "dns_truncated"}), "verified", 200),
        (json!({"fault": "dns_truncated_only"}), "key_unavailable", 503),
        (json!({"fault": "dns_revoked"}), "key_revoked", 401),
        (json!({"fault": "dns_wrong_key"}), "bad_signature", 401),
        (json!({"fault": "dns_several_records"}), "verified", 200),
        (json!({"fault": "dns_malformed"}), "key_unusable", 401),
        (json!({"fault": "dns_short_ttl", "seconds": 1}), "verified", 200),
    ];
    for (nth, (fault, ..)) in table.iter().enumerate() {
        receiver.trust(&publisher);
        publisher.call("POST", "/mock/v1/faults", Some(fault)).expect_status(201);
        let code = verdict(&publisher, &receiver);
        let status = publisher.settled(nth + 1)[nth]["status"].as_u64().unwrap();
        let faults = publisher.get("/mock/v1/faults");
        assert!(faults["faults"][0]["touched"].as_u64().unwrap() > 0, "{faults}");
        found.push((fault.clone(), code, status));
        publisher.delete("/mock/v1/faults");
    }
    assert_eq!(found, table);
    receiver.trust(&publisher);
    assert_eq!(verdict(&publisher, &receiver), "verified");
    let refused = publisher.call("POST", "/mock/v1/faults", Some(&json!({"fault": "dns_timeout", "callback": 1})));
    assert!(refused.expect_status(400).text().contains("the name server does not know who is asked about"));
}
