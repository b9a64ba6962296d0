//! Conditions of callbacks: what fires, and what hostile ones do not bring down.

use serde_json::{Value, json};

use crate::support::{Publisher, Receiver};

const CALLBACKS: &str = "/v4/database/customers/callbacks";

/// Sets up a callback with a condition; the path of its URL tells it from the others.
fn callback(publisher: &Publisher, receiver: &Receiver, path: &str, mut condition: Value) -> u64 {
    condition["url"] = json!(format!("http://{}/{path}", receiver.address));
    publisher.post(CALLBACKS, &condition)
}

/// The paths of all that was sent, once everything has been answered.
fn sent(publisher: &Publisher, count: usize) -> Vec<String> {
    let mut paths: Vec<_> = publisher
        .settled(count)
        .iter()
        .map(|delivery| delivery["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    paths.sort();
    paths
}

#[test]
fn only_what_a_condition_selects_is_sent() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    for (path, condition) in [
        ("expression", json!({"expression": "profile.name == 'Mike'"})),
        ("editor", json!({"conditions": {"field": "name", "contains": "Mike"}})),
        (
            "rules",
            json!({"conditions": {"rules": [{"name": "Mikes", "conditions": [
                {"type": "Field", "comparison": "equals", "field": "name", "value": "Mike"},
                {"type": "Change", "change-type": "new"},
            ]}]}}),
        ),
        ("both", json!({"expression": "profile.tennis", "conditions": {"field": "name", "equals": "Mike"}})),
        ("empty", json!({"expression": ""})),
    ] {
        callback(&publisher, &receiver, path, condition);
    }
    publisher.profile("Jessica");
    assert_eq!(sent(&publisher, 1), ["empty"]);
    publisher.profile("Mike");
    assert_eq!(sent(&publisher, 5), ["editor", "empty", "empty", "expression", "rules"]);
    publisher.put("/v4/profile/2", &json!({"interests": ["tennis"]}));
    assert_eq!(sent(&publisher, 9)[..2], ["both", "editor"]);
    for _ in 0..9 {
        assert!(receiver.next().verdict.is_ok());
    }
}

#[test]
fn a_condition_is_shown_as_it_was_given_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let rules = json!({"rules": [{"Name": "a", "inversed": true, "conditions": [
        {"type": "date", "field": "born", "compare_mode": "ignoreyear", "after-time": "2000-12-20"},
    ]}]});
    let mut publisher = Publisher::start_in(folder.path());
    let given = json!({"url": "http://127.0.0.1:9/", "expression": "var a = 1; // no more\n a", "conditions": rules});
    publisher.post(CALLBACKS, &given);
    let shown = publisher.get("/v4/callback/1");
    publisher.stop();
    let publisher = Publisher::start_in(folder.path());
    assert_eq!(publisher.get("/v4/callback/1"), shown);
    assert_eq!((&shown["data"][0]["expression"], &shown["data"][0]["conditions"]), (&given["expression"], &rules));
}

#[test]
fn hostile_conditions_fire_nothing_and_hold_nobody_up() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let hostile = [
        "while (true) {}",
        "var all = []; while (true) all.push('x'.repeat(1000) + all.length)",
        "function deeper() { return deeper() } deeper()",
        "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        "'x'.repeat(5e6).split('').sort()",
        "Array(4294967295).join('x')",
        "Promise.resolve(true).then(() => true)",
        "function* forever() { while (true) yield 1 } for (var x of forever()) {}",
        "var o = { get x() { throw new Error('no') } }; o.x",
        "globalThis.leak = true; Array.prototype.leak = true; String.prototype.trim = () => 'leak'; leak = true; false",
    ];
    for (number, expression) in hostile.iter().enumerate() {
        callback(&publisher, &receiver, &format!("hostile{number}"), json!({"expression": expression}));
    }
    // It is asked last, and sees nothing of what the others did.
    let unharmed = "typeof globalThis.leak == 'undefined' && typeof [].leak == 'undefined' && ' a '.trim() == 'a' && \
                    profile.name == 'Mike'";
    callback(&publisher, &receiver, "unharmed", json!({"expression": unharmed}));
    for turn in 1..=3 {
        assert_eq!(publisher.profile("Mike"), turn);
        assert_eq!(receiver.next().request, "POST /unharmed");
    }
    assert_eq!(sent(&publisher, 3), ["unharmed"; 3]);
    let log = publisher.log();
    for reason in
        ["not finished after 50 ms", "MiB of memory needed", "calls nested too deeply", "without promises", "Error: no"]
    {
        assert!(log.contains(reason), "{reason}: {log}");
    }
}
