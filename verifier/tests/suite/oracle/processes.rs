//! The strangers: `python3` and `openssl`.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Hands lines to `canonical.py`, and returns its answers: one for each.
pub(super) fn python(arguments: &[&str], lines: &[Value]) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/canonical.py");
    let input = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let output = run(Command::new("python3").arg(script).args(arguments), input.into_bytes());
    assert!(output.status.success(), "canonical.py failed:\n{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<Value> = output
        .stdout
        .split(|&b| b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

/// Runs a program. It is fed by a thread of its own, so that neither side waits for the other to read.
fn run(command: &mut Command, input: Vec<u8>) -> Output {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("`{program}` could not be run, and without it nothing is proven: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    output
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
