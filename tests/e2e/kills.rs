//! A publisher that is killed in the middle of an import, again and again: whatever a transaction has committed is delivered at
//! least once, nothing else is, and what is told of one profile comes in order.
//!
//! How often is up to `KILLS`. A hundred take half a minute.

use std::collections::HashMap;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Publisher, Receiver, wait_for};

/// How often, if nobody says otherwise.
const USUAL: usize = 25;
/// How many profiles each life imports.
const ROWS: usize = 150;
/// How many of them are updated in each life.
const UPDATED: u64 = 5;

#[test]
fn whatever_was_committed_is_delivered_at_least_once_and_in_order() {
    let kills: usize = std::env::var("KILLS").map_or(USUAL, |kills| kills.parse().unwrap());
    let data = TempDir::new().unwrap();
    let receiver = Receiver::start();
    let mut received: Vec<Vec<u8>> = Vec::new();
    let mut random = 7_u64;
    let mut updates = 0;
    for life in 0..=kills {
        let publisher = Publisher::start_in(data.path());
        receiver.trust(&publisher);
        if life == 0 {
            publisher.callback(&receiver.url("/hook"));
            for _ in 0..UPDATED {
                publisher.profile("Mike");
            }
        }
        let rows: String = (0..ROWS).map(|row| format!("Customer {life}-{row}\n")).collect();
        let path = "/mock/v1/imports?database=customers&action=add";
        publisher.send("POST", path, "text/csv", format!("name\n{rows}").as_bytes()).expect_status(201);
        for profile in 1..=UPDATED {
            // The number tells them apart.
            publisher.put(&format!("/v4/profile/{profile}"), &json!({"fields": {"city": format!("City {updates}")}}));
            updates += 1;
        }
        if life == kills {
            wait_for("the outbox to be empty", || {
                let metrics = crate::support::exchange(publisher.http, "GET", "/metrics", &[], b"").text();
                metrics.contains("mock_publisher_outbox_deliveries 0\n").then_some(())
            });
            received.extend(std::iter::from_fn(|| receiver.next_if_there()).filter_map(genuine));
        } else {
            // A random moment: so many callbacks later.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            received.extend((0..(random >> 33) % 60).filter_map(|_| genuine(receiver.next())));
            publisher.kill();
            received.extend(std::iter::from_fn(|| receiver.next_if_there()).filter_map(genuine));
        }
    }

    let store = rusqlite::Connection::open(data.path().join("publisher.sqlite")).unwrap();
    let count = |sql: &str| store.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    let profiles = count("SELECT count(*) FROM profiles");
    assert_eq!(count("SELECT count(*) FROM changes"), profiles + updates, "each update that was answered is there");
    assert_eq!(
        count("SELECT count(DISTINCT change) FROM deliveries"),
        profiles + updates,
        "each change was to be told"
    );
    assert_eq!(count("SELECT count(*) FROM deliveries WHERE state <> 'delivered'"), 0);
    let mut statement = store.prepare("SELECT body, id, lane FROM deliveries").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
    let known: HashMap<Vec<u8>, (i64, i64)> = rows.collect::<Result<_, _>>().unwrap();
    assert_eq!(known.len() as u64, profiles + updates, "no two are alike");

    let mut times: HashMap<i64, u64> = HashMap::new();
    let mut last_of_lane: HashMap<i64, i64> = HashMap::new();
    for body in &received {
        let told = || String::from_utf8_lossy(body).into_owned();
        let (id, lane) = *known.get(body).unwrap_or_else(|| panic!("nobody has committed this: {}", told()));
        let last = last_of_lane.insert(lane, id).unwrap_or(0);
        assert!(last <= id, "delivery {id} came after {last}: {}", told());
        *times.entry(id).or_default() += 1;
    }
    assert_eq!(times.len(), known.len(), "each was delivered");
    let repeated = received.len() - known.len();
    eprintln!("{kills} kills, {} callbacks, {repeated} of them delivered again", known.len());
}

/// The body of a callback that was accepted. One that comes when the name server has been killed is not.
fn genuine(received: crate::support::Received) -> Option<Vec<u8>> {
    match received.verdict {
        Ok(()) => Some(received.body),
        Err(rejection) => {
            assert_eq!(rejection.class().status(), 503, "{rejection}");
            None
        }
    }
}
