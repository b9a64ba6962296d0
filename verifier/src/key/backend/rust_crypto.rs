use rsa::pkcs1v15;
use rsa::sha2::Sha256;
use rsa::signature::Verifier;

#[derive(Clone)]
pub(crate) struct VerifyingKey(pkcs1v15::VerifyingKey<Sha256>);

impl VerifyingKey {
    pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let number = rsa::BoxedUint::from_be_slice_vartime;
        let key = rsa::PublicKey::new(number(modulus), number(exponent)).ok()?;
        Some(Self(pkcs1v15::VerifyingKey::new(key)))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        pkcs1v15::Signature::try_from(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}

/// For test keys and as a second opinion: its private-key arithmetic is not hardened against timing (Marvin).
#[cfg(feature = "sign")]
pub(crate) struct SigningKey(pkcs1v15::SigningKey<Sha256>);

#[cfg(feature = "sign")]
impl SigningKey {
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        use rsa::pkcs8::DecodePrivateKey;
        let key = rsa::PrivateKey::from_pkcs8_der(der).ok()?;
        Some(Self(pkcs1v15::SigningKey::new(key)))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        use rsa::signature::{SignatureEncoding, Signer};
        self.0.try_sign(message).ok().map(|signature| signature.to_vec())
    }

    pub(crate) fn public_pkcs1(&self) -> Option<Vec<u8>> {
        use rsa::pkcs1::EncodeRsaPublicKey;
        let private: &rsa::PrivateKey = self.0.as_ref();
        private.as_public_key().to_pkcs1_der().ok().map(|document| document.as_bytes().to_vec())
    }
}
