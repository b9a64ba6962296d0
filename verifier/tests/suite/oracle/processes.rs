//! The strangers: `python3` and `openssl`.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use serde_json::Value;

/// A process of `judge.py`. It is fed by a thread of its own, so that neither side waits for the other to read.
pub(super) struct Python {
    child: Child,
    lines: Option<SyncSender<String>>,
    feeder: Option<JoinHandle<()>>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    pub(super) fn start(mode: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/judge.py");
        // Without `-B` it would write compiled code into the sources.
        let mut command = Command::new("python3");
        let mut child = spawn(command.args(["-B", script, mode]).stderr(Stdio::inherit()));
        let mut stdin = child.stdin.take().unwrap();
        let (lines, waiting) = sync_channel::<String>(1);
        let feeder = std::thread::spawn(move || {
            for line in waiting {
                stdin.write_all(line.as_bytes()).unwrap();
            }
        });
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines: Some(lines), feeder: Some(feeder), answers }
    }

    /// Hands over a line. At most a few lines without an answer are kept waiting.
    pub(super) fn tell(&self, mut line: String) {
        line.push('\n');
        self.lines.as_ref().unwrap().send(line).unwrap();
    }

    /// The answers to the next array of requests, one for each.
    pub(super) fn answers(&mut self) -> Vec<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "judge.py has ended; what it wrote to standard error says why");
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        self.lines.take();
        if !std::thread::panicking() {
            self.feeder.take().unwrap().join().unwrap();
            assert!(self.child.wait().unwrap().success());
        }
    }
}

/// Runs a program. It is fed by a thread of its own, so that neither side waits for the other to read.
fn run(command: &mut Command, input: Vec<u8>) -> Output {
    let mut child = spawn(command.stderr(Stdio::piped()));
    let mut stdin = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    output
}

fn spawn(command: &mut Command) -> Child {
    let program = command.get_program().to_string_lossy().into_owned();
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    spawned.unwrap_or_else(|error| panic!("`{program}` could not be run, and without it nothing is proven: {error}"))
}

/// The command line of OpenSSL, with a key pair in a directory of its own.
pub(super) struct OpenSsl {
    directory: tempfile::TempDir,
}

impl OpenSsl {
    pub(super) fn with_key(private_pem: &str) -> Self {
        let openssl = Self { directory: tempfile::tempdir().unwrap() };
        std::fs::write(openssl.path("private.pem"), private_pem).unwrap();
        let mut command = Command::new("openssl");
        command.args(["pkey", "-pubout"]).arg("-in").arg(openssl.path("private.pem"));
        let made = run(command.arg("-out").arg(openssl.path("public.pem")), Vec::new());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        openssl
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut command = Command::new("openssl");
        let made = run(command.args(["dgst", "-sha256", "-sign"]).arg(self.path("private.pem")), message.to_vec());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        made.stdout
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        std::fs::write(self.path("signature"), signature).unwrap();
        let mut command = Command::new("openssl");
        command.args(["dgst", "-sha256", "-verify"]).arg(self.path("public.pem"));
        let output = run(command.arg("-signature").arg(self.path("signature")), message.to_vec());
        match output.stdout.trim_ascii() {
            b"Verified OK" => true,
            b"Verification failure" | b"Verification Failure" => false,
            other => panic!("{}{}", other.escape_ascii(), String::from_utf8_lossy(&output.stderr)),
        }
    }
}
