//! Each form and dialect of a payload, chosen by a callback or for the whole server.

use callback_verifier::{Action, Callback, Dialect, Entity};
use serde_json::{Value, json};

use crate::support::{Publisher, Received, Receiver};

const CALLBACKS: &str = "/v4/database/customers/callbacks";
const PROFILES: &str = "/v4/database/customers/profiles";

fn read(received: &Received) -> Callback {
    let content_type = received.header("content-type");
    let read = Callback::decode(&received.body, Some(content_type.as_bytes()));
    read.unwrap_or_else(|error| panic!("{error}: {}", received.text()))
}

#[test]
fn a_callback_chooses_the_form_the_dialect_and_the_spelling() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let forms = [
        ("json", "current", Dialect::Json, "application/json"),
        ("xml", "current", Dialect::Xml, "application/xml"),
        ("form", "current", Dialect::Form, "application/x-www-form-urlencoded"),
        ("json", "legacy", Dialect::LegacyForm, "application/x-www-form-urlencoded"),
        ("xml", "legacy", Dialect::LegacyXml, "application/xml"),
    ];
    for (method, dialect, _, _) in forms {
        for (wire, spelling) in [("lowercase", "sha-256="), ("documented", "SHA-256=")] {
            let url = receiver.url(&format!("/{method}/{dialect}/{spelling}"));
            let body = json!({"url": url, "method": method, "dialect": dialect, "wire": wire, "action": "update"});
            publisher.post(CALLBACKS, &body);
        }
    }
    publisher.post(PROFILES, &json!({"fields": {"name": "Mike & Co", "city": "Breda"}, "interests": ["golf"]}));
    publisher.put("/v4/profile/1", &json!({"fields": {"city": "\u{1f3be} <Gouda>"}}));
    for _ in 0..forms.len() * 2 {
        let received = receiver.next_verified();
        let path: Vec<&str> = received.request.split('/').collect();
        let form = forms.iter().find(|form| form.0 == path[1] && form.1 == path[2]).unwrap();
        assert_eq!(received.header("content-type"), form.3);
        assert!(received.header("digest").starts_with(path[3]), "{received:?}");
        let callback = read(&received);
        assert_eq!(callback.dialect(), form.2);
        assert_eq!(callback.entity(), Entity::Profile);
        assert_eq!(callback.fields().get("city"), Some("\u{1f3be} <Gouda>"));
        assert_eq!(callback.fields().get("name"), Some("Mike & Co"));
        if let Some(changed) = callback.changed() {
            assert_eq!(changed.iter().collect::<Vec<_>>(), [("city", "\u{1f3be} <Gouda>")]);
        }
    }
    receiver.expect_nothing_more();
}

#[test]
fn what_the_platform_leaves_open_is_chosen_for_the_server() {
    for (arguments, method, expected) in [
        (&["--numbers-as-ids"][..], "json", r#"{"id":1,"action":"delete","fields":{"name":"Mike","#),
        (&["--blank-removals"], "json", r#"{"id":"1","action":"delete","fields":{"name":"","#),
        (
            &["--payload-dialect", "legacy"],
            "xml",
            "<profile><id>1</id><action>delete</action><fields><name>Mike</name>",
        ),
        (&["--cover", "without-content"], "json", r#"{"id":"1","action":"delete","#),
    ] {
        let publisher = Publisher::start_with(&[&["--in-memory"], arguments].concat());
        let receiver = Receiver::of(&publisher);
        publisher.post(CALLBACKS, &json!({"url": receiver.url("/"), "method": method, "action": "delete"}));
        publisher.post(PROFILES, &json!({"fields": {"name": "Mike"}}));
        publisher.delete("/v4/profile/1");
        let received = receiver.next_verified();
        assert!(received.text().contains(expected), "{arguments:?}: {}", received.text());
        assert_eq!(read(&received).action(), Action::Delete);
        let covers_content = received.header("signature").contains("content-type");
        assert_eq!(covers_content, arguments[0] != "--cover", "{arguments:?}");
    }
}

#[test]
fn an_unchanged_update_is_told_if_the_server_is_told_so() {
    let publisher = Publisher::start_with(&["--in-memory", "--tell-unchanged-updates"]);
    let receiver = Receiver::of(&publisher);
    publisher.post(CALLBACKS, &json!({"url": receiver.url("/"), "action": "update"}));
    publisher.post(PROFILES, &json!({"fields": {"name": "Mike"}}));
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mike"}}));
    let told: Value = serde_json::from_slice(&receiver.next_verified().body).unwrap();
    assert_eq!(told["action"], "update");
}
