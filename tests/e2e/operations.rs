//! What somebody who operates a publisher relies on.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Receiver, exchange};

#[test]
fn a_full_store_refuses_what_is_new_keeps_what_there_is_and_goes_on_once_there_is_room() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    let publisher = Publisher::start_with(&["--data", &data, "--max-store", "2"]);
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/hook"));
    let profile = json!({"fields": {"name": "Mike", "city": "x".repeat(30_000)}});
    let mut created = 0;
    let refused = loop {
        let answer = publisher.call("POST", "/mock/v1/ui/databases/customers/profiles", Some(&profile));
        if answer.status != 201 {
            break answer;
        }
        created += 1;
        assert!(created < 100, "it never was full");
    };
    assert_eq!(refused.status, 507, "{}", refused.text());
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("make room on the disk, or raise `--max-store`"), "{message}");
    assert_eq!(publisher.get("/v4/database/customers/profiles")["total"], created);
    let ready = exchange(publisher.http, "GET", "/readyz", &[], b"");
    assert!(ready.status == 503 && ready.text().contains("there is no room for more data"), "{}", ready.text());
    publisher.kill();

    let publisher = Publisher::start_with(&["--data", &data]);
    receiver.trust(&publisher);
    assert_eq!(publisher.get("/v4/database/customers/profiles")["total"], created);
    let settled = publisher.settled(created);
    assert!(settled.iter().all(|delivery| delivery["state"] == "delivered"), "{settled:#?}");
    exchange(publisher.http, "GET", "/readyz", &[], b"").expect_status(200);
    publisher.call("POST", "/mock/v1/ui/databases/customers/profiles", Some(&profile)).expect_status(201);
}

#[test]
fn log_lines_can_be_objects_in_json() {
    let publisher = Publisher::start_with(&["--in-memory", "--log-format", "json"]);
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/hook"));
    publisher.profile("Mike");
    publisher.settled(1);
    let log = publisher.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let attempted = lines.iter().find(|line| line["message"] == "attempted").unwrap_or_else(|| panic!("{log}"));
    assert_eq!((&attempted["delivery"], &attempted["status"]), (&json!(1), &json!(200)));
}
