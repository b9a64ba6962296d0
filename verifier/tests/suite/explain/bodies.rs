use std::io::Write;

use callback_verifier::explain::Family;

use super::{assert_found, explained, explained_by, the_finding, verifier};
use crate::support::keys::A;
use crate::support::{Forge, Message};

/// What a program does to a body: the other bytes, and their length in `Content-Length`.
fn passed_on(signed: &Message, body: impl Into<Vec<u8>>) -> Message {
    let body = body.into();
    let length = body.len().to_string();
    signed.clone().body(body).set("Content-Length", length)
}

const JSON: &str = r#"{"id":"1","fields":{"url":"https://a/b","name":"Zoë <z> & 😀","n":1.50},"interests":[],"e":{}}"#;

#[test]
fn finds_the_json_that_was_signed() {
    let blanks = JSON.replace("\":", "\": ").replace(",\"", ", \"");
    let php = JSON.replace('/', "\\/").replace('ë', "\\u00eb").replace('😀', "\\ud83d\\ude00");
    let ascii = blanks.replace('ë', "\\u00eb").replace('😀', "\\ud83d\\ude00");
    let go = JSON.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let pretty = "{\n  \"id\": \"1\",\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": []\n}";
    for (signed, received) in [
        (JSON, &*blanks),
        (&blanks, JSON),
        (&php, JSON),
        (JSON, &php),
        (&ascii, JSON),
        (&go, JSON),
        (&format!("{JSON}\n"), &*blanks),
        (pretty, "{\"id\":\"1\",\"a\":[1,2],\"b\":[]}"),
        ("{\"id\":\"1\",\"a\":[1,2],\"b\":[]}", pretty),
        (&pretty.replace("  ", "    "), pretty),
        (&pretty.replace("  ", "\t"), pretty),
    ] {
        let message = Forge::new().body(signed).sign();
        let explanation = explained(&passed_on(&message, received));
        let finding = the_finding(&explanation);
        assert_eq!(finding.changes[0].code(), "body_reserialised", "{received}");
        assert_eq!(finding.signing_string, explained(&message).signing_string);
    }
}

#[test]
fn what_cannot_be_undone_is_not_claimed() {
    let message = Forge::new().body(JSON).sign();
    let other_order =
        r#"{"fields":{"url":"https://a/b","name":"Zoë <z> & 😀","n":1.50},"id":"1","interests":[],"e":{}}"#;
    let other_number = JSON.replace("1.50", "1.5");
    for received in [other_order, &other_number, "", "{}", "{"] {
        assert_eq!(explained(&passed_on(&message, received)).findings, [], "{received}");
    }
}

#[test]
fn finds_what_was_done_to_the_bytes() {
    let mark = "\u{feff}";
    let latin1: Vec<u8> = "naam=Zoë".chars().map(|character| u8::try_from(character).unwrap()).collect();
    let twice: String = "naam=Zoë".bytes().map(char::from).collect();
    for (signed, received, code) in [
        ("a\r\nb\r\n", "a\nb\n".as_bytes(), "body_line_ends"),
        ("a\nb\n", b"a\r\nb\r\n", "body_line_ends"),
        ("a\nb", b"a\r\nb\r\n", "body_line_ends"),
        ("{}", b"{}\n", "body_space_added"),
        ("{}", b"{}\r\n", "body_space_added"),
        ("{} ", b"{} \n", "body_space_added"),
        ("{}\n", b"{}", "body_space_removed"),
        ("{}\r\n", b"{}", "body_space_removed"),
        (&format!("{mark}{{}}"), b"{}", "body_byte_order_mark_removed"),
        ("{}", format!("{mark}{{}}").as_bytes(), "body_byte_order_mark_added"),
        ("naam=Zoë", &latin1, "body_charset"),
        ("a=b+c&d=%C3%AB", b"a=b%20c&d=%C3%AB", "body_form_recoded"),
        ("a=b%20c&d=%C3%AB", b"a=b+c&d=%C3%AB", "body_form_recoded"),
        ("a=%c3%ab", b"a=%C3%AB", "body_form_recoded"),
        ("fields%5Ba%5D=1", b"fields[a]=1", "body_form_recoded"),
        ("fields[a]=1&interests[]=x", b"fields%5Ba%5D=1&interests%5B%5D=x", "body_form_recoded"),
    ] {
        let message = Forge::new().body(signed).sign();
        let explanation = explained(&passed_on(&message, received));
        let finding = the_finding(&explanation);
        assert_eq!(finding.changes[0].code(), code, "{signed:?}");
        assert_eq!(finding.signing_string, explained(&message).signing_string);
    }
    let message = Forge::new().body(latin1).sign();
    let text = "the body were encoded in Latin-1";
    assert_found(&message, &explained(&passed_on(&message, "naam=Zoë")), "body_charset", text);
    let message = Forge::new().body("naam=Zoë").sign();
    assert_eq!(explained(&passed_on(&message, twice)).findings.len(), 1);
}

#[test]
fn a_body_that_was_compressed_on_its_way_is_found() {
    let message = Forge::new().body(JSON).sign();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(JSON.as_bytes()).unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(JSON.as_bytes()).unwrap();
    for (received, coding) in [(gzip.finish().unwrap(), "gzip"), (zlib.finish().unwrap(), "deflate")] {
        let received = passed_on(&message, received).add("Content-Encoding", coding);
        let text = format!("the body were not compressed with {coding}");
        assert_found(&message, &explained(&received), "body_compressed", &text);
    }
}

#[test]
fn a_bomb_is_not_unpacked_beyond_its_bound() {
    const MIB: usize = 1024 * 1024;
    let generous = verifier(&A, |builder| builder.max_body(64 * MIB as u64));
    for (size, found) in [(8 * MIB, 1), (8 * MIB + 1, 0)] {
        let plain = vec![0; size];
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        let received = passed_on(&Forge::new().body(plain).sign(), gzip.finish().unwrap());
        assert_eq!(explained_by(&generous, &received).findings.len(), found, "{size}");
    }
}

#[test]
fn json_whose_indentation_would_outgrow_all_bounds_is_written_without_lines_only() {
    // Each number on a line of its own, indented by 504 blanks, is 250 times as long.
    let (depth, numbers) = (126, 20_000);
    let json = ["[".repeat(depth), vec!["1"; numbers].join(","), "]".repeat(depth)].concat();
    let tried = |received: &Message| {
        let explanation = explained(received);
        let bodies = explanation.tried.iter().find(|tried| tried.family == Family::Body).unwrap().count;
        (explanation.findings.len(), bodies)
    };
    let message = Forge::new().body("{}").sign();
    let (_, of_lines) = tried(&passed_on(&message, "[[1]]"));
    let (_, of_deep_lines) = tried(&passed_on(&message, json.clone()));
    // Three layouts, each with seven ways to escape and two ends.
    assert_eq!(of_lines - of_deep_lines, 3 * 7 * 2);
    let blanks = json.replace(',', ", ");
    assert_eq!(tried(&passed_on(&Forge::new().body(blanks).sign(), json)).0, 1);
}

#[test]
fn the_length_may_have_stayed_as_it_was_signed_or_not_be_there() {
    let message = Forge::new().body("{\"a\":1}").sign();
    let explanation = explained(&message.clone().body("{\"a\": 1}"));
    assert_eq!(the_finding(&explanation).changes[0].code(), "body_reserialised");
    let explanation = explained(&message.clone().body("{\"a\": 1}").without("Content-Length"));
    assert_eq!(the_finding(&explanation).changes[0].code(), "body_reserialised");
    let uncovered = Forge::new().body("{\"a\":1}").not_covering("content-length").without("Content-Length").sign();
    let explanation = explained(&uncovered.clone().body("{\"a\": 1}"));
    assert_eq!(the_finding(&explanation).changes[0].code(), "body_reserialised");
}

#[test]
fn a_body_and_a_path_can_both_have_been_changed() {
    let message = Forge::new().target("/hook").body("{\"a\":1}").sign();
    let explanation = explained(&passed_on(&message, "{\"a\": 1}").target("/internal/hook"));
    let codes: Vec<_> = the_finding(&explanation).changes.iter().map(|change| change.code()).collect();
    assert_eq!(codes, ["body_reserialised", "target_prefix_added"]);
}
