//! Steps 9 and 10: the key, and the signature.

use crate::key::KeySet;
use crate::rejection::Rejection;
use crate::verified::AuthenticHead;

use super::PendingHead;

/// Why a signature by none of the keys is no proof when they are past their time to live.
const NOT_REFRESHED: &str = "the key at hand did not make the signature, and is past its time to live";

/// Evidence that one of the keys made the signature.
pub(crate) struct Signer {
    key_bits: u32,
}

impl PendingHead<'_> {
    /// Checks the signature with the keys that [`key_name`](Self::key_name) has.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{KeySet, PendingHead, Rejection};
    /// # let (policy, head, now) = (verifier().policy().clone(), head(), now());
    /// let pending = PendingHead::check(&policy, &head, now)?;
    /// let authentic = pending.verify(&KeySet::pinned(key()))?;
    /// assert_eq!(authentic.key_bits(), 2048);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Rejection::BadSignature`] if no acceptable key made it, or [`Rejection::KeyUnavailable`] if that proves nothing
    /// because the keys are [stale](KeySet::is_stale); if no key is acceptable, why.
    pub fn verify(self, keys: &KeySet) -> Result<AuthenticHead, Rejection> {
        let signer = self.signer(keys)?;
        Ok(self.authentic(signer))
    }

    /// The key that made the signature.
    pub(crate) fn signer(&self, keys: &KeySet) -> Result<Signer, Rejection> {
        let mut refusal = None;
        for candidate in keys.candidates() {
            match self.policy.keys.accepts(candidate) {
                Err(reason) => refusal = refusal.or(Some(reason)),
                Ok(()) if candidate.key.verify(self.signing_string.as_bytes(), &self.signature) => {
                    keys.prove();
                    return Ok(Signer { key_bits: candidate.key.modulus_bits() });
                }
                Ok(()) if keys.is_stale() => refusal = Some(Rejection::KeyUnavailable(NOT_REFRESHED.to_owned())),
                Ok(()) => refusal = Some(Rejection::BadSignature),
            }
        }
        Err(refusal.unwrap_or(Rejection::KeyNotFound))
    }

    /// The evidence. The signer is that of this head.
    pub(crate) fn authentic(self, Signer { key_bits }: Signer) -> AuthenticHead {
        let Self { policy, key_name, signature: _, signing_string, account, date, digests, content_length } = self;
        AuthenticHead {
            account,
            key_name,
            key_bits,
            date,
            signing_string,
            digests,
            content_length,
            max_body: policy.max_body,
        }
    }
}
