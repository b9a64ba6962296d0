//! `mock-publisher demo`, as a newcomer runs it.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{mock_publisher, run};

#[test]
fn it_shows_the_whole_way_of_a_callback_and_leaves_nothing_behind() {
    let (here, temporary) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut command = mock_publisher(here.path());
    let begun = Instant::now();
    let outcome = run(command.arg("demo").env("TMPDIR", temporary.path()).env("HOME", here.path())).expect_status(0);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(normalised(&outcome.text()), include_str!("demo.txt"));
    assert_eq!(outcome.err, "");
    for folder in [here.path(), temporary.path()] {
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "{}", folder.display());
    }
}

#[test]
fn it_needs_neither_the_usual_ports_nor_to_be_alone() {
    // If somebody else has them, they are taken as well.
    let _taken =
        [7070, 7053].map(|port| (TcpListener::bind(("127.0.0.1", port)), UdpSocket::bind(("127.0.0.1", port))));
    let folder = TempDir::new().unwrap();
    let demo = |folder: &Path| normalised(&run(mock_publisher(folder).arg("demo")).expect_status(0).text());
    std::thread::scope(|scope| {
        let both = [scope.spawn(|| demo(folder.path())), scope.spawn(|| demo(folder.path()))];
        for shown in both {
            assert_eq!(shown.join().unwrap(), include_str!("demo.txt"));
        }
    });
}

/// The output without what differs from run to run: ports, token, month, times.
fn normalised(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" ")).collect();
    lines.join("\n") + "\n"
}

fn word(word: &str) -> String {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((host, port)) = word.rsplit_once(':').filter(|(_, port)| digits(port)) {
        assert!(host.ends_with("127.0.0.1") && port != "0", "{word}");
        return format!("{host}:PORT");
    }
    if word.len() == 48 && word.bytes().all(|b| b.is_ascii_hexdigit()) {
        return "TOKEN".to_owned();
    }
    if let Some((month, zone)) = word.split_once("._domainkey.") {
        assert!(month.len() == 7 && month.bytes().all(|b| b.is_ascii_digit() || b == b'-'), "{word}");
        return format!("MONTH._domainkey.{zone}");
    }
    // How old the stale one is, in seconds, depends on how busy the machine is.
    if word.strip_prefix("(36").is_some_and(digits) {
        return "(N".to_owned();
    }
    match word.split_once('.') {
        Some((whole, fraction)) if digits(whole) && digits(fraction) => "N".to_owned(),
        _ => word.to_owned(),
    }
}
