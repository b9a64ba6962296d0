use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::{KeyError, KeyName, KeySet, KeyStore, Lookup, PublicKey, PublicKeyError};

/// Keys that are given, not looked up: for tests, and for whoever reads a callback without a network.
///
/// The platform rotates its keys about monthly, so a receiver in production wants DNS.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (head, body, now) = (head(), BODY, now());
/// # let pem = pem();
/// use callback_verifier::{PinnedKeys, Verifier};
///
/// let key = PinnedKeys::read_pem(&pem)?;      // `-----BEGIN PUBLIC KEY-----`
/// let keys = PinnedKeys::new().with("2026-11._domainkey.copernica.com".parse()?, key)?;
/// let verifier = Verifier::builder(1234).host("hooks.example.com").keys(keys).build()?;
/// assert!(verifier.verify(&head, body, now).await.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct PinnedKeys {
    by_name: HashMap<KeyName, Arc<KeySet>>,
    for_every_name: Option<Arc<KeySet>>,
}

/// The text is not the PEM of a public key.
///
/// [`PinnedKeys::read_pem`] reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinnedKeyError {
    /// Not PEM.
    #[error("not a PEM file: expected `-----BEGIN PUBLIC KEY-----`")]
    NotPem,
    /// The PEM of something else.
    #[error("a PEM file of a `{0}`, expected a `PUBLIC KEY` or an `RSA PUBLIC KEY`")]
    OtherLabel(String),
    /// A key that could not be used.
    #[error(transparent)]
    Key(#[from] PublicKeyError),
}

impl PinnedKeys {
    /// No keys yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Pins one more key to a name.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{KeyName, KeyStore, PinnedKeys};
    /// # let (old, new, now) = (key(), key(), now());
    /// let name: KeyName = "2026-11._domainkey.copernica.com".parse()?;
    /// let keys = PinnedKeys::new().with(name.clone(), old)?.with(name.clone(), new)?;     // both are tried
    /// assert_eq!(keys.cached(&name, now).map(|set| set.candidates().len()), Some(2));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`KeyError::TooMany`] if it has [as many as a name may have](super::MAX_CANDIDATES).
    pub fn with(mut self, name: KeyName, key: PublicKey) -> Result<Self, KeyError> {
        let keys = match self.by_name.get(&name) {
            Some(present) => present.with_pinned(key)?,
            None => KeySet::pinned(key),
        };
        self.by_name.insert(name, Arc::new(keys));
        Ok(self)
    }

    /// Pins a key to every name that has none of its own.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{KeyStore, PinnedKeys};
    /// # let (key, now) = (key(), now());
    /// let keys = PinnedKeys::new().with_every_name(key);
    /// assert!(keys.cached(&"whatever.copernica.com".parse()?, now).is_some());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_every_name(mut self, key: PublicKey) -> Self {
        self.for_every_name = Some(Arc::new(KeySet::pinned(key)));
        self
    }

    /// Reads a public key from PEM text: `PUBLIC KEY` (RFC 7468 section 13) or `RSA PUBLIC KEY` (PKCS#1).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use callback_verifier::{PinnedKeys, key::PinnedKeyError};
    ///
    /// # let private = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/rsa-2048-a.pem"));
    /// let mistaken = PinnedKeys::read_pem(private);       // the other half of the pair
    /// assert_eq!(mistaken, Err(PinnedKeyError::OtherLabel("PRIVATE KEY".into())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`PinnedKeyError`].
    pub fn read_pem(text: &str) -> Result<PublicKey, PinnedKeyError> {
        let pem = pem::parse(text).map_err(|_| PinnedKeyError::NotPem)?;
        match pem.tag() {
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Ok(PublicKey::from_der(pem.contents())?),
            other => Err(PinnedKeyError::OtherLabel(other.to_owned())),
        }
    }
}

impl KeyStore for PinnedKeys {
    fn cached(&self, name: &KeyName, _now: SystemTime) -> Option<Arc<KeySet>> {
        self.by_name.get(name).or(self.for_every_name.as_ref()).cloned()
    }

    fn lookup<'a>(&'a self, name: &'a KeyName, now: SystemTime) -> Lookup<'a> {
        let found = self.cached(name, now).ok_or(KeyError::NotFound);
        Box::pin(std::future::ready(found))
    }
}
