use callback_verifier::payload::{PayloadOptions, Scalars};
use callback_verifier::{Callback, Entity};
use proptest::prelude::*;
use serde_json::Value;

use super::written::Written;
use super::{interests, pairs};

const TYPES: [Option<&str>; 4] =
    [None, Some("application/json"), Some("application/xml"), Some("application/x-www-form-urlencoded")];

/// Texts that XML can hold too, with all that is special in some dialect.
fn text(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let c = prop_oneof![
        5 => proptest::char::range(' ', '~'),
        2 => proptest::sample::select(vec!['\t', '\n', '\r', '"', '\'', '\\', '<', '>', '&', '%', '+', ';', '=', '/', '{', ']']),
        1 => proptest::char::range('\u{a0}', '\u{fffd}'),
        1 => proptest::char::range('\u{10000}', '\u{10ffff}'),
    ];
    proptest::collection::vec(c, length).prop_map(String::from_iter)
}

/// Names that a form can hold too.
fn name() -> impl Strategy<Value = String> {
    text(1..12).prop_map(|name| name.replace(['[', ']'], "_"))
}

fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    proptest::collection::btree_map(name(), text(0..30), 0..24)
        .prop_map(|fields| fields.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn written() -> impl Strategy<Value = Written> {
    let interests = proptest::option::of(proptest::collection::vec(text(0..12), 0..6));
    let action = proptest::sample::select(vec!["create", "update", "delete"]);
    (text(1..12), action, fields(), interests).prop_map(|(id, action, fields, interests)| Written {
        id,
        action,
        fields,
        interests,
    })
}

fn agrees(callback: &Callback, written: &Written) -> Result<(), TestCaseError> {
    let expected: Vec<_> = written.fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    prop_assert_eq!(pairs(callback.fields()), expected);
    prop_assert_eq!(interests(callback), written.interests.iter().flatten().collect::<Vec<_>>());
    prop_assert_eq!(callback.id(), &written.id);
    prop_assert_eq!(callback.action().to_string(), written.action);
    prop_assert_eq!(callback.entity() == Entity::Profile, written.interests.is_some());
    for (name, value) in &written.fields {
        prop_assert_eq!(callback.fields().get(name), Some(value.as_str()));
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_written_is_read_in_every_dialect(written in written()) {
        for body in written.in_every_dialect() {
            let callback = Callback::decode(&body, None);
            prop_assert!(callback.is_ok(), "{:?}: {:?}", String::from_utf8_lossy(&body), callback);
            agrees(&callback.unwrap(), &written)?;
        }
    }

    #[test]
    fn what_is_written_is_read_in_the_legacy_dialects(written in written(), other in fields()) {
        let form = Callback::decode(written.as_legacy_form(&other).as_bytes(), None).unwrap();
        let expected = Written { id: String::new(), action: "unstated", interests: Some(Vec::new()), ..written.clone() };
        agrees(&form, &expected)?;
        let given = |fields: &[(String, String)]| fields.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>();
        let read = |fields: &callback_verifier::Fields| fields.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>();
        prop_assert_eq!(form.changed().map(read), Some(given(&other)));

        let xml = Callback::decode(written.as_legacy_xml(&other).as_bytes(), None).unwrap();
        prop_assert_eq!(xml.changed().map(read), Some(given(&written.fields)));
        prop_assert_eq!(xml.previous().map(read), Some(given(&other)));
        for (name, value) in other.iter().chain(&written.fields) {
            let now = written.fields.iter().find(|(new, _)| new == name).map_or(value, |(_, new)| new);
            prop_assert_eq!(xml.fields().get(name), Some(now.as_str()));
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_print_values(
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "[{<]?[ -~]{0,80}".prop_map(String::into_bytes),
            r#"(\{|\}|\[|\]|,|:|"id"|"action"|"fields"|"interests"|"create"|1|null|"\\u00|\\|"){0,20}"#.prop_map(String::into_bytes),
            "(<profile>|</profile>|<id>|</id>|<fields>|</fields>|<|>|/|&amp;|&#1;|<!--|-->|<!\\[CDATA\\[|\\]\\]>|<\\?|\\?>| a='b'|x){0,20}"
                .prop_map(String::into_bytes),
            "(type|profile|=|&|fields|\\[|\\]|%|%5B|%41|\\+|a|create|json|\\{|\\}){0,20}".prop_map(String::into_bytes),
        ],
        content_type in proptest::sample::select(TYPES.to_vec()),
    ) {
        if let Ok(callback) = Callback::decode(&body, content_type.map(str::as_bytes)) {
            prop_assert_eq!(callback.clone(), callback);
        }
    }

    #[test]
    fn one_changed_byte_makes_no_panic(written in written(), at: proptest::sample::Index, byte: u8) {
        for mut body in written.in_every_dialect() {
            let at = at.index(body.len());
            body[at] = byte;
            for content_type in TYPES {
                let _ = Callback::decode(&body, content_type.map(str::as_bytes));
            }
        }
    }

    /// Any value of JSON as the value of an unknown variable: `serde_json` and this reader take the same texts.
    #[test]
    fn agrees_with_another_reader_of_json(
        value in prop_oneof![
            r#"(\[|\]|\{|\}|,|:| |"a"|"b"|"\\[a-z]"|"\\u[0-9a-fA-F]{4}"|"\\ud8[0-9a-f]{2}\\udc00"|-?[0-9]{1,3}|[.eE+-]|true|null|false|tru){1,8}"#,
            json_value().prop_map(|value| value.to_string()),
        ],
    ) {
        let body = format!(r#"{{"id":"1","action":"create","fields":{{}},"x":{value}}}"#);
        let theirs = serde_json::from_str::<serde_json::Map<String, Value>>(&body);
        // An adventurous value can close the object and go on; then the two may differ in what they think of duplicates.
        if theirs.as_ref().is_ok_and(|theirs| theirs.len() != 4) { return Ok(()) }
        prop_assert_eq!(Callback::decode(body.as_bytes(), None).map(drop).is_ok(), theirs.is_ok(), "{}", body);
    }

    #[test]
    fn reads_the_texts_that_another_reader_of_json_reads(fields in proptest::collection::btree_map("[a-z]{1,9}", scalar(), 0..20)) {
        let fields: serde_json::Map<String, Value> = fields.into_iter().collect();
        let body = serde_json::json!({ "id": "1", "action": "create", "fields": fields }).to_string();
        let callback = Callback::decode(body.as_bytes(), None).unwrap();
        for ((name, value), (expected_name, expected)) in callback.fields().iter().zip(&fields) {
            prop_assert_eq!(name, expected_name);
            match expected {
                Value::String(text) => prop_assert_eq!(value, text),
                Value::Null => prop_assert_eq!(value, ""),
                other => prop_assert_eq!(value, other.to_string()),
            }
        }
        prop_assert_eq!(callback.fields().len(), fields.len());
        let strict = PayloadOptions::default().with_scalars(Scalars::Refuse).decode(body.as_bytes(), None);
        prop_assert_eq!(strict.is_ok(), fields.values().all(Value::is_string));
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 20, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
