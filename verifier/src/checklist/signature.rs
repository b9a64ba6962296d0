//! Steps 9 and 10: the key, and the signature.

use crate::key::KeySet;
use crate::rejection::Rejection;
use crate::verified::AuthenticHead;

use super::PendingHead;

impl PendingHead<'_> {
    /// Checks the signature with the keys that [`key_name`](Self::key_name) has.
    ///
    /// # Errors
    /// [`Rejection::BadSignature`] if no acceptable key made it; if no key is acceptable, why.
    pub fn verify(self, keys: &KeySet) -> Result<AuthenticHead, Rejection> {
        let mut refusal = None;
        for candidate in keys.candidates() {
            match self.policy.keys.accepts(candidate) {
                Err(reason) => refusal = refusal.or(Some(reason)),
                Ok(()) if candidate.key.verify(self.signing_string.as_bytes(), &self.signature) => {
                    return Ok(self.authentic(candidate.key.modulus_bits()));
                }
                Ok(()) => refusal = Some(Rejection::BadSignature),
            }
        }
        Err(refusal.unwrap_or(Rejection::KeyNotFound))
    }

    fn authentic(self, key_bits: u32) -> AuthenticHead {
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
