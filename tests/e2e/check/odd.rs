//! Receivers that have no sense: what a check says of them, and that it comes to an end.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::receiver::Careless;
use super::{checked, not_passed};
use crate::support::{Outcome, mock_publisher, run, silent};

/// Answers each connection as it likes; the number of the connection is told, and nothing else is known of the request.
pub(super) fn odd(answer: impl Fn(usize) -> Option<&'static str> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (answer, count) = (Arc::new(answer), AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answer, n) = (Arc::clone(&answer), count.fetch_add(1, Ordering::Relaxed));
            std::thread::spawn(move || serve(stream, answer(n)));
        }
    });
    address
}

fn serve(mut stream: TcpStream, answer: Option<&'static str>) {
    let mut part = [0; 65_536];
    let _ = stream.read(&mut part);
    if let Some(answer) = answer {
        let _ = stream.write_all(answer.as_bytes());
        // Whoever hangs up with something unread may take the answer with it.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        while stream.read(&mut part).is_ok_and(|length| length > 0) {}
    }
}

fn check(address: SocketAddr, arguments: &[&str]) -> Outcome {
    let folder = TempDir::new().unwrap();
    let url = format!("http://{address}/hook");
    run(mock_publisher(folder.path()).args(["check", &url, "--dns", "127.0.0.1:0"]).args(arguments))
}

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn one_that_cannot_be_checked_is_told_why_first() {
    for (answer, parts) in [
        (
            "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
            &["it answers 401", "has NOT ASKED for the key", "nameserver"][..],
        ),
        ("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", &["it answers 500"]),
        ("HTTP/1.1 302 There\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", &["it answers 302", "It redirects"]),
        ("HTTP/1.1 404 Nothing\r\nContent-Length: 0\r\n\r\n", &["nothing that takes a POST at this path"]),
    ] {
        let said = check(odd(move |_| Some(answer)), &[]).expect_status(1).text();
        assert!(said.contains("It REFUSES EVERYTHING"), "{said}");
        parts.iter().for_each(|part| assert!(said.contains(part), "`{part}` is not in: {said}"));
        assert!(said.contains("0 passed, 390 skipped") && !said.contains("  accepts"), "{said}");
    }
    let (_socket, nobody) = silent();
    let said = check(nobody, &[]).expect_status(1).text();
    assert!(said.contains("It CANNOT BE CALLED: nobody listens there"), "{said}");
    let said = check(odd(|_| None), &[]).expect_status(1).text();
    assert!(said.contains("It CANNOT BE CALLED: the connection broke"), "{said}");
    let said = check(odd(|_| Some("SSH-2.0-x\r\n")), &[]).expect_status(1).text();
    assert!(said.contains("the answer is not HTTP"), "{said}");
}

/// Who reads reports only must not take it for a success.
#[test]
fn one_that_cannot_be_checked_is_in_all_reports() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let address = odd(|_| Some("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"));
    let outcome = check(address, &["--json", "--junit", &path("x.xml"), "--report", &path("x.html")]).expect_status(1);
    let report: serde_json::Value = serde_json::from_slice(&outcome.out).unwrap();
    assert!(report["diagnosis"].as_str().unwrap().starts_with("It REFUSES EVERYTHING"), "{}", report["diagnosis"]);
    assert_eq!(report["totals"]["passed"], 0);
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    assert!(read("x.xml").contains("failures=\"1\"") && read("x.xml").contains("It REFUSES EVERYTHING"));
    assert!(read("x.html").contains("It REFUSES EVERYTHING"));
}

#[test]
fn one_that_takes_everything_is_told_so_first() {
    let said = check(odd(|_| Some(OK)), &["--skip", "resources"]).expect_status(1).text();
    let (first, table) = (said.find("It ACCEPTS EVERYTHING").unwrap(), said.find("  unsigned").unwrap());
    assert!(first < table && said.matches("ACCEPTS EVERYTHING").count() == 1, "{said}");
    let words: Vec<&str> = said.split_whitespace().collect();
    let said = words.join(" ");
    for line in ["unsigned 0/7 FAIL", "body 0/14 FAIL", "FAIL unsigned/absent answered 200, must refuse"] {
        assert!(said.contains(line), "`{line}` is not in: {said}");
    }
}

/// A receiver that ends in the middle is no receiver that refuses.
#[test]
fn one_that_crashes_half_way_is_told_so() {
    let address = odd(|n| (n < 60).then_some(OK));
    let outcome = check(address, &["--skip", "resources", "--json"]).expect_status(1);
    let report: serde_json::Value = serde_json::from_slice(&outcome.out).unwrap();
    assert!(report["totals"]["skipped"].as_u64() > Some(150), "{}", report["totals"]);
    let text = outcome.text();
    assert!(text.contains("the receiver is gone since"), "{text}");
}

/// One that dies has not refused.
#[test]
fn one_that_dies_of_an_attack_fails_it() {
    let receiver = Careless::start(Some(super::mistakes::Mistake::DiesOfCompression));
    let (report, status) = checked(&receiver, &["--only", "accepts/update-profile-json,resources/compressed"]);
    assert_eq!((status, not_passed(&report)), (1, vec!["resources/compressed".to_owned()]), "{report}");
    assert!(report["diagnosis"].as_str().unwrap().starts_with("It is GONE since `resources/compressed`"), "{report}");
}

#[test]
fn a_slow_one_does_not_take_long() {
    let address = odd(|_| {
        std::thread::sleep(Duration::from_millis(250));
        Some(OK)
    });
    let begun = Instant::now();
    // What is large takes this machine long, and not the receiver.
    let said = check(address, &["--skip", "resources", "--patience", "1"]).expect_status(1).text();
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
    assert!(said.contains("accepts"), "{said}");
}

/// What refuses with 500 refuses by mistake: that is neither a pass nor a failure.
#[test]
fn an_error_of_the_receiver_is_an_error() {
    let receiver = Careless::start(Some(super::mistakes::Mistake::Panics));
    let (report, status) = checked(&receiver, &["--only", "unsigned,accepts/update-profile-json"]);
    assert_eq!(
        (status, &report["totals"]["errors"], &report["totals"]["failed"]),
        (1, &7.into(), &0.into()),
        "{report}"
    );
    assert!(not_passed(&report).contains(&"unsigned/absent".to_owned()));
}
