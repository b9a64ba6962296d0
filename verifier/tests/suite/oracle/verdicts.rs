//! What the receiver in Python makes of requests.

use std::time::UNIX_EPOCH;

use callback_verifier::Transport;
use serde_json::{Value, json};

use super::mutate::{OTHER_ACCOUNT, OTHER_HOST, OTHER_KEY_ID};
use super::processes::Python;
use crate::support::keys::{A, B, TestKey};
use crate::support::{ACCOUNT, HOST, KEY_ID, Message, hex, now};

/// What a receiver expects, as `receiver.py` reads it.
pub(super) struct Settings(Value);

impl Settings {
    /// Those of `Receiver::strict`.
    pub(super) fn strict() -> Self {
        Self::new(&[HOST], &[ACCOUNT], &[(KEY_ID, &A)], 8 << 20)
    }

    /// Two accounts, two hosts, two keys, and a limit of the body in bytes.
    pub(super) fn of_mutants(max_body: u64) -> Self {
        Self::new(&[HOST, OTHER_HOST], &[ACCOUNT, OTHER_ACCOUNT], &[(KEY_ID, &A), (OTHER_KEY_ID, &B)], max_body)
    }

    fn new(hosts: &[&str], accounts: &[u64], keys: &[(&str, &TestKey)], max_body: u64) -> Self {
        let keys: Vec<_> = keys.iter().map(|(name, key)| json!([name, hex(&key.modulus()), "10001"])).collect();
        let now = now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let zones = ["copernica.com"];
        Self(
            json!({"now": now, "hosts": hosts, "accounts": accounts, "zones": zones, "keys": keys, "max_body": max_body}),
        )
    }
}

/// The receiver in Python, in a process of its own.
pub(super) struct Judge(Python);

/// One step that a request fails, and why.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) step: u8,
    #[expect(dead_code, reason = "it is read in the text of a failure")]
    reason: String,
}

impl Judge {
    pub(super) fn start(settings: &Settings) -> Self {
        let python = Python::start("verdicts");
        python.tell(settings.0.to_string());
        Self(python)
    }

    /// Hands requests over.
    pub(super) fn tell<'a>(&self, messages: impl IntoIterator<Item = &'a Message>) {
        self.0.tell(Value::from_iter(messages.into_iter().map(as_json)).to_string());
    }

    /// The verdicts on the requests that were handed over next: the faults of each.
    pub(super) fn verdicts(&mut self) -> Vec<Vec<Fault>> {
        let read = |fault: &Value| Fault {
            step: fault[0].as_u64().and_then(|step| step.try_into().ok()).unwrap(),
            reason: fault[1].as_str().unwrap().to_owned(),
        };
        self.0.answers().iter().map(|faults| faults.as_array().unwrap().iter().map(read).collect()).collect()
    }
}

/// A request as the Python side reads it.
pub(super) fn as_json(message: &Message) -> Value {
    let headers: Vec<_> = message.headers.iter().map(|(name, value)| json!([name, hex(value)])).collect();
    let transport = match message.transport {
        Transport::Unknown => "unknown",
        Transport::Http => "http",
        Transport::Https => "https",
    };
    json!({
        "method": message.method, "target": message.target, "headers": headers, "body": hex(&message.body),
        "authority": message.authority, "transport": transport,
    })
}
