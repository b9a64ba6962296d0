//! A zone of keys on a name server that can be made to misbehave while a test runs.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callback_verifier::{DnsKeys, KeyName, Verifier};
use hickory_server::proto::op::{Message, ResponseCode};
use hickory_server::proto::rr::Name;

use super::name_server::{NameServer, Protocol, alias, answer, failure, referral, text};
use crate::support::keys::TestKey;
use crate::support::{ACCOUNT, HOST};

/// The time to live of every record, in seconds.
pub(super) const TTL: u64 = 300;

pub(super) struct Zone {
    pub(super) server: NameServer,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    records: HashMap<String, Vec<String>>,
    trouble: Trouble,
    asked: HashSet<String>,
}

/// What the name server does to every question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Trouble {
    #[default]
    None,
    Code(ResponseCode),
    Silence,
    /// The first packet that asks for a name that is published gets lost.
    FirstPacketLost,
    /// By UDP the answer does not fit, and by TCP nobody answers.
    Truncated,
    /// Answers that are no DNS messages, but for their beginning.
    Garbage,
    /// Every name is an alias of the next.
    EndlessAliases,
    /// Others are named who may know. So does a server that does not resolve for this client.
    Referral,
}

impl Zone {
    pub(super) fn publishing(keys: &[(&str, &TestKey)]) -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let server =
            NameServer::start_with_bytes(move |question, protocol| shared.lock().unwrap().answer(question, protocol));
        let zone = Self { server, state };
        keys.iter().for_each(|(name, key)| zone.publish(name, &[key.record()]));
        zone
    }

    pub(super) fn publish(&self, name: &str, records: &[String]) {
        self.state.lock().unwrap().records.insert(name.to_owned(), records.to_vec());
    }

    pub(super) fn withdraw(&self, name: &str) {
        self.state.lock().unwrap().records.remove(name);
    }

    pub(super) fn is_in(&self, trouble: Trouble) {
        let mut state = self.state.lock().unwrap();
        state.trouble = trouble;
        state.asked.clear();
    }

    pub(super) fn keys(&self) -> DnsKeys {
        DnsKeys::with_name_servers(&[self.server.address]).unwrap()
    }
}

/// A verifier that accepts the callbacks of the tests at any later time.
pub(super) fn verifier(keys: Arc<DnsKeys>) -> Verifier {
    Verifier::builder(ACCOUNT).host(HOST).keys(keys).max_age(Duration::from_secs(1 << 30)).build().unwrap()
}

pub(super) fn key_name(name: &str) -> KeyName {
    KeyName::parse(name).unwrap()
}

/// An address where no name server listens: those of the tests are all at 127.0.0.1.
pub(super) fn nobody() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 2], 53_535))
}

impl State {
    fn answer(&mut self, question: &Message, protocol: Protocol) -> Vec<Vec<u8>> {
        let asked = question.queries[0].name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
        let is_first = self.asked.insert(asked.clone());
        let messages = match self.trouble {
            Trouble::Code(code) => failure(question, code),
            Trouble::Silence => Vec::new(),
            Trouble::FirstPacketLost if is_first && self.records.contains_key(&asked) => Vec::new(),
            Trouble::Truncated if protocol == Protocol::Tcp => Vec::new(),
            Trouble::Truncated => {
                let mut cut = answer(question);
                cut.metadata.truncation = true;
                vec![cut]
            }
            Trouble::Garbage => {
                // It claims a question and holds none.
                let mut garbage = question.metadata.id.to_be_bytes().to_vec();
                garbage.extend([0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 0, 0xff, 0xff]);
                return vec![garbage];
            }
            Trouble::EndlessAliases => {
                let mut chain = answer(question);
                let owner = question.queries[0].name();
                chain.answers =
                    vec![alias(owner, &Name::from_ascii(format!("{}.example.", self.asked.len())).unwrap())];
                vec![chain]
            }
            Trouble::Referral => vec![referral(question)],
            Trouble::None | Trouble::FirstPacketLost => match self.records.get(&asked) {
                None => failure(question, ResponseCode::NXDomain),
                Some(records) => {
                    let owner = question.queries[0].name();
                    let ttl = u32::try_from(TTL).unwrap();
                    let mut found = answer(question);
                    found.answers = records.iter().map(|record| text(owner, ttl, record.as_bytes())).collect();
                    vec![found]
                }
            },
        };
        messages.iter().map(|message| message.to_vec().unwrap()).collect()
    }
}
