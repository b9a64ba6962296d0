//! A network between a receiver and Redis, which loses what a test wants to be lost.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// It ends with the process; its threads wait and cost nothing.
pub(super) struct Proxy {
    address: SocketAddr,
    network: Arc<Network>,
}

/// Connections are counted from 1. What is lost is lost on those up to a number.
#[derive(Default)]
struct Network {
    connections: AtomicUsize,
    without_questions: AtomicUsize,
    without_answers: AtomicUsize,
}

impl Proxy {
    pub(super) fn before(socket: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), network: Arc::default() };
        let network = Arc::clone(&proxy.network);
        thread::spawn(move || {
            for receiver in listener.incoming() {
                let number = network.connections.fetch_add(1, Ordering::SeqCst) + 1;
                connect(&receiver.unwrap(), &UnixStream::connect(&socket).unwrap(), number, &network);
            }
        });
        proxy
    }

    pub(super) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.network.connections.load(Ordering::SeqCst)
    }

    /// On the connections that there are, nothing arrives any more, and nobody is told.
    pub(super) fn lose_questions(&self) {
        self.network.without_questions.store(self.connections(), Ordering::SeqCst);
    }

    /// On the connections that there are, what is asked arrives; instead of the answer, the connection ends.
    pub(super) fn lose_answers(&self) {
        self.network.without_answers.store(self.connections(), Ordering::SeqCst);
    }
}

fn connect(receiver: &TcpStream, server: &UnixStream, number: usize, network: &Arc<Network>) {
    let lost = move |network: &Network| network.without_questions.load(Ordering::SeqCst) >= number;
    let ended = move |network: &Network| network.without_answers.load(Ordering::SeqCst) >= number;
    let (mut questions, mut to_server) = (receiver.try_clone().unwrap(), server.try_clone().unwrap());
    let (mut answers, mut to_receiver) = (server.try_clone().unwrap(), receiver.try_clone().unwrap());
    let (there, back) = (Arc::clone(network), Arc::clone(network));
    thread::spawn(move || {
        forward(&mut questions, |bytes| lost(&there) || to_server.write_all(bytes).is_ok());
        let _ = to_server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        forward(&mut answers, |bytes| !ended(&back) && to_receiver.write_all(bytes).is_ok());
        let _ = to_receiver.shutdown(Shutdown::Both);
    });
}

/// Hands on what comes, until there is no more or nobody takes it.
fn forward(from: &mut impl Read, mut take: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !take(&buffer[..length]) {
            return;
        }
    }
}
