//! `mock-publisher check`: no false alarm on correct receivers, every mistake found, and sense in front of receivers that have none.

mod command;
mod crypto;
mod date;
mod dns;
mod found;
mod mistakes;
mod odd;
mod receiver;

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::Stdio;
use tempfile::TempDir;

use crate::support::{background, mock_publisher};
use receiver::Careless;

/// The report on a receiver, and the exit status. Some vectors take seconds: they are left to those tests that are about them.
fn checked(receiver: &Careless, arguments: &[&str]) -> (Value, i32) {
    let folder = TempDir::new().unwrap();
    let mut command = mock_publisher(folder.path());
    command.args(["check", &format!("http://{}/hook", receiver.address), "--dns", "127.0.0.1:0", "--json"]);
    let mut running = background(command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut err = BufReader::new(running.0.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("dns ") {
        assert!(err.read_line(&mut said).unwrap() > 0, "{said}");
    }
    let address: SocketAddr = said.split("dns ").nth(1).unwrap().trim().split(' ').next().unwrap().parse().unwrap();
    receiver.ask(address);
    let rest = std::thread::spawn(move || {
        let mut rest = String::new();
        err.read_to_string(&mut rest).unwrap();
        rest
    });
    let mut out = String::new();
    running.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    let status = running.ended().code().unwrap();
    let rest = rest.join().unwrap();
    let report = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{status}: {said}{rest}"));
    (report, status)
}

/// The vectors that a receiver did not pass.
fn not_passed(report: &Value) -> Vec<String> {
    let classes = report["classes"].as_array().unwrap();
    let vectors = classes.iter().flat_map(|class| class["vectors"].as_array().unwrap());
    let bad = vectors.filter(|vector| ["fail", "error"].contains(&vector["verdict"].as_str().unwrap()));
    bad.map(|vector| vector["id"].as_str().unwrap().to_owned()).collect()
}
