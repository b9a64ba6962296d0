//! The receivers of `verifier/examples`: they take what the publisher sends, and refuse what was tampered with.

use std::net::SocketAddr;
use std::process::Stdio;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Background, Publisher, attempt, background, example, exchange_raw, wait_for};

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
    let publisher = Publisher::start();
    let receiver = Example::start(name, number, &publisher);
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
    assert_eq!(answered(&request.replace("Utrecht", "Utrecho")), 401, "another body");
    assert_eq!(answered(&request.replacen("/hook", "/hook?", 1)), 401, "another target");
    publisher.put("/v4/profile/1", &json!({"fields": {"city": "Breda"}}));
    receiver.says(&["update profile 1 Some(\"Breda\")"; 2]);
}

#[test]
fn a_queue_that_is_full_loses_nothing() {
    let publisher = Publisher::start();
    let receiver = Example::start_with("queue", 4, &publisher, &[("QUEUE", "1")]);
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

/// A receiver of the examples, on an address of its own.
struct Example {
    address: SocketAddr,
    said: std::path::PathBuf,
    _program: Background,
    _folder: TempDir,
}

impl Example {
    fn start(name: &str, number: u8, publisher: &Publisher) -> Self {
        Self::start_with(name, number, publisher, &[])
    }

    fn start_with(name: &str, number: u8, publisher: &Publisher, settings: &[(&str, &str)]) -> Self {
        // The host that callers use must be known before it listens, so it cannot choose a free port by itself. All of
        // 127.0.0.0/8 is this machine: nobody else uses this address.
        let [.., high, low] = std::process::id().to_be_bytes();
        let address = SocketAddr::from(([127, 64 + number, high, low], 8080));
        let folder = TempDir::new().unwrap();
        let said = folder.path().join("said");
        let mut command = example(name, folder.path());
        command.env("LISTEN", address.to_string()).env("PUBLIC_HOST", address.to_string());
        command.env("NAMESERVER", publisher.dns.to_string()).envs(settings.iter().copied());
        let output = std::fs::File::create(&said).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut program = background(command.stdin(Stdio::null()).stdout(output).stderr(log));
        wait_for("a receiver to listen", || {
            assert!(!program.has_ended(), "the receiver has ended");
            attempt(address, "GET", "/", &[], b"").ok()
        });
        Self { address, said, _program: program, _folder: folder }
    }

    /// What it has been told so far.
    fn lines(&self) -> Vec<String> {
        let said = std::fs::read_to_string(&self.said).unwrap();
        let is_callback = |line: &&str| ["create", "update", "delete"].iter().any(|action| line.starts_with(action));
        said.lines().filter(is_callback).map(str::to_owned).collect()
    }

    /// Waits until it has been told this last.
    fn says(&self, last: &[&str]) {
        wait_for("a receiver to say what it was told", || {
            self.lines().ends_with(&last.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>()).then_some(())
        });
    }
}
