//! Import storms against receivers.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Background, Outcome, Publisher, Receiver, background, mock_publisher, run, wait_for};

/// A publisher whose name server has the key, and a receiver that finds it there.
struct Stage {
    _publisher: Publisher,
    receiver: Receiver,
    folder: TempDir,
}

impl Stage {
    fn set() -> Self {
        let folder = TempDir::new().unwrap();
        let publisher = Publisher::start_in(&folder.path().join("mock-publisher-data"));
        let receiver = Receiver::of(&publisher);
        Self { _publisher: publisher, receiver, folder }
    }

    fn rehearse(&self, path: &str, arguments: &[&str]) -> Outcome {
        run(mock_publisher(self.folder.path()).args(["rehearse", &self.receiver.url(path)]).args(arguments))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn report(outcome: Outcome) -> Value {
    let report: Value = serde_json::from_str(&outcome.text()).unwrap();
    let schema = run(mock_publisher(TempDir::new().unwrap().path()).args(["rehearse", "--schema"])).expect_status(0);
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema.text()).unwrap()).unwrap();
    let errors: Vec<_> = schema.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {report:#}");
    report
}

#[test]
fn each_callback_is_genuine_and_the_ledger_tells_what_became_of_it() {
    let stage = Stage::set();
    let outcome = stage.rehearse("/hook", &["--rate", "100", "--profiles", "150", "--json"]).expect_status(0);
    assert!(outcome.err.contains("must know account 1234"), "{}", outcome.err);
    let report = report(outcome);
    let expected = json!({"sent": 150, "accepted": 150, "refused": 0, "unanswered": 0, "errors": {}});
    assert_eq!((&report["ledger"], &report["stages"][0]["ledger"]), (&expected, &expected));
    let timeline = report["stages"][0]["timeline"].as_array().unwrap();
    assert_eq!(timeline.iter().map(|second| second["accepted"].as_u64().unwrap()).collect::<Vec<_>>(), [100, 50]);
    // One more comes first, to see whether the receiver takes any.
    let bodies: Vec<Value> =
        (0..151).map(|_| serde_json::from_slice(&stage.receiver.next_verified().body).unwrap()).collect();
    stage.receiver.expect_nothing_more();
    let created: BTreeSet<_> =
        bodies.iter().filter(|body| body["action"] == "create").map(|body| body["id"].to_string()).collect();
    assert_eq!(created.len(), 121, "nobody is created twice");
    let count = |action: &str| bodies[1..].iter().filter(|body| body["action"] == action).count();
    assert_eq!([count("create"), count("update"), count("delete")], [120, 15, 15]);
}

/// What is in the environment for other commands is in nobody's way.
#[test]
fn a_report_needs_a_place_before_anything_is_sent() {
    let stage = Stage::set();
    let folder = stage.folder.path();
    let mut schema = mock_publisher(folder);
    run(schema.args(["rehearse", "--schema"]).env("MOCK_PUBLISHER_DATA", folder)).expect_status(0);
    let mut command = mock_publisher(folder);
    let url = stage.receiver.url("/hook");
    command.args(["rehearse", &url, "--in-memory", "--dns", "127.0.0.1:0", "--report", "no/such/place.html"]);
    run(command.env("MOCK_PUBLISHER_DATA", folder)).expect_failure(1, &["cannot write `no/such/place.html`"]);
    stage.receiver.expect_nothing_more();
}

/// One that takes its time for some answers and not for others is not one that falls behind.
#[test]
fn a_latency_that_varies_is_no_queue() {
    let stage = Stage::set();
    for duration in ["1s", "3s"] {
        let arguments = ["--rate", "50", "--duration", duration, "--threshold", "rate>=50/s", "--json"];
        let report = report(stage.rehearse("/varying/400", &arguments).expect_status(0));
        assert_eq!(report["verdict"], "keeps up with 50/s", "{report}");
        assert_eq!(report["stages"][0]["accepted_per_second"], 50.0);
    }
}

/// A receiver that takes 0.2 s for an answer takes 20 a second from four connections, and as many more as there are more of them.
#[test]
fn too_few_at_a_time_are_not_the_receivers_fault() {
    let arguments = ["--rate", "50", "--duration", "3s", "--concurrency", "4"];
    let text = Stage::set().rehearse("/varying/400", &arguments).expect_status(1).text();
    assert!(
        text.contains("verdict: cannot be told: at 50/s others waited for the 4 that `--concurrency` lets"),
        "{text}"
    );
}

#[test]
fn a_handful_tells_nothing_of_a_rate() {
    let stage = Stage::set();
    let few = ["--profiles", "3", "--threshold", "rate>=1/s"];
    let text = stage.rehearse("/hook", &few).expect_status(3).text();
    assert!(text.contains("verdict: accepts all 3, which are too few to tell how many in a second"), "{text}");
    assert!(text.contains("threshold rate>=1/s: NOT MET (too few callbacks to tell)"), "{text}");
    let text = stage.rehearse("/hook", &["--rate", "5", "--duration", "1s"]).expect_status(1).text();
    assert!(text.contains("verdict: accepts all 5, which are too few to tell whether it keeps up with 5/s"), "{text}");
}

/// What is told of one profile comes in order, whatever the receiver takes for it: nobody is updated before he was created.
#[test]
fn what_is_told_of_one_profile_comes_in_order() {
    let stage = Stage::set();
    let mix = ["--profiles", "200", "--mix", "create=1,update=2,delete=1"];
    stage.rehearse("/varying/30", &mix).expect_status(0);
    let mut there = BTreeSet::new();
    for received in stage.receiver.rest() {
        let body: Value = serde_json::from_slice(&received.body).unwrap();
        let id = body["id"].to_string();
        match body["action"].as_str().unwrap() {
            "create" => assert!(there.insert(id), "{body}"),
            "update" => assert!(there.contains(&id), "{body}"),
            _ => assert!(there.remove(&id), "{body}"),
        }
    }
}

/// A threshold says how many errors there may be, and what does not keep up is no success.
#[test]
fn the_status_tells_what_the_verdict_says() {
    let stage = Stage::set();
    let few = ["--profiles", "40", "--threshold", "errors<10%"];
    let text = stage.rehearse("/fails/20", &few).expect_status(0).text();
    assert!(text.contains("errors<10%: met (5 %)"), "{text}");
    stage.rehearse("/fails/20", &["--profiles", "40", "--threshold", "p99<60s"]).expect_status(1);
    stage.rehearse("/fails/20", &["--profiles", "40", "--threshold", "errors<1%"]).expect_status(3);
    let slow = stage.rehearse("/limited/40", &["--rate", "60", "--duration", "2s"]).expect_status(1).text();
    assert!(slow.contains("verdict: does not keep up: at 60/s only ") && slow.contains("the queue grows"), "{slow}");
    // A queue is none the better for an error that may be.
    let both = ["--rate", "60", "--duration", "2s", "--threshold", "errors<50%"];
    stage.rehearse("/limited/40", &both).expect_status(1);
    let closed = stage.rehearse("/limited/40", &["--profiles", "80", "--concurrency", "40"]).expect_status(0).text();
    assert!(closed.contains("/s as fast as they come, 40 at a time"), "{closed}");
    for end in [["--duration", "2s"], ["--profiles", "9"]] {
        let all_ramp = [&["--rate", "9", "--ramp", "2s"][..], &end].concat();
        stage.rehearse("/hook", &all_ramp).expect_failure(2, &["`--ramp` leaves no time for the rate itself"]);
    }
    stage.rehearse("/hook", &["--duration", "0s"]).expect_failure(2, &["expected more than no time"]);
}

/// While the rate grows less is offered, which is not the receiver's fault.
#[test]
fn a_rate_that_grows_first_is_measured_when_it_is_there() {
    let arguments = ["--rate", "40", "--ramp", "1s", "--duration", "3s", "--json"];
    let report = report(Stage::set().rehearse("/hook", &arguments).expect_status(0));
    assert_eq!(report["verdict"], "keeps up with 40/s", "{report}");
    let accepted = report["stages"][0]["accepted_per_second"].as_f64().unwrap();
    assert!((36.0..44.0).contains(&accepted), "{accepted}");
}

#[test]
fn a_receiver_that_takes_nothing_is_told_so_at_once() {
    let stage = Stage::set();
    let outcome = stage.rehearse("/answer/403", &[]);
    outcome.expect_failure(1, &["refuses a genuine callback: it answers 403", "hint: it must know account 1234"]);
    let nobody = run(mock_publisher(stage.folder.path()).args(["rehearse", "http://127.0.0.1:1/"]));
    nobody.expect_failure(1, &["`http://127.0.0.1:1/` was not reached"]);
    let folder = TempDir::new().unwrap();
    let stranger =
        run(mock_publisher(folder.path()).args(["rehearse", &stage.receiver.url("/hook"), "--dns", "127.0.0.1:0"]));
    stranger.expect_failure(1, &["it answers 401"]);
}

#[test]
fn what_is_refused_or_not_answered_is_in_the_ledger() {
    let stage = Stage::set();
    let outcome = stage.rehearse("/first/9/200", &["--profiles", "20", "--json"]).expect_status(0);
    assert_eq!(report(outcome)["ledger"]["accepted"], 20);
    // The tenth one and those after it get no answer at all.
    let stage = Stage::set();
    let arguments = ["--profiles", "12", "--json", "--timeout", "0.3", "--rate", "100"];
    stage.receiver.hold_after(4);
    let outcome = stage.rehearse("/hook", &arguments).expect_status(1);
    let ledger = &report(outcome)["ledger"];
    let expected = json!({"sent": 12, "accepted": 3, "refused": 0, "unanswered": 9, "errors": {"timeout_response": 9}});
    assert_eq!(ledger, &expected);
}

#[test]
fn a_threshold_that_is_not_met_has_a_status_of_its_own() {
    let stage = Stage::set();
    let good = stage.rehearse("/hook", &["--profiles", "30", "--threshold", "errors<=0", "--threshold", "p99<60s"]);
    assert!(good.expect_status(0).text().contains("threshold errors<=0: met (0)"));
    let bad = stage.rehearse("/hook", &["--profiles", "30", "--threshold", "errors<=0", "--threshold", "p50<0.001ms"]);
    assert!(bad.expect_status(3).text().contains("threshold p50<0.001ms: NOT MET"));
    stage
        .rehearse("/hook", &["--threshold", "p50<1"])
        .expect_failure(2, &["expected a figure, a comparison and a bound"]);
    stage.rehearse("/hook", &["--mix", "update=1"]).expect_failure(2, &["expected proportions such as"]);
    stage.rehearse("/hook", &["--rate", "0"]).expect_failure(2, &["expected callbacks per second"]);
}

#[test]
fn an_interrupted_rehearsal_tells_what_there_was() {
    let stage = Stage::set();
    let (out, err) = (stage.file("out"), stage.file("err"));
    let mut command = mock_publisher(stage.folder.path());
    command.args(["rehearse", &stage.receiver.url("/hook"), "--rate", "100", "--duration", "60s"]);
    let files = [&out, &err].map(|path| fs::File::create(path).unwrap());
    let [stdout, stderr] = files;
    let mut running: Background = background(command.stdout(stdout).stderr(stderr));
    (0..20).for_each(|_| drop(stage.receiver.next_verified()));
    running.signal("INT");
    assert_eq!(running.ended().code(), Some(1));
    let told = fs::read_to_string(out).unwrap();
    assert!(told.contains("ledger: ") && told.contains(" 0 unanswered"), "{told}");
    assert!(fs::read_to_string(err).unwrap().contains("interrupted; waiting for the last answers"));
}

/// What was waiting for its turn is not sent any more.
#[test]
fn after_an_interrupt_nothing_more_is_sent() {
    let stage = Stage::set();
    let (out, err) = (stage.file("out"), stage.file("err"));
    let mut command = mock_publisher(stage.folder.path());
    command.args([
        "rehearse",
        &stage.receiver.url("/hook"),
        "--rate",
        "500",
        "--duration",
        "60s",
        "--concurrency",
        "2",
    ]);
    let [stdout, stderr] = [&out, &err].map(|path| fs::File::create(path).unwrap());
    let mut running: Background = background(command.stdout(stdout).stderr(stderr));
    (0..20).for_each(|_| drop(stage.receiver.next_verified()));
    stage.receiver.hold();
    // Half a second's worth of them waits for the two that are not answered.
    let held = Instant::now();
    wait_for("others to wait", || (held.elapsed() > Duration::from_millis(500)).then_some(()));
    running.signal("INT");
    wait_for("the interrupt", || fs::read_to_string(&err).unwrap().contains("interrupted").then_some(()));
    stage.receiver.release();
    assert_eq!(running.ended().code(), Some(1));
    let told = fs::read_to_string(out).unwrap();
    let sent: u64 = told.split("ledger: ").nth(1).and_then(|ledger| ledger.split(' ').next()?.parse().ok()).unwrap();
    // One showed beforehand that the receiver takes callbacks, and is not counted.
    assert_eq!(sent, 20 + stage.receiver.rest().len() as u64 - 1, "{told}");
    assert!(sent < 100, "{told}");
}

#[test]
fn a_report_is_kept_shown_and_compared() {
    let stage = Stage::set();
    let arguments = ["--profiles", "40", "--rate", "80", "--save", "before.json", "--report", "report.html"];
    let text = stage.rehearse("/hook", &arguments).expect_status(0).text();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].contains("rate/s   accepted") && lines[1].trim().starts_with("80"), "{text}");
    assert!(text.contains("verdict: "), "{text}");
    assert!(text.contains("ledger: 40 sent = 40 accepted + 0 refused + 0 unanswered"), "{text}");
    let page = fs::read_to_string(stage.file("report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.matches("<polyline").count() == 6, "{page}");
    assert!(!page.contains("<script") && !page.contains("http-equiv"), "it needs nothing else");
    let text = stage.rehearse("/hook", &["--profiles", "20", "--compare", "before.json"]).expect_status(0).text();
    assert!(text.contains("compared with the run of 20") && text.contains("p99 "), "{text}");
    let load = "not the same load: at 80/s, 256 at a time -> as fast as they come, 256 at a time";
    assert!(text.contains(load) && !text.contains("not the same receiver"), "{text}");

    fs::write(stage.file("before.json"), r#"{"version": 2}"#).unwrap();
    let newer = stage.rehearse("/hook", &["--compare", "before.json"]);
    newer.expect_failure(1, &["cannot compare with `before.json`", "version 2, and this program knows version 1"]);
}
