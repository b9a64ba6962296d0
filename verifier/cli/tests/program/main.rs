//! The program itself: arguments in, output and exit status out.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up is to fail")]

mod explain;
mod explain_json;
mod key;
mod name_server;
mod signed;
mod verify;

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// How the program ended: exit status, standard output, standard error.
struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    #[track_caller]
    fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_callback-verifier"))
}

fn run(arguments: &[&str], stdin: &[u8]) -> Run {
    let mut child =
        program().args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that complains of its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Run {
        status: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

#[test]
fn help_teaches_with_examples_and_exit_statuses() {
    for arguments in [&["--help"][..], &["verify", "--help"], &["explain", "--help"], &["key", "--help"]] {
        let run = run(arguments, b"").expect(0);
        assert!(run.stderr.is_empty() && run.stdout.contains("Exit status:"), "{}", run.stdout);
    }
    assert!(run(&["verify", "--help"], b"").stdout.contains("callback-verifier verify request.http --account 1234"));
    assert!(run(&["--version"], b"").expect(0).stdout.starts_with("callback-verifier "));
}

#[test]
fn wrong_usage_is_told_on_standard_error() {
    let sure = ["--account", "1", "--host", "a.example"];
    for arguments in [
        &[][..],
        &["explode"],
        &["verify"],
        &["verify", "--account", "1"],
        &["verify", "--host", "a.example"],
        &["verify", "--account", "account_1", "--host", "a.example"],
        &["verify", "--account", "-1", "--host", "a.example"],
        &["verify", "--account", "1", "--host", "https://a.example/hook"],
        &[&["verify", "--nameserver", "dns.example"][..], &sure].concat(),
        &[&["verify", "--zone", "a b"][..], &sure].concat(),
        &[&["verify", "--now", "yesterday"][..], &sure].concat(),
        &[&["verify", "--max-age", "-1"][..], &sure].concat(),
        &[&["verify", "--min-key-bits", "1023"][..], &sure].concat(),
        &[&["verify", "--min-key-bits", "8193"][..], &sure].concat(),
        &[&["verify", "--trust-me"][..], &sure].concat(),
        &["key"],
        &["key", "a b"],
        &["key", "a..b"],
    ] {
        let run = run(arguments, b"").expect(2);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{arguments:?}: {}", run.stdout);
    }
}
