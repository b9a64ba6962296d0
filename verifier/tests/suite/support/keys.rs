//! Key pairs made for these tests with `openssl genpkey`; they guard nothing.

use std::sync::LazyLock;

use callback_verifier::key::Backend;
use callback_verifier::sign::PrivateKey;
use rsa::pkcs8::DecodePrivateKey;

/// A key pair, and the same for the raw operations that a forger needs.
pub(crate) struct TestKey {
    pub(crate) pem: &'static str,
    pub(crate) private: PrivateKey,
    pub(crate) raw: rsa::PrivateKey,
}

pub(crate) static A: LazyLock<TestKey> =
    LazyLock::new(|| TestKey::new(include_str!("../../keys/rsa-2048-a.pem"), Backend::AwsLc));
pub(crate) static B: LazyLock<TestKey> =
    LazyLock::new(|| TestKey::new(include_str!("../../keys/rsa-2048-b.pem"), Backend::AwsLc));
pub(crate) static BITS_3072: LazyLock<TestKey> =
    LazyLock::new(|| TestKey::new(include_str!("../../keys/rsa-3072.pem"), Backend::AwsLc));
pub(crate) static BITS_4096: LazyLock<TestKey> =
    LazyLock::new(|| TestKey::new(include_str!("../../keys/rsa-4096.pem"), Backend::AwsLc));
/// `aws-lc-rs` does not sign with so small a key.
pub(crate) static BITS_1024: LazyLock<TestKey> =
    LazyLock::new(|| TestKey::new(include_str!("../../keys/rsa-1024.pem"), Backend::RustCrypto));

impl TestKey {
    pub(crate) fn new(pem: &'static str, backend: Backend) -> Self {
        let der = pem::parse(pem).unwrap();
        Self {
            pem,
            private: PrivateKey::from_pkcs8(der.contents(), backend).unwrap(),
            raw: rsa::PrivateKey::from_pkcs8_der(der.contents()).unwrap(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.private.sign(message).unwrap()
    }

    /// The DER of the public key, as a SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> &[u8] {
        self.private.public_key_der()
    }

    /// The DER of the public key, as a bare RSAPublicKey.
    pub(crate) fn pkcs1(&self) -> Vec<u8> {
        super::der::rsa_public_key(&self.modulus(), &[1, 0, 1])
    }

    pub(crate) fn modulus(&self) -> Vec<u8> {
        use rsa::traits::PublicKeyParts;
        self.raw.n().to_be_bytes().to_vec()
    }

    /// The usual key record.
    pub(crate) fn record(&self) -> String {
        format!("v=DKIM1;k=rsa;p={}", super::base64(self.spki()))
    }
}
