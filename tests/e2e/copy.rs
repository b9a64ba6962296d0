//! Copies of databases: what is copied, and which callbacks fire.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Receiver, wait_for};

/// A publisher with two profiles, one of which is removed, and an order.
fn prepared(arguments: &[&str]) -> Publisher {
    let publisher = Publisher::start_with(&[&["--in-memory"], arguments].concat());
    let rows = json!([
        {"name": "Mike", "score": 7, "orders.product": "apple"},
        {"name": "Mike", "score": 7, "orders.product": "pear"},
        {"name": "gone", "score": 1, "orders.product": ""},
    ]);
    publisher.post("/v4/imports", &json!({"database": "customers", "source": rows}));
    wait_for("the profiles", || (total(&publisher, "customers") == 2).then_some(()));
    publisher.put("/v4/profile/1", &json!({"interests": ["golf"]}));
    publisher.delete("/v4/profile/2");
    publisher
}

fn total(publisher: &Publisher, database: &str) -> u64 {
    publisher.get(&format!("/v4/database/{database}/profiles"))["total"].as_u64().unwrap()
}

fn profile(publisher: &Publisher, id: u64) -> Value {
    publisher.get(&format!("/v4/profile/{id}"))
}

#[test]
fn a_copy_has_new_numbers_and_no_callbacks() {
    let publisher = prepared(&[]);
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/original"));
    let id = publisher.post("/v4/database/customers/copy", &json!({"name": "copied"}));
    assert_eq!(id, 2);
    wait_for("the copy", || (total(&publisher, "copied") == 1).then_some(()));
    let (original, copy) = (profile(&publisher, 1), profile(&publisher, 3));
    assert_eq!((&copy["fields"], &copy["interests"]), (&original["fields"], &json!(["golf"])));
    assert_eq!(copy["database"], "2");
    assert_ne!(copy["secret"], original["secret"]);
    assert_eq!(publisher.get("/v4/database/copied/callbacks")["total"], 0);
    publisher.settled(0);
    receiver.expect_nothing_more();
}

#[test]
fn copied_callbacks_tell_what_was_created_if_they_select_the_trigger() {
    let publisher = prepared(&["--copy-callbacks"]);
    let receiver = Receiver::of(&publisher);
    for trigger in ["copy", "import"] {
        let callback = json!({"url": receiver.url(&format!("/{trigger}")), "triggers": [trigger]});
        publisher.post("/v4/database/customers/callbacks", &callback);
    }
    publisher.post("/v1/database/customers/copy", &json!({"name": "copied"}));
    let received = receiver.next_verified();
    assert!(received.request.ends_with("/copy"), "{}", received.request);
    let payload: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(
        (&payload["id"], &payload["action"], &payload["fields"]["name"]),
        (&json!("3"), &json!("create"), &json!("Mike"))
    );
    let log = publisher.settled(1);
    assert_eq!(log[0]["trigger"], "copy");
    receiver.expect_nothing_more();
}

#[test]
fn only_what_was_asked_for_is_copied() {
    let publisher = prepared(&[]);
    let refused =
        |body: Value| publisher.call("POST", "/v4/database/customers/copy", Some(&body)).expect_status(400).text();
    assert!(refused(json!({})).contains("`name` is missing"));
    assert!(
        refused(json!({"name": "x", "options": {"profiles": false, "subprofiles": true}}))
            .contains("`subprofiles` cannot")
    );
    assert!(refused(json!({"name": "customers"})).contains("there is a database `customers` already"));
    publisher.call("POST", "/v4/database/99/copy", Some(&json!({"name": "x"}))).expect_status(400);
    publisher.post("/v4/database/customers/copy", &json!({"name": "empty", "options": {"profiles": "false"}}));
    let id = publisher.post("/v4/database/empty/profiles", &json!({"fields": {"name": "first"}}));
    assert_eq!(id, 3, "no profile was copied");
    assert_eq!(profile(&publisher, 3)["fields"]["name"], "first");
}

#[test]
fn a_copy_that_is_cut_short_goes_on_when_the_publisher_is_started_again() {
    const COUNT: u64 = 4_000;
    let data = TempDir::new().unwrap();
    let mut publisher = Publisher::start_in(data.path());
    let rows: String = (1..=COUNT).map(|number| format!("Customer {number}\n")).collect();
    let table = format!("name\n{rows}");
    publisher.send("POST", "/mock/v1/imports?database=customers", "text/csv", table.as_bytes()).expect_status(201);
    wait_for("the import", || (publisher.get("/mock/v1/imports/1")["done"] == true).then_some(()));
    for name in ["first", "second"] {
        publisher.post("/v4/database/customers/copy", &json!({"name": name}));
    }
    let begun = |publisher: &Publisher| {
        wait_for("the copy to be on its way", || (total(publisher, "first") > 0).then_some(()));
        assert_eq!(total(publisher, "second"), 0, "one after the other");
        assert!(total(publisher, "first") < COUNT);
    };
    begun(&publisher);
    publisher.stop();
    assert!(publisher.log().contains("a copy is cut short, and goes on when"), "{}", publisher.log());
    let publisher = Publisher::start_in(data.path());
    // It serves already while it looks at what was left.
    wait_for("the log to tell", || publisher.log().contains("a copy that was cut short goes on").then_some(()));
    begun(&publisher);
    publisher.kill();
    let publisher = Publisher::start_in(data.path());
    for name in ["first", "second"] {
        wait_for("the copies", || (total(&publisher, name) >= COUNT).then_some(()));
    }
    for (id, name) in [(COUNT, "customers"), (2 * COUNT, "first"), (3 * COUNT, "second")] {
        assert_eq!(total(&publisher, name), COUNT, "{name}");
        let last = profile(&publisher, id);
        assert_eq!(
            (&last["fields"]["name"], &last["database"]),
            (&json!(format!("Customer {COUNT}")), &publisher.get(&format!("/v4/database/{name}"))["ID"])
        );
    }
}
