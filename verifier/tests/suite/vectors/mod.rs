//! The vectors that Rust and Python share (`tests/vectors/verdicts.json`): requests, the receiver that judges them, and its
//! verdict. [`made`] makes them, `BLESS=1` writes the file; this module reads it as anybody would who has only the file.

mod made;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callback_verifier::key::Lookup;
use callback_verifier::{
    EnvironmentIds, Hs2019, KeyError, KeyName, KeySet, KeyStore, MemoryGuard, MissingComma, Rejection, TestingKeys,
    Transport, TransportPolicy, Verifier,
};
use serde_json::Value;

use crate::support::{KEY_ID, Message, block_on};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/verdicts.json");
/// The only place that lists all codes.
const REJECTION: &str = include_str!("../../../src/rejection.rs");

fn document() -> Value {
    serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap()
}

#[test]
fn the_file_is_what_the_generator_makes() {
    let made = made::document();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(FILE, &made).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap();
    assert!(made == committed, "{FILE} is out of date: run again with BLESS=1, and read what has changed");
}

#[test]
fn each_is_judged_as_the_file_says() {
    for vector in document()["vectors"].as_array().unwrap() {
        let told = match verdict(vector) {
            Ok(()) => serde_json::json!("verified"),
            Err(rejection) => made::refusal(&rejection),
        };
        assert_eq!(told, vector["verdict"], "{}", vector["id"]);
    }
}

#[test]
fn every_code_has_a_vector_or_a_reason_why_not() {
    let document = document();
    let codes_of = |value: &Value| value.as_str().map(str::to_owned);
    let vectors = document["vectors"].as_array().unwrap().iter();
    let mut told: BTreeSet<_> = vectors.filter_map(|vector| codes_of(&vector["verdict"]["code"])).collect();
    for (code, reason) in document["elsewhere"].as_object().unwrap() {
        assert!(reason.as_str().is_some_and(|reason| !reason.is_empty()));
        assert!(told.insert(code.clone()), "{code} has a vector and a reason why it has none");
    }
    let facts = REJECTION.split("const fn facts").nth(1).unwrap().split("\n    }\n").next().unwrap();
    let all: BTreeSet<_> = facts.split("(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(all.len() > 40, "the list of codes is read wrongly: {all:?}");
    assert_eq!(told.iter().map(String::as_str).collect::<BTreeSet<_>>(), all);
}

fn verdict(vector: &Value) -> Result<(), Rejection> {
    let verifier = verifier(&vector["receiver"], &vector["records"]);
    let now = UNIX_EPOCH + Duration::from_secs(vector["now"].as_u64().unwrap());
    let mut held = Vec::new();
    for earlier in vector["before"].as_array().into_iter().flatten() {
        let claim = claimed(&verifier, &message(&earlier["request"]), now)?;
        if earlier["was"] == "handled" {
            block_on(claim.commit()).unwrap();
        } else {
            held.push(claim);
        }
    }
    claimed(&verifier, &message(&vector["request"]), now).map(drop)
}

fn claimed(verifier: &Verifier, message: &Message, now: SystemTime) -> Result<callback_verifier::Claim, Rejection> {
    let verified = block_on(verifier.verify(&message.head(), &message.body[..], now))?;
    block_on(verifier.claim(&verified, now))
}

fn verifier(receiver: &Value, records: &Value) -> Verifier {
    let mut builder = Verifier::builder(receiver["account"].as_u64().unwrap()).keys(Answers::of(records));
    for (name, value) in receiver.as_object().unwrap() {
        let seconds = || Duration::from_secs(value.as_u64().unwrap());
        let texts = || value.as_array().unwrap().iter().map(|text| text.as_str().unwrap());
        builder = match name.as_str() {
            "account" => builder,
            "hosts" => texts().fold(builder, |builder, host| builder.host(host)),
            "max_age" => builder.max_age(seconds()),
            "max_body" => builder.max_body(value.as_u64().unwrap()),
            "min_key_bits" => builder.min_key_bits(u32::try_from(value.as_u64().unwrap()).unwrap()),
            "replay_capacity" => {
                let capacity = usize::try_from(value.as_u64().unwrap()).unwrap();
                builder.replay_guard(MemoryGuard::with_capacity(capacity))
            }
            "require_https" => builder.transport(TransportPolicy::RequireHttps),
            "allow_testing_keys" => builder.testing_keys(TestingKeys::Accept),
            "allow_environment" => builder.environment_ids(EnvironmentIds::Accept),
            "allow_hs2019" => builder.hs2019(Hs2019::AcceptAsRsaSha256),
            "allow_missing_comma" => builder.missing_comma(MissingComma::Accept),
            other => panic!("no receiver has `{other}`"),
        };
    }
    builder.build().unwrap()
}

/// The request that a vector has. Its texts are Latin-1: each character is a byte.
fn message(request: &Value) -> Message {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let headers = request["headers"].as_array().unwrap().iter();
    Message {
        method: text(&request["method"]),
        target: text(&request["target"]),
        headers: headers.map(|line| (text(&line[0]), bytes(line[1].as_str().unwrap()))).collect(),
        body: bytes(request["body"].as_str().unwrap()),
        authority: None,
        transport: match request["https"].as_bool() {
            None => Transport::Unknown,
            Some(true) => Transport::Https,
            Some(false) => Transport::Http,
        },
    }
}

fn bytes(latin1: &str) -> Vec<u8> {
    latin1.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

/// What DNS has under the one key name: TXT records, or nothing but a failure.
struct Answers(Option<Vec<String>>);

impl Answers {
    fn of(records: &Value) -> Self {
        let texts = |records: &Vec<Value>| records.iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        Self(records.as_array().map(texts))
    }

    fn answer(&self, name: &KeyName) -> Result<KeySet, KeyError> {
        let Some(records) = &self.0 else { return Err(KeyError::Temporary("SERVFAIL".into())) };
        if name.as_str() != KEY_ID {
            return Err(KeyError::NotFound);
        }
        KeySet::from_records(records.iter().map(String::as_bytes), Duration::from_secs(300))
    }
}

impl KeyStore for Answers {
    fn cached(&self, _: &KeyName, _: SystemTime) -> Option<Arc<KeySet>> {
        None
    }

    fn lookup<'a>(&'a self, name: &'a KeyName, _: SystemTime) -> Lookup<'a> {
        let answer = self.answer(name).map(Arc::new);
        Box::pin(std::future::ready(answer))
    }
}
