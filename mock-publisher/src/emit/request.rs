use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use callback_verifier::sign::SignError;
use callback_verifier::wire::{CoveredHeaders, format_date};
use callback_verifier::{Header, RequestHead};

use super::TargetUrl;
use crate::keyring::KeyPair;
use crate::stopwatch::Stopwatch;
use crate::wire_profile::{Coverage, WireProfile};

/// All that a signed request is made of.
#[derive(Debug)]
pub(crate) struct Emission<'a> {
    pub(crate) target: &'a TargetUrl,
    pub(crate) content_type: &'a str,
    pub(crate) body: Bytes,
    pub(crate) account: u64,
    pub(crate) date: SystemTime,
    pub(crate) nonce: String,
    pub(crate) wire: WireProfile,
    pub(crate) coverage: Coverage,
    pub(crate) key: &'a KeyPair,
}

/// A request as it goes over the wire.
#[derive(Debug, Clone)]
pub(crate) struct SignedRequest {
    pub(crate) target: TargetUrl,
    /// Names as they are sent, and values.
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Bytes,
    /// How much of a processor the signature took.
    pub(crate) signing: Duration,
}

impl Emission<'_> {
    /// Builds the headers and signs them.
    pub(crate) fn sign(self) -> Result<SignedRequest, SignError> {
        let mut headers = vec![
            ("Host", self.target.authority()),
            ("Date", format_date(self.date)),
            ("Content-Type", self.content_type.to_owned()),
            ("Content-Length", self.body.len().to_string()),
            ("X-Copernica-Id", self.wire.account(self.account)),
            ("Digest", self.wire.digest(&self.body)),
            ("X-Nonce", self.nonce),
        ];
        let request_target = self.target.path_and_query();
        let lines: Vec<_> = headers.iter().map(|(name, value)| Header::new(name, value.as_bytes())).collect();
        let head = RequestHead::new("POST", &request_target, lines);
        let covered = CoveredHeaders::parse(self.wire.covered(self.coverage)).map_err(|_| SignError::Failed)?;
        let stopwatch = Stopwatch::start();
        let signature = self.key.private.sign_request(&head, &self.key.name, &covered)?;
        let signing = stopwatch.elapsed();
        headers.push(("Signature", signature));
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Ok(SignedRequest { target: self.target.clone(), headers, body: self.body, signing })
    }
}

impl SignedRequest {
    /// One that was sent before, from its head as it was told. `None` if that is no head.
    pub(crate) fn again(target: TargetUrl, head: &str, body: Bytes) -> Option<Self> {
        let lines = head.strip_suffix("\r\n\r\n")?.split("\r\n").skip(1);
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned().into(), value.to_owned()))
        });
        Some(Self { target, headers: headers.collect::<Option<_>>()?, body, signing: Duration::ZERO })
    }

    /// The request line and the headers, as they are sent, with the empty line behind them.
    pub(crate) fn head_text(&self) -> String {
        let lines: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("POST {} HTTP/1.1\r\n{lines}\r\n", self.target.path_and_query())
    }

    /// Head and body, as they are sent.
    pub(crate) fn raw(&self) -> Vec<u8> {
        [self.head_text().as_bytes(), &self.body].concat()
    }
}

/// What is sent once and never again: 144 random bits.
pub(crate) fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
