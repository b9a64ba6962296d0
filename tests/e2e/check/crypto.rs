//! RSA and HMAC from their definitions, as a receiver would have them that uses no verifier.

use pkcs1::der::Decode;
use pkcs1::der::asn1::UintRef;
use rsa::BoxedUint;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};

/// A public key, and the record that it was in.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) modulus: BoxedUint,
    pub(super) exponent: BoxedUint,
    pub(super) der: Vec<u8>,
    pub(super) record: String,
}

impl Key {
    pub(super) fn size(&self) -> usize {
        self.modulus.bit_width().div_ceil(8) as usize
    }

    /// The padded hash that a signature has inside.
    pub(super) fn opened(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let modulus = BoxedUint::from_be_slice_vartime(&self.modulus.to_be_bytes());
        let public = rsa::PublicKey::new_unchecked(modulus, self.exponent.clone());
        let number = BoxedUint::from_be_slice_vartime(signature);
        if number >= **public.n() {
            return None;
        }
        let number = BoxedUint::from_be_slice(
            &number.to_be_bytes().iter().copied().skip_while(|b| *b == 0).collect::<Vec<_>>(),
            public.n().bits_precision(),
        )
        .ok()?;
        if self.exponent.bit_width() == 1 {
            return Some(sized(&number.to_be_bytes(), self.size()));
        }
        let opened = rsa::hazmat::rsa_encrypt(&public, &number).ok()?;
        Some(sized(&opened.to_be_bytes(), self.size()))
    }
}

/// Modulus and exponent of a SubjectPublicKeyInfo, or of a bare RSAPublicKey.
pub(super) fn numbers(der: &[u8], careless: bool) -> Option<(BoxedUint, BoxedUint)> {
    // As long as it says that it is, and no longer.
    let length = der.get(2..4).map_or(0, |length| 4 + usize::from(u16::from_be_bytes([length[0], length[1]])));
    let whole = if careless { der.get(..length).unwrap_or(der) } else { der };
    let bare = match spki::SubjectPublicKeyInfoRef::try_from(whole) {
        Ok(info) => info.subject_public_key.raw_bytes().to_vec(),
        Err(_) => whole.to_vec(),
    };
    let key = pkcs1::RsaPublicKey::<UintRef<'_>>::from_der(&bare).ok()?;
    let number = |number: &UintRef<'_>| BoxedUint::from_be_slice_vartime(number.as_bytes());
    Some((number(&key.modulus), number(&key.public_exponent)))
}

/// DigestInfo of SHA-256 (1) or SHA-512 (3).
pub(super) fn info(hash: u8, digest: &[u8]) -> Vec<u8> {
    let length = digest.len() as u8;
    let start = [0x30, 0x11 + length, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash, 5, 0, 4, length];
    [&start[..], digest].concat()
}

pub(super) fn padded(size: usize, content: &[u8]) -> Vec<u8> {
    let padding = vec![0xff; size.saturating_sub(content.len() + 3)];
    [&[0, 1][..], &padding, &[0], content].concat()
}

fn sized(bytes: &[u8], size: usize) -> Vec<u8> {
    let significant = &bytes[bytes.len().saturating_sub(size)..];
    [&vec![0; size - significant.len()][..], significant].concat()
}

/// HMAC-SHA256 (RFC 2104).
pub(super) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = if key.len() > 64 { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block.resize(64, 0);
    let pad = |byte: u8| block.iter().map(|b| b ^ byte).collect::<Vec<u8>>();
    let inner = Sha256::digest([&pad(0x36)[..], message].concat());
    Sha256::digest([&pad(0x5c)[..], &inner].concat()).to_vec()
}
