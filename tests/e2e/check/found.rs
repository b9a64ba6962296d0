//! No false alarm on receivers that are correct, and every mistake found.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::mistakes::MISTAKES;
use super::receiver::Careless;
use super::{checked, not_passed};
use crate::support::{Example, mock_publisher, own_address, run};

/// What takes seconds is left to receivers whose mistake it is made for.
const SLOW: [&str; 8] = [
    "resources",
    "unavailable/timeout",
    "unavailable/truncated-only",
    "replay/after-others",
    "replay/after-a-while",
    "key-record/revoked-after-its-time",
    "unavailable/recovered",
    "accepts/known-key-past-its-time-while-dns-fails",
];

#[test]
fn a_receiver_that_shares_no_code_with_the_verifier_passes_whole() {
    let receiver = Careless::start(None);
    let (report, status) = checked(&receiver, &["--any-body", "--short-ttl"]);
    assert_eq!(not_passed(&report), Vec::<String>::new());
    assert_eq!(status, 0);
}

/// Those of the library's examples, each as it stands.
#[test]
fn the_receivers_of_the_library_pass_whole() {
    for (name, number) in [("axum", 20), ("hyper", 21), ("queue", 22)] {
        let name_server = SocketAddr::new(own_address(number).ip(), 7053);
        let receiver = Example::start(name, number, name_server, &[]);
        let (url, dns) = (format!("http://{}/hook", receiver.address), name_server.to_string());
        let folder = TempDir::new().unwrap();
        let outcome =
            run(mock_publisher(folder.path()).args(["check", &url, "--dns", &dns, "--strict"])).expect_status(0);
        assert!(outcome.text().contains(" passed, 5 skipped"), "{}", outcome.text());
    }
}

/// Each mistake is found by the vectors that were made to find it, and those that loosen nothing cost no honest callback. What
/// found what is in a table in the documents; `UPDATE_DOCS=1` writes it.
#[test]
fn every_mistake_is_found() {
    let rows = Mutex::new(vec![None; MISTAKES.len()]);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some((mistake, _, made_for_it)) = MISTAKES.get(n) else { break };
                    let receiver = Careless::start(Some(*mistake));
                    let is_wanted = |slow: &&str| made_for_it.iter().any(|id| id.starts_with(slow));
                    let skipped: Vec<&str> = SLOW.into_iter().filter(|slow| !is_wanted(slow)).collect();
                    let arguments = ["--skip", &skipped.join(","), "--any-body", "--short-ttl"];
                    let (report, status) = checked(&receiver, &arguments);
                    rows.lock().unwrap()[n] = Some((not_passed(&report), status));
                }
            });
        }
    });
    let rows: Vec<_> = rows.into_inner().unwrap().into_iter().map(Option::unwrap).collect();
    let mut surprises = Vec::new();
    for ((mistake, _, made_for_it), (found, status)) in MISTAKES.iter().zip(&rows) {
        let missing: Vec<_> = made_for_it.iter().filter(|id| !found.iter().any(|found| found == *id)).collect();
        if !missing.is_empty() || found.is_empty() || *status != 1 {
            surprises.push(format!("{mistake:?} ({status}) is not found by {missing:?}, but by {found:?}"));
        }
    }
    assert!(surprises.is_empty(), "\n{}", surprises.join("\n"));
    let table = table(rows.iter().map(|(found, _)| found.as_slice()));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mock-publisher/docs/check-mistakes.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), table, "run it with UPDATE_DOCS=1 if this is right");
}

/// A line for each mistake, a column for each class that found it.
fn table<'a>(rows: impl Iterator<Item = &'a [String]>) -> String {
    let found: Vec<BTreeSet<&str>> =
        rows.map(|found| found.iter().map(|id| id.split('/').next().unwrap()).collect()).collect();
    let classes: BTreeSet<&str> = found.iter().flatten().copied().collect();
    let mut text = "# Mistakes, and what finds them\n\nReceivers that are correct but for one mistake each, and the classes of `mock-publisher check` that \
                    find it. The end-to-end tests\nmake this table; they also hold that each mistake is found by the vectors that were made for it.\n\n"
        .to_owned();
    let heading: Vec<String> = classes.iter().map(|class| format!(" {class} |")).collect();
    text.push_str(&format!("| a receiver that |{}\n| --- |{}\n", heading.concat(), " --- |".repeat(classes.len())));
    for ((_, words, _), found) in MISTAKES.iter().zip(&found) {
        let cells: Vec<&str> = classes.iter().map(|class| if found.contains(class) { " x |" } else { " |" }).collect();
        text.push_str(&format!("| {words} |{}\n", cells.concat()));
    }
    text
}
