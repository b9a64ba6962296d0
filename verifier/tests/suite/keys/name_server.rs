//! A name server that answers, by UDP and TCP on one port, whatever a test makes it answer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use hickory_server::proto::op::{Message, MessageType, ResponseCode};
use hickory_server::proto::rr::rdata::{CNAME, NS, TXT};
use hickory_server::proto::rr::{Name, RData, Record};

/// How a question came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Udp,
    Tcp,
}

/// Makes the answers to a question: none, one, or several (of which a resolver may take only one).
type Answers = dyn Fn(&Message, Protocol) -> Vec<Vec<u8>> + Send + Sync;

/// It ends with the process; its threads wait for questions and cost nothing.
pub(super) struct NameServer {
    pub(super) address: SocketAddr,
    udp: Arc<AtomicUsize>,
    tcp: Arc<AtomicUsize>,
}

impl NameServer {
    pub(super) fn start(answers: impl Fn(&Message, Protocol) -> Vec<Message> + Send + Sync + 'static) -> Self {
        Self::start_with_bytes(move |question, protocol| {
            answers(question, protocol).iter().map(|answer| answer.to_vec().unwrap()).collect()
        })
    }

    /// The same, with answers that need not be messages.
    pub(super) fn start_with_bytes(
        answers: impl Fn(&Message, Protocol) -> Vec<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let answers: Arc<Answers> = Arc::new(answers);
        let (udp_socket, tcp_listener) = sockets();
        let server = Self { address: udp_socket.local_addr().unwrap(), udp: Arc::default(), tcp: Arc::default() };
        let (udp_answers, udp) = (Arc::clone(&answers), Arc::clone(&server.udp));
        thread::spawn(move || serve_udp(&udp_socket, &*udp_answers, &udp));
        let tcp = Arc::clone(&server.tcp);
        thread::spawn(move || {
            for stream in tcp_listener.incoming() {
                let (answers, tcp) = (Arc::clone(&answers), Arc::clone(&tcp));
                thread::spawn(move || serve_tcp(&mut stream.unwrap(), &*answers, &tcp));
            }
        });
        server
    }

    /// How many questions came by UDP and by TCP.
    pub(super) fn questions(&self) -> (usize, usize) {
        (self.udp.load(Ordering::SeqCst), self.tcp.load(Ordering::SeqCst))
    }
}

/// A UDP and a TCP socket of one free port.
fn sockets() -> (UdpSocket, TcpListener) {
    (0..100)
        .find_map(|_| {
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let tcp = TcpListener::bind(udp.local_addr().unwrap()).ok()?;
            Some((udp, tcp))
        })
        .unwrap()
}

fn serve_udp(socket: &UdpSocket, answers: &Answers, count: &AtomicUsize) {
    let mut buffer = [0; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
        count.fetch_add(1, Ordering::SeqCst);
        for answer in answers(&Message::from_vec(&buffer[..length]).unwrap(), Protocol::Udp) {
            socket.send_to(&answer, peer).unwrap();
        }
    }
}

/// Each message is preceded by its length (RFC 1035 section 4.2.2).
fn serve_tcp(stream: &mut TcpStream, answers: &Answers, count: &AtomicUsize) {
    let mut length = [0; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut question = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut question).unwrap();
        count.fetch_add(1, Ordering::SeqCst);
        let made = answers(&Message::from_vec(&question).unwrap(), Protocol::Tcp);
        if made.is_empty() {
            return;
        }
        for bytes in made {
            stream.write_all(&u16::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
            stream.write_all(&bytes).unwrap();
        }
    }
}

/// The beginning of an answer to this question.
pub(super) fn answer(question: &Message) -> Message {
    let mut answer = Message::new(question.metadata.id, MessageType::Response, question.metadata.op_code);
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    answer.queries.clone_from(&question.queries);
    answer
}

/// An answer without records.
pub(super) fn failure(question: &Message, code: ResponseCode) -> Vec<Message> {
    let mut failure = answer(question);
    failure.metadata.response_code = code;
    vec![failure]
}

/// An answer with TXT records of the name that was asked for.
pub(super) fn texts<R: AsRef<[u8]>>(question: &Message, records: &[R]) -> Message {
    let mut answer = answer(question);
    let owner = question.queries[0].name().clone();
    answer.answers = records.iter().map(|record| text(&owner, 300, record.as_ref())).collect();
    answer
}

/// No answer, but other name servers that may have one: those of `com`.
pub(super) fn referral(question: &Message) -> Message {
    let mut referral = answer(question);
    referral.metadata.recursion_available = false;
    let [zone, server] = ["com.", "a.gtld-servers.net."].map(|name| Name::from_ascii(name).unwrap());
    referral.authorities = vec![Record::from_rdata(zone, 172_800, RData::NS(NS(server)))];
    referral
}

/// A TXT record, in strings of at most 255 bytes.
pub(super) fn text(owner: &Name, ttl: u32, record: &[u8]) -> Record {
    Record::from_rdata(owner.clone(), ttl, RData::TXT(TXT::from_bytes(record.chunks(255).collect())))
}

pub(super) fn alias(owner: &Name, target: &Name) -> Record {
    Record::from_rdata(owner.clone(), 300, RData::CNAME(CNAME(target.clone())))
}
