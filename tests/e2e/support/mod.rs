//! What the tests stand on: the programs, a publisher that runs, an HTTP client, a receiver.
//!
//! Nothing sleeps for a fixed time: whoever waits asks again and again, until a deadline that fails the test.

mod example;
mod http;
mod programs;
mod publisher;
mod receiver;
mod watched;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

pub(crate) use example::{Example, own_address};
pub(crate) use http::{Answer, attempt, exchange, exchange_raw};
pub(crate) use programs::{Background, Outcome, background, example, mock_publisher, run, run_with_input, verifier};
pub(crate) use publisher::Publisher;
pub(crate) use receiver::{Received, Receiver};
pub(crate) use watched::Watched;

/// What anything may take that takes milliseconds on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An address that nobody listens on, for as long as the socket is held.
pub(crate) fn silent() -> (tokio::net::TcpSocket, SocketAddr) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Asks until there is an answer; `what` is the complaint if there is none in time.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {} s for {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(5));
    }
}
