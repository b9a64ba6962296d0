use std::fs::{self, File};
use std::net::SocketAddr;
use std::process::Stdio;

use tempfile::TempDir;

use super::{Background, attempt, background, example, wait_for};

/// A receiver of `verifier/examples`, on an address of its own.
pub(crate) struct Example {
    pub(crate) address: SocketAddr,
    folder: TempDir,
    _program: Background,
}

/// An address that nobody else uses: all of 127.0.0.0/8 is this machine, and this process has a part of it. A server whose
/// address must be known before it listens cannot choose a free port by itself.
pub(crate) fn own_address(number: u8) -> SocketAddr {
    let [.., high, low] = std::process::id().to_be_bytes();
    SocketAddr::from(([127, 64 + number, high, low], 8080))
}

impl Example {
    /// It takes callbacks for its own address, unless a setting says otherwise.
    pub(crate) fn start(name: &str, number: u8, name_server: SocketAddr, settings: &[(&str, &str)]) -> Self {
        let address = own_address(number);
        let folder = TempDir::new().unwrap();
        let file = |name| File::create(folder.path().join(name)).unwrap();
        let mut command = example(name, folder.path());
        command.env("LISTEN", address.to_string()).env("PUBLIC_HOST", address.to_string()).env("NO_COLOR", "1");
        command.env("NAMESERVER", name_server.to_string()).envs(settings.iter().copied());
        let mut program = background(command.stdin(Stdio::null()).stdout(file("said")).stderr(file("errors")));
        wait_for("a receiver to listen", || {
            assert!(!program.has_ended(), "the receiver has ended");
            attempt(address, "GET", "/", &[], b"").ok()
        });
        Self { address, folder, _program: program }
    }

    /// Everything that it has written.
    pub(crate) fn log(&self) -> String {
        ["said", "errors"].map(|name| fs::read_to_string(self.folder.path().join(name)).unwrap()).concat()
    }

    /// The callbacks that it has been told so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let is_callback = |line: &&str| ["create ", "update ", "delete "].iter().any(|action| line.starts_with(action));
        self.log().lines().filter(is_callback).map(str::to_owned).collect()
    }

    /// Waits until it has been told this last.
    pub(crate) fn says(&self, last: &[&str]) {
        let last: Vec<String> = last.iter().map(|line| (*line).to_owned()).collect();
        wait_for("a receiver to say what it was told", || self.lines().ends_with(&last).then_some(()));
    }
}
