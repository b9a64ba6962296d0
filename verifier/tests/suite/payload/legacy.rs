use callback_verifier::{Action, Callback, Dialect, Entity, PayloadError};

use super::{Error, Syntax, duplicate, facts, missing, pairs, refused, wrong_type};

#[test]
fn the_legacy_xml_has_old_values_and_what_replaces_them() {
    let body = "<profile><id>5</id><action>update</action><fields><company>Microsoft</company><city>Utrecht</city></fields>\
                <updated><company>Apple</company><new>yes</new></updated></profile>";
    let callback = Callback::decode(body.as_bytes(), None).unwrap();
    let current = vec![("company", "Apple"), ("city", "Utrecht"), ("new", "yes")];
    assert_eq!(facts(&callback), (Action::Update, Entity::Profile, "5", current, vec![]));
    assert_eq!(callback.dialect(), Dialect::LegacyXml);
    assert_eq!(pairs(callback.previous().unwrap()), [("company", "Microsoft"), ("city", "Utrecht")]);
    assert_eq!(pairs(callback.changed().unwrap()), [("company", "Apple"), ("new", "yes")]);
}

#[test]
fn the_legacy_form_tells_neither_action_nor_id() {
    let json = r#"{"parameters":{"news":"yes"},"profile":{"fields":{"news":"yes","age":"7"}}}"#;
    let encoded = json.replace('"', "%22");
    for body in [format!("json={encoded}"), format!("json={json}"), format!("%6Ason={encoded}")] {
        let callback = Callback::decode(body.as_bytes(), Some(b"application/x-www-form-urlencoded")).unwrap();
        let fields = vec![("news", "yes"), ("age", "7")];
        assert_eq!(facts(&callback), (Action::Unstated, Entity::Profile, "", fields, vec![]), "{body}");
        assert_eq!(callback.dialect(), Dialect::LegacyForm);
        assert_eq!(pairs(callback.changed().unwrap()), [("news", "yes")]);
        assert_eq!(Callback::decode(body.as_bytes(), None), Ok(callback));
    }
    let told = r#"json={"id":5,"action":"delete","profile":{"x":[],"fields":{},"interests":["golf"]}}"#;
    let callback = Callback::decode(told.as_bytes(), None).unwrap();
    assert_eq!(facts(&callback), (Action::Delete, Entity::Profile, "5", vec![], vec!["golf"]));
    assert_eq!(callback.changed(), None);
}

#[test]
fn refuses_legacy_forms_that_are_none() {
    refused(
        None,
        &[
            ("json={}", missing("fields")),
            (r#"json={"profile":{}}"#, missing("fields")),
            (r#"json={"profile":[]}"#, wrong_type("profile", "an object")),
            (r#"json={"parameters":[]}"#, wrong_type("parameters", "an object")),
            (r#"json={"profile":{"fields":{}},"profile":{"fields":{}}}"#, duplicate("profile")),
            (r#"json={"profile":{"fields":{},"fields":{}}}"#, duplicate("fields")),
            (r#"json={"action":"x","profile":{"fields":{}}}"#, Error(PayloadError::UnknownAction("x".into()))),
            // A fuzz target has found this one: told to delete, but not what.
            (r#"json={"action":"delete","profile":{"fields":{}}}"#, missing("id")),
            ("json=", Syntax("an object")),
            ("json=%7B", Syntax("a name in quotes")),
            ("json={}&json={}", duplicate("json")),
            // Beside others it is a variable as any other.
            (r#"json={"profile":{"fields":{}}}&x=1"#, Error(PayloadError::UnknownShape)),
            ("x=1&json={}", Error(PayloadError::UnknownShape)),
        ],
    );
}
