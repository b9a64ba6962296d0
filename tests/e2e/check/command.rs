//! What the command can be asked for: selections, exceptions, reports, exports.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::mistakes::Mistake;
use super::odd::{OK, odd};
use super::receiver::Careless;
use super::{checked, not_passed};
use crate::support::{Outcome, mock_publisher, run};

const URL: &str = "http://127.0.0.1:8080/hook";

fn command(folder: &Path, arguments: &[&str]) -> Outcome {
    run(mock_publisher(folder).arg("check").args(arguments))
}

fn valid(schema: &str, document: &Value) {
    let folder = TempDir::new().unwrap();
    let schema = command(folder.path(), &["--schema", schema]).expect_status(0).text();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<_> =
        schema.iter_errors(document).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn what_is_tried_can_be_chosen_and_listed() {
    let folder = TempDir::new().unwrap();
    let list = |arguments: &[&str]| {
        let text = command(folder.path(), &[&["--list"], arguments].concat()).expect_status(0).text();
        text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(list(&[]).len() >= 300, "{}", list(&[]).len());
    assert_eq!(list(&["--only", "unsigned/absent,unsigned/empty"]), ["unsigned/absent", "unsigned/empty"]);
    assert_eq!(list(&["--only", "unsigned", "--skip", "unsigned/absent"]).len(), 6);
    assert!(list(&["--profile", "vendor"]).len() < list(&[]).len());
    command(folder.path(), &["--list", "--only", "unsigned/x"])
        .expect_failure(2, &["there is no vector or class `unsigned/x`; `--list` names all"]);
    command(folder.path(), &["--list", "--only", "unsigned", "--skip", "unsigned"])
        .expect_failure(2, &["nothing is left to be tried"]);
    command(folder.path(), &[]).expect_failure(2, &["<URL>"]);
    command(folder.path(), &[URL, "--dns", "192.0.2.1:53"]).expect_failure(2, &["is not a loopback address"]);
    command(folder.path(), &[URL, "--https"]).expect_failure(2, &["has an `https://` URL"]);
    let guide = command(folder.path(), &[URL, "--setup", "--account", "7"]).expect_status(0).text();
    for part in [
        "account      7",
        "host         127.0.0.1:8080",
        "127.0.0.1:7053",
        "server=/copernica.com/evilcopernica.com/_domainkey-copernica.com/example/127.0.0.1#7053",
    ] {
        assert!(guide.contains(part), "`{part}` is not in: {guide}");
    }
}

#[test]
fn a_profile_leaves_matters_of_policy_open() {
    let receiver = Careless::start(Some(Mistake::AnyAlgorithm));
    let (report, status) = checked(&receiver, &["--only", "algorithm", "--profile", "vendor"]);
    assert_eq!((status, not_passed(&report).len()), (0, 0), "{report}");
    assert_eq!(report["totals"]["skipped"], 6, "{}", report["totals"]);
    let (report, status) = checked(&receiver, &["--only", "algorithm/called-none", "--profile", "vendor"]);
    assert_eq!((status, &report["totals"]["skipped"]), (1, &1.into()), "nothing was judged");
    let (report, _) = checked(&receiver, &["--only", "algorithm"]);
    assert_eq!(report["totals"]["failed"], 6, "{}", report["totals"]);
}

#[test]
fn a_receiver_may_be_called_otherwise_than_its_address() {
    let receiver = Careless::called(Some("hooks.example.com"), Some(Mistake::HostUnchecked));
    let only = ["--only", "accepts,place", "--host", "hooks.example.com", "--any-body"];
    let (report, _) = checked(&receiver, &only);
    assert!(not_passed(&report).contains(&"place/other-host-signed".to_owned()), "{report}");
    assert!(report.to_string().contains("--host hooks.example.com --any-body --only place/other-host-signed"));
    assert!(!not_passed(&report).iter().any(|id| id.starts_with("accepts/")), "{report}");
    let folder = TempDir::new().unwrap();
    command(folder.path(), &[URL, "--host", "a/b"]).expect_failure(2, &["expected a host such as `hooks.example.com`"]);
    command(folder.path(), &[URL, "--patience", "400"]).expect_failure(2, &["`--patience` is too long for the window"]);
}

#[test]
fn what_is_known_is_no_failure_until_it_is_no_more() {
    let receiver = Careless::start(Some(Mistake::MissingComma));
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("known.toml");
    let with = |text: &str| {
        fs::write(&path, text).unwrap();
        checked(&receiver, &["--only", "parser", "--expect", path.to_str().unwrap()])
    };
    let known = "[[except]]\nid = \"parser/missing-comma\"\nreason = \"as in the documentation's sample\"\n";
    let (report, status) = with(known);
    assert_eq!((status, &report["totals"]["excepted"]), (0, &1.into()), "{report}");
    let (report, status) = with(&format!("{known}[[except]]\nid = \"parser/lf-in-key-id\"\nreason = \"x\"\n"));
    assert_eq!((status, &report["stale_exceptions"]), (1, &serde_json::json!(["parser/lf-in-key-id"])));
    for (text, part) in [
        ("[[except]]\nid = \"parser/x\"\nreason = \"x\"\n", "there is no vector `parser/x`"),
        ("[[except]]\nid = \"parser/missing-comma\"\nreason = \" \"\n", "`parser/missing-comma` has no reason"),
        ("[[except]]\nid = \"parser/missing-comma\"\n", "missing field `reason`"),
        (&format!("{known}{known}"), "`parser/missing-comma` is there twice"),
        ("except", "known.toml"),
    ] {
        fs::write(&path, text).unwrap();
        command(folder.path(), &[URL, "--expect", "known.toml"]).expect_failure(2, &[part]);
    }
    command(folder.path(), &[URL, "--expect", "absent.toml"]).expect_failure(2, &["cannot read `absent.toml`"]);
}

#[test]
fn reports_tell_what_was_sent_and_how_to_try_it_again() {
    let receiver = Careless::start(Some(Mistake::DigestUnchecked));
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let arguments = ["--skip", "resources,unavailable", "--any-body", "--seed", "9"];
    let files = ["--report", &file("check.html"), "--junit", &file("check.xml")];
    let (report, status) = checked(&receiver, &[&arguments[..], &files].concat());
    assert_eq!(status, 1);
    valid("report", &report);
    let bad = not_passed(&report);
    assert!(bad.contains(&"body/one-letter".to_owned()), "{bad:?}");
    let classes = report["classes"].as_array().unwrap();
    let body = classes.iter().find(|class| class["class"] == "body").unwrap();
    let letter = body["vectors"].as_array().unwrap().iter().find(|vector| vector["id"] == "body/one-letter").unwrap();
    assert!(letter["sent"].as_str().unwrap().starts_with("POST /hook HTTP/1.1\nHost: "), "{letter}");
    assert!(letter["answered"].as_str().unwrap().starts_with("HTTP/1.1 200 OK\n"), "{letter}");
    let repeat = letter["repeat"].as_str().unwrap();
    assert!(repeat.contains("--seed 9") && repeat.ends_with("--only body/one-letter"), "{repeat}");

    // The command line of `curl` sends the same, which this receiver has by now.
    let curl = letter["curl"].as_str().unwrap();
    let answered = run(Command::new("sh").args(["-c", curl])).expect_status(0).text();
    assert!(answered.starts_with("HTTP/1.1 409 "), "{answered}");

    let html = fs::read_to_string(file("check.html")).unwrap();
    assert!(html.contains("body/one-letter") && html.contains("What to change"), "{html}");
    for foreign in ["<script", "src=", "href=", "@import", "url("] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    let xml = fs::read_to_string(file("check.xml")).unwrap();
    let script = "import sys, xml.etree.ElementTree as tree\nroot = tree.parse(sys.argv[1]).getroot()\n\
                  print(len(root.findall('.//testcase')), len(root.findall('.//failure')), root.get('failures'))";
    let counted = run(Command::new("python3").args(["-c", script, &file("check.xml")])).expect_status(0).text();
    let all: usize = ["passed", "failed", "errors", "skipped"]
        .iter()
        .map(|key| report["totals"][key].as_u64().unwrap() as usize)
        .sum();
    let failed = report["totals"]["failed"].as_u64().unwrap();
    assert_eq!(counted.trim(), format!("{all} {failed} {failed}"), "{xml}");

    let (first, _) = checked(&receiver, &["--only", "body,digest", "--seed", "9"]);
    let (second, _) = checked(&receiver, &["--only", "body,digest", "--seed", "10"]);
    assert_eq!(not_passed(&first), not_passed(&second), "the order does not matter");
}

/// Whoever reads the output may have gone; the status is of what was found all the same.
#[test]
fn the_status_does_not_depend_on_who_reads() {
    let folder = TempDir::new().unwrap();
    let url = format!("http://{}/hook", odd(|_| Some(OK)));
    let script = "{ \"$0\" check \"$1\" --only unsigned --dns 127.0.0.1:0; echo \"status $?\" >&2; } | head -n 1";
    let program = mock_publisher(folder.path()).get_program().to_owned();
    let outcome = run(Command::new("sh").arg("-c").arg(script).arg(&program).arg(url)).expect_status(0);
    assert_eq!((outcome.text().lines().count(), outcome.err.as_str()), (1, "status 1\n"));
    command(folder.path(), &[URL, "--dns", "127.0.0.1:0", "--junit", "nowhere/x.xml"])
        .expect_failure(1, &["cannot write `nowhere/x.xml`"]);
}

#[test]
fn the_same_seed_and_the_same_date_make_the_same_files() {
    let folder = TempDir::new().unwrap();
    let export = |name: &str, seed: &str, date: &str| {
        command(folder.path(), &[URL, "--export", name, "--seed", seed, "--now", date]).expect_status(0);
        files(&folder.path().join(name))
    };
    let date = "Mon, 23 Nov 2026 08:15:00 GMT";
    let (first, again) = (export("first", "7", date), export("again", "7", date));
    assert!(first.len() > 600, "{}", first.len());
    assert!(first == again);
    let other = export("other", "8", date);
    assert_eq!(other.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>());
    assert_ne!(other["requests/accepts/update-profile-json.http"], first["requests/accepts/update-profile-json.http"]);
    assert_ne!(export("later", "7", "Mon, 23 Nov 2026 08:15:01 GMT"), first);
    valid("vectors", &serde_json::from_slice(&first["vectors.json"]).unwrap());

    let honest = String::from_utf8(first["requests/accepts/update-profile-json.http"].clone()).unwrap();
    assert!(
        honest.starts_with(&format!("POST /hook HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nDate: {date}\r\n")),
        "{honest}"
    );
    let zone = String::from_utf8(first["zone"].clone()).unwrap();
    assert!(zone.contains("check._domainkey.copernica.com. 300 IN TXT \"v=DKIM1;k=rsa;p="), "{zone}");
    command(folder.path(), &[URL, "--export", "first"]).expect_failure(1, &["`first` is there already, and not empty"]);
    command(folder.path(), &[URL, "--export", "x", "--now", "today"]).expect_failure(2, &["expected a date such as"]);
}

/// What the verifier's own program says of exported requests, with the exported key.
#[test]
fn exported_requests_are_judged_alike_by_the_verifier() {
    let folder = TempDir::new().unwrap();
    let date = "Mon, 23 Nov 2026 08:15:00 GMT";
    command(folder.path(), &[URL, "--export", "all", "--now", date]).expect_status(0);
    let pem =
        run(Command::new("openssl").args(["pkey", "-in", "all/keys/a.pem", "-pubout"]).current_dir(folder.path()));
    fs::write(folder.path().join("public.pem"), pem.expect_status(0).out).unwrap();
    for (name, status) in [
        ("accepts/update-profile-json", 0),
        ("accepts/documented", 0),
        ("accepts/body-utf-8", 0),
        ("body/one-letter", 1),
        ("algorithm/hmac-public-key-pem", 1),
        ("rsa/no-digest-info", 1),
        ("tenant/other-account", 1),
        ("freshness/one-year-old", 1),
        ("place/other-host-signed", 1),
    ] {
        let path = format!("all/requests/{name}.http");
        let mut verify = crate::support::verifier(folder.path());
        verify.args([
            "verify",
            "--account",
            "1234",
            "--host",
            "127.0.0.1:8080",
            "--key",
            "public.pem",
            "--now",
            date,
            &path,
        ]);
        let outcome = run(&mut verify);
        assert_eq!(outcome.status, Some(status), "{name}: {}{}", outcome.text(), outcome.err);
    }
}

fn files(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}
