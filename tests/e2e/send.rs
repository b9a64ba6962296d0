//! `mock-publisher send` and `mock-publisher keys`: callbacks without a server.

use std::path::Path;

use tempfile::TempDir;

use crate::support::{Outcome, Publisher, Receiver, mock_publisher, run, run_with_input, silent, verifier};

fn send(folder: &Path, arguments: &[&str]) -> Outcome {
    run(mock_publisher(folder).args(["send", "--data", "."]).args(arguments))
}

#[test]
fn a_receiver_that_finds_the_key_takes_what_was_sent() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let receiver = Receiver::of(&publisher);
    let hook = receiver.url("/hook?x=1");
    let said = send(data.path(), &[&hook]).expect_status(0).text();
    assert!(said.starts_with("200 OK   ") && said.ends_with(" ms\nseen\n"), "{said}");
    let received = receiver.next_verified();
    assert_eq!(received.request, "POST /hook?x=1");
    let sample = r#"{"id":"1","action":"create","fields":{"name":"Mike","email":"mike@example.com"},"interests":[]}"#;
    assert_eq!(received.text(), sample);

    let details = ["--action", "delete", "--id", "7", "--field", "a=b=c", "--field", "2nd=&", "--interest", "golf"];
    send(data.path(), &[&[hook.as_str()], &details[..]].concat()).expect_status(0);
    let told = r#"{"id":"7","action":"delete","fields":{"a":"b=c","2nd":"&"},"interests":["golf"]}"#;
    assert_eq!(receiver.next_verified().text(), told);
    send(data.path(), &[&[hook.as_str(), "--method", "xml"], &details[..]].concat()).expect_status(0);
    let told = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><profile><id>7</id><action>delete</action><fields><a>b=c</a>\
                <field name=\"2nd\">&amp;</field></fields><interests><interest>golf</interest></interests></profile>";
    assert_eq!(receiver.next_verified().text(), told);
}

#[test]
fn what_is_not_taken_has_status_1() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let receiver = Receiver::of(&publisher);
    for (path, account, said) in [
        ("/hook", "77", "401 Unauthorized"),
        ("/answer/500", "1234", "500 Internal Server Error"),
        ("/answer/410", "1234", "410 Gone"),
        ("/redirect", "1234", "302 Found"),
    ] {
        let out = send(data.path(), &[&receiver.url(path), "--account", account]).expect_status(1).text();
        assert!(out.starts_with(said), "{path}: {out}");
        receiver.next();
    }
    receiver.expect_nothing_more();
    let (_socket, silent) = silent();
    let nobody = format!("http://{silent}/");
    let not_reached = format!("`{nobody}` was not reached: nobody listens there");
    send(data.path(), &[&nobody]).expect_failure(1, &[&not_reached]);
    let far = ["`http://203.0.113.9/` was not reached", "allow it with `--allow-target 203.0.113.9`"];
    send(data.path(), &["http://203.0.113.9/"]).expect_failure(1, &far);
    for host in ["http://203.0.113.9", "203.0.113.9:80"] {
        let no_host = send(data.path(), &["http://203.0.113.9/", "--allow-target", host]);
        no_host.expect_failure(2, &["expected the name or the address of a host"]);
    }
}

#[test]
fn a_printed_request_is_what_the_verifier_takes_with_the_printed_key() {
    for arguments in [&[][..], &["--wire", "documented"], &["--zone", "example.test"], &["--account", "1234"]] {
        let data = TempDir::new().unwrap();
        let printed = send(data.path(), &[&["http://hooks.example.com/a?b=c", "--print"], arguments].concat());
        let request = printed.expect_status(0).out;
        let mut keys = mock_publisher(data.path());
        let identity = if arguments.contains(&"--account") { &[] } else { arguments };
        let pem = run(keys.args(["keys", "record", "--pem", "--data", "."]).args(identity)).expect_status(0).text();
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
        std::fs::write(data.path().join("key.pem"), pem).unwrap();
        let verify = |request: &[u8], more: &[&str]| {
            let mut command = verifier(data.path());
            command.args(["verify", "-", "--account", "1234", "--host", "hooks.example.com", "--key", "key.pem"]);
            if arguments.contains(&"--zone") {
                command.args(["--zone", "example.test"]);
            }
            run_with_input(command.args(more), request)
        };
        verify(&request, &[]).expect_status(0);
        let json = verify(&request, &["--json"]).expect_status(0).text();
        assert!(json.contains("\"verified\"") && json.contains("account_1234"), "{json}");
        let tampered = String::from_utf8(request).unwrap().replace("Mike", "Mick");
        let refused = verify(tampered.as_bytes(), &[]).expect_status(1).text();
        assert!(refused.contains("digest_mismatch"), "{refused}");
    }
}

#[test]
fn a_key_pair_is_made_once() {
    let data = TempDir::new().unwrap();
    let keys = |command| run(mock_publisher(data.path()).args(["keys", command, "--data", "."]));
    for command in ["list", "record"] {
        keys(command).expect_failure(1, &["no key pair is kept in `./keys`", "`mock-publisher send` make one"]);
    }
    let print = || send(data.path(), &["http://127.0.0.1/", "--print"]).expect_status(0).text();
    assert!(print().starts_with("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"));
    let list = keys("list").expect_status(0).text();
    let name = list.strip_suffix("   RSA-2048   signs\n").unwrap();
    assert!(name.ends_with("._domainkey.copernica.com"), "{list}");
    assert!(print().contains(&format!("keyId=\"{name}\"")));
    assert_eq!(keys("list").text(), list);
    // A server with the same data publishes that key.
    assert_eq!(Publisher::start_in(data.path()).key_id, name);
}
