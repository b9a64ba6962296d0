use callback_verifier::payload::{MAX_DEPTH, MAX_FIELDS, MAX_INTERESTS, MAX_MEMBERS, MAX_NAME, MAX_PAYLOAD, MAX_VALUE};
use callback_verifier::{Callback, PayloadError};

use super::written::Written;

/// At the limit it is read, one beyond it is refused, in whichever dialect.
fn limit(at: Written, beyond: Written, expected: PayloadError) {
    for (at, beyond) in at.in_every_dialect().into_iter().zip(beyond.in_every_dialect()) {
        assert_eq!(Callback::decode(&at, None).map(drop), Ok(()), "{expected}");
        assert_eq!(Callback::decode(&beyond, None), Err(expected.clone()));
    }
}

fn fields(count: usize) -> Written {
    Written { fields: (0..count).map(|i| (format!("f{i}"), i.to_string())).collect(), ..Written::default() }
}

fn interests(count: usize, length: usize) -> Written {
    Written { interests: Some(vec!["i".repeat(length); count]), ..Written::default() }
}

fn field(name: usize, value: usize) -> Written {
    Written { fields: vec![("n".repeat(name), "v".repeat(value))], ..Written::default() }
}

#[test]
fn there_are_so_many_fields_and_interests_and_no_more() {
    limit(fields(MAX_FIELDS), fields(MAX_FIELDS + 1), PayloadError::TooManyFields);
    limit(interests(MAX_INTERESTS, 1), interests(MAX_INTERESTS + 1, 1), PayloadError::TooManyInterests);
}

#[test]
fn names_and_values_are_so_long_and_no_longer() {
    let name = PayloadError::NameTooLong { name: "n".repeat(MAX_NAME + 1).as_str().into() };
    limit(field(MAX_NAME, 1), field(MAX_NAME + 1, 1), name);
    limit(field(1, MAX_VALUE), field(1, MAX_VALUE + 1), PayloadError::ValueTooLong { name: "n".into() });
    let interest = PayloadError::NameTooLong { name: "an interest".into() };
    limit(interests(1, MAX_NAME), interests(1, MAX_NAME + 1), interest);
    let id = |length: usize| format!(r#"{{"id":"{}","action":"create","fields":{{}}}}"#, "1".repeat(length));
    assert_eq!(Callback::decode(id(MAX_NAME).as_bytes(), None).map(drop), Ok(()));
    let expected = Err(PayloadError::NameTooLong { name: "id".into() });
    assert_eq!(Callback::decode(id(MAX_NAME + 1).as_bytes(), None), expected);
}

#[test]
fn duplicates_are_found_among_few_and_among_many() {
    for count in [1, 2, 15, 16, 17, 100] {
        let mut written = fields(count);
        written.fields.push(("f0".into(), "other".into()));
        for body in written.in_every_dialect() {
            assert_eq!(Callback::decode(&body, None), Err(PayloadError::Duplicate("f0".into())), "{count}");
        }
    }
}

#[test]
fn a_payload_is_so_long_and_no_longer() {
    let mut body = br#"{"id":"1","action":"create","fields":{}}"#.to_vec();
    body.resize(MAX_PAYLOAD, b' ');
    assert_eq!(Callback::decode(&body, None).map(drop), Ok(()));
    body.push(b' ');
    assert_eq!(Callback::decode(&body, None), Err(PayloadError::TooLong { length: MAX_PAYLOAD + 1 }));
}

#[test]
fn nesting_is_so_deep_and_no_deeper() {
    let json = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"{{"id":"1","action":"create","fields":{{}},"x":{open}{close}}}"#)
    };
    let xml = |depth: usize| {
        let (open, close) = ("<x>".repeat(depth - 1), "</x>".repeat(depth - 1));
        format!("<profile><id>1</id><action>create</action><fields/>{open}{close}</profile>")
    };
    for body in [json, xml] {
        assert_eq!(Callback::decode(body(MAX_DEPTH).as_bytes(), None).map(drop), Ok(()));
        for depth in [MAX_DEPTH + 1, 100_000] {
            assert_eq!(Callback::decode(body(depth).as_bytes(), None), Err(PayloadError::TooDeep));
        }
    }
}

#[test]
fn there_are_so_many_variables_and_no_more() {
    let json = |count: usize| {
        let more: String = (3..count).map(|i| format!(r#","x{i}":0"#)).collect();
        format!(r#"{{"id":"1","action":"create","fields":{{}}{more}}}"#)
    };
    let xml = |count: usize| {
        let more: String = (3..count).map(|i| format!("<x{i}/>")).collect();
        format!("<profile><id>1</id><action>create</action><fields/>{more}</profile>")
    };
    let form = |count: usize| {
        let more: String = (2..count).map(|i| format!("&x{i}=")).collect();
        format!("type=create&profile=1{more}")
    };
    let attributes = |count: usize| {
        let attributes: String = (0..count).map(|i| format!(" a{i}=''")).collect();
        format!("<profile><id>1</id><action>create</action><fields/><x{attributes}/></profile>")
    };
    for body in [json, xml, form, attributes] {
        assert_eq!(Callback::decode(body(MAX_MEMBERS).as_bytes(), None).map(drop), Ok(()));
        assert_eq!(Callback::decode(body(MAX_MEMBERS + 1).as_bytes(), None), Err(PayloadError::TooManyMembers));
    }
}
