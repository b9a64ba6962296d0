use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use super::wait_for;

/// `mock-publisher`, in a folder of its own choice and without settings from the environment.
pub(crate) fn mock_publisher(folder: &Path) -> Command {
    program("mock-publisher", folder)
}

/// `callback-verifier`, likewise.
pub(crate) fn verifier(folder: &Path) -> Command {
    program("callback-verifier", folder)
}

/// A receiver of `verifier/examples`, likewise.
pub(crate) fn example(name: &str, folder: &Path) -> Command {
    program(&format!("examples/{name}"), folder)
}

fn program(name: &str, folder: &Path) -> Command {
    let path = built(name);
    assert!(
        path.is_file(),
        "`{}` is not there: run `cargo build --workspace --all-features --bins --examples` before these tests, in the same profile",
        path.display()
    );
    let mut command = Command::new(path);
    command.current_dir(folder).env_remove("RUST_LOG");
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("MOCK_PUBLISHER_") {
            command.env_remove(key);
        }
    }
    command
}

/// Cargo puts test programs into `deps`, and the programs of a workspace beside that folder.
fn built(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().and_then(Path::parent).unwrap();
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit status; `None` if a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Outcome {
    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }

    /// Checks the exit status, and shows everything if it is another one.
    #[track_caller]
    pub(crate) fn expect_status(self, expected: i32) -> Self {
        assert_eq!(self.status, Some(expected), "{}\n{}", String::from_utf8_lossy(&self.out), self.err);
        self
    }

    /// Checks for a failure that says what it should, and for no panic.
    #[track_caller]
    pub(crate) fn expect_failure(self, status: i32, parts: &[&str]) {
        let Self { err, .. } = self.expect_status(status);
        assert!(!err.contains("panicked"), "{err}");
        for part in parts {
            assert!(err.contains(part), "`{part}` is not in: {err}");
        }
    }
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Outcome {
    run_with_input(command, b"")
}

pub(crate) fn run_with_input(command: &mut Command, input: &[u8]) -> Outcome {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = background(command);
    let (mut stdin, child) = (running.0.stdin.take().unwrap(), &mut running.0);
    let out = read_all(child.stdout.take().unwrap());
    let err = read_all(child.stderr.take().unwrap());
    let input = input.to_vec();
    // A program that refuses its arguments reads nothing.
    let writing = thread::spawn(move || drop(stdin.write_all(&input)));
    let status = running.ended();
    writing.join().unwrap();
    let err = String::from_utf8_lossy(&err.join().unwrap()).into_owned();
    Outcome { status: status.code(), out: out.join().unwrap(), err }
}

fn read_all(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    })
}

/// A program that runs beside the test, and is killed with it.
pub(crate) struct Background(pub(crate) Child);

pub(crate) fn background(command: &mut Command) -> Background {
    let name = command.get_program().to_owned();
    Background(command.spawn().unwrap_or_else(|error| panic!("`{}` cannot be started: {error}", name.display())))
}

impl Background {
    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        wait_for("a program to end", || self.0.try_wait().unwrap())
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: impl AsRef<OsStr>) {
        // The shell has `kill` built in; not every system has a program of that name.
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -s \"$1\" \"$2\"", "sh"]).arg(name.as_ref()).arg(self.0.id().to_string());
        assert!(kill.status().unwrap().success());
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Fails only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
