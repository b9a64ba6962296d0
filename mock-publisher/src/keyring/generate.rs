//! New key pairs, as PKCS#8 PEM.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use callback_verifier::key::Backend;
use callback_verifier::sign::{PrivateKey, PrivateKeyError};
use clap::ValueEnum;
use rsa::pkcs8::EncodePrivateKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::KeyringError;

/// How long a modulus is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bits {
    /// Too short for a strict receiver.
    #[value(name = "1024")]
    Short,
    #[default]
    #[value(name = "2048")]
    Usual,
    #[value(name = "3072")]
    Long,
    #[value(name = "4096")]
    Longest,
}

impl Bits {
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Short => 1024,
            Self::Usual => 2048,
            Self::Long => 3072,
            Self::Longest => 4096,
        }
    }
}

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.number())
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        let found = Self::value_variants().iter().find(|bits| bits.number() == number);
        found
            .copied()
            .ok_or_else(|| de::Error::custom(format_args!("expected 1024, 2048, 3072 or 4096 bits, got {number}")))
    }
}

pub(super) fn pem(bits: Bits) -> Result<String, KeyringError> {
    let size = match bits {
        Bits::Short => return short_pem(),
        Bits::Usual => KeySize::Rsa2048,
        Bits::Long => KeySize::Rsa3072,
        Bits::Longest => KeySize::Rsa4096,
    };
    let pair = RsaKeyPair::generate(size).map_err(|_| KeyringError::Generation)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyringError::Generation)?;
    Ok(encoded(der.as_ref()))
}

fn encoded(der: &[u8]) -> String {
    let pem = pem::Pem::new("PRIVATE KEY", der);
    pem::encode_config(&pem, pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF))
}

/// The library that makes the others takes none so short.
fn short_pem() -> Result<String, KeyringError> {
    let key = rsa::PrivateKey::new(&mut getrandom::SysRng, 1024).map_err(|_| KeyringError::Generation)?;
    let der = key.to_pkcs8_der().map_err(|_| KeyringError::Generation)?;
    Ok(encoded(der.as_bytes()))
}

/// Reads a key pair, with the library that takes it.
pub(super) fn read(text: &str) -> Result<PrivateKey, PrivateKeyError> {
    match PrivateKey::from_pem(text) {
        Err(PrivateKeyError::Refused) => {
            let pem = pem::parse(text).map_err(|_| PrivateKeyError::NotPem)?;
            PrivateKey::from_pkcs8(pem.contents(), Backend::RustCrypto)
        }
        read => read,
    }
}
