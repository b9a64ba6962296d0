use callback_verifier::payload::{PayloadOptions, Scalars};
use callback_verifier::{Callback, Dialect, PayloadError, PinnedKeys, Verified, Verifier};

use crate::support::keys::A;
use crate::support::{ACCOUNT, Forge, HOST, block_on, now};

const JSON: &str = r#"{"id":"1","action":"create","fields":{"secret":"hush"}}"#;
const XML: &str = "<subprofile><id>1</id><action>create</action><fields><secret>hush</secret></fields></subprofile>";
const FORM: &str = "type=create&profile=1&fields[secret]=hush";

fn verified(forge: Forge) -> Verified<Vec<u8>> {
    let keys = PinnedKeys::new().with_every_name(A.private.public_key().clone());
    let verifier = Verifier::builder(ACCOUNT).host(HOST).keys(keys).build().unwrap();
    let message = forge.sign();
    block_on(verifier.verify(&message.head(), message.body.clone(), now())).unwrap()
}

#[test]
fn a_content_type_counts_only_if_it_is_signed() {
    let unknown = || PayloadError::UnknownMediaType("text/plain".into());
    for (content_type, body, signed, unsigned) in [
        ("application/json", JSON, Ok(Dialect::Json), Ok(Dialect::Json)),
        ("application/xml; charset=utf-8", XML, Ok(Dialect::Xml), Ok(Dialect::Xml)),
        ("application/x-www-form-urlencoded", FORM, Ok(Dialect::Form), Ok(Dialect::Form)),
        ("text/plain", JSON, Err(unknown()), Ok(Dialect::Json)),
        (
            "application/json",
            FORM,
            Err(PayloadError::Syntax { dialect: Dialect::Json, expected: "an object", at: 0 }),
            Ok(Dialect::Form),
        ),
        ("application/json; charset=latin1", JSON, Err(PayloadError::Charset("latin1".into())), Ok(Dialect::Json)),
    ] {
        let forge = Forge::new().body(body).set("Content-Type", content_type);
        let dialect = |forge: Forge| verified(forge).callback().map(|callback| callback.dialect());
        assert_eq!(dialect(forge.clone()), signed, "{content_type}");
        assert_eq!(dialect(forge.not_covering("content-type")), unsigned, "{content_type} unsigned");
    }
}

#[test]
fn what_is_no_callback_stays_verified_bytes() {
    let verified = verified(Forge::new().body("hello").not_covering("content-type"));
    assert_eq!(verified.callback(), Err(PayloadError::UnknownShape));
    assert_eq!(verified.body(), b"hello");
}

#[test]
fn options_go_through() {
    let verified = verified(Forge::new().body(JSON.replace("\"1\"", "1")));
    assert_eq!(verified.callback().unwrap().id(), "1");
    let strict = PayloadOptions::default().with_scalars(Scalars::Refuse);
    let expected = PayloadError::WrongType { name: "id".into(), expected: "a text" };
    assert_eq!(verified.callback_with(&strict), Err(expected));
}

#[test]
fn the_shape_decides_where_no_content_type_is_known() {
    for (body, expected) in [
        (" \r\n\t{\"id\":\"1\",\"action\":\"create\",\"fields\":{}}", Ok(Dialect::Json)),
        ("\n<profile><id>1</id><action>create</action><fields/></profile>", Ok(Dialect::Xml)),
        ("type=create&profile=1", Ok(Dialect::Form)),
        ("json={\"profile\":{\"fields\":{}}}", Ok(Dialect::LegacyForm)),
        ("", Err(PayloadError::UnknownShape)),
        (" ", Err(PayloadError::UnknownShape)),
        ("hello", Err(PayloadError::UnknownShape)),
        ("[{\"id\":\"1\"}]", Err(PayloadError::UnknownShape)),
        ("\"a=b\"", Err(PayloadError::UnknownShape)),
        ("\u{feff}{}", Err(PayloadError::ByteOrderMark)),
        ("\u{feff}<profile/>", Err(PayloadError::ByteOrderMark)),
    ] {
        assert_eq!(Callback::decode(body.as_bytes(), None).map(|callback| callback.dialect()), expected, "{body:?}");
    }
}

#[test]
fn refuses_bytes_that_are_no_utf_8() {
    for (body, at) in [
        (&b"{\"id\":\"\xff\"}"[..], 7),
        (b"{\"id\":\"\xc0\x80\"}", 7),
        (b"{\"id\":\"\xed\xa0\x80\"}", 7),
        (b"<profile><id>\xe9</id></profile>", 13),
        (b"type=\x80", 5),
        (b"\xff\xfe{\0}\0", 0),
    ] {
        assert_eq!(Callback::decode(body, None), Err(PayloadError::NotUtf8 { at }));
    }
}

#[test]
fn shows_no_personal_data() {
    for body in [JSON, XML, FORM] {
        let callback = Callback::decode(body.as_bytes(), None).unwrap();
        let shown = format!("{callback:?} {:?} {:?}", callback.fields(), callback.interests());
        assert!(shown.contains("Create") && shown.contains("Fields(1)") && !shown.contains("hush"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
    for (body, secret) in [
        (r#"{"id":"1","action":"create","fields":{"a":"hush}}"#, "hush"),
        (r#"{"id":"1","action":"create","fields":{"a":["hush"]}}"#, "hush"),
        ("<profile><fields><a>hush<b/></a></fields></profile>", "hush"),
        ("<profile><fields><a>me & hush, hush; you</a></fields></profile>", "hush"),
        (r#"{"id":"1","action":"create","fields":{"a":"hush""#, "hush"),
        ("type=create&profile=1&fields[a]=hush%zz", "hush"),
        ("type=create&profile=hush%zz", "hush"),
    ] {
        let error = Callback::decode(body.as_bytes(), None).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
}

#[test]
fn errors_are_short_and_have_codes_of_their_own() {
    let name = "n".repeat(300);
    let mut codes = std::collections::HashSet::new();
    for body in [
        format!(r#"{{"fields":{{"{name}":""}}}}"#),
        format!(r#"{{"x":0,"action":"{}\u0007"}}"#, "x".repeat(300)),
        format!("<profile {name}=''/>"),
        format!("<{name}:a/>"),
        format!("<profile><id>&{name};</id></profile>"),
        format!("{{\"{name}\":0,\"{name}\":0}}"),
    ] {
        let error = Callback::decode(body.as_bytes(), None).unwrap_err();
        let shown = error.to_string();
        assert!(shown.len() < 250 && shown.chars().all(|c| (' '..='~').contains(&c)), "{shown}");
        assert!(codes.insert(error.code()), "{} twice", error.code());
    }
}
