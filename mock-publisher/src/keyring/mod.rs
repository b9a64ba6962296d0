//! The publisher's key pairs, and the [`dns`] server that publishes their public halves.

pub(crate) mod dns;
mod files;
mod stranger;

use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use callback_verifier::sign::PrivateKey;
use callback_verifier::{KeyName, Zone};

use crate::wire_profile::WireProfile;

pub(crate) use files::KeyFileError;
pub(crate) use stranger::Stranger;

/// A key pair and the name that its public half is published under.
#[derive(Debug)]
pub(crate) struct KeyPair {
    /// `<selector>._domainkey.<zone>`, with the month in which the pair was made as the selector.
    pub(crate) name: KeyName,
    pub(crate) private: PrivateKey,
}

/// The key pairs of a publisher. The newest one signs.
#[derive(Debug, Clone)]
pub(crate) struct Keyring {
    zone: Zone,
    wire: WireProfile,
    signing: Arc<KeyPair>,
}

/// A key pair could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyringError {
    #[error("an RSA key pair could not be made")]
    Generation,
    #[error("the key name `{0}` is no DNS name; choose a shorter `--zone`")]
    Name(String),
    #[error(transparent)]
    File(#[from] KeyFileError),
}

impl Keyring {
    /// A keyring with one new key pair that is kept nowhere.
    pub(crate) fn in_memory(zone: Zone, wire: WireProfile, now: SystemTime) -> Result<Self, KeyringError> {
        let (pem, selector) = (generate()?, selector(now));
        let private = PrivateKey::from_pem(&pem).map_err(|_| KeyringError::Generation)?;
        Self::new(zone, wire, &selector, private)
    }

    /// The keyring that is kept in a folder; a new key pair is made and kept if there is none.
    pub(crate) fn open(
        folder: &std::path::Path,
        zone: Zone,
        wire: WireProfile,
        now: SystemTime,
    ) -> Result<Self, KeyringError> {
        if let Some(found) = Self::open_existing(folder, zone.clone(), wire)? {
            return Ok(found);
        }
        let (selector, private) = files::keep(folder, &selector(now), &generate()?)?;
        Self::new(zone, wire, &selector, private)
    }

    /// The keyring that is kept in a folder, if there is one.
    pub(crate) fn open_existing(
        folder: &std::path::Path,
        zone: Zone,
        wire: WireProfile,
    ) -> Result<Option<Self>, KeyringError> {
        match files::newest(folder)? {
            Some((selector, private)) => Self::new(zone, wire, &selector, private).map(Some),
            None => Ok(None),
        }
    }

    fn new(zone: Zone, wire: WireProfile, selector: &str, private: PrivateKey) -> Result<Self, KeyringError> {
        let text = format!("{selector}._domainkey.{zone}");
        let name = KeyName::parse(&text).map_err(|_| KeyringError::Name(text))?;
        Ok(Self { zone, wire, signing: Arc::new(KeyPair { name, private }) })
    }

    /// The key pair that signs.
    pub(crate) fn signing(&self) -> &Arc<KeyPair> {
        &self.signing
    }

    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The names that have a key, with the text of its record.
    pub(crate) fn records(&self) -> Vec<(KeyName, String)> {
        vec![(self.signing.name.clone(), self.wire.key_record(self.signing.private.public_key_der()))]
    }
}

/// A new 2048-bit key pair, as PKCS#8 PEM.
fn generate() -> Result<String, KeyringError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyringError::Generation)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyringError::Generation)?;
    let pem = pem::Pem::new("PRIVATE KEY", der.as_ref());
    Ok(pem::encode_config(&pem, pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF)))
}

/// Assumption: the platform does not document how it names its keys, only that they rotate about monthly.
fn selector(now: SystemTime) -> String {
    let stamp = jiff::Timestamp::try_from(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    stamp.strftime("%Y-%m").to_string()
}
