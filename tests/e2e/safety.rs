//! What must not happen: a web page that drives the publisher, a call that leaves for production, a secret that shows.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Receiver, exchange, exchange_raw, mock_publisher, run, silent, wait_for};

const PATHS: [&str; 5] = ["/v4/database/customers/profiles", "/mock/v1/deliveries", "/livez", "/readyz", "/"];

#[test]
fn only_this_machine_may_name_the_server() {
    let publisher = Publisher::start();
    let (port, token) = (publisher.http.port(), &publisher.token);
    let other_port = if port == 7 { 8 } else { 7 };
    for (lines, complaint) in [
        (format!("Host: 127.0.0.1:{port}"), None),
        (format!("Host: LOCALHOST:{port}"), None),
        (format!("Host: [::1]:{port}"), None),
        (format!("Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}"), None),
        (format!("Host: 127.0.0.1:{port}\r\nOrigin: http://localhost:{port}"), None),
        ("X-Nothing: 1".to_owned(), Some("`Host` does not name this server")),
        ("Host: evil.test".to_owned(), Some("`Host` does not name this server")),
        (format!("Host: evil.test:{port}"), Some("`Host` does not name this server")),
        (format!("Host: localhost.evil.test:{port}"), Some("`Host` does not name this server")),
        (format!("Host: 127.0.0.1:{port}@evil.test"), Some("`Host` does not name this server")),
        ("Host: 127.0.0.1".to_owned(), Some("`Host` does not name this server")),
        (format!("Host: 127.0.0.1:{other_port}"), Some("`Host` does not name this server")),
        (format!("Host: 127.0.0.1:{port}\r\nHost: evil.test"), Some("`Host` does not name this server")),
        (format!("Host: 127.0.0.1:{port}\r\nOrigin: http://evil.test"), Some("`Origin` is another site")),
        (format!("Host: 127.0.0.1:{port}\r\nOrigin: https://127.0.0.1:{port}"), Some("`Origin` is another site")),
        (format!("Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{other_port}"), Some("`Origin` is another site")),
        (format!("Host: 127.0.0.1:{port}\r\nOrigin: null"), Some("`Origin` is another site")),
        (format!("Host: 127.0.0.1:{port}\r\nOrigin:"), Some("`Origin` is another site")),
    ] {
        for path in PATHS {
            let head =
                format!("GET {path} HTTP/1.1\r\n{lines}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
            let answer = exchange_raw(publisher.http, &head, b"");
            match complaint {
                None => assert_eq!(answer.status, 200, "{lines} {path}: {}", answer.text()),
                Some(complaint) => {
                    assert_eq!(answer.status, 403, "{lines} {path}: {}", answer.text());
                    assert!(answer.text().contains(complaint), "{lines} {path}: {}", answer.text());
                }
            }
            for open in ["access-control-allow-origin", "access-control-allow-headers"] {
                assert_eq!(answer.header(open), None, "{lines} {path}");
            }
        }
    }
}

#[test]
fn the_apis_need_the_token_and_the_probes_do_not() {
    let publisher = Publisher::start();
    for (path, body) in [("/livez", "alive\n"), ("/readyz", "ready\n")] {
        assert_eq!(exchange(publisher.http, "GET", path, &[], b"").expect_status(200).text(), body);
    }
    for (path, status) in [("/v4/profile/1", 400), ("/v4/nothing", 400)] {
        exchange(publisher.http, "GET", path, &[], b"").expect_status(status);
    }
    for path in ["/mock/v1/deliveries", "/mock/v1/deliveries/1/request", "/mock/v1/nothing"] {
        let answer =
            exchange(publisher.http, "GET", path, &[("Authorization", "Bearer wrong")], b"").expect_status(401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path}");
        let error = answer.json()["error"].clone();
        assert_eq!(error["code"], "unauthorized", "{path}");
        assert!(error["message"].as_str().unwrap().contains("`Authorization: Bearer TOKEN`"), "{path}: {error}");
    }
    let in_query = format!("/mock/v1/deliveries?access_token={}", publisher.token);
    exchange(publisher.http, "GET", &in_query, &[], b"").expect_status(200);
}

#[test]
fn it_listens_on_this_machine_only() {
    for (flag, address) in [
        ("--listen", "0.0.0.0:0"),
        ("--listen", "192.0.2.1:0"),
        ("--listen", "[::]:0"),
        ("--listen", "[::ffff:192.0.2.1]:0"),
        ("--dns", "0.0.0.0:0"),
        ("--dns", "10.0.0.1:0"),
    ] {
        let folder = TempDir::new().unwrap();
        let others = if flag == "--dns" { "--listen" } else { "--dns" };
        let mut command = mock_publisher(folder.path());
        command.args(["serve", "--in-memory", flag, address, others, "127.0.0.1:0"]);
        run(&mut command).expect_failure(1, &["is not a loopback address", &format!("`{address}`")]);
    }
}

#[test]
fn each_way_to_fail_has_a_class() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let (_socket, silent) = silent();
    let (closing, babbling) = (answering(b""), answering(b"SSH-2.0-nothing\r\n"));
    let unresolvable = format!("http://{}.invalid/", "x".repeat(64));
    let url = |path| receiver.url(path);
    let table = [
        ("http://203.0.113.9/".to_owned(), None, "target_refused", "allow it with `--allow-target 203.0.113.9`"),
        (
            "http://203.0.113.9:8080/".to_owned(),
            None,
            "target_refused",
            "neither on this machine nor on a private network",
        ),
        ("http://[::ffff:203.0.113.9]/".to_owned(), None, "target_refused", "allow it with"),
        ("http://169.254.169.254/latest".to_owned(), None, "target_refused", "allow it with"),
        ("http://0.0.0.0:1/".to_owned(), None, "target_refused", "allow it with"),
        (unresolvable, None, "dns_error", "could not be resolved"),
        (format!("http://{silent}/"), None, "connection_refused", "nobody listens there"),
        (format!("http://{closing}/"), None, "connection_reset", "the connection broke"),
        (format!("http://{babbling}/"), None, "protocol_error", "the answer is not HTTP"),
        (url("/redirect"), Some(302), "redirect_refused", "302 Found"),
        (url("/answer/304"), Some(304), "redirect_refused", "304"),
        (url("/answer/400"), Some(400), "http_4xx", "400 Bad Request"),
        (url("/answer/404"), Some(404), "http_4xx", "404 Not Found"),
        (url("/answer/410"), Some(410), "http_4xx", "410 Gone"),
        (url("/answer/500"), Some(500), "http_5xx", "500 Internal Server Error"),
        (url("/answer/503"), Some(503), "http_5xx", "503"),
    ];
    for (url, ..) in &table {
        publisher.callback(url);
    }
    publisher.profile("Mike");
    for ((url, status, error, detail), delivery) in table.iter().zip(publisher.settled(table.len())) {
        assert_eq!((&delivery["url"], &delivery["state"]), (&json!(url), &json!("failed")));
        assert_eq!((&delivery["error"], &delivery["status"]), (&json!(error), &json!(status)), "{delivery:#}");
        assert!(delivery["error_detail"].as_str().unwrap().contains(detail), "{delivery:#}");
    }
    // Each of the seven that were reached was reached once: no redirect was followed, nothing was sent again.
    let reached: Vec<_> = (0..7).map(|_| receiver.next_verified().request).collect();
    assert!(!reached.iter().any(|request| request.contains("elsewhere")), "{reached:?}");
    receiver.expect_nothing_more();
}

#[test]
fn every_status_between_200_and_299_is_success() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let statuses = [200, 201, 202, 204, 299];
    for status in statuses {
        publisher.callback(&receiver.url(&format!("/answer/{status}")));
    }
    publisher.profile("Mike");
    for (status, delivery) in statuses.into_iter().zip(publisher.settled(statuses.len())) {
        assert_eq!((&delivery["state"], &delivery["status"]), (&json!("delivered"), &json!(status)));
    }
}

/// A server that says one thing to the first who comes, and closes.
fn answering(words: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // The request is read first, so that the answer is not lost in a reset.
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(words);
    });
    address
}

#[test]
fn a_receiver_that_never_answers_is_given_up_after_ten_seconds() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    publisher.callback(&receiver.url("/never"));
    publisher.profile("Mike");
    let delivery = &publisher.settled(1)[0];
    assert_eq!((&delivery["state"], &delivery["error"]), (&json!("failed"), &json!("timeout_response")), "{delivery}");
    assert_eq!((&delivery["error_detail"], &delivery["status"]), (&json!("no answer within 10 s"), &Value::Null));
    let micros = delivery["micros"].as_u64().unwrap();
    assert!((9_900_000..14_000_000).contains(&micros), "{micros}");
}

#[test]
fn a_host_that_is_a_name_is_judged_by_its_address() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    let host = format!("localhost:{}", receiver.address.port());
    publisher.callback(&format!("http://{host}/"));
    publisher.profile("Mike");
    assert_eq!(receiver.next().header("host"), host);
}

#[cfg(unix)]
#[test]
fn what_is_secret_belongs_to_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let parent = TempDir::new().unwrap();
    let data = parent.path().join("data");
    let publisher = Publisher::start_in(&data);
    publisher.profile("Mike");
    let key = publisher.key_id.split('.').next().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (path, expected) in [
        (data.join("keys"), 0o700),
        (data.join(format!("keys/{key}.pem")), 0o600),
        (data.join("access_token"), 0o600),
        (data.join("ready.json"), 0o600),
        (publisher.folder.path().join("ready.json"), 0o600),
    ] {
        wait_for("a file", || path.exists().then_some(()));
        assert_eq!(mode(&path), expected, "{}: {:o}", path.display(), mode(&path));
    }
}

#[test]
fn no_secret_is_logged() {
    let data = TempDir::new().unwrap();
    for level in ["", "trace"] {
        let publisher = Publisher::start_as(|command| {
            command.args(["serve", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ready-file", "ready.json"]);
            command.arg("--data").arg(data.path());
            if !level.is_empty() {
                command.env("RUST_LOG", level);
            }
        });
        let receiver = Receiver::of(&publisher);
        let callback = publisher.callback(&receiver.url("/"));
        publisher.profile("Mike");
        receiver.next_verified();
        exchange(publisher.http, "GET", &format!("/v4/profile/1?access_token={}", publisher.token), &[], b"");
        publisher.call("POST", "/v4/database/customers/profiles", Some(&json!([publisher.token])));
        exchange(publisher.http, "GET", "/v4/profile/1?access_token=almost", &[], b"").expect_status(400);
        publisher.delete(&format!("/v4/callback/{callback}"));
        let key = publisher.key_id.split('.').next().unwrap();
        let pem = fs::read_to_string(data.path().join(format!("keys/{key}.pem"))).unwrap();
        let log = wait_for("the log", || Some(publisher.log()).filter(|log| log.contains("attempted")));
        let banner = wait_for("the banner", || Some(publisher.banner()).filter(|text| text.contains(&publisher.token)));
        assert!(!log.contains(&publisher.token), "the token is in the log at `{level}`");
        for line in pem.lines() {
            assert!(!log.contains(line) && !banner.contains(line), "the private key is in the log at `{level}`");
        }
    }
}
