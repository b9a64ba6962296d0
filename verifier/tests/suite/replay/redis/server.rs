//! A Redis server of a test's own, that it can stop, freeze and question.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;

use tempfile::TempDir;

pub(super) struct Server {
    folder: TempDir,
    options: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// Listens on a Unix socket, which nobody else has.
    pub(super) fn start() -> Self {
        Self::with(&[])
    }

    pub(super) fn with(options: &[&str]) -> Self {
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let mut server = Self { folder: tempfile::tempdir().unwrap(), options, child: None };
        server.resume_from_nothing();
        server
    }

    /// Listens on a free TCP port too. Somebody else may take it first; then on another.
    pub(super) fn on_tcp() -> (Self, u16) {
        (0..100)
            .find_map(|_| {
                let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
                let options = vec!["--port".to_owned(), port.to_string()];
                let mut server = Self { folder: tempfile::tempdir().unwrap(), options, child: None };
                server.launch().then_some((server, port))
            })
            .unwrap()
    }

    pub(super) fn url(&self) -> String {
        format!("unix://{}", self.socket())
    }

    /// Ends the server, and all that it remembers with it.
    pub(super) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may be frozen, and only this ends a frozen process.
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again where it was, with an empty memory.
    pub(super) fn resume_from_nothing(&mut self) {
        self.stop();
        assert!(self.launch(), "redis-server does not start");
    }

    pub(super) fn freeze(&self) {
        self.signal("STOP");
    }

    pub(super) fn thaw(&self) {
        self.signal("CONT");
    }

    /// Asks the server, past any guard.
    pub(super) fn ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let mut connection = redis::Client::open(self.url()).unwrap().get_connection().unwrap();
        let (name, arguments) = command.split_first().unwrap();
        redis::cmd(name).arg(arguments).query(&mut connection).unwrap()
    }

    pub(super) fn socket(&self) -> String {
        self.folder.path().join("redis.sock").to_str().unwrap().to_owned()
    }

    /// Returns when it is ready, or has ended.
    fn launch(&mut self) -> bool {
        let mut child = Command::new("redis-server")
            .args(["--port", "0", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--unixsocket", &self.socket()])
            .arg("--dir")
            .arg(self.folder.path())
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("redis-server (without it: --skip replay::redis): {error}"));
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = log.by_ref().map_while(Result::ok).any(|line| line.contains("eady to accept connections"));
        // Whatever else it says must not fill the pipe.
        thread::spawn(move || log.for_each(drop));
        self.child = Some(child);
        if !ready {
            self.stop();
        }
        ready
    }

    fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &id]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
