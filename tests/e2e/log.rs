//! The delivery log of the control API, and what it gives to the verifier.

use serde_json::{Value, json};

use crate::support::{Publisher, Receiver, run_with_input, verifier};

#[test]
fn the_delivery_log_tells_what_was_sent_and_answered() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let callback = publisher.callback(&receiver.url("/hook"));
    for _ in 0..3 {
        publisher.profile("Mike");
    }
    let log = publisher.settled(3);
    for (index, delivery) in log.iter().enumerate() {
        assert_eq!(delivery["id"], index + 1);
        assert_eq!(delivery["callback"], callback);
        assert_eq!(delivery["profile"], index + 1);
        let told = ["trigger", "action", "url", "method", "state", "answer"].map(|key| delivery[key].as_str().unwrap());
        assert_eq!(told, ["rest", "create", &receiver.url("/hook"), "json", "delivered", "seen"]);
        assert_eq!((&delivery["status"], &delivery["error"]), (&json!(200), &Value::Null));
        assert!(delivery["started"].is_u64() && delivery["micros"].is_u64(), "{delivery}");
        let mut alone = publisher.get(&format!("/mock/v1/deliveries/{}", index + 1));
        let alone_only = ["request_base64", "history"].map(|key| alone.as_object_mut().unwrap().remove(key).unwrap());
        assert!(alone_only[0].is_string() && alone_only[1].as_array().is_some_and(|attempts| attempts.len() == 1));
        assert_eq!(&alone, delivery);
    }
    for (query, ids, next) in [
        ("?limit=2", vec![1, 2], 2),
        ("?after=2&limit=2", vec![3], 3),
        ("?after=3", vec![], 3),
        ("?limit=0", vec![], 0),
    ] {
        let part = publisher.get(&format!("/mock/v1/deliveries{query}"));
        let found: Vec<_> = part["deliveries"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
        assert_eq!((found, &part["next"]), (ids.into_iter().map(Value::from).collect(), &json!(next)), "{query}");
    }
}

#[test]
fn the_control_api_says_what_is_wrong_with_a_call() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    receiver.hold();
    publisher.callback(&receiver.url("/hook"));
    publisher.profile("Mike");
    publisher.put("/v4/profile/1", &json!({"fields": {"name": "Mick"}}));
    for (method, path, status, code, part) in [
        ("GET", "/mock/v1/deliveries/9", 404, "not_found", "no delivery 9"),
        ("GET", "/mock/v1/deliveries/x", 400, "bad_request", "the number of a delivery"),
        ("GET", "/mock/v1/deliveries?after=x", 400, "bad_request", "after"),
        ("GET", "/mock/v1/deliveries?limit=-1", 400, "bad_request", "limit"),
        ("GET", "/mock/v1/deliveries/2/request", 409, "not_attempted", "delivery 2 has not been attempted yet"),
        ("GET", "/mock/v1/nothing", 404, "not_found", "nothing at this path"),
        ("DELETE", "/mock/v1/deliveries", 405, "method_not_allowed", "does not know that method"),
    ] {
        let error = publisher.call(method, path, None).expect_status(status).json()["error"].clone();
        assert_eq!(error["code"], code, "{path}");
        assert!(error["message"].as_str().unwrap().contains(part), "{path}: {error}");
    }
}

#[test]
fn a_logged_request_can_be_piped_into_the_verifier() {
    for method in ["json", "xml"] {
        let publisher = Publisher::start();
        let receiver = Receiver::of(&publisher);
        publisher
            .post("/v4/database/customers/callbacks", &json!({"url": receiver.url("/hook?x=1"), "method": method}));
        publisher.profile("Mike");
        publisher.settled(1);
        let request = publisher.call("GET", "/mock/v1/deliveries/1/request", None).expect_status(200).body;
        let (host, dns) = (receiver.address.to_string(), publisher.dns.to_string());
        let verify = |request: &[u8]| {
            let mut command = verifier(publisher.folder.path());
            command.args(["verify", "-", "--account", "1234", "--host", &host, "--nameserver", &dns]);
            run_with_input(&mut command, request)
        };
        let delivery = publisher.call("GET", "/mock/v1/deliveries/1", None).expect_status(200).body;
        let mut command = verifier(publisher.folder.path());
        command.args(["explain", "--account", "1234", "--host", &host, "--nameserver", &dns]);
        let explained = run_with_input(&mut command, &delivery).expect_status(0).text();
        assert!(explained.starts_with("verified\n"), "{explained}");
        let said = verify(&request).expect_status(0).text();
        assert!(said.contains("verified") && said.contains(&publisher.key_id), "{said}");
        let tampered = String::from_utf8(request).unwrap().replace("Mike", "Mick");
        let refused = verify(tampered.as_bytes()).expect_status(1);
        assert!(refused.text().contains("digest_mismatch"), "{refused:?}");
    }
}

#[test]
fn what_is_misspelt_and_therefore_ignored_is_named_in_the_log() {
    let publisher = Publisher::start();
    let body = json!({"url": "http://127.0.0.1:9/", "expresion": "false", "ID": "7"});
    publisher.post("/v4/database/customers/callbacks", &body);
    publisher.post("/v4/database/customers/copy", &json!({"name": "copied", "options": {"colections": false}}));
    let log = publisher.log();
    for part in [
        "a callback has no such member, so it is ignored member=\"expresion\"",
        "a copy has no such option, so it is ignored option=\"colections\"",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert_eq!(log.matches("so it is ignored").count(), 2, "{log}");
}
