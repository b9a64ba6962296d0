//! The receivers of `verifier/examples`: they take what the publisher sends, and refuse what was tampered with.

use std::fs;
use std::time::SystemTime;

use callback_verifier::sign::PrivateKey;
use callback_verifier::wire::{CoveredHeaders, Digests, format_date};
use callback_verifier::{Header, RequestHead};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Example, Publisher, exchange_raw, mock_publisher, run, wait_for};

#[test]
fn the_receiver_on_axum_takes_genuine_callbacks_once() {
    takes_genuine_callbacks_once("axum", 1, 200);
}

#[test]
fn the_receiver_with_a_queue_takes_genuine_callbacks_once() {
    takes_genuine_callbacks_once("queue", 2, 202);
}

#[test]
fn the_receiver_on_plain_hyper_takes_genuine_callbacks_once() {
    takes_genuine_callbacks_once("hyper", 3, 204);
}

fn takes_genuine_callbacks_once(name: &str, number: u8, status: u16) {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let receiver = Example::start(name, number, publisher.dns, &[]);
    for method in ["json", "xml"] {
        let url = format!("http://{}/hook", receiver.address);
        publisher.post("/v4/database/customers/callbacks", &json!({"url": url, "method": method}));
    }
    let mike = json!({"fields": {"name": "Mike", "city": "Utrecht"}});
    publisher.post("/v4/database/customers/profiles", &mike);
    let deliveries = publisher.settled(2);
    assert!(deliveries.iter().all(|delivery| delivery["status"] == status), "{deliveries:#?}");
    receiver.says(&["create profile 1 Some(\"Utrecht\")"; 2]);

    let request = publisher.call("GET", "/mock/v1/deliveries/1/request", None).expect_status(200).text();
    let answered = |request: &str| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let head = format!("{head}\r\nConnection: close\r\n\r\n");
        exchange_raw(receiver.address, &head, body.as_bytes()).status
    };
    assert_eq!(answered(&request), 409, "the same bytes again");
    assert_eq!(answered(&request.replacen("/hook", "/hook?", 1)), 401, "another target");
    // Of one that was not handled yet.
    let url = format!("http://{}/hook", receiver.address);
    let mut send = mock_publisher(publisher.folder.path());
    let fresh = run(send.args(["send", "--print", &url, "--data"]).arg(data.path())).expect_status(0).text();
    assert_eq!(answered(&fresh.replace("Mike", "Mick")), 401, "another body");
    assert_eq!(answered(&fresh), status, "as it was signed");
    publisher.put("/v4/profile/1", &json!({"fields": {"city": "Breda"}}));
    receiver.says(&["update profile 1 Some(\"Breda\")"; 2]);
}

#[test]
fn a_body_that_outgrows_its_limit_is_too_large_for_every_receiver_also_when_its_length_was_not_told() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let pem = data.path().join(format!("keys/{}.pem", publisher.key_id.split('.').next().unwrap()));
    let key = PrivateKey::from_pem(&fs::read_to_string(pem).unwrap()).unwrap();
    for (name, number) in [("axum", 5), ("queue", 6), ("hyper", 7)] {
        let receiver = Example::start(name, number, publisher.dns, &[]);
        // Only so much of the body that it is too long. Nobody has to wait for the rest.
        let body = vec![b' '; 8 * 1024 * 1024 + 1];
        let mut lines = vec![
            ("Host", receiver.address.to_string()),
            ("Date", format_date(SystemTime::now())),
            ("X-Copernica-ID", "account_1234".to_owned()),
            ("Digest", format!("sha-256={}", Digests::sha256_base64(&body))),
            ("X-Nonce", format!("nonce-{number}")),
            ("Transfer-Encoding", "chunked".to_owned()),
            ("Connection", "close".to_owned()),
        ];
        let headers: Vec<_> = lines.iter().map(|(name, value)| Header::new(name, value.as_bytes())).collect();
        let covered = CoveredHeaders::parse("(request-target) host date x-copernica-id digest x-nonce").unwrap();
        let head = RequestHead::new("POST", "/hook", headers);
        lines.push(("Signature", key.sign_request(&head, &publisher.key_id.parse().unwrap(), &covered).unwrap()));
        let lines: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), &body].concat();
        let answer = exchange_raw(receiver.address, &format!("POST /hook HTTP/1.1\r\n{lines}\r\n"), &chunk);
        assert_eq!(answer.status, 413, "{name}: {}", receiver.log());
    }
}

#[test]
fn a_queue_that_is_full_loses_nothing() {
    let publisher = Publisher::start();
    let receiver = Example::start("queue", 4, publisher.dns, &[("QUEUE", "1")]);
    // Whatever the worker does meanwhile, each callback is either taken or answered with 503.
    publisher.callback(&format!("http://{}/hook", receiver.address));
    for n in 0..20 {
        publisher.profile(&format!("n{n}"));
    }
    let deliveries = publisher.settled(20);
    let taken = deliveries.iter().filter(|delivery| delivery["status"] == 202).count();
    let full = deliveries.iter().filter(|delivery| delivery["status"] == 503).count();
    assert_eq!(taken + full, 20, "{deliveries:#?}");
    wait_for("the worker to do what was taken", || (receiver.lines().len() == taken).then_some(()));
}
