use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY};

/// A key parsed once: parsing it at each verification costs an eighth of the verification.
///
/// The library's range begins at 1024 bits; what this receiver takes is its policy's affair and was checked before.
#[derive(Clone)]
pub(crate) struct VerifyingKey(ParsedPublicKey);

impl VerifyingKey {
    pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let components = PublicKeyComponents { n: modulus, e: exponent };
        components.to_parsed_public_key(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY).ok().map(Self)
    }

    /// Hashed apart from the rest, which saves the library some of its bookkeeping: a hundredth of the verification.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_digest_sig(&digest(&SHA256, message), signature).is_ok()
    }
}

#[cfg(feature = "sign")]
pub(crate) struct SigningKey(aws_lc_rs::rsa::KeyPair);

#[cfg(feature = "sign")]
impl SigningKey {
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        aws_lc_rs::rsa::KeyPair::from_pkcs8(der).ok().map(Self)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        self.0.sign(&aws_lc_rs::signature::RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
        Some(signature)
    }

    pub(crate) fn public_pkcs1(&self) -> Vec<u8> {
        aws_lc_rs::signature::KeyPair::public_key(&self.0).as_ref().to_vec()
    }
}
