//! From a change over REST to a callback that a receiver verifies, whatever happens between.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Received, Receiver, attempt, wait_for};

const CALLBACKS: &str = "/v4/database/customers/callbacks";
const PROFILES: &str = "/v4/database/customers/profiles";

#[test]
fn a_change_is_told_as_json_and_as_xml_and_verifies_with_the_key_from_dns() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    publisher.post(CALLBACKS, &json!({"url": receiver.url("/json?a=1&b=%20"), "method": "json"}));
    publisher.post(CALLBACKS, &json!({"url": receiver.url("/xml"), "method": "xml"}));
    let mut nonces = BTreeSet::new();
    let mut expect = |json: &str, xml: &str| {
        for _ in 0..2 {
            let received = receiver.next_verified();
            let (body, content_type) = match received.request.as_str() {
                "POST /json?a=1&b=%20" => (json.to_owned(), "application/json"),
                "POST /xml" => (format!("{XML}{xml}</profile>"), "application/xml"),
                other => panic!("{other}"),
            };
            assert_eq!(received.text(), body);
            assert_eq!(received.header("content-type"), content_type);
            assert!(nonces.insert(received.header("x-nonce").to_owned()), "a nonce came twice");
        }
    };

    let mike = json!({"fields": {"name": "Mike", "city": "Amsterdam", "score": "7"}, "interests": ["tennis"]});
    publisher.post(PROFILES, &mike);
    expect(
        r#"{"id":"1","action":"create","fields":{"name":"Mike","email":"","city":"Amsterdam","company":"","score":"7"},"interests":["tennis"]}"#,
        "<id>1</id><action>create</action><fields><name>Mike</name><email></email><city>Amsterdam</city>\
         <company></company><score>7</score></fields><interests><interest>tennis</interest></interests>",
    );
    let awkward = "<\"J\u{fc}rgen\" & \u{1f3be}>\r\n";
    publisher.put("/v4/profile/1", &json!({"fields": {"name": awkward, "city": ""}, "interests": {"golf": 1}}));
    expect(
        "{\"id\":\"1\",\"action\":\"update\",\"fields\":{\"name\":\"<\\\"J\u{fc}rgen\\\" & \u{1f3be}>\\r\\n\",\"email\":\"\",\"city\":\"\",\
         \"company\":\"\",\"score\":\"7\"},\"interests\":[\"tennis\",\"golf\"]}",
        "<id>1</id><action>update</action><fields><name>&lt;&quot;J\u{fc}rgen&quot; &amp; \u{1f3be}&gt;&#13;\n</name><email></email>\
         <city></city><company></company><score>7</score></fields><interests><interest>tennis</interest>\
         <interest>golf</interest></interests>",
    );
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mike"}, "interests": []}));
    receiver.next_verified();
    receiver.next_verified();
    publisher.delete("/v4/profile/1");
    expect(
        r#"{"id":"1","action":"delete","fields":{"name":"Mike","email":"","city":"","company":"","score":"7"},"interests":[]}"#,
        "<id>1</id><action>delete</action><fields><name>Mike</name><email></email><city></city>\
         <company></company><score>7</score></fields><interests></interests>",
    );
    receiver.expect_nothing_more();
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><profile>";

#[test]
fn both_spellings_of_the_wire_verify() {
    for (wire, account, digest, covered) in [
        (
            "lowercase",
            "account_1234",
            "sha-256=",
            "(request-target) host date content-length content-type x-copernica-id digest x-nonce",
        ),
        (
            "documented",
            "account-1234",
            "SHA-256=",
            "(request-target) Host Date Content-length Content-type X-Copernica-ID Digest X-nonce",
        ),
    ] {
        let publisher = Publisher::start_with(&["--in-memory", "--wire", wire]);
        let receiver = Receiver::of(&publisher);
        publisher.callback(&receiver.url("/hook"));
        publisher.profile("Mike");
        let received = receiver.next_verified();
        assert_eq!(received.header("x-copernica-id"), account);
        assert!(received.header("digest").starts_with(digest), "{received:?}");
        let signature = received.header("signature");
        assert!(signature.contains(&format!("keyId=\"{}\"", publisher.key_id)), "{signature}");
        assert!(signature.contains(&format!("headers=\"{covered}\"")), "{signature}");
        assert_eq!(received.header("host"), receiver.address.to_string());
    }
}

#[test]
fn another_account_and_another_zone_are_kept_to() {
    let publisher = Publisher::start_with(&["--in-memory", "--account", "77", "--zone", "Example.Test"]);
    assert!(publisher.key_id.ends_with("._domainkey.example.test"), "{}", publisher.key_id);
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/hook"));
    publisher.profile("Mike");
    let received = receiver.next();
    assert_eq!(received.header("x-copernica-id"), "account_77");
    // The receiver is account 1234: all is well but the account.
    assert_eq!(received.verdict.unwrap_err().code(), "wrong_account");
}

#[test]
fn a_callback_is_told_the_actions_and_triggers_it_selected_and_no_others() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let mut expected = BTreeSet::new();
    for action in ["all", "create", "update", "delete"] {
        for (name, triggers, fires) in [
            ("unsaid", Value::Null, true),
            ("rest", json!(["rest"]), true),
            ("text", json!("soap,rest"), true),
            ("others", json!(["publisher", "soap", "click", "open", "failure", "bounce", "import", "copy"]), false),
            ("none", json!([]), false),
        ] {
            let path = format!("/{action}-{name}");
            let mut callback = json!({"url": receiver.url(&path), "action": action});
            if !triggers.is_null() {
                callback["triggers"] = triggers;
            }
            publisher.post(CALLBACKS, &callback);
            let actions = ["create", "update", "delete"].into_iter().filter(|told| action == "all" || action == *told);
            expected.extend(actions.filter(|_| fires).map(|told| (path.clone(), told.to_owned())));
        }
    }
    publisher.profile("Mike");
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mick"}}));
    publisher.delete("/v4/profile/1");
    let log = publisher.settled(expected.len());
    assert!(log.iter().all(|delivery| delivery["trigger"] == "rest" && delivery["state"] == "delivered"), "{log:#?}");
    let told: BTreeSet<_> = log.iter().map(|_| path_and_action(&receiver.next_verified())).collect();
    assert_eq!(told, expected);
    receiver.expect_nothing_more();
}

fn path_and_action(received: &Received) -> (String, String) {
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    (received.request.strip_prefix("POST ").unwrap().to_owned(), body["action"].as_str().unwrap().to_owned())
}

#[test]
fn a_callback_that_is_not_active_is_silent() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let callback = publisher.post(CALLBACKS, &json!({"url": receiver.url("/"), "active": false}));
    publisher.profile("unheard");
    publisher.put(&format!("/v4/callback/{callback}"), &json!({"active": true}));
    publisher.profile("heard");
    assert!(receiver.next_verified().text().contains("heard"));
    publisher.delete(&format!("/v4/callback/{callback}"));
    publisher.profile("unheard");
    publisher.settled(1);
    receiver.expect_nothing_more();
}

#[test]
fn an_update_that_changes_nothing_is_not_told() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    publisher.post(CALLBACKS, &json!({"url": receiver.url("/"), "action": "update"}));
    publisher.post(PROFILES, &json!({"fields": {"name": "Mike", "score": 3}, "interests": ["golf"]}));
    for nothing in [
        json!({}),
        json!({"fields": {}}),
        json!({"fields": {"name": "Mike"}}),
        json!({"fields": {"SCORE": " 3 apples"}}),
        json!({"fields": {"unknown": "x"}}),
        json!({"fields": "not an object"}),
        json!({"interests": ["golf", "unknown"]}),
        json!({"secret": "another"}),
    ] {
        publisher.put("/v4/profile/1", &nothing);
    }
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mick"}}));
    publisher.delete("/v4/profile/1");
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Nobody"}}));
    publisher.settled(1);
    assert!(receiver.next_verified().text().contains("Mick"));
}

#[test]
fn the_deliveries_of_one_profile_arrive_in_order() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/"));
    publisher.profile("quick");
    publisher.profile("waiting");
    receiver.next_verified();
    receiver.next_verified();
    for score in 1..=30 {
        // The first half piles up behind an answer that is late.
        match score {
            1 => receiver.hold(),
            16 => receiver.release(),
            _ => {}
        }
        for profile in [1, 2] {
            publisher.put(&format!("/v4/profile/{profile}"), &json!({"fields": {"score": score}}));
        }
    }
    let mut expected = [1, 1];
    for _ in 0..60 {
        let body: Value = serde_json::from_slice(&receiver.next_verified().body).unwrap();
        let profile: usize = body["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(body["fields"]["score"], expected[profile - 1].to_string(), "profile {profile}");
        expected[profile - 1] += 1;
    }
}

#[test]
fn deliveries_that_were_not_finished_survive_a_kill() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let receiver = Receiver::of(&publisher);
    let mut expected = BTreeSet::new();
    for path in ["/a", "/b"] {
        publisher.callback(&receiver.url(path));
        expected.extend((1..=5).map(|profile| format!("POST {path} {profile}")));
    }
    receiver.hold();
    for _ in 0..5 {
        publisher.profile("Mike");
    }
    receiver.next_verified();
    publisher.kill();
    receiver.release();

    let publisher = Publisher::start_in(data.path());
    let log = publisher.settled(10);
    assert!(log.iter().all(|delivery| delivery["state"] == "delivered"), "{log:#?}");
    // At least once: those that were under way come again.
    while !expected.is_empty() {
        let received = receiver.next_verified();
        let body: Value = serde_json::from_slice(&received.body).unwrap();
        expected.remove(&format!("{} {}", received.request, body["id"].as_str().unwrap()));
    }
}

#[test]
fn a_kill_parts_no_change_from_its_callback() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/"));
    let confirmed = AtomicUsize::new(0);
    let (server, bearer) = (publisher.http, format!("Bearer {}", publisher.token));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let headers = [("Authorization", bearer.as_str())];
            while attempt(server, "POST", PROFILES, &headers, b"{}").is_ok_and(|answer| answer.status == 201) {
                confirmed.fetch_add(1, Ordering::SeqCst);
            }
        });
        wait_for("some profiles", || (confirmed.load(Ordering::SeqCst) >= 20).then_some(()));
        publisher.kill();
    });

    let publisher = Publisher::start_in(data.path());
    let profiles = publisher.get(&format!("{PROFILES}?limit=1000"))["total"].as_u64().unwrap() as usize;
    assert!(profiles >= confirmed.load(Ordering::SeqCst), "a confirmed profile is lost");
    let log = publisher.settled(profiles);
    let told: Vec<_> = log.iter().map(|delivery| delivery["profile"].as_u64().unwrap() as usize).collect();
    assert_eq!(told, (1..=profiles).collect::<Vec<_>>());
}

#[test]
fn a_slow_receiver_delays_only_itself() {
    let publisher = Publisher::start();
    let (slow, quick) = (Receiver::of(&publisher), Receiver::of(&publisher));
    slow.hold();
    // More lanes than one callback may have attempts.
    publisher.callback(&slow.url("/"));
    publisher.callback(&quick.url("/"));
    for _ in 0..40 {
        publisher.profile("Mike");
    }
    for _ in 0..40 {
        quick.next_verified();
    }
    // The slow one has not answered a single one yet.
    let pending = |log: &[Value]| log.iter().filter(|delivery| delivery["state"] == "pending").count();
    wait_for("the quick ones to be noted", || (pending(&publisher.deliveries()) == 40).then_some(()));
    slow.release();
    assert!(publisher.settled(80).iter().all(|delivery| delivery["state"] == "delivered"));
}

#[test]
fn a_delivery_in_the_outbox_outlives_its_callback() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let callback = publisher.callback(&receiver.url("/"));
    receiver.hold();
    publisher.profile("Mike");
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mick"}}));
    publisher.delete(&format!("/v4/callback/{callback}"));
    receiver.release();
    publisher.settled(2);
    assert!(receiver.next_verified().text().contains("Mike"));
    assert!(receiver.next_verified().text().contains("Mick"));
}
