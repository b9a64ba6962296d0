use std::fmt;

use pkcs1::ALGORITHM_OID as RSA_ENCRYPTION;
use pkcs1::der::asn1::{AnyRef, UintRef};
use pkcs1::der::{Decode, Tag};
use sha2::{Digest, Sha256};
use spki::SubjectPublicKeyInfoRef;

use super::backend::{Backend, VerifyingKey};

/// The smallest modulus that is ever used, in bits. What a receiver accepts by default is [twice that](crate::Policy).
pub const MIN_KEY_BITS: u32 = 1024;
/// The largest modulus that is ever used, in bits.
pub const MAX_KEY_BITS: u32 = 8192;
/// No larger public exponent than this many bits: verification would be slow, and nobody has one.
const MAX_EXPONENT_BITS: u32 = 33;

/// An RSA public key that verifies RSASSA-PKCS1-v1_5 signatures with SHA-256 (RFC 8017 section 8.2).
///
/// It exists only if its modulus is odd and has between [`MIN_KEY_BITS`] and [`MAX_KEY_BITS`] bits, and its exponent is
/// odd and at least 3.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = key();
/// # use callback_verifier::{PublicKey, key::PublicKeyError};
/// assert_eq!((key.modulus_bits(), key.modulus_length()), (2048, 256));
/// assert!(!key.verify(b"a message", &[0; 256]));      // nobody's signature
/// assert_eq!(PublicKey::from_der(b"no key"), Err(PublicKeyError::NotDer));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PublicKey {
    modulus_bits: u32,
    fingerprint: [u8; 32],
    key: VerifyingKey,
}

/// The bytes are no RSA public key that could be used.
///
/// See the example of [`PublicKey`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// Neither the DER of a SubjectPublicKeyInfo nor of a PKCS#1 RSAPublicKey.
    #[error("not the DER of an RSA public key")]
    NotDer,
    /// A SubjectPublicKeyInfo of another algorithm.
    #[error("a key of another algorithm than RSA")]
    OtherAlgorithm,
    /// The modulus is too small or too large.
    #[error("a modulus of {bits} bits, expected {MIN_KEY_BITS} to {MAX_KEY_BITS}")]
    ModulusSize {
        /// The size of the modulus in bits.
        bits: u32,
    },
    /// The modulus is even.
    #[error("an even modulus")]
    EvenModulus,
    /// The exponent is even, 1, or absurdly large.
    #[error("a public exponent that is even, less than 3, or of more than {MAX_EXPONENT_BITS} bits")]
    Exponent,
    /// The cryptographic library does not take it.
    #[error("a key that the cryptographic library refuses")]
    Backend,
}

impl PublicKey {
    /// Reads the DER of a SubjectPublicKeyInfo (RFC 5280) or of a bare PKCS#1 RSAPublicKey (RFC 8017 appendix A.1.1),
    /// without a byte behind it.
    ///
    /// # Errors
    /// See [`PublicKeyError`].
    pub fn from_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        Self::from_der_with(der, Backend::default())
    }

    /// The same, with a chosen cryptographic library.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use base64::Engine;
    /// # let der = base64::engine::general_purpose::STANDARD.decode(RECORD.split("p=").nth(1).unwrap_or_default())?;
    /// use callback_verifier::{PublicKey, key::Backend};
    ///
    /// let key = PublicKey::from_der_with(&der, Backend::default())?;      // the fastest of those that are compiled in
    /// assert_eq!(key, PublicKey::from_der(&der)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`PublicKeyError`].
    pub fn from_der_with(der: &[u8], backend: Backend) -> Result<Self, PublicKeyError> {
        let rsa = match SubjectPublicKeyInfoRef::from_der(der) {
            Ok(info) => rsa_public_key(&info)?,
            Err(_) => der,
        };
        let rsa = pkcs1::RsaPublicKey::<UintRef<'_>>::from_der(rsa).map_err(|_| PublicKeyError::NotDer)?;
        let (modulus, exponent) = (rsa.modulus.as_bytes(), rsa.public_exponent.as_bytes());
        let modulus_bits = bit_length(modulus);
        if !(MIN_KEY_BITS..=MAX_KEY_BITS).contains(&modulus_bits) {
            return Err(PublicKeyError::ModulusSize { bits: modulus_bits });
        }
        if !is_odd(modulus) {
            return Err(PublicKeyError::EvenModulus);
        }
        if !is_odd(exponent) || exponent == [1] || bit_length(exponent) > MAX_EXPONENT_BITS {
            return Err(PublicKeyError::Exponent);
        }
        let key = VerifyingKey::new(backend, modulus, exponent).ok_or(PublicKeyError::Backend)?;
        Ok(Self { modulus_bits, fingerprint: fingerprint(modulus, exponent), key })
    }

    /// The size of the modulus in bits.
    pub fn modulus_bits(&self) -> u32 {
        self.modulus_bits
    }

    /// The length of the modulus, and of every signature, in bytes.
    pub fn modulus_length(&self) -> usize {
        self.modulus_bits.div_ceil(8) as usize
    }

    /// Whether this is the signature of a message under this key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        signature.len() == self.modulus_length() && self.key.verify(message, signature)
    }
}

/// Two keys are equal if modulus and exponent are, however they were encoded and whichever library verifies with them.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RSA-{}", self.modulus_bits)
    }
}

/// The PKCS#1 key inside a SubjectPublicKeyInfo whose algorithm is `rsaEncryption` (parameters NULL or absent, as RFC 3279
/// section 2.3.1 wants NULL and some encoders leave it out).
fn rsa_public_key<'a>(info: &SubjectPublicKeyInfoRef<'a>) -> Result<&'a [u8], PublicKeyError> {
    if info.algorithm.oid != RSA_ENCRYPTION {
        return Err(PublicKeyError::OtherAlgorithm);
    }
    let is_null = |any: &AnyRef<'_>| any.header().tag() == Tag::Null;
    if info.algorithm.parameters.as_ref().is_some_and(|parameters| !is_null(parameters)) {
        return Err(PublicKeyError::NotDer);
    }
    info.subject_public_key.as_bytes().ok_or(PublicKeyError::NotDer)
}

/// Tells keys apart. DER has one form for each number, so equal numbers are equal bytes.
fn fingerprint(modulus: &[u8], exponent: &[u8]) -> [u8; 32] {
    // No modulus ends where another key's exponent begins: what precedes both says where.
    let length = (modulus.len() as u64).to_be_bytes();
    Sha256::new().chain_update(length).chain_update(modulus).chain_update(exponent).finalize().into()
}

/// The length of a big-endian number in bits.
fn bit_length(number: &[u8]) -> u32 {
    let significant = number.iter().position(|&b| b != 0).map_or(&[][..], |at| &number[at..]);
    let bytes = u32::try_from(significant.len()).unwrap_or(u32::MAX / 8);
    significant.first().map_or(0, |first| bytes * 8 - first.leading_zeros())
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}
