//! The tracking server: links and pixels that are followed, the scripts that they run, and the callbacks that fire.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Watched, exchange};

const LINKS: &str = "/mock/v1/links";

#[test]
fn clicks_and_opens_create_update_and_remove_and_only_their_own_callbacks_fire() {
    for kind in ["click", "open"] {
        let watched = Watched::start();
        let follow = |script: &str| {
            let answer = watched.follow(&watched.link(&json!({"profile": 1, "kind": kind, "script": script})));
            answer.expect_status(200)
        };
        follow("profile.fields.city = 'Utrecht'; profile.createSubProfile('orders').fields.product = 'net'");
        let expected = ["create subprofile 1", "update profile 1"];
        assert_eq!(watched.told(2), expected.map(|change| format!("{kind}: {change}")));
        assert_eq!(watched.field("city"), "Utrecht");

        follow("profile.subProfiles('orders')[0].fields.amount = 3");
        assert_eq!(watched.told(1), [format!("{kind}: update subprofile 1")]);

        follow("profile.fields.city = 'Utrecht'; // as it was");
        follow("profile.remove()");
        let expected = ["delete profile 1", "delete subprofile 1"];
        assert_eq!(watched.told(2), expected.map(|change| format!("{kind}: {change}")));
        watched.expect_no_more_than(6);
    }
}

#[test]
fn a_click_leads_on_and_an_open_shows_a_pixel_whatever_becomes_of_the_script() {
    let watched = Watched::start();
    let url = "https://shop.example/sale?x=1&y=%20#top";
    for script in ["profile.fields.score++", "for (;;) {}", "nonsense()", "profile.remove(); profile.remove()", ""] {
        let click = watched.link(&json!({"profile": 1, "kind": "click", "url": url, "script": script}));
        let answer = watched.follow(&click).expect_status(302);
        assert_eq!(
            (answer.header("location"), answer.header("cache-control")),
            (Some(url), Some("no-store")),
            "{script}"
        );
    }
    // The profile is gone by now.
    for script in ["profile.fields.score++", "for (;;) {}"] {
        let open = watched.link(&json!({"profile": 1, "kind": "open", "script": script}));
        let answer = watched.follow(&open).expect_status(200);
        assert_eq!(
            (answer.header("content-type"), answer.header("cache-control")),
            (Some("image/gif"), Some("no-store"))
        );
        assert!(answer.body.starts_with(b"GIF89a\x01\0\x01\0") && answer.body.ends_with(b";"));
    }
    let answer = watched.follow(&watched.link(&json!({"profile": 1, "kind": "click"}))).expect_status(200);
    assert!(answer.text().contains("leads nowhere"), "{}", answer.text());
    assert_eq!(watched.told(2), ["click: delete profile 1", "click: update profile 1"]);
    watched.expect_no_more_than(3);

    let log = watched.publisher.log();
    for reason in ["is there an endless loop?", "nonsense is not defined", "profile 1 has already been removed"] {
        assert!(log.contains(reason), "`{reason}` is not in: {log}");
    }
    let shown = |id: u64| watched.publisher.get(&format!("{LINKS}/{id}"));
    assert_eq!((&shown(1)["followed"], &shown(1)["last_error"]), (&json!(1), &Value::Null));
    assert!(shown(2)["last_error"].as_str().unwrap().contains("endless loop"), "{}", shown(2));
}

#[test]
fn a_click_that_is_counted_is_counted_each_time() {
    let watched = Watched::start();
    let link = watched.link(&json!({"profile": 1, "kind": "click", "script": "profile.fields.score++"}));
    let (count, http) = (20, watched.publisher.http);
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| exchange(http, "GET", &link, &[], b"").expect_status(200));
        }
    });
    assert_eq!(watched.field("score"), (1 + count).to_string());
    // Only the head was asked for: nobody has clicked.
    exchange(watched.publisher.http, "HEAD", &link, &[], b"").expect_status(200);
    assert_eq!(watched.field("score"), (1 + count).to_string());
    assert_eq!(watched.told(count), vec!["click: update profile 1"; count]);
    watched.expect_no_more_than(1 + count);
}

#[test]
fn a_link_without_a_script_runs_the_handler_of_the_database() {
    let watched = Watched::start();
    let publisher = &watched.publisher;
    let handler = |occasion: &str| format!("/mock/v1/database/customers/handlers/{occasion}");
    for kind in ["click", "open"] {
        let link =
            watched.link(&json!({"profile": 1, "kind": kind, "mailing": 7, "message": {"ID": 8, "subject": "Sale"}}));
        watched.follow(&link).expect_status(200);
        assert_eq!(watched.field("city"), "", "nothing happens by default");
        assert_eq!(publisher.get(&handler(kind)), json!({"script": "", "default": true}));

        let script = "profile.fields.city = mailing.ID + message.subject + template.ID";
        publisher.put(&handler(kind), &json!({"script": script}));
        assert_eq!(publisher.get(&handler(kind)), json!({"script": script, "default": false}));
        assert_eq!(publisher.get("/mock/v1/database/1/handlers")[kind]["script"], script);
        watched.follow(&link).expect_status(200);
        assert_eq!(watched.field("city"), "7Salenull");
        assert_eq!(watched.told(1), [format!("{kind}: update profile 1")]);

        publisher.delete(&handler(kind));
        publisher.put("/v4/profile/1", &json!({"fields": {"city": ""}}));
        assert_eq!(watched.told(1), ["rest: update profile 1"]);
        watched.follow(&link).expect_status(200);
        assert_eq!(watched.field("city"), "");
    }
    watched.expect_no_more_than(5);
}

#[test]
fn a_link_of_a_subprofile_reaches_it_and_its_profile() {
    let watched = Watched::start();
    let create = json!({"profile": 1, "kind": "click", "script": "profile.createSubProfile(1).fields.product = 'net'"});
    watched.follow(&watched.link(&create)).expect_status(200);
    assert_eq!(watched.told(1), ["click: create subprofile 1"]);
    let script = "destination.fields.amount = 2; profile.fields.city = subprofile.fields.product + collection.name";
    let link = watched.link(&json!({"subprofile": 1, "kind": "open", "script": script}));
    watched.follow(&link).expect_status(200);
    assert_eq!(watched.told(2), ["open: update profile 1", "open: update subprofile 1"]);
    assert_eq!(watched.field("city"), "netorders");
    let remove = watched.link(&json!({"subprofile": 1, "kind": "click", "script": "destination.remove()"}));
    for _ in 0..2 {
        watched.follow(&remove).expect_status(200);
    }
    assert_eq!(watched.told(1), ["click: delete subprofile 1"]);
    watched.expect_no_more_than(5);
}

#[test]
fn a_restart_forgets_neither_links_nor_handlers_nor_what_scripts_kept() {
    let data = TempDir::new().unwrap();
    let mut publisher = Publisher::start_in(data.path());
    publisher.profile("Mike");
    let script = "profile.data.count = (profile.data.count || 0) + 1; profile.fields.score = profile.data.count";
    publisher.put("/mock/v1/database/1/handlers/open", &json!({"script": script}));
    let made = publisher.call("POST", LINKS, Some(&json!({"profile": 1, "kind": "open"}))).expect_status(201).json();
    let path = format!("/track{}", made["link"].as_str().unwrap().rsplit_once("/track").unwrap().1);
    for score in ["1", "2", "3"] {
        exchange(publisher.http, "GET", &path, &[], b"").expect_status(200);
        assert_eq!(publisher.get("/v4/profile/1")["fields"]["score"], score);
        publisher.stop();
        publisher = Publisher::start_in(data.path());
    }
}

#[test]
fn links_are_listed_shown_and_removed() {
    let publisher = Publisher::start();
    publisher.profile("Mike");
    let make = |body: &Value| publisher.call("POST", LINKS, Some(body)).expect_status(201).json();
    let first = make(&json!({"profile": 1, "kind": "click", "url": "http://a.example/", "mailing": 5}));
    let second = make(&json!({"profile": 1, "kind": "open", "script": "1"}));
    let keys: Vec<_> = first.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["id", "kind", "profile", "link", "url", "script", "created", "followed", "last_error", "mailing"];
    assert_eq!(keys, expected);
    assert_eq!((&first["profile"], &first["mailing"]["ID"], &first["script"]), (&json!(1), &json!(5), &Value::Null));
    assert_ne!(first["link"], make(&json!({"profile": 1, "kind": "click"}))["link"]);
    assert_eq!(publisher.get("/mock/v1/links/1"), first);
    let list = publisher.get("/mock/v1/links?after=1&limit=1");
    assert_eq!((&list["links"], &list["next"]), (&json!([second]), &json!(2)));

    publisher.delete("/mock/v1/links/1");
    let gone = first["link"].as_str().unwrap().rsplit_once("/track").unwrap().1;
    let error = |method: &str, path: &str, status| {
        publisher.call(method, path, None).expect_status(status).json()["error"]["code"].clone()
    };
    assert_eq!(error("GET", "/mock/v1/links/1", 404), "not_found");
    assert_eq!(error("DELETE", "/mock/v1/links/1", 404), "not_found");
    assert_eq!(error("GET", "/mock/v1/links/x", 400), "bad_request");
    // The one that is removed, one of the other kind, and some that never were.
    let open = second["link"].as_str().unwrap().rsplit_once("/track").unwrap().1;
    for path in [
        gone,
        &open.replace("open", "click"),
        open.strip_suffix(".gif").unwrap(),
        "/click/x",
        "/open/.gif",
        "/open/%ff",
    ] {
        exchange(publisher.http, "GET", &format!("/track{path}"), &[], b"").expect_status(404);
    }
    exchange(publisher.http, "POST", &format!("/track{open}"), &[], b"").expect_status(405);
}

#[test]
fn what_cannot_be_a_link_or_a_handler_is_refused_with_a_reason() {
    let publisher = Publisher::start();
    publisher.profile("Mike");
    let handler = "/mock/v1/database/1/handlers/click";
    let long = "x".repeat(70_000);
    for (method, path, body, status, reason) in [
        ("POST", LINKS, json!({"profile": 1}), 400, "missing field `kind`"),
        ("POST", LINKS, json!({"kind": "click"}), 400, "say for whom the link is"),
        ("POST", LINKS, json!({"kind": "click", "profile": 1, "subprofile": 1}), 400, "say for whom"),
        ("POST", LINKS, json!({"kind": "click", "profile": "x"}), 400, "expected i64"),
        ("POST", LINKS, json!({"kind": "click", "profile": 2}), 404, "no profile 2"),
        ("POST", LINKS, json!({"kind": "click", "subprofile": 1}), 404, "no subprofile 1"),
        ("POST", LINKS, json!({"kind": "bounce", "profile": 1}), 400, "`kind` must be `click` or `open`"),
        ("POST", LINKS, json!({"kind": "open", "profile": 1, "url": "http://a/"}), 400, "only a `click` leads"),
        (
            "POST",
            LINKS,
            json!({"kind": "click", "profile": 1, "url": "javascript:alert(1)"}),
            400,
            "`http://` or `https://`",
        ),
        (
            "POST",
            LINKS,
            json!({"kind": "click", "profile": 1, "script": "if ("}),
            400,
            "no JavaScript that can run: line 1",
        ),
        ("POST", LINKS, json!({"kind": "click", "profile": 1, "script": long}), 400, "70000 bytes"),
        ("POST", LINKS, json!({"kind": "click", "profile": 1, "mailing": [1]}), 400, "`mailing` must be a number"),
        ("POST", LINKS, json!({"kind": "click", "profile": 1, "scripts": "1"}), 400, "unknown field `scripts`"),
        ("POST", LINKS, json!({"kind": "click", "profile": 1, "script": "x".repeat(300_000)}), 413, ""),
        ("PUT", handler, json!({}), 400, "missing field `script`"),
        ("PUT", handler, json!({"script": 1}), 400, "expected a string"),
        ("PUT", handler, json!({"script": "}"}), 400, "line 1"),
        ("PUT", "/mock/v1/database/9/handlers/click", json!({"script": ""}), 404, "no database `9`"),
        ("PUT", "/mock/v1/database/1/handlers/copy", json!({"script": ""}), 400, "use click, open, failure or bounce"),
        ("GET", "/mock/v1/database/9/handlers", Value::Null, 404, "no database `9`"),
    ] {
        let answer = publisher.call(method, path, Some(&body)).expect_status(status).json();
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{method} {path} {body}: {message}");
    }
    let answer = publisher.send("POST", LINKS, "text/plain", b"{}").expect_status(415).json();
    assert_eq!(answer["error"]["code"], "unsupported_media_type");
    for path in [LINKS, "/mock/v1/links/1", "/mock/v1/database/1/handlers"] {
        let answer = exchange(publisher.http, "GET", path, &[], b"").expect_status(401);
        assert_eq!(answer.json()["error"]["code"], "unauthorized");
    }
}
