use callback_verifier::payload::{PayloadOptions, Scalars};
use callback_verifier::{Action, Callback, Dialect, Entity, PayloadError};

use super::{Error, Syntax, duplicate, empty, facts, missing, refused, wrong_type};

#[test]
fn reads_what_the_platform_documents() {
    for (body, expected) in [
        (
            r#"{"id":"123","action":"update","fields":{"name":"Mike"},"interests":["tennis"]}"#,
            (Action::Update, Entity::Profile, "123", vec![("name", "Mike")], vec!["tennis"]),
        ),
        (
            r#"{"id":"123","action":"update","fields":{"name":"Mike","city":"\"🎾\n"},"interests":["tennis","golf"]}"#,
            (
                Action::Update,
                Entity::Profile,
                "123",
                vec![("name", "Mike"), ("city", "\"🎾\n")],
                vec!["tennis", "golf"],
            ),
        ),
        (
            r#"{"id":"1","action":"create","fields":{},"interests":[]}"#,
            (Action::Create, Entity::Profile, "1", vec![], vec![]),
        ),
        (
            r#"{"id":"9","action":"delete","fields":{"b":"2","a":"1"}}"#,
            (Action::Delete, Entity::Subprofile, "9", vec![("b", "2"), ("a", "1")], vec![]),
        ),
        (
            " {\t\"interests\" : [ \"a\" , \"a\" ] ,\r\n\"fields\":{ \"\\u0061\" : \"\\ud83c\\udfbe\\/\\\\\\b\\f\\r\\t\\u0000\" },\
             \"action\":\"create\",\"\\u0069d\":\"x y\" } \n",
            (Action::Create, Entity::Profile, "x y", vec![("a", "🎾/\\\u{8}\u{c}\r\t\0")], vec!["a", "a"]),
        ),
    ] {
        let callback = Callback::decode(body.as_bytes(), Some(b"application/json")).unwrap();
        assert_eq!(facts(&callback), expected, "{body}");
        assert_eq!(callback.dialect(), Dialect::Json);
        assert_eq!(Callback::decode(body.as_bytes(), None), Ok(callback));
    }
}

#[test]
fn ignores_variables_that_it_does_not_know() {
    let body = r#"{"x":[1,{"id":"2","id":"3"},[],{}],"id":"1","action":"create","y":null,"fields":{},"z":{"action":true},"w":-0.5e+7}"#;
    let callback = Callback::decode(body.as_bytes(), None).unwrap();
    assert_eq!(facts(&callback), (Action::Create, Entity::Subprofile, "1", vec![], vec![]));
}

#[test]
fn a_field_is_found_by_its_exact_name() {
    let body = r#"{"id":"1","action":"create","fields":{"name":"a","Name":"b","é":"c"}}"#;
    let callback = Callback::decode(body.as_bytes(), None).unwrap();
    let fields = callback.fields();
    assert_eq!((fields.get("name"), fields.get("Name"), fields.get("é")), (Some("a"), Some("b"), Some("c")));
    assert_eq!((fields.get("NAME"), fields.get(""), fields.len()), (None, None, 3));
}

#[test]
fn scalars_are_texts_as_they_are_written_or_refused() {
    let body = r#"{"id":12300,"action":"create","fields":{"a":1.50,"b":-0,"c":1e400,"d":true,"e":false,"f":null,"g":12345678901234567890123},"interests":[1,true]}"#;
    let callback = Callback::decode(body.as_bytes(), None).unwrap();
    let fields = vec![
        ("a", "1.50"),
        ("b", "-0"),
        ("c", "1e400"),
        ("d", "true"),
        ("e", "false"),
        ("f", ""),
        ("g", "12345678901234567890123"),
    ];
    assert_eq!(facts(&callback), (Action::Create, Entity::Profile, "12300", fields, vec!["1", "true"]));

    let strict = PayloadOptions::default().with_scalars(Scalars::Refuse);
    for (id, field, interest, refused) in [
        (r#""1""#, r#""1""#, r#""1""#, None),
        ("1", r#""1""#, r#""1""#, Some(("id", "a text"))),
        (r#""1""#, "1", r#""1""#, Some(("f", "a text"))),
        (r#""1""#, "true", r#""1""#, Some(("f", "a text"))),
        (r#""1""#, "null", r#""1""#, Some(("f", "a text"))),
        (r#""1""#, r#""1""#, "1", Some(("interests", "texts in it"))),
    ] {
        let body = format!(r#"{{"id":{id},"action":"create","fields":{{"f":{field}}},"interests":[{interest}]}}"#);
        let error = refused.map(|(name, expected)| PayloadError::WrongType { name: name.into(), expected });
        assert_eq!(strict.decode(body.as_bytes(), None).err(), error, "{body}");
    }
}

#[test]
fn refuses_what_is_no_callback() {
    const SCALAR: &str = "a text, a number, `true`, `false` or `null`";
    refused(
        Some("application/json"),
        &[
            ("{}", missing("action")),
            (r#"{"id":"1","fields":{}}"#, missing("action")),
            (r#"{"action":"create","fields":{}}"#, missing("id")),
            (r#"{"id":"1","action":"create"}"#, missing("fields")),
            (r#"{"id":"","action":"create","fields":{}}"#, empty("id")),
            (r#"{"id":"1","action":"create","fields":{"":"1"}}"#, empty("field name")),
            (r#"{"action":"Create"}"#, Error(PayloadError::UnknownAction("Create".into()))),
            (r#"{"action":""}"#, Error(PayloadError::UnknownAction("".into()))),
            (r#"{"action":"unstated"}"#, Error(PayloadError::UnknownAction("unstated".into()))),
            (r#"{"action":1}"#, wrong_type("action", "a text")),
            (r#"{"action":null}"#, wrong_type("action", "a text")),
            (r#"{"id":null}"#, wrong_type("id", "a text or a number")),
            (r#"{"id":true}"#, wrong_type("id", "a text or a number")),
            (r#"{"id":["1"]}"#, wrong_type("id", "a text or a number")),
            (r#"{"fields":[]}"#, wrong_type("fields", "an object")),
            (r#"{"fields":"a"}"#, wrong_type("fields", "an object")),
            (r#"{"fields":null}"#, wrong_type("fields", "an object")),
            (r#"{"fields":{"a":["b"]}}"#, wrong_type("a", SCALAR)),
            (r#"{"fields":{"a":{}}}"#, wrong_type("a", SCALAR)),
            (r#"{"interests":{}}"#, wrong_type("interests", "an array")),
            (r#"{"interests":"tennis"}"#, wrong_type("interests", "an array")),
            (r#"{"interests":null}"#, wrong_type("interests", "an array")),
            (r#"{"interests":[null]}"#, wrong_type("interests", "texts, numbers, `true` or `false` in it")),
            (r#"{"interests":[["a"]]}"#, wrong_type("interests", "texts, numbers, `true` or `false` in it")),
            (r#"{"id":"1","id":"1"}"#, duplicate("id")),
            (r#"{"id":"1","\u0069d":"2"}"#, duplicate("id")),
            (r#"{"x":1,"x":2}"#, duplicate("x")),
            (r#"{"fields":{"a":"1","b":"","a":"2"}}"#, duplicate("a")),
            (r#"{"fields":{"a":"1","\u0061":"1"}}"#, duplicate("a")),
        ],
    );
}

#[test]
fn refuses_what_is_no_json() {
    refused(
        Some("application/json"),
        &[
            ("", Syntax("an object")),
            ("[]", Syntax("an object")),
            ("\"a\"", Syntax("an object")),
            ("null", Syntax("an object")),
            ("<profile/>", Syntax("an object")),
            ("{", Syntax("a name in quotes")),
            ("{,}", Syntax("a name in quotes")),
            ("{id:1}", Syntax("a name in quotes")),
            ("{'id':1}", Syntax("a name in quotes")),
            (r#"{"x":1,}"#, Syntax("a name in quotes")),
            (r#"{"x":1"#, Syntax("`,` or `}`")),
            (r#"{"x":1 "y":2}"#, Syntax("`,` or `}`")),
            (r#"{"x":1]"#, Syntax("`,` or `}`")),
            (r#"{"x":[1}"#, Syntax("`,` or `]`")),
            (r#"{"x":[1,]}"#, Syntax("a value")),
            (r#"{"x":[,1]}"#, Syntax("a value")),
            (r#"{"x" 1}"#, Syntax("`:`")),
            (r#"{"x":}"#, Syntax("a value")),
            (r#"{"x":"#, Syntax("a value")),
            (r#"{"x":tru}"#, Syntax("a value")),
            (r#"{"x":True}"#, Syntax("a value")),
            (r#"{"x":nulll}"#, Syntax("`,` or `}`")),
            (r#"{"x":NaN}"#, Syntax("a value")),
            (r#"{"x":+1}"#, Syntax("a value")),
            (r#"{"x":.5}"#, Syntax("a value")),
            (r#"{"x":01}"#, Syntax("`,` or `}`")),
            (r#"{"x":1.}"#, Syntax("a digit")),
            (r#"{"x":1e}"#, Syntax("a digit")),
            (r#"{"x":-}"#, Syntax("a digit")),
            (r#"{"x":1e+}"#, Syntax("a digit")),
            (r#"{"x":0x1}"#, Syntax("`,` or `}`")),
            (r#"{"x":1 /* c */}"#, Syntax("`,` or `}`")),
            ("// c\n{}", Syntax("an object")),
            ("{\u{a0}}", Syntax("a name in quotes")),
            (r#"{"x"#, Syntax("`\"`")),
            ("{\"x\":\"a\nb\"}", Syntax("no control character")),
            ("{\"x\":\"a\0b\"}", Syntax("no control character")),
            ("{\"x\":\"12345678\u{1f}\"}", Syntax("no control character")),
            (r#"{"x":"\"#, Syntax("an escape sequence")),
            (r#"{"x":"\a"}"#, Syntax("an escape sequence")),
            (r#"{"x":"\U0041"}"#, Syntax("an escape sequence")),
            (r#"{"x":"\u004"}"#, Syntax("four hexadecimal digits")),
            (r#"{"x":"\u+041"}"#, Syntax("four hexadecimal digits")),
            (r#"{"x":"\u00"#, Syntax("four hexadecimal digits")),
            (r#"{"x":"\ud83c"}"#, Syntax("a character, no half of one")),
            (r#"{"x":"\udfbe"}"#, Syntax("a character, no half of one")),
            (r#"{"x":"\ud83cx"}"#, Syntax("a character, no half of one")),
            (r#"{"x":"\ud83c\u0041"}"#, Syntax("a character, no half of one")),
            (r#"{"x":"\ud83c\ud83c\udfbe"}"#, Syntax("a character, no half of one")),
            (r#"{"id":"1","action":"create","fields":{}}x"#, Syntax("the end")),
            (r#"{"id":"1","action":"create","fields":{}}{}"#, Syntax("the end")),
            ("{\"id\":\"1\",\"action\":\"create\",\"fields\":{}}\0", Syntax("the end")),
        ],
    );
}
