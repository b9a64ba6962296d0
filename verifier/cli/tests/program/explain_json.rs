//! `explain --json` against the schema that `explain --schema` prints.

use serde_json::{Value, json};

use crate::explain::{explain, explain_by_dns};
use crate::name_server::{self, Answer, SERVER_FAILURE};
use crate::run;
use crate::signed::{BODY, Callback, replaced};

fn schema() -> Value {
    run(&["explain", "--schema"], b"").expect(0).json()
}

#[test]
fn the_schema_is_one() {
    jsonschema::draft202012::meta::validate(&schema()).unwrap();
}

#[test]
fn every_kind_of_outcome_is_as_the_schema_says() {
    let schema = schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let signed = Callback::new().sign();
    let change = |old: &str, new: &str| replaced(&signed, old, new);
    let length = format!("Content-Length: {}", BODY.len());
    let longer = |body: &str| replaced(&change(BODY, body), &length, &format!("Content-Length: {}", body.len()));
    let failing = name_server::start(Answer::Code(SERVER_FAILURE));
    for (run, verdict, codes) in [
        (explain(&signed, &["--json"]), "verified", json!([])),
        (explain(&change("/hook", "/a/hook"), &["--json"]), "refused", json!(["target_prefix_added"])),
        (explain(&change("POST ", "PUT "), &["--json"]), "refused", json!(["method"])),
        (explain(&change("hooks.example.com\r\n", "a:81\r\n"), &["--json"]), "refused", json!(["host"])),
        (explain(&change("Content-Type: application/json\r\n", ""), &["--json"]), "refused", json!(["header_dropped"])),
        (explain(&longer(&BODY.replace(':', ": ")), &["--json"]), "refused", json!(["body_reserialised"])),
        (explain(&change("rsa-sha256", "hs2019"), &["--json"]), "refused", json!(["policy_hs2019"])),
        (explain(&Callback::new().with("Host", "b:82").sign(), &["--json"]), "refused", json!(["policy_host"])),
        (
            explain(&Callback::new().with("X-Copernica-ID", "account_7").sign(), &["--json"]),
            "refused",
            json!(["policy_account"]),
        ),
        (
            explain(&Callback::new().with("Date", "Mon, 23 Nov 2026 06:15:00 GMT").sign(), &["--json"]),
            "refused",
            json!(["clock"]),
        ),
        (explain(&change("X-Nonce: n0nce", "X-Nonce: other"), &["--json"]), "refused", json!([])),
        (explain(&change("Signature:", "X:"), &["--json"]), "refused", json!([])),
        (explain(b"POST / HTTP/1.1\r\n\r\n", &["--json"]), "refused", json!([])),
        (explain_by_dns(&signed, &failing, &["--json"]), "temporary", json!([])),
    ] {
        let value = run.json();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?} in {value:#}");
        let found = value["findings"].as_array().unwrap().iter().map(|finding| finding["changes"][0]["code"].clone());
        assert_eq!((&value["verdict"], Value::from_iter(found)), (&json!(verdict), codes), "{value:#}");
    }
}

#[test]
fn the_schema_refuses_what_is_not_so() {
    let schema = schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let good = explain(&Callback::new().sign(), &["--json"]).expect(0).json();
    assert!(validator.is_valid(&good));
    for (pointer, bad) in
        [("/verdict", json!("maybe")), ("/steps/3/outcome", json!("fine")), ("/steps", json!([])), ("/step", json!(13))]
    {
        let mut value = good.clone();
        *value.pointer_mut(pointer).unwrap() = bad;
        assert!(!validator.is_valid(&value), "{pointer}");
    }
}

#[test]
fn the_signing_string_can_be_checked_by_other_means() {
    let value = explain(&Callback::new().sign(), &["--json"]).expect(0).json();
    let lines = value["signing_string"]["lines"].as_array().unwrap();
    assert_eq!(lines[0], json!({"name": "(request-target)", "value": "post /hook?x=1"}));
    assert_eq!((lines.len(), &value["format"], &value["notes"]), (8, &json!("http"), &json!([])));
}
