//! How the publisher spells what the platform's sources contradict each other in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callback_verifier::wire::{Account, Digests};
use serde::{Deserialize, Serialize};

/// How the headers are spelled. The documentation's sample and the platform's published verifier cannot both be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WireProfile {
    /// As the published verifier needs it: lower-case names, `sha-256=`, `account_1234`, `v=DKIM1;k=rsa;p=...`.
    #[default]
    Lowercase,
    /// As the documentation shows it: mixed-case names, `SHA-256=`, `account-1234`, `v=DKIM1; k=rsa; p=...`.
    Documented,
}

/// What the signature covers. Assumption: the documentation's sample covers all eight; the platform's published verifier does
/// not insist on the two that describe the body, which hints that they are not always covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Coverage {
    /// All that is documented.
    #[default]
    All,
    /// All but `Content-Length` and `Content-Type`.
    WithoutContent,
}

impl WireProfile {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Lowercase => "lowercase",
            Self::Documented => "documented",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Lowercase, Self::Documented].into_iter().find(|profile| profile.name() == name)
    }

    /// The `headers` parameter: what the signature covers, in order.
    pub(crate) const fn covered(self, coverage: Coverage) -> &'static str {
        match (self, coverage) {
            (Self::Lowercase, Coverage::All) => {
                "(request-target) host date content-length content-type x-copernica-id digest x-nonce"
            }
            (Self::Documented, Coverage::All) => {
                "(request-target) Host Date Content-length Content-type X-Copernica-ID Digest X-nonce"
            }
            (Self::Lowercase, Coverage::WithoutContent) => "(request-target) host date x-copernica-id digest x-nonce",
            (Self::Documented, Coverage::WithoutContent) => "(request-target) Host Date X-Copernica-ID Digest X-nonce",
        }
    }

    /// The value of `Digest`.
    pub(crate) fn digest(self, body: &[u8]) -> String {
        let token = match self {
            Self::Lowercase => "sha-256",
            Self::Documented => "SHA-256",
        };
        format!("{token}={}", Digests::sha256_base64(body))
    }

    /// The value of `X-Copernica-ID`.
    pub(crate) fn account(self, account: u64) -> String {
        let written = Account::new(account).to_string();
        match self {
            Self::Lowercase => written,
            Self::Documented => written.replace('_', "-"),
        }
    }

    /// The DKIM key record of a public key.
    pub(crate) fn key_record(self, public_key_der: &[u8]) -> String {
        let key = STANDARD.encode(public_key_der);
        match self {
            Self::Lowercase => format!("v=DKIM1;k=rsa;p={key}"),
            Self::Documented => format!("v=DKIM1; k=rsa; p={key}"),
        }
    }
}
