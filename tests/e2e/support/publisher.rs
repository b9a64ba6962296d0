use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, Background, background, exchange, mock_publisher, wait_for};

/// `mock-publisher serve`, ready, on free ports.
pub(crate) struct Publisher {
    pub(crate) http: SocketAddr,
    pub(crate) dns: SocketAddr,
    pub(crate) token: String,
    pub(crate) key_id: String,
    pub(crate) program: Background,
    /// Where it was started: its ready file, its banner, its log.
    pub(crate) folder: TempDir,
}

impl Publisher {
    /// One that keeps nothing.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--in-memory"])
    }

    /// One that keeps its data in a folder.
    pub(crate) fn start_in(data: &Path) -> Self {
        Self::start_with(&["--data", data.to_str().unwrap()])
    }

    /// One with these arguments, besides those for free ports and a ready file.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::start_as(|command| {
            command.args(["serve", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ready-file", "ready.json"]);
            command.args(arguments);
        })
    }

    /// One that is told everything; its ready file must be `ready.json` in the folder where it is started.
    pub(crate) fn start_as(tell: impl FnOnce(&mut Command)) -> Self {
        let folder = TempDir::new().unwrap();
        let file = |name| File::create(folder.path().join(name)).unwrap();
        let mut command = mock_publisher(folder.path());
        tell(&mut command);
        let mut program = background(command.stdin(Stdio::null()).stdout(file("banner")).stderr(file("log")));
        let ready = wait_for("a publisher to be ready", || {
            let log = || fs::read_to_string(folder.path().join("log")).unwrap();
            assert!(!program.has_ended(), "the publisher did not start: {}", log());
            fs::read(folder.path().join("ready.json")).ok()
        });
        let ready: Value = serde_json::from_slice(&ready).unwrap();
        let text = |key: &str| ready[key].as_str().unwrap().to_owned();
        let address = |key| text(key).parse().unwrap();
        let (http, dns) = (address("http"), address("dns"));
        Self { http, dns, token: text("access_token"), key_id: text("key_id"), program, folder }
    }

    /// What it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// What it wrote to standard output so far.
    pub(crate) fn banner(&self) -> String {
        fs::read_to_string(self.folder.path().join("banner")).unwrap()
    }

    /// A call with the token. A body is sent as JSON.
    pub(crate) fn call(&self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send(method, target, "application/json", body.as_bytes())
    }

    /// A call with the token and a body of any kind.
    pub(crate) fn send(&self, method: &str, target: &str, content_type: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        exchange(self.http, method, target, &[("Authorization", &bearer), ("Content-Type", content_type)], body)
    }

    #[track_caller]
    pub(crate) fn get(&self, target: &str) -> Value {
        self.call("GET", target, None).expect_status(200).json()
    }

    /// Creates something; its number.
    #[track_caller]
    pub(crate) fn post(&self, target: &str, body: &Value) -> u64 {
        let answer = self.call("POST", target, Some(body)).expect_status(201);
        answer.header("x-created").unwrap().parse().unwrap()
    }

    /// Changes something.
    #[track_caller]
    pub(crate) fn put(&self, target: &str, body: &Value) {
        self.call("PUT", target, Some(body)).expect_status(204);
    }

    #[track_caller]
    pub(crate) fn delete(&self, target: &str) {
        self.call("DELETE", target, None).expect_status(204);
    }

    /// Sets up a callback of the sample database.
    #[track_caller]
    pub(crate) fn callback(&self, url: &str) -> u64 {
        self.post("/v4/database/customers/callbacks", &json!({"url": url}))
    }

    /// Creates a profile in the sample database.
    #[track_caller]
    pub(crate) fn profile(&self, name: &str) -> u64 {
        self.post("/v4/database/customers/profiles", &json!({"fields": {"name": name}}))
    }

    /// The delivery log.
    pub(crate) fn deliveries(&self) -> Vec<Value> {
        self.get("/mock/v1/deliveries?limit=1000")["deliveries"].as_array().unwrap().clone()
    }

    /// The delivery log, once it has `count` entries and none is pending.
    pub(crate) fn settled(&self, count: usize) -> Vec<Value> {
        wait_for("the deliveries to be attempted", || {
            let log = self.deliveries();
            assert!(log.len() <= count, "expected {count} deliveries: {log:#?}");
            (log.len() == count && log.iter().all(|delivery| delivery["state"] != "pending")).then_some(log)
        })
    }

    /// Ends it without warning, as a power cut would.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Asks it to stop, and waits until it has.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        self.program.signal("TERM");
        assert_eq!(self.program.ended().code(), Some(0), "{}", self.log());
    }
}
