//! A name server on loopback that gives the same answer to every question.

use std::net::UdpSocket;
use std::thread;

/// What a [`NameServer`] answers.
#[derive(Clone)]
pub(crate) enum Answer {
    /// TXT records, each split into strings of at most 255 bytes.
    Records(Vec<String>),
    /// No records, with this response code.
    Code(u8),
}

pub(crate) const NO_SUCH_NAME: u8 = 3;
pub(crate) const SERVER_FAILURE: u8 = 2;
pub(crate) const TTL: u32 = 600;

/// Starts a name server; gives its address. It ends with the test program.
pub(crate) fn start(answer: Answer) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut query = [0; 4096];
        while let Ok((length, peer)) = socket.recv_from(&mut query) {
            let _ = socket.send_to(&response(&query[..length], &answer), peer);
        }
    });
    address
}

/// An address at which nothing listens.
pub(crate) fn closed_port() -> String {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// RFC 1035 section 4: a header, the question as it came, the records.
fn response(query: &[u8], answer: &Answer) -> Vec<u8> {
    const HEADER: usize = 12;
    let name_length = query[HEADER..].iter().position(|&b| b == 0).unwrap() + 1;
    let question = &query[HEADER..HEADER + name_length + 4];
    let (code, records) = match answer {
        Answer::Records(records) => (0, &records[..]),
        Answer::Code(code) => (*code, &[][..]),
    };
    let mut out = query[..2].to_vec();
    out.extend([0x85, 0x80 | code, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]);
    out.extend(question);
    for record in records {
        let strings: Vec<u8> =
            record.as_bytes().chunks(255).flat_map(|part| [&[part.len() as u8], part].concat()).collect();
        out.extend([0xc0, HEADER as u8, 0, 16, 0, 1]);
        out.extend(TTL.to_be_bytes());
        out.extend((strings.len() as u16).to_be_bytes());
        out.extend(strings);
    }
    out
}
