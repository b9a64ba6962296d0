//! Callbacks that are signed as the publisher signs them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callback_verifier::sign::PrivateKey;
use callback_verifier::wire::{CoveredHeaders, Digests, format_date};
use callback_verifier::{Header, KeyName, RequestHead};

pub(crate) const KEY_ID: &str = "2026-11._domainkey.copernica.com";
pub(crate) const PUBLIC_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/rsa-2048.pub.pem");
pub(crate) const SMALL_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/rsa-1024.pub.pem");
pub(crate) const BODY: &str = r#"{"id":"1","action":"create","fields":{"name":"Mike"},"interests":[]}"#;
/// When the callbacks are signed: `Mon, 23 Nov 2026 08:15:00 GMT`.
const SIGNED_AT: u64 = 1_795_421_700;

const PRIVATE_KEY: &str = include_str!("../keys/rsa-2048.pem");

/// A callback that is still to be signed.
pub(crate) struct Callback {
    pub(crate) target: &'static str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) covered: &'static str,
    pub(crate) key_id: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Callback {
    pub(crate) fn new() -> Self {
        Self::dated(UNIX_EPOCH + Duration::from_secs(SIGNED_AT))
    }

    pub(crate) fn dated(date: SystemTime) -> Self {
        let headers = [
            ("Host", "hooks.example.com".to_owned()),
            ("Date", format_date(date)),
            ("Content-Type", "application/json".to_owned()),
            ("Content-Length", BODY.len().to_string()),
            ("X-Copernica-ID", "account_1234".to_owned()),
            ("Digest", digest(BODY.as_bytes())),
            ("X-Nonce", "n0nce".to_owned()),
        ];
        Self {
            target: "/hook?x=1",
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            covered: "(request-target) host date content-length content-type x-copernica-id digest x-nonce",
            key_id: KEY_ID,
            body: BODY.into(),
        }
    }

    /// Replaces a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.iter_mut().filter(|(known, _)| known == name).for_each(|(_, old)| value.clone_into(old));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// The raw request, with its `Signature` header at the end of its head.
    pub(crate) fn sign(&self) -> Vec<u8> {
        let lines: Vec<_> = self.headers.iter().map(|(name, value)| Header::new(name, value.as_bytes())).collect();
        let head = RequestHead::new("POST", self.target, lines);
        let covered = CoveredHeaders::parse(self.covered).unwrap();
        let key = PrivateKey::from_pem(PRIVATE_KEY).unwrap();
        let signature = key.sign_request(&head, &KeyName::parse(self.key_id).unwrap(), &covered).unwrap();
        let lines: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("POST {} HTTP/1.1\r\n{lines}Signature: {signature}\r\n\r\n", self.target);
        [head.as_bytes(), &self.body].concat()
    }
}

pub(crate) fn digest(body: &[u8]) -> String {
    format!("SHA-256={}", Digests::sha256_base64(body))
}

/// The record that publishes the key.
pub(crate) fn record() -> String {
    let pem = PrivateKey::from_pem(PRIVATE_KEY).unwrap().public_key_pem();
    record_of(&pem)
}

pub(crate) fn record_of(pem: &str) -> String {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    format!("v=DKIM1; k=rsa; p={base64}")
}

/// Replaces the only occurrence of some bytes.
pub(crate) fn replaced(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{old:?} in {text}");
    text.replace(old, new).into()
}
