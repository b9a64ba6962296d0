//! The libraries that do RSA. Everything that they are handed was parsed and bounded before.

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(feature = "rust-crypto")]
mod rust_crypto;

#[cfg(not(any(feature = "aws-lc", feature = "rust-crypto")))]
compile_error!("callback-verifier needs RSA: enable the feature `aws-lc` (the default) or `rust-crypto`");

/// A library that does RSA. Which ones there are is a matter of features; the default is the fastest of them.
///
/// [`PublicKey::from_der_with`](super::PublicKey::from_der_with) takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Backend {
    /// `aws-lc-rs` (feature `aws-lc`).
    #[cfg(feature = "aws-lc")]
    #[default]
    AwsLc,
    /// The `rsa` crate (feature `rust-crypto`).
    #[cfg(feature = "rust-crypto")]
    #[cfg_attr(not(feature = "aws-lc"), default)]
    RustCrypto,
}

#[derive(Clone)]
pub(crate) enum VerifyingKey {
    #[cfg(feature = "aws-lc")]
    AwsLc(aws_lc::VerifyingKey),
    #[cfg(feature = "rust-crypto")]
    RustCrypto(rust_crypto::VerifyingKey),
}

impl VerifyingKey {
    /// A key of big-endian numbers without leading zeros.
    pub(crate) fn new(backend: Backend, modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        match backend {
            #[cfg(feature = "aws-lc")]
            Backend::AwsLc => aws_lc::VerifyingKey::new(modulus, exponent).map(Self::AwsLc),
            #[cfg(feature = "rust-crypto")]
            Backend::RustCrypto => rust_crypto::VerifyingKey::new(modulus, exponent).map(Self::RustCrypto),
        }
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(key) => key.verify(message, signature),
            #[cfg(feature = "rust-crypto")]
            Self::RustCrypto(key) => key.verify(message, signature),
        }
    }
}

/// A private key, to make RSASSA-PKCS1-v1_5 signatures with SHA-256.
#[cfg(feature = "sign")]
pub(crate) enum SigningKey {
    #[cfg(feature = "aws-lc")]
    AwsLc(aws_lc::SigningKey),
    #[cfg(feature = "rust-crypto")]
    RustCrypto(Box<rust_crypto::SigningKey>),
}

#[cfg(feature = "sign")]
impl SigningKey {
    pub(crate) fn from_pkcs8(backend: Backend, der: &[u8]) -> Option<Self> {
        match backend {
            #[cfg(feature = "aws-lc")]
            Backend::AwsLc => aws_lc::SigningKey::from_pkcs8(der).map(Self::AwsLc),
            #[cfg(feature = "rust-crypto")]
            Backend::RustCrypto => rust_crypto::SigningKey::from_pkcs8(der).map(|key| Self::RustCrypto(Box::new(key))),
        }
    }

    /// `None` if the library fails, which it does for no key that it took.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(key) => key.sign(message),
            #[cfg(feature = "rust-crypto")]
            Self::RustCrypto(key) => key.sign(message),
        }
    }

    /// The public half as PKCS#1 DER.
    pub(crate) fn public_pkcs1(&self) -> Option<Vec<u8>> {
        match self {
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(key) => Some(key.public_pkcs1()),
            #[cfg(feature = "rust-crypto")]
            Self::RustCrypto(key) => key.public_pkcs1(),
        }
    }
}
