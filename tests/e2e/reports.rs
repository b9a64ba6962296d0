//! Reports of messages that did not arrive: what they change, and the callbacks that fire.

use serde_json::{Value, json};

use crate::support::{Answer, Watched, exchange};

const REPORTS: &str = "/mock/v1/reports";

/// Sets what runs when a report comes in.
fn handle(watched: &Watched, kind: &str, script: &str) {
    watched.publisher.put(&format!("/mock/v1/database/customers/handlers/{kind}"), &json!({"script": script}));
}

fn report(watched: &Watched, body: &Value) -> Answer {
    watched.publisher.call("POST", REPORTS, Some(body))
}

/// As a mail server sends it back, with a group of fields for each recipient.
fn message(groups: &[String]) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: news@shop.example\r\nMIME-Version: 1.0\r\n\
         Subject: Undelivered Mail\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"part\"\r\n\r\n\
         This is a MIME message.\r\n\r\n{}",
        parts(groups)
    )
}

fn parts(groups: &[String]) -> String {
    let status = groups.join("\r\n");
    format!(
        "--part\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nI am sorry.\r\n\
         --part\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n{status}\r\n\
         --part\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: Sale\r\n\r\n--part--\r\n"
    )
}

fn recipient(address: &str, action: &str) -> String {
    format!(
        "Original-Recipient: rfc822;{address}\r\nFinal-Recipient: rfc822;{address}\r\nAction: {action}\r\n\
         Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 <{address}>:\r\n    Recipient address rejected\r\n"
    )
}

#[test]
fn failures_and_bounces_create_update_and_remove_and_only_their_own_callbacks_fire() {
    for kind in ["failure", "bounce"] {
        let watched = Watched::start();
        let told = |count, expected: &[&str]| {
            let expected: Vec<String> = expected.iter().map(|change| format!("{kind}: {change}")).collect();
            assert_eq!(watched.told(count), expected);
        };
        handle(
            &watched,
            kind,
            "destination.fields.city = report.type + ' ' + report.code; \
                                profile.createSubProfile('orders').fields.product = report.description",
        );
        let answer = report(&watched, &json!({"type": kind, "profile": 1, "code": "5.1.1", "description": "gone"}));
        let expected = json!({
            "type": kind,
            "recipients": [{
                "recipient": null, "action": "failed", "code": "5.1.1", "description": "gone", "found": [{"profile": 1}]
            }],
            "changes": [2, 3],
            "fired": 2,
            "ignored": [],
        });
        assert_eq!(answer.expect_status(200).json(), expected);
        told(2, &["create subprofile 1", "update profile 1"]);
        assert_eq!(watched.field("city"), format!("{kind} 5.1.1"));

        handle(&watched, kind, "subprofile.fields.amount = 5; subprofile.fields.product = report.recipient");
        let answer = report(&watched, &json!({"type": kind, "subprofile": 1})).expect_status(200).json();
        assert_eq!(answer["changes"], json!([4]));
        told(1, &["update subprofile 1"]);

        handle(&watched, kind, "profile.remove()");
        let body = json!({"type": kind, "email": "mike@EXAMPLE.com", "database": "customers"});
        let answer = report(&watched, &body).expect_status(200).json();
        assert_eq!(answer["recipients"][0]["found"], json!([{"profile": 1}]));
        told(2, &["delete profile 1", "delete subprofile 1"]);
        watched.expect_no_more_than(6);
    }
}

#[test]
fn a_delivery_status_message_is_a_bounce_unless_it_is_called_a_failure() {
    let watched = Watched::start();
    let script = "profile.fields.company = report.recipient + ' ' + report.description; profile.fields.score++";
    handle(&watched, "failure", script);
    handle(&watched, "bounce", script);
    let groups = [recipient("Mike@example.com", "failed"), recipient("nobody@example.com", "delayed")];
    let inline = "multipart/report; report-type=delivery-status; boundary=\"part\"";
    for (target, content_type, body, kind) in [
        (REPORTS, "message/rfc822", message(&groups), "bounce"),
        ("/mock/v1/reports?type=failure", "message/rfc822", message(&groups), "failure"),
        (REPORTS, "Message/RFC822; charset=us-ascii", message(&groups).replace("\r\n", "\n"), "bounce"),
        (REPORTS, inline, parts(&groups), "bounce"),
        ("/mock/v1/reports?type=failure", inline, parts(&groups), "failure"),
    ] {
        let answer = watched.publisher.send("POST", target, content_type, body.as_bytes()).expect_status(200).json();
        assert_eq!((&answer["type"], &answer["fired"]), (&json!(kind), &json!(1)), "{answer}");
        let recipients = answer["recipients"].as_array().unwrap();
        assert_eq!((&recipients[0]["found"], &recipients[0]["code"]), (&json!([{"profile": 1}]), &json!("5.1.1")));
        // It may still arrive, so nobody asks who that is.
        assert_eq!((&recipients[1]["found"], &recipients[1]["action"]), (&json!([]), &json!("delayed")));
        assert_eq!(watched.told(1), [format!("{kind}: update profile 1")]);
    }
    assert_eq!(watched.field("score"), "6");
    let company = "Mike@example.com 550 5.1.1 <Mike@example.com>: Recipient address rejected";
    assert_eq!(watched.field("company"), company);
    watched.expect_no_more_than(6);
}

#[test]
fn several_recipients_are_all_told_or_none() {
    let watched = Watched::start();
    let email = |address: &str| json!({"fields": {"email": address}});
    for address in ["jo@example.com", "Jo@example.com", "ann@example.com"] {
        watched.publisher.post("/v4/database/customers/profiles", &email(address));
    }
    assert_eq!(watched.told(3).len(), 3);
    handle(&watched, "bounce", "profile.fields.city = report.code");
    let send =
        |groups: &[String]| watched.publisher.send("POST", REPORTS, "message/rfc822", message(groups).as_bytes());

    let unknown = [recipient("mike@example.com", "failed"), recipient("x@y", "failed"), recipient("z@y", "failed")];
    let error = send(&unknown).expect_status(404).json()["error"].clone();
    assert_eq!(error["code"], "unknown_recipient");
    assert_eq!(error["message"], "no profile has the address `x@y`, `z@y`; nothing was changed");
    assert_eq!(watched.field("city"), "");

    handle(&watched, "bounce", "if (profile.ID === 4) fail(); profile.fields.city = report.code");
    let failing = [recipient("mike@example.com", "failed"), recipient("ann@example.com", "failed")];
    let error = send(&failing).expect_status(422).json()["error"].clone();
    assert_eq!(error["code"], "script_failed");
    assert_eq!(error["message"], "the script for profile 4 failed: ReferenceError: fail is not defined");
    assert_eq!(watched.field("city"), "");

    let known = [recipient("mike@example.com", "failed"), recipient("jo@example.com", "failed")];
    let answer = send(&known).expect_status(200).json();
    assert_eq!(answer["recipients"][1]["found"], json!([{"profile": 2}, {"profile": 3}]));
    assert_eq!(watched.told(3), [1, 2, 3].map(|id| format!("bounce: update profile {id}")));
    watched.expect_no_more_than(7);
}

#[test]
fn by_default_a_field_of_that_name_gets_the_report_if_there_is_one() {
    let watched = Watched::start();
    for kind in ["failure", "bounce"] {
        let handler = watched.publisher.get(&format!("/mock/v1/database/1/handlers/{kind}"));
        assert_eq!(handler["default"], true);
        assert!(handler["script"].as_str().unwrap().contains(&format!("fields.{kind} =")), "{handler}");
        let body = json!({"type": kind, "email": "mike@example.com", "code": "5.1.1"});
        let answer = report(&watched, &body).expect_status(200).json();
        assert_eq!(answer["changes"], json!([]), "the sample database has no such field");
        let ignored = format!("profile 1 has no field `{kind}`: what the script wrote there was ignored");
        assert_eq!(answer["ignored"], json!([ignored]));
        assert!(watched.publisher.log().contains(&ignored), "{}", watched.publisher.log());
    }
    watched.expect_no_more_than(1);
}

#[test]
fn what_is_no_report_is_refused_with_a_reason() {
    let watched = Watched::start();
    handle(&watched, "bounce", "profile.fields.city = 'touched'");
    handle(&watched, "failure", "profile.fields.city = 'touched'; for (;;) {}");
    for (body, status, reason) in [
        (json!({}), 400, "`type` is missing"),
        (json!({"type": "bounce"}), 400, "say whose message it was"),
        (json!({"type": "click", "profile": 1}), 400, "no report is of type `click`"),
        (json!({"type": 1, "profile": 1}), 400, "no report in JSON"),
        (json!({"type": "bounce", "profile": "1"}), 400, "no report in JSON"),
        (json!({"type": "bounce", "profile": 1, "email": "a@b"}), 400, "say whose message it was"),
        (json!({"type": "bounce", "profile": 1, "database": 1}), 400, "say whose message it was"),
        (json!({"type": "bounce", "profile": 1, "reason": "x"}), 400, "unknown field `reason`"),
        (json!({"type": "bounce", "email": "mike"}), 400, "`email` is no address: `mike`"),
        (json!({"type": "bounce", "email": "a@b", "database": [1]}), 400, "`database` must be a number or a name"),
        (json!({"type": "bounce", "profile": 9}), 404, "no profile 9"),
        (json!({"type": "bounce", "subprofile": 1}), 404, "no subprofile 1"),
        (json!({"type": "bounce", "email": "a@b"}), 404, "no profile has the address `a@b`"),
        (json!({"type": "bounce", "email": "a@b", "database": "none"}), 404, "no database `none`"),
        (json!({"type": "failure", "profile": 1}), 422, "is there an endless loop?"),
        (json!([]), 400, "no report in JSON"),
    ] {
        let answer = report(&watched, &body).expect_status(status).json();
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{body}: {message}");
    }
    let group = recipient("mike@example.com", "failed");
    let nested = |count: usize| -> String {
        (0..count).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}x\r\n\r\n--b{n}x\r\n")).collect()
    };
    for (content_type, body, status, code, reason) in [
        ("message/rfc822", String::new(), 422, "no_delivery_status", "none of its parts"),
        ("message/rfc822", "Subject: hello\r\n\r\nworld".to_owned(), 422, "no_delivery_status", "none of its parts"),
        ("multipart/report", parts(std::slice::from_ref(&group)), 422, "no_delivery_status", "none of its parts"),
        ("message/rfc822", message(&[]), 422, "no_delivery_status", "tells of nobody"),
        (
            "message/rfc822",
            message(&[group.replace("Action: failed\r\n", "")]),
            422,
            "no_delivery_status",
            "no `Action`",
        ),
        (
            "message/rfc822",
            message(&[group.replace("5.1.1\r\n", "550\r\n")]),
            422,
            "no_delivery_status",
            "the Status `550`",
        ),
        ("message/rfc822", message(&vec![group.clone(); 101]), 422, "no_delivery_status", "more than 100 recipients"),
        ("message/rfc822", nested(300), 422, "no_delivery_status", ""),
        ("message/rfc822", "--b\r\n".repeat(10_000), 422, "no_delivery_status", "more than 100 parts"),
        ("message/rfc822", message(&[group.clone(), "x".repeat(3 << 20)]), 413, "too_large", ""),
        ("text/plain", message(std::slice::from_ref(&group)), 415, "unsupported_media_type", "`message/rfc822`"),
        ("", message(std::slice::from_ref(&group)), 415, "unsupported_media_type", "`application/json`"),
        ("application/json", "{".to_owned(), 400, "bad_request", "no report in JSON"),
    ] {
        let answer =
            watched.publisher.send("POST", REPORTS, content_type, body.as_bytes()).expect_status(status).json();
        let (error, message) = (&answer["error"], answer["error"]["message"].as_str().unwrap());
        assert!(error["code"] == code && message.contains(reason), "{content_type} {:.200}: {error}", body);
    }
    watched.publisher.call("POST", "/mock/v1/reports?type=copy", Some(&json!({"profile": 1}))).expect_status(400);
    exchange(watched.publisher.http, "POST", REPORTS, &[], b"{}").expect_status(401);
    assert_eq!(watched.field("city"), "");
    assert!(watched.publisher.log().contains("is there an endless loop?"), "{}", watched.publisher.log());
    watched.expect_no_more_than(1);
}
