//! The program itself, as a process of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(900);

pub(crate) struct Publisher {
    process: Child,
    folder: TempDir,
    ready: Value,
}

impl Publisher {
    /// With a store in a file, as most are.
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"))
    }

    /// Stops it, and starts it with the same store.
    pub(crate) fn started_again(self) -> Self {
        Self::start_in(self.stop())
    }

    /// Its folder.
    fn stop(mut self) -> TempDir {
        end(&mut self.process);
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"))
    }

    fn start_in(folder: TempDir) -> Self {
        let _ = std::fs::remove_file(folder.path().join("ready.json"));
        let process = Command::new(env!("CARGO_BIN_EXE_mock-publisher"))
            .args(["serve", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--concurrency", "64", "--data"])
            .arg(folder.path())
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()
            .expect("the program");
        let mut publisher = Self { process, folder, ready: Value::Null };
        publisher.ready = publisher.until("ready", |publisher| {
            let text = std::fs::read_to_string(publisher.folder.path().join("ready.json")).ok()?;
            serde_json::from_str(&text).ok()
        });
        publisher
    }

    pub(crate) fn dns(&self) -> SocketAddr {
        self.ready["dns"].as_str().and_then(|address| address.parse().ok()).expect("the address of the name server")
    }

    /// What a call answers: JSON, or text.
    pub(crate) fn call(&self, method: &str, path: &str, content_type: &str, body: &str) -> String {
        let (server, token) = (self.ready["http"].as_str(), self.ready["access_token"].as_str());
        let (server, token) = (server.expect("an address"), token.expect("a token"));
        let mut stream = TcpStream::connect(server).expect("a connection");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
             Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        body.to_owned()
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.call(method, path, "application/json", &body.to_string());
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Puts deliveries into the outbox, and leaves them there: one for each of so many new profiles.
    pub(crate) fn fill(&self, url: &str, count: usize) {
        if self.json("GET", "/mock/v1/callbacks", &Value::Null)["callbacks"] == json!([]) {
            self.call("POST", "/v4/database/customers/callbacks", "application/json", &json!({"url": url}).to_string());
        }
        self.pause(true);
        let rows =
            (0..count).map(|n| format!("Customer {n},customer{n}@example.com,Utrecht,Company {},{n}\n", n % 997));
        let table = format!("name,email,city,company,score\n{}", rows.collect::<String>());
        let path = "/mock/v1/imports?database=customers&action=add";
        self.call("POST", path, "text/csv", &table);
        self.until("the import", |publisher| (publisher.metric("outbox_deliveries") as usize >= count).then_some(()));
    }

    /// The most memory that it has had, in MiB.
    pub(crate) fn peak_memory(&self) -> f64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    }

    /// Keeps deliveries in the outbox, or lets them go.
    pub(crate) fn pause(&self, paused: bool) {
        self.json("PUT", "/mock/v1/callbacks/1/terms", &json!({"paused": paused}));
    }

    /// A number of `/metrics`.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.call("GET", "/metrics", "text/plain", "");
        let line = format!("mock_publisher_{name} ");
        let value = text.lines().find_map(|found| found.strip_prefix(&line)).and_then(|value| value.parse().ok());
        value.unwrap_or_default()
    }

    /// Processor time so far, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        let path = format!("/proc/{}/stat", self.process.id());
        let stat = std::fs::read_to_string(path).expect("Linux");
        // Behind the name of the program, which may hold blanks: fields 14 and 15 are user and system time (proc(5)).
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: f64 = fields[11..13].iter().map(|ticks| ticks.parse::<f64>().expect("a number")).sum();
        ticks / TICKS_PER_SECOND
    }

    /// Asks until there is an answer.
    pub(crate) fn until<T>(&self, what: &str, mut ask: impl FnMut(&Self) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(answer) = ask(self) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "waited too long for {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// As Linux tells it to all programs.
const TICKS_PER_SECOND: f64 = 100.0;

impl Drop for Publisher {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

fn end(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}
