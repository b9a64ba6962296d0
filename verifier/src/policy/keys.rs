use super::PolicyError;
use crate::key::{Candidate, KeyName, MAX_KEY_BITS, MIN_KEY_BITS, Zone};
use crate::rejection::Rejection;

/// Which keys a receiver trusts.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let verifier = verifier();
/// # use callback_verifier::{KeySet, Rejection};
/// let keys = &verifier.policy().keys;
/// assert!(keys.trusts(&"2026-11._domainkey.copernica.com".parse()?));
/// assert!(!keys.trusts(&"copernica.com.example.net".parse()?));
///
/// let record = format!("{RECORD};t=y");   // its owner is only testing
/// let set = KeySet::from_records([record.as_bytes()], std::time::Duration::from_secs(300))?;
/// assert!(set.candidates().iter().all(|key| keys.accepts(key) == Err(Rejection::KeyTesting)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyPolicy {
    /// The zones that keys may be published in. Without one, no key is trusted.
    pub zones: Vec<Zone>,
    /// The smallest RSA modulus, in bits. Default: 2048; no less than 1024.
    pub min_bits: u32,
    /// Keys whose record says `t=y`. Default: refused.
    pub testing: TestingKeys,
}

/// What to do with keys whose owner says that he is testing (`t=y`).
///
/// Set by [`VerifierBuilder::testing_keys`](crate::VerifierBuilder::testing_keys).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TestingKeys {
    /// Treat them like no key.
    #[default]
    Refuse,
    /// Treat them like any key.
    Accept,
}

impl Default for KeyPolicy {
    fn default() -> Self {
        Self { zones: Vec::new(), min_bits: 2048, testing: TestingKeys::default() }
    }
}

impl KeyPolicy {
    /// Whether keys of this name may be trusted: it lies in one of the zones.
    pub fn trusts(&self, name: &KeyName) -> bool {
        self.zones.iter().any(|zone| zone.contains(name))
    }

    /// Whether a key is good enough.
    ///
    /// # Errors
    /// [`Rejection::KeyTesting`] or [`Rejection::KeyTooSmall`].
    pub fn accepts(&self, candidate: &Candidate) -> Result<(), Rejection> {
        if candidate.testing && self.testing == TestingKeys::Refuse {
            return Err(Rejection::KeyTesting);
        }
        let bits = candidate.key.modulus_bits();
        if bits < self.min_bits {
            return Err(Rejection::KeyTooSmall { bits, minimum: self.min_bits });
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), PolicyError> {
        if self.zones.is_empty() {
            return Err(PolicyError::NoZone);
        }
        if !(MIN_KEY_BITS..=MAX_KEY_BITS).contains(&self.min_bits) {
            return Err(PolicyError::KeyBits(self.min_bits));
        }
        Ok(())
    }
}
