//! One signed callback, and a verifier that has found its key in DNS.

use std::net::{SocketAddr, UdpSocket};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use callback_verifier::sign::PrivateKey;
use callback_verifier::wire::{CoveredHeaders, Digests, SigningString, format_date};
use callback_verifier::{DnsKeys, Header, KeyName, KeyStore, RequestHead, Verifier, VerifierBuilder};
use hickory_server::proto::op::Message;
use hickory_server::proto::rr::rdata::TXT;
use hickory_server::proto::rr::{RData, Record};
use hickory_server::proto::serialize::binary::{BinDecodable, BinEncodable};

pub(crate) const TARGET: &str = "/hook?source=publisher";
pub(crate) const COVERED: &str = "(request-target) host date content-length content-type x-copernica-id digest x-nonce";
const KEY_ID: &str = "2026-11._domainkey.copernica.com";

pub(crate) struct Callback {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) key: PrivateKey,
    pub(crate) now: SystemTime,
}

impl Callback {
    /// A callback of 400 bytes, as a profile with a handful of fields makes it.
    pub(crate) fn typical() -> Self {
        let mut body = br#"{"id":"123","action":"update","fields":{"name":"Mike","city":"Amsterdam","note":""#.to_vec();
        let end = br#""},"interests":["tennis","golf"]}"#;
        body.resize(400 - end.len(), b'x');
        body.extend_from_slice(end);
        Self::with_body(body)
    }

    pub(crate) fn with_body(body: Vec<u8>) -> Self {
        let (digest, length) = (Digests::sha256_base64(&body), body.len());
        Self { body, ..Self::with_digest(&digest, length as u64) }
    }

    /// The typical callback with a nonce of its own.
    pub(crate) fn with_nonce(nonce: &str) -> Self {
        let typical = Self::typical();
        let mut headers = typical.headers;
        headers.retain(|(name, _)| *name != "signature");
        headers.iter_mut().filter(|(name, _)| *name == "x-nonce").for_each(|(_, value)| nonce.clone_into(value));
        Self { headers, ..typical }.sign()
    }

    /// The head of a callback whose body is nowhere as a whole.
    pub(crate) fn with_digest(digest: &str, length: u64) -> Self {
        let key = PrivateKey::from_pem(include_str!("key-2048.pem")).expect("a key");
        let now = SystemTime::now();
        let headers = vec![
            ("host", "hooks.example.com".to_owned()),
            ("user-agent", "publisher/1.0".to_owned()),
            ("accept", "*/*".to_owned()),
            ("date", format_date(now)),
            ("content-type", "application/json".to_owned()),
            ("content-length", length.to_string()),
            ("x-copernica-id", "account_1234".to_owned()),
            ("digest", format!("sha-256={digest}")),
            ("x-nonce", "VChFI1aSHdyfrhP8GyoeC2ag".to_owned()),
        ];
        Self { headers, body: Vec::new(), key, now }.sign()
    }

    fn sign(mut self) -> Self {
        let lines = self.lines();
        let head = RequestHead::new("POST", TARGET, lines);
        let covered = CoveredHeaders::parse(COVERED).expect("a list");
        let signature = self.key.sign_request(&head, &key_name(), &covered).expect("a signature");
        self.headers.push(("signature", signature));
        self
    }

    pub(crate) fn lines(&self) -> Vec<Header<'_>> {
        self.headers.iter().map(|(name, value)| Header::new(name, value.as_bytes())).collect()
    }

    /// What the signature is made over, and the signature.
    pub(crate) fn signed(&self) -> (SigningString, Vec<u8>) {
        let lines = self.lines();
        let head = RequestHead::new("POST", TARGET, &lines[..]);
        let signing_string =
            SigningString::build(&head, &CoveredHeaders::parse(COVERED).expect("a list")).expect("a signing string");
        let signature = self.key.sign(signing_string.as_bytes()).expect("a signature");
        (signing_string, signature)
    }

    /// The key, fetched from a name server over UDP, and kept.
    pub(crate) fn keys(&self) -> DnsKeys {
        let keys = DnsKeys::with_name_servers(&[serve_key(&self.key)]).expect("a resolver");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(keys.lookup(&key_name(), self.now)).expect("the key");
        keys
    }

    /// A verifier that has the key at hand.
    pub(crate) fn verifier(&self) -> Verifier {
        self.builder(self.keys()).build().expect("a verifier")
    }

    /// The same, to be changed.
    pub(crate) fn builder(&self, keys: impl KeyStore) -> VerifierBuilder {
        let builder = Verifier::builder(1234).host("hooks.example.com").keys(keys);
        builder.max_body(1 << 31).max_age(Duration::from_secs(24 * 60 * 60))
    }
}

pub(crate) fn key_name() -> KeyName {
    KeyName::parse(KEY_ID).expect("a name")
}

/// A name server that knows one answer.
fn serve_key(key: &PrivateKey) -> SocketAddr {
    use base64::Engine;
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    let text = format!("v=DKIM1;k=rsa;p={}", base64::engine::general_purpose::STANDARD.encode(key.public_key_der()));
    std::thread::spawn(move || {
        let mut packet = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            let Ok(query) = Message::from_bytes(&packet[..length]) else { continue };
            let questions = query.queries.clone();
            let mut answer = query.into_response();
            for question in &questions {
                let data = RData::TXT(TXT::from_bytes(text.as_bytes().chunks(255).collect()));
                answer.add_answer(Record::from_rdata(question.name().clone(), 86_400, data));
            }
            let bytes = answer.to_bytes().expect("an encoded answer");
            socket.send_to(&bytes, from).expect("an answer");
        }
    });
    address
}

/// Runs a future that has nothing to wait for.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the key is in the cache, so there is nothing to wait for"),
    }
}
