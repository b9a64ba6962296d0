//! The REST API as the platform's clients know it: statuses, headers, shapes, error texts.

use serde_json::{Value, json};

use crate::support::{Answer, Publisher, Receiver, exchange};

const CALLBACKS: &str = "/v4/database/customers/callbacks";
const PROFILES: &str = "/v4/database/customers/profiles";

#[test]
fn a_profile_is_created_shown_changed_and_deleted_as_on_the_platform() {
    let publisher = Publisher::start();
    let body =
        json!({"fields": {"NAME": "Mike", "score": "12x", "unknown": 1}, "interests": ["Tennis"], "secret": "mine"});
    let created = publisher.call("POST", PROFILES, Some(&body)).expect_status(201);
    assert_eq!(created.header("x-created"), Some("1"));
    let location = format!("http://{}/v4/profile/1", publisher.http);
    assert_eq!(created.header("x-location"), Some(location.as_str()));
    assert_eq!((created.header("content-length"), created.text().as_str()), (Some("0"), ""));

    let shown = publisher.get("/v4/profile/1");
    let keys: Vec<_> = shown.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["ID", "fields", "interests", "database", "secret", "created", "modified", "removed"]);
    let fields = json!({"name": "Mike", "email": "", "city": "", "company": "", "score": "12"});
    assert_eq!((&shown["ID"], &shown["fields"], &shown["database"]), (&json!("1"), &fields, &json!("1")));
    assert_eq!((&shown["interests"], &shown["removed"]), (&json!(["tennis"]), &json!(false)));
    let secret = shown["secret"].as_str().unwrap();
    assert!(secret.len() == 28 && secret.bytes().all(|b| b.is_ascii_hexdigit()), "given secrets are ignored: {secret}");
    for time in ["created", "modified"] {
        assert!(is_stamp(&shown[time]), "{shown}");
    }

    // `POST` and `PUT` of an entity do the same.
    for (method, city) in [("PUT", "Utrecht"), ("POST", "Delft")] {
        let answer =
            publisher.call(method, "/v4/profile/1", Some(&json!({"fields": {"city": city}}))).expect_status(204);
        assert_eq!((answer.header("x-created"), answer.text().as_str()), (None, ""));
        assert_eq!(publisher.get("/v4/profile/1")["fields"]["city"], city);
    }
    publisher.put("/v4/profile/1", &json!({"secret": "chosen"}));
    assert_eq!(publisher.get("/v4/profile/1")["secret"], "chosen");

    let deleted = publisher.call("DELETE", "/v4/profile/1", None).expect_status(204);
    assert_eq!(deleted.header("x-deleted"), Some("profile 1"));
    let removed = publisher.get("/v4/profile/1");
    assert!(is_stamp(&removed["removed"]), "{removed}");
    assert!(removed["fields"].as_object().unwrap().values().all(|value| value == ""), "{removed}");
    assert_eq!((&removed["interests"], &removed["created"]), (&json!([]), &shown["created"]));
    assert_eq!(publisher.get(PROFILES)["total"], 0);
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "back"}}));
    assert_eq!(publisher.get("/v4/profile/1")["fields"]["name"], "");
    assert_eq!(publisher.profile("next"), 2, "the number of a removed profile is not given again");
}

/// `YYYY-MM-DD HH:MM:SS`
fn is_stamp(value: &Value) -> bool {
    let shape = |b: u8| if b.is_ascii_digit() { b'9' } else { b };
    value.as_str().is_some_and(|text| text.bytes().map(shape).eq(*b"9999-99-99 99:99:99"))
}

#[test]
fn a_callback_is_created_shown_changed_and_deleted() {
    let publisher = Publisher::start();
    let created =
        publisher.call("POST", CALLBACKS, Some(&json!({"url": "http://127.0.0.1:9/hook"}))).expect_status(201);
    assert_eq!(created.header("x-created"), Some("1"));
    let location = format!("http://{}/v4/callback/1", publisher.http);
    assert_eq!(created.header("x-location"), Some(location.as_str()));
    let triggers = ["publisher", "rest", "soap", "click", "open", "failure", "bounce", "import", "copy"];
    let mut callback = json!({
        "ID": "1", "url": "http://127.0.0.1:9/hook", "expression": "", "method": "json", "action": "all",
        "collection": 0, "database": "1", "dialect": null, "wire": null, "triggers": triggers, "conditions": null,
        "active": true
    });
    let wrapped = |callback: &Value| json!({"start": 0, "limit": 1, "total": 1, "data": [callback]});
    assert_eq!(publisher.get("/v4/callback/1"), wrapped(&callback));

    // Each alone, so that what is not said stays; the documentation's sample wraps the body, others send it flat.
    for (method, key, value) in [
        ("PUT", "url", json!("http://localhost/a?b=c")),
        ("POST", "method", json!("xml")),
        ("PUT", "action", json!("delete")),
        ("PUT", "triggers", json!(["rest", "copy"])),
        ("PUT", "active", json!(false)),
        ("PUT", "triggers", json!([])),
    ] {
        for body in
            [json!({key: value}), json!({"start": 0, "limit": "1", "total": 1, "data": [{"ID": "9", key: value}]})]
        {
            publisher.call(method, "/v4/callback/1", Some(&body)).expect_status(204);
            callback[key] = value.clone();
            assert_eq!(publisher.get("/v4/callback/1"), wrapped(&callback), "{body}");
        }
    }
    let wrapped = json!({"start": 0, "limit": 1, "total": 1, "data": [{"ID": "7", "url": "http://127.0.0.1:9/two"}]});
    assert_eq!(publisher.post(CALLBACKS, &wrapped), 2);
    let list = publisher.get(CALLBACKS);
    assert_eq!((&list["count"], &list["data"][0], &list["data"][1]["ID"]), (&json!(2), &callback, &json!("2")));
    let deleted = publisher.call("DELETE", "/v4/callback/1", None).expect_status(204);
    assert_eq!(deleted.header("x-deleted"), Some("callback 1"));
    assert_eq!(publisher.get(CALLBACKS)["total"], 1);
}

#[test]
fn bodies_come_as_json_or_as_a_form() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let publisher = Publisher::start();
    let mut count = 0;
    for (content_type, body, name, interests) in [
        ("application/json", r#"{"fields":{"name":"J S"},"interests":["golf"]}"#, "J S", json!(["golf"])),
        (
            "application/json; charset=utf-8",
            r#"{"fields":{"name":"J S"},"interests":{"golf":1}}"#,
            "J S",
            json!(["golf"]),
        ),
        ("text/plain", r#"{"fields":[],"interests":[]}"#, "", json!([])),
        ("application/json", "", "", json!([])),
        (FORM, "fields[name]=J+S&interests[]=golf&interests[]=tennis", "J S", json!(["tennis", "golf"])),
        (FORM, "fields%5Bname%5D=%C3%A9&interests%5Bgolf%5D=0", "\u{e9}", json!([])),
        ("Application/X-WWW-Form-Urlencoded; charset=utf-8", "fields[NAME]=a%26b", "a&b", json!([])),
        (FORM, "", "", json!([])),
    ] {
        count += 1;
        let created = publisher.send("POST", PROFILES, content_type, body.as_bytes()).expect_status(201);
        assert_eq!(created.header("x-created"), Some(count.to_string().as_str()));
        let shown = publisher.get(&format!("/v4/profile/{count}"));
        assert_eq!((&shown["fields"]["name"], &shown["interests"]), (&json!(name), &interests), "{body}");
    }
    publisher.send("POST", CALLBACKS, FORM, b"url=http://localhost:1/&triggers[]=rest&active=0").expect_status(201);
    let callback = publisher.get("/v4/callback/1")["data"][0].clone();
    assert_eq!((&callback["triggers"], &callback["active"]), (&json!(["rest"]), &json!(false)));
}

#[test]
fn a_database_is_found_by_number_and_by_name_in_any_case() {
    let publisher = Publisher::start();
    for database in ["1", "customers", "CUSTOMERS", "Customers", "%63ustomers"] {
        assert_eq!(publisher.get(&format!("/v4/database/{database}/profiles"))["total"], 0, "{database}");
    }
}

#[test]
fn lists_come_in_pages() {
    let publisher = Publisher::start();
    for number in 1..=5 {
        publisher.profile("Mike");
        publisher.callback(&format!("http://127.0.0.1:9/{number}"));
    }
    publisher.delete("/v4/profile/2");
    publisher.delete("/v4/callback/2");
    for (query, start, limit, ids) in [
        ("", 0, 100, vec!["1", "3", "4", "5"]),
        ("?start=1&limit=2", 1, 2, vec!["3", "4"]),
        ("?start=3", 3, 100, vec!["5"]),
        ("?start=4&limit=2", 4, 2, vec![]),
        ("?limit=0", 0, 0, vec![]),
        ("?limit=2000", 0, 1000, vec!["1", "3", "4", "5"]),
        ("?limit=-1", 0, 0, vec![]),
        ("?start=-1", 0, 0, vec![]),
        ("?start=x&limit=y", 0, 100, vec!["1", "3", "4", "5"]),
        ("?start=9&limit=9&limit=2&start=1", 1, 2, vec!["3", "4"]),
        ("?start=99999999999999999999", 0, 100, vec!["1", "3", "4", "5"]),
        ("?start=9223372036854775807", i64::MAX, 100, vec![]),
        ("?start=1&limit=1&total=true&access_token=x", 1, 1, vec!["3"]),
    ] {
        for path in [PROFILES, CALLBACKS] {
            let page = publisher.get(&format!("{path}{query}"));
            let keys: Vec<_> = page.as_object().unwrap().keys().filter(|key| *key != "nextid").cloned().collect();
            assert_eq!(keys, ["start", "limit", "count", "data", "total"], "{path}{query}");
            let found: Vec<_> =
                page["data"].as_array().unwrap().iter().map(|row| row["ID"].as_str().unwrap()).collect();
            assert_eq!(found, ids, "{path}{query}");
            let numbers = ["start", "limit", "count", "total"].map(|key| page[key].clone());
            assert_eq!(numbers, [json!(start), json!(limit), json!(ids.len()), json!(4)], "{path}{query}");
        }
    }
}

#[test]
fn without_the_token_there_is_one_answer() {
    let publisher = Publisher::start();
    let refused = |answer: Answer, what: &str| {
        let error = answer.expect_status(400).json()["error"].clone();
        assert_eq!(error["message"], "Invalid access token", "{what}");
        let detail =
            "send `Authorization: Bearer TOKEN` or `?access_token=TOKEN`; the program prints it when it starts";
        assert_eq!(error["detail"], detail, "{what}");
    };
    let right = publisher.token.clone();
    for wrong in
        ["", "Bearer", "Bearer ", "Bearer wrong", &right, &format!("Basic {right}"), &format!("Bearer {right}x")]
    {
        refused(exchange(publisher.http, "GET", PROFILES, &[("Authorization", wrong)], b""), wrong);
    }
    for path in ["/v4/profile/1", "/v4/nothing", "/v4/database/99/profiles", "/v4/profile/1?access_token=wrong"] {
        refused(exchange(publisher.http, "GET", path, &[], b""), path);
    }
    refused(exchange(publisher.http, "POST", PROFILES, &[("Content-Type", "application/json")], b"{}"), "POST");
    let exact = r#"{"error":{"message":"Invalid access token","detail":"send"#;
    assert!(exchange(publisher.http, "GET", PROFILES, &[], b"").text().starts_with(exact));

    let bearer = format!("bearer {right}");
    exchange(publisher.http, "GET", PROFILES, &[("Authorization", &bearer)], b"").expect_status(200);
    exchange(publisher.http, "GET", &format!("{PROFILES}?access_token={right}"), &[], b"").expect_status(200);
    assert_eq!(publisher.get(PROFILES)["total"], 0);
}

#[test]
fn a_chosen_token_is_the_token() {
    let publisher = Publisher::start_with(&["--in-memory", "--access-token", "a+b/c=%41"]);
    assert_eq!(publisher.token, "a+b/c=%41");
    publisher.get(PROFILES);
    exchange(publisher.http, "GET", &format!("{PROFILES}?access_token=a%2Bb/c%3D%2541"), &[], b"").expect_status(200);
}

#[test]
fn a_refused_call_changes_nothing() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/"));
    for name in ["kept", "removed"] {
        publisher.profile(name);
    }
    publisher.delete("/v4/profile/2");
    publisher.settled(3);
    let state = || [PROFILES, CALLBACKS, "/v4/profile/2", "/mock/v1/deliveries"].map(|path| publisher.get(path));
    let before = state();
    for (method, path, body, message, detail) in refusals() {
        let answer = publisher.send(method, path, "application/json", body.as_bytes()).expect_status(400);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{method} {path}");
        let error = answer.json()["error"].clone();
        assert_eq!(error["message"], message, "{method} {path} {body}");
        assert!(error["detail"].as_str().unwrap_or_default().contains(detail), "{method} {path} {body}: {error}");
        assert_eq!(state(), before, "{method} {path} {body}");
    }
}

type Refusal = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Method, path, body, message, and a part of the detail.
fn refusals() -> Vec<Refusal> {
    const DATA: &str = "Invalid data provided";
    const DATABASE: &str = "No database with supplied ID";
    const PROFILE: &str = "No entity with supplied ID";
    const CALLBACK: &str = "No callback with supplied ID";
    const METHOD: &str = "Invalid method";
    vec![
        // What does not exist; whether it exists is said before anything of the body.
        ("GET", "/v4/database/99/profiles", "", DATABASE, ""),
        ("GET", "/v4/database/nothing/callbacks", "", DATABASE, ""),
        ("POST", "/v4/database/0/profiles", "{", DATABASE, ""),
        ("POST", "/v4/database/-1/callbacks", "{", DATABASE, ""),
        ("GET", "/v4/database/%FF/profiles", "", DATABASE, ""),
        ("GET", "/v4/profile/99", "", PROFILE, ""),
        ("GET", "/v4/profile/%FF", "", PROFILE, ""),
        ("GET", "/v4/profile/word", "", PROFILE, ""),
        ("GET", "/v4/profile/99999999999999999999", "", PROFILE, ""),
        ("PUT", "/v4/profile/99", "{", PROFILE, ""),
        ("DELETE", "/v4/profile/0", "", PROFILE, ""),
        ("DELETE", "/v4/profile/2", "", "This profile has already been removed", ""),
        ("GET", "/v4/callback/99", "", CALLBACK, ""),
        ("PUT", "/v4/callback/word", "{", CALLBACK, ""),
        ("DELETE", "/v4/callback/99", "", CALLBACK, ""),
        // Paths and methods that are none.
        ("GET", "/v4/nothing", "", METHOD, ""),
        ("GET", "/v4/Profile/1", "", METHOD, ""),
        ("GET", "/v4/profile/1/nothing", "", METHOD, ""),
        ("PATCH", "/v4/profile/1", "{}", METHOD, ""),
        // Bodies that are none.
        ("POST", PROFILES, "{", DATA, "the body is no JSON: EOF"),
        ("POST", PROFILES, "{} {}", DATA, "the body is no JSON: trailing characters"),
        ("POST", PROFILES, "[]", DATA, "the body is JSON, but no object"),
        ("POST", PROFILES, "null", DATA, "the body is JSON, but no object"),
        ("PUT", "/v4/profile/1", "{\"fields\":{\"name\":\"\\ud800\"}}", DATA, "the body is no JSON"),
        ("PUT", "/v4/callback/1", "nonsense", DATA, "the body is no JSON"),
        ("POST", PROFILES, r#"{"fields":"name"}"#, DATA, "`fields` is no object of names and values"),
        ("POST", PROFILES, r#"{"fields":["name"]}"#, DATA, "`fields` is no object"),
        ("POST", PROFILES, r#"{"fields":7}"#, DATA, "`fields` is no object"),
        ("DELETE", PROFILES, "", DATA, "`profiles`: expected a list of numbers"),
        // Callbacks that cannot be. As everywhere on the platform, `PUT` does what `POST` does if it does nothing else.
        ("PUT", CALLBACKS, "{}", DATA, "`url` is missing"),
        ("POST", CALLBACKS, "{}", DATA, "`url` is missing"),
        ("POST", CALLBACKS, r#"{"data":[{"method":"json"}]}"#, DATA, "`url` is missing"),
        ("POST", CALLBACKS, r#"{"url":7}"#, DATA, "`url`: expected a text"),
        ("POST", CALLBACKS, r#"{"url":"hook"}"#, DATA, "`hook` is no URL, expected `http://host:port/path`"),
        ("POST", CALLBACKS, r#"{"url":"http://127.0.0.1:99999/"}"#, DATA, "is no URL"),
        (
            "POST",
            CALLBACKS,
            r#"{"url":"ftp://127.0.0.1/"}"#,
            DATA,
            "`ftp://127.0.0.1/` is neither an `http://` nor an `https://` URL",
        ),
        ("POST", CALLBACKS, r#"{"url":"http://u:p@127.0.0.1/"}"#, DATA, "holds a user name"),
        ("PUT", "/v4/callback/1", r#"{"url":"ftp://127.0.0.1/"}"#, DATA, "is neither an `http://` nor"),
        ("PUT", "/v4/callback/1", r#"{"method":"POST"}"#, DATA, "`method`: expected `json`, `xml` or `form`"),
        ("PUT", "/v4/callback/1", r#"{"active":false,"method":"JSON"}"#, DATA, "expected `json`, `xml` or `form`"),
        ("PUT", "/v4/callback/1", r#"{"method":null}"#, DATA, "`method`: expected a text"),
        (
            "PUT",
            "/v4/callback/1",
            r#"{"action":"any"}"#,
            DATA,
            "`action`: expected `create`, `update`, `delete` or `all`",
        ),
        ("PUT", "/v4/callback/1", r#"{"triggers":["rest","web"]}"#, DATA, "unknown trigger `web`, expected one of"),
        ("PUT", "/v4/callback/1", r#"{"triggers":[1]}"#, DATA, "`triggers`: expected a list of names"),
        ("PUT", "/v4/callback/1", r#"{"triggers":{}}"#, DATA, "`triggers`: expected a list of names"),
        ("PUT", "/v4/callback/1", r#"{"active":"perhaps"}"#, DATA, "`active`: expected `true` or `false`"),
        (
            "PUT",
            "/v4/callback/1",
            r#"{"expression":"profile.a = = 1"}"#,
            DATA,
            "`expression`: not JavaScript: line 1, column",
        ),
        (
            "PUT",
            "/v4/callback/1",
            r#"{"conditions":{"type":"Sms"}}"#,
            DATA,
            "`conditions`: the condition: `Sms` asks about",
        ),
    ]
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let publisher = Publisher::start();
    let body = |length: usize| format!(r#"{{"fields":{{"name":"{}"}}}}"#, "x".repeat(length));
    publisher.send("POST", PROFILES, "application/json", body(1 << 20).as_bytes()).expect_status(201);
    for content_type in ["application/json", "application/x-www-form-urlencoded"] {
        let answer = publisher.send("POST", PROFILES, content_type, body(16 << 20).as_bytes()).expect_status(400);
        assert_eq!(answer.json()["error"]["detail"], "the body is larger than 16 MiB");
    }
    assert_eq!(publisher.get(PROFILES)["total"], 1);
}

#[test]
fn what_is_not_there_points_to_what_is() {
    let publisher = Publisher::start();
    for (path, status) in [("/", 200), ("/v5/databases", 404), ("/nothing", 404)] {
        let answer = publisher.call("GET", path, None).expect_status(status);
        for part in ["/v4", "/mock/v1", "access token"] {
            assert!(answer.text().contains(part), "{path}: {}", answer.text());
        }
    }
}
