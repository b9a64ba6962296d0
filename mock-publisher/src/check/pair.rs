//! The key pairs of the vectors. Everybody has them, so that everybody can make the same vectors; nobody may pin them.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callback_verifier::sign::PrivateKey;
use rsa::hazmat::rsa_decrypt;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PublicKey};
use sha2::{Digest, Sha256, Sha512};

use super::vector::{DigestInfo, Padding, PublicForm, Scheme, Spoil};

/// Their names, and their private halves in PEM.
const PAIRS: [(&str, &str); 8] = [
    ("a", include_str!("keys/a.pem")),
    ("b", include_str!("keys/b.pem")),
    ("bits512", include_str!("keys/bits512.pem")),
    ("bits768", include_str!("keys/bits768.pem")),
    ("bits1023", include_str!("keys/bits1023.pem")),
    ("bits1024", include_str!("keys/bits1024.pem")),
    ("bits3072", include_str!("keys/bits3072.pem")),
    ("bits4096", include_str!("keys/bits4096.pem")),
];

/// DigestInfo of SHA-256 up to the hash (RFC 8017 section 9.2, note 1); others are made of it.
const SHA256_INFO: [u8; 19] = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
const SHA512_INFO: [u8; 19] = [0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40];
const SHA1_INFO: [u8; 15] = [0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14];

pub(super) struct Pair {
    pub(super) name: &'static str,
    pub(super) pem: &'static str,
    private: rsa::PrivateKey,
    /// The same for a library that is faster, and takes no small keys.
    fast: Option<PrivateKey>,
}

/// A key pair cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the key pair `{0}` cannot be used: {1}")]
pub(super) struct PairError(String, String);

impl Pair {
    pub(super) fn all() -> Result<Vec<Self>, PairError> {
        let read = |(name, pem): (&'static str, &'static str)| {
            let private = rsa::PrivateKey::from_pkcs8_pem(pem);
            let private = private.map_err(|error| PairError(name.to_owned(), error.to_string()))?;
            Ok(Self { name, pem, private, fast: PrivateKey::from_pem(pem).ok() })
        };
        PAIRS.into_iter().map(read).collect()
    }

    /// How many bytes a signature has.
    pub(super) fn size(&self) -> usize {
        self.private.size()
    }

    /// What stands for `${p}` and its like in a record.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let public = self.private.as_public_key();
        let with = |modulus: BoxedUint, exponent: u64| {
            let public = PublicKey::new_unchecked(modulus, BoxedUint::from(exponent));
            public.to_public_key_der().ok().map(|der| STANDARD.encode(der))
        };
        let modulus = || public.n().as_ref().clone();
        match name {
            "p" => Some(STANDARD.encode(self.spki())),
            "p_pkcs1" => Some(STANDARD.encode(public.to_pkcs1_der().ok()?)),
            // White space between its parts, as a zone file may have.
            "p_folded" => {
                let key = STANDARD.encode(self.spki());
                Some(format!("{} {}\t{}", &key[..9], &key[9..80], &key[80..]))
            }
            "p_behind" => Some(STANDARD.encode([self.spki(), vec![0]].concat())),
            "p_exponent_one" => with(modulus(), 1),
            "p_exponent_even" => with(modulus(), 65_536),
            // The last byte of the modulus, which the exponent 65537 follows in five bytes.
            "p_even" => {
                let mut der = self.spki();
                let last = der.len().checked_sub(6)?;
                der[last] -= 1;
                Some(STANDARD.encode(der))
            }
            _ => None,
        }
    }

    fn spki(&self) -> Vec<u8> {
        self.private.as_public_key().to_public_key_der().map(|der| der.into_vec()).unwrap_or_default()
    }

    /// Signs in one of the ways, right or wrong. `record` is how DNS has the public half.
    pub(super) fn sign(&self, scheme: &Scheme, message: &[u8], record: &str) -> Result<Vec<u8>, PairError> {
        let size = self.private.size();
        let info = |prefix: &[u8], hash: &[u8]| padded(size, &[prefix, hash].concat());
        let sha256 = || Sha256::digest(message).to_vec();
        match scheme {
            Scheme::RsaSha256 => self.honest(message),
            Scheme::RsaSha1 => self.raw(&info(&SHA1_INFO, digest(&SHA1_FOR_LEGACY_USE_ONLY, message).as_ref())),
            Scheme::RsaSha512 => self.raw(&info(&SHA512_INFO, &Sha512::digest(message))),
            Scheme::RsaPssSha256 => self.raw(&pss(self.private.n().bit_width() as usize, &sha256())),
            Scheme::DigestInfo(DigestInfo::None) => self.raw(&padded(size, &sha256())),
            Scheme::DigestInfo(DigestInfo::Sha1) => self.raw(&info(&SHA1_INFO, &sha256())),
            Scheme::DigestInfo(DigestInfo::WithoutNull) => {
                let prefix = [&[0x30, 0x2f, 0x30, 0x0b][..], &SHA256_INFO[4..15], &SHA256_INFO[17..]].concat();
                self.raw(&info(&prefix, &sha256()))
            }
            Scheme::DigestInfo(DigestInfo::WrongLength) => {
                self.raw(&info(&[&SHA256_INFO[..18], &[0x1f]].concat(), &sha256()))
            }
            Scheme::Padding(padding) => {
                let content = [&SHA256_INFO[..], &sha256()].concat();
                let mut encoded = padded(size, &content);
                match padding {
                    Padding::GarbageBehind => {
                        encoded = padded(content.len() + 11, &content);
                        encoded.resize(size, 0);
                    }
                    Padding::TypeTwo => encoded[1] = 2,
                    Padding::OddByte => encoded[size / 4] = 0xfe,
                }
                self.raw(&encoded)
            }
            Scheme::ExponentOne => Ok(info(&SHA256_INFO, &sha256())),
            Scheme::Hmac(form) => {
                let key = match form {
                    PublicForm::Pem => self.public_pem().into_bytes(),
                    PublicForm::PemUnended => self.public_pem().trim_end().as_bytes().to_vec(),
                    PublicForm::PemOneLine => {
                        let key = STANDARD.encode(self.spki());
                        format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n").into_bytes()
                    }
                    PublicForm::Der => self.spki(),
                    PublicForm::P => STANDARD.encode(self.spki()).into_bytes(),
                    PublicForm::Record => record.as_bytes().to_vec(),
                };
                let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
                Ok(hmac::sign(&key, message).as_ref().to_vec())
            }
            Scheme::Bytes(byte, count) => Ok(vec![*byte; *count]),
            Scheme::Spoilt(spoil) => Ok(self.spoilt(*spoil, self.honest(message)?)),
        }
    }

    fn public_pem(&self) -> String {
        let pem = pem::Pem::new("PUBLIC KEY", self.spki());
        pem::encode_config(&pem, pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF))
    }

    fn honest(&self, message: &[u8]) -> Result<Vec<u8>, PairError> {
        match &self.fast {
            Some(fast) => fast.sign(message).map_err(|error| self.failed(&error)),
            None => self.raw(&padded(self.private.size(), &[&SHA256_INFO[..], &Sha256::digest(message)].concat())),
        }
    }

    /// The bare private operation (RFC 8017 section 5.2.1).
    fn raw(&self, encoded: &[u8]) -> Result<Vec<u8>, PairError> {
        let number = BoxedUint::from_be_slice(encoded, self.private.n().bits_precision());
        let number = number.map_err(|error| self.failed(&error))?;
        let signature = rsa_decrypt(None::<&mut rsa::rand_core::UnwrapErr<getrandom::SysRng>>, &self.private, &number);
        let bytes = signature.map_err(|error| self.failed(&error))?.to_be_bytes();
        Ok(sized(&bytes, self.private.size()))
    }

    fn spoilt(&self, spoil: Spoil, mut signature: Vec<u8>) -> Vec<u8> {
        match spoil {
            Spoil::FirstHalf => signature.truncate(signature.len() / 2),
            Spoil::AllButLast => signature.truncate(signature.len() - 1),
            Spoil::ZeroBefore => signature.insert(0, 0),
            Spoil::ZeroBehind => signature.push(0),
            Spoil::OneBit => signature[100 % self.private.size()] ^= 1,
            Spoil::PlusModulus => {
                let sum = BoxedUint::from_be_slice_vartime(&[&[0; 8][..], &signature].concat());
                let modulus = BoxedUint::from_be_slice_vartime(&self.private.n().to_be_bytes());
                let bytes = sum.wrapping_add(&modulus).to_be_bytes();
                // One byte longer, if it has to be.
                let significant = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
                signature = bytes[significant..].to_vec();
            }
        }
        signature
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> PairError {
        PairError(self.name.to_owned(), error.to_string())
    }
}

/// EMSA-PKCS1-v1_5 (RFC 8017 section 9.2), whatever is padded.
fn padded(size: usize, content: &[u8]) -> Vec<u8> {
    let padding = vec![0xff; size.saturating_sub(content.len() + 3)];
    [&[0, 1][..], &padding, &[0], content].concat()
}

/// EMSA-PSS (RFC 8017 section 9.1.1) with SHA-256 and a salt of 32 bytes that comes out the same each time.
fn pss(modulus_bits: usize, hash: &[u8]) -> Vec<u8> {
    let length = (modulus_bits - 1).div_ceil(8);
    let salt = Sha256::digest(hash);
    let salted = Sha256::digest([&[0; 8][..], hash, &salt].concat());
    let zeros = vec![0; length - salt.len() - salted.len() - 2];
    let mut data = [&zeros[..], &[1], &salt].concat();
    let mask = (0_u32..).flat_map(|counter| Sha256::digest([&salted[..], &counter.to_be_bytes()].concat()));
    data.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    data[0] &= 0xff >> (8 * length - (modulus_bits - 1));
    [&data[..], &salted, &[0xbc]].concat()
}

/// With zeros in front, or without them.
fn sized(bytes: &[u8], size: usize) -> Vec<u8> {
    let significant = &bytes[bytes.len().saturating_sub(size)..];
    [&vec![0; size - significant.len()][..], significant].concat()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
    };

    use super::*;

    fn pair(name: &str) -> Pair {
        Pair::all().unwrap().into_iter().find(|pair| pair.name == name).unwrap()
    }

    fn verifies(pair: &Pair, algorithm: &'static RsaParameters, signature: &[u8]) -> bool {
        let key = pair.private.as_public_key().to_pkcs1_der().unwrap();
        UnparsedPublicKey::new(algorithm, key.as_bytes()).verify(b"message", signature).is_ok()
    }

    /// By another library.
    #[test]
    fn signatures_are_what_they_are_called() {
        let pair = pair("a");
        let sign = |scheme: Scheme| pair.sign(&scheme, b"message", "").unwrap();
        let honest = sign(Scheme::RsaSha256);
        assert!(verifies(&pair, &RSA_PKCS1_2048_8192_SHA256, &honest));
        let raw = padded(256, &[&SHA256_INFO[..], &Sha256::digest(b"message")].concat());
        assert_eq!(pair.raw(&raw).unwrap(), honest);
        assert!(verifies(&pair, &RSA_PKCS1_2048_8192_SHA512, &sign(Scheme::RsaSha512)));
        assert!(verifies(&pair, &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, &sign(Scheme::RsaSha1)));
        assert!(verifies(&pair, &RSA_PSS_2048_8192_SHA256, &sign(Scheme::RsaPssSha256)));
        for wrong in [
            Scheme::DigestInfo(DigestInfo::None),
            Scheme::DigestInfo(DigestInfo::WithoutNull),
            Scheme::DigestInfo(DigestInfo::Sha1),
            Scheme::DigestInfo(DigestInfo::WrongLength),
            Scheme::Padding(Padding::GarbageBehind),
            Scheme::Padding(Padding::TypeTwo),
            Scheme::Padding(Padding::OddByte),
            Scheme::Spoilt(Spoil::ZeroBefore),
            Scheme::Spoilt(Spoil::OneBit),
            Scheme::Spoilt(Spoil::PlusModulus),
        ] {
            assert!(!verifies(&pair, &RSA_PKCS1_2048_8192_SHA256, &sign(wrong.clone())), "{wrong:?}");
        }
    }

    #[test]
    fn small_pairs_sign_too() {
        for (name, bits) in
            [("bits512", 512), ("bits768", 768), ("bits1023", 1023), ("bits1024", 1024), ("bits4096", 4096)]
        {
            let pair = pair(name);
            let signature = pair.sign(&Scheme::RsaSha256, b"message", "").unwrap();
            let whole = usize::next_multiple_of(bits, 8);
            assert_eq!((signature.len() * 8, pair.private.n().bit_width()), (whole, bits as u32), "{name}");
            let public = pair.private.as_public_key();
            let number = BoxedUint::from_be_slice(&signature, public.n().bits_precision()).unwrap();
            let opened = rsa::hazmat::rsa_encrypt(public, &number).unwrap();
            let expected = padded(whole / 8, &[&SHA256_INFO[..], &Sha256::digest(b"message")].concat());
            assert_eq!(sized(&opened.to_be_bytes(), whole / 8), expected, "{name}");
        }
    }

    #[test]
    fn a_public_half_has_several_forms() {
        let pair = pair("a");
        for name in ["p", "p_pkcs1", "p_behind", "p_exponent_one", "p_exponent_even", "p_even"] {
            assert!(pair.variable(name).is_some_and(|text| STANDARD.decode(text).is_ok()), "{name}");
        }
        assert_eq!(pair.variable("q"), None);
    }
}
