//! Making signatures (feature `sign`): for tests, and for whoever stands in for the publisher.

use std::fmt;

use crate::key::{Backend, KeyName, PublicKey, PublicKeyError, SigningKey};
use crate::wire::{CoveredHeaders, RequestHead, SignatureHeader, SigningString, SigningStringError, base64};

/// An RSA private key. It makes RSASSA-PKCS1-v1_5 signatures with SHA-256 (RFC 8017 section 8.2).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (pem, lines, now) = (PRIVATE_PEM, &HEADERS[..7], now());
/// use callback_verifier::{Header, PinnedKeys, RequestHead, Verifier};
/// use callback_verifier::{sign::PrivateKey, wire::CoveredHeaders};
///
/// let key = PrivateKey::from_pem(pem)?;       // `-----BEGIN PRIVATE KEY-----`
/// let key_id = "2026-11._domainkey.copernica.com".parse()?;
/// let covered = CoveredHeaders::parse("(request-target) host date x-copernica-id digest x-nonce")?;
/// let signature = key.sign_request(&RequestHead::new("POST", "/crm/hook", lines), &key_id, &covered)?;
///
/// let lines = [lines, &[Header::new("Signature", signature.as_bytes())]].concat();
/// let keys = PinnedKeys::new().with(key_id, key.public_key().clone())?;
/// let verifier = Verifier::builder(1234).host("hooks.example.com").keys(keys).build()?;
/// assert!(verifier.verify_head(&RequestHead::new("POST", "/crm/hook", &lines), now).await.is_ok());
/// # Ok(())
/// # }
/// ```
pub struct PrivateKey {
    key: SigningKey,
    public_der: Vec<u8>,
    public: PublicKey,
}

/// The text is no RSA private key that could be used.
///
/// [`PrivateKey::from_pem`] reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// Not the PEM of a PKCS#8 private key.
    #[error("not a PEM file of a PKCS#8 private key: expected `-----BEGIN PRIVATE KEY-----`")]
    NotPem,
    /// The cryptographic library does not take it. `aws-lc-rs` takes no private key under 2048 bits.
    #[error("no RSA private key that the cryptographic library takes")]
    Refused,
    /// Its public half could not be used.
    #[error(transparent)]
    Public(#[from] PublicKeyError),
}

/// A request that could not be signed.
///
/// [`PrivateKey::sign_request`] reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The request lacks what the signature is to cover.
    #[error(transparent)]
    SigningString(#[from] SigningStringError),
    /// The cryptographic library failed.
    #[error("the cryptographic library failed to sign")]
    Failed,
}

impl PrivateKey {
    /// Reads a PKCS#8 private key from PEM text (RFC 7468 section 10).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::sign::{PrivateKey, PrivateKeyError};
    /// let mistaken = PrivateKey::from_pem("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----");
    /// assert_eq!(mistaken.err(), Some(PrivateKeyError::NotPem));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`PrivateKeyError`].
    pub fn from_pem(text: &str) -> Result<Self, PrivateKeyError> {
        let pem = pem::parse(text).ok().filter(|pem| pem.tag() == "PRIVATE KEY").ok_or(PrivateKeyError::NotPem)?;
        Self::from_pkcs8(pem.contents(), Backend::default())
    }

    /// Reads a PKCS#8 private key (RFC 5208) from DER, for a chosen cryptographic library.
    ///
    /// # Errors
    /// See [`PrivateKeyError`].
    pub fn from_pkcs8(der: &[u8], backend: Backend) -> Result<Self, PrivateKeyError> {
        let key = SigningKey::from_pkcs8(backend, der).ok_or(PrivateKeyError::Refused)?;
        let pkcs1 = key.public_pkcs1().ok_or(PrivateKeyError::Refused)?;
        let public = PublicKey::from_der_with(&pkcs1, backend)?;
        Ok(Self { key, public_der: subject_public_key_info(&pkcs1), public })
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The public half as the DER of a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), which is what `p=` of a key record holds.
    ///
    /// As a key record:
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let private_pem = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/rsa-2048-a.pem"));
    /// use base64::{Engine, engine::general_purpose::STANDARD};
    /// use callback_verifier::{key::KeyRecord, sign::PrivateKey};
    ///
    /// let key = PrivateKey::from_pem(private_pem)?;
    /// let record = format!("v=DKIM1;k=rsa;p={}", STANDARD.encode(key.public_key_der()));
    /// assert_eq!(&KeyRecord::parse(record.as_bytes())?.key, key.public_key());
    /// # Ok(())
    /// # }
    /// ```
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_der
    }

    /// The public half as PEM text (`PUBLIC KEY`, RFC 7468 section 13).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{PinnedKeys, sign::PrivateKey};
    /// # let key = PrivateKey::from_pem(PRIVATE_PEM)?;
    /// assert_eq!(&PinnedKeys::read_pem(&key.public_key_pem())?, key.public_key());
    /// # Ok(())
    /// # }
    /// ```
    pub fn public_key_pem(&self) -> String {
        pem::encode_config(
            &pem::Pem::new("PUBLIC KEY", self.public_der.clone()),
            pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
        )
    }

    /// The RSASSA-PKCS1-v1_5 signature, with SHA-256, of a message.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::sign::PrivateKey;
    /// # let key = PrivateKey::from_pem(PRIVATE_PEM)?;
    /// let signature = key.sign(b"a message")?;
    /// assert!(key.public_key().verify(b"a message", &signature));
    /// assert!(!key.public_key().verify(b"another", &signature));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SignError::Failed`], which a key that was taken does not cause.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.key.sign(message).ok_or(SignError::Failed)
    }

    /// The value of the `Signature` header of a request: over `covered`, by the key that is published as `key_id`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{sign::{PrivateKey, SignError}, wire::{CoveredHeaders, SigningStringError}};
    /// # let key = PrivateKey::from_pem(PRIVATE_PEM)?;
    /// # let head = head();
    /// let covered = CoveredHeaders::parse("(request-target) host x-trace")?;
    /// let missing = SigningStringError::Missing { name: "x-trace".to_owned() };
    /// assert_eq!(key.sign_request(&head, &KEY_ID.parse()?, &covered), Err(SignError::SigningString(missing)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SignError::SigningString`] if the request lacks a covered header.
    pub fn sign_request(
        &self,
        head: &RequestHead<'_>,
        key_id: &KeyName,
        covered: &CoveredHeaders<'_>,
    ) -> Result<String, SignError> {
        let signing_string = SigningString::build(head, covered)?;
        let signature = base64::encode(&self.sign(signing_string.as_bytes())?);
        let header = SignatureHeader {
            key_id: key_id.as_str(),
            algorithm: Some("rsa-sha256"),
            headers: covered.as_str(),
            signature: &signature,
        };
        Ok(header.to_string())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?})", self.public)
    }
}

/// Wraps a PKCS#1 public key into a SubjectPublicKeyInfo with the algorithm `rsaEncryption` (RFC 3279 section 2.3.1).
fn subject_public_key_info(pkcs1: &[u8]) -> Vec<u8> {
    /// `SEQUENCE { OBJECT IDENTIFIER 1.2.840.113549.1.1.1, NULL }`
    const ALGORITHM: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let bit_string = der_value(0x03, &[&[0], pkcs1]);
    der_value(0x30, &[&ALGORITHM, &bit_string])
}

/// A DER value: tag, length, and contents.
fn der_value(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let length = contents.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|&&b| b == 0).count()..];
    let mut out = vec![tag];
    match significant {
        [short] if *short < 0x80 => out.push(*short),
        [] => out.push(0),
        long => {
            out.push(0x80 | long.len() as u8);
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(&contents);
    out
}
