use std::fmt;

use sha2::{Digest as _, Sha256, Sha512};

use super::covered::is_token;
use super::{Excerpt, base64};

/// The digest algorithms that count (RFC 5843). The others of the registry are weak or are no digests at all.
///
/// See the example of [`Digests`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// `SHA-256`.
    Sha256,
    /// `SHA-512`.
    Sha512,
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        })
    }
}

/// What a `Digest` header (RFC 3230) says that the body must hash to: at least one strong digest.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::wire::{DigestAlgorithm, DigestError, Digests};
///
/// let digests = Digests::parse(b"SHA-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=")?;    // of `{}`
/// assert_eq!(digests.check(b"{}"), Ok(()));
/// assert_eq!(digests.check(b"{ }"), Err(DigestAlgorithm::Sha256));
///
/// assert_eq!(Digests::parse(b"MD5=mZFLkyvTelC5g8XnyQrpOw=="), Err(DigestError::NoneSupported));
/// assert_eq!(Digests::sha256_base64(b"{}"), "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests {
    sha256: Option<[u8; 32]>,
    /// Boxed, because it is seldom there and this is moved often.
    sha512: Option<Box<[u8; 64]>>,
}

/// The text is no `Digest` header that binds a body.
///
/// See the example of [`Digests`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// An element is not `algorithm=value`.
    #[error("{0} is not `algorithm=value`")]
    Syntax(Excerpt),
    /// A strong digest is not the canonical base64 of as many bytes as it must have.
    #[error("the {0} value is not its canonical base64")]
    NotBase64(DigestAlgorithm),
    /// An algorithm that stands there twice.
    #[error("the algorithm {0} is given twice")]
    Duplicate(Excerpt),
    /// Neither SHA-256 nor SHA-512 is there.
    #[error("neither SHA-256 nor SHA-512 is given")]
    NoneSupported,
    /// More digests than anybody needs.
    #[error("more than {MAX_DIGESTS} digests")]
    TooMany,
}

const MAX_DIGESTS: usize = 8;

impl Digests {
    /// Reads the value of a `Digest` header: `algorithm=value`, separated by commas, algorithms in any case.
    ///
    /// # Errors
    /// See [`DigestError`].
    pub fn parse(value: &[u8]) -> Result<Self, DigestError> {
        let mut digests = Self { sha256: None, sha512: None };
        let mut seen: [&[u8]; MAX_DIGESTS] = [b""; MAX_DIGESTS];
        for (index, element) in value.split(|&b| b == b',').enumerate() {
            let element = super::trim_ows(element);
            let at = memchr::memchr(b'=', element).ok_or_else(|| DigestError::Syntax(element.into()))?;
            let (algorithm, value) = (&element[..at], &element[at + 1..]);
            if !is_token(algorithm) {
                return Err(DigestError::Syntax(element.into()));
            }
            if seen.iter().take(index).any(|seen| seen.eq_ignore_ascii_case(algorithm)) {
                return Err(DigestError::Duplicate(algorithm.into()));
            }
            *seen.get_mut(index).ok_or(DigestError::TooMany)? = algorithm;
            if algorithm.eq_ignore_ascii_case(b"sha-256") {
                let digest = base64::decode_exact(value);
                digests.sha256 = Some(digest.map_err(|_| DigestError::NotBase64(DigestAlgorithm::Sha256))?);
            } else if algorithm.eq_ignore_ascii_case(b"sha-512") {
                let digest = base64::decode_exact(value);
                let digest = digest.map_err(|_| DigestError::NotBase64(DigestAlgorithm::Sha512))?;
                digests.sha512 = Some(Box::new(digest));
            } else if !value.iter().all(u8::is_ascii_graphic) {
                return Err(DigestError::Syntax(element.into()));
            }
        }
        if digests.sha256.is_none() && digests.sha512.is_none() {
            return Err(DigestError::NoneSupported);
        }
        Ok(digests)
    }

    /// The base64 of a body's SHA-256, as a `Digest` header carries it.
    pub fn sha256_base64(body: &[u8]) -> String {
        base64::encode(&Sha256::digest(body))
    }

    /// Whether this body is the one that is meant.
    ///
    /// # Errors
    /// The first algorithm whose digest differs.
    pub fn check(&self, body: &[u8]) -> Result<(), DigestAlgorithm> {
        if self.sha256.is_some_and(|expected| Sha256::digest(body)[..] != expected) {
            return Err(DigestAlgorithm::Sha256);
        }
        if self.sha512.as_ref().is_some_and(|expected| Sha512::digest(body)[..] != expected[..]) {
            return Err(DigestAlgorithm::Sha512);
        }
        Ok(())
    }

    /// Begins to hash a body that comes in parts.
    pub fn hasher(&self) -> DigestHasher {
        DigestHasher {
            sha256: self.sha256.map(|expected| (Sha256::new(), expected)),
            sha512: self.sha512.as_ref().map(|expected| Box::new((Sha512::new(), **expected))),
        }
    }
}

/// Hashes a body that comes in parts, and compares in the end.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::wire::Digests;
/// let digests = Digests::parse(b"sha-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=")?;
/// let mut hasher = digests.hasher();
/// hasher.update(b"{");
/// hasher.update(b"}");
/// assert_eq!(hasher.finish(), Ok(()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DigestHasher {
    sha256: Option<(Sha256, [u8; 32])>,
    sha512: Option<Box<(Sha512, [u8; 64])>>,
}

impl DigestHasher {
    /// The next part of the body.
    pub fn update(&mut self, chunk: &[u8]) {
        if let Some((hasher, _)) = &mut self.sha256 {
            hasher.update(chunk);
        }
        if let Some(sha512) = &mut self.sha512 {
            sha512.0.update(chunk);
        }
    }

    /// Whether what came in is the body that is meant.
    ///
    /// # Errors
    /// The first algorithm whose digest differs.
    pub fn finish(self) -> Result<(), DigestAlgorithm> {
        if self.sha256.is_some_and(|(hasher, expected)| hasher.finalize()[..] != expected) {
            return Err(DigestAlgorithm::Sha256);
        }
        if self.sha512.is_some_and(|sha512| sha512.0.finalize()[..] != sha512.1) {
            return Err(DigestAlgorithm::Sha512);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"body";

    fn sha256() -> String {
        Digests::sha256_base64(BODY)
    }

    fn sha512() -> String {
        base64::encode(&Sha512::digest(BODY))
    }

    fn verdict(header: &str) -> Result<Result<(), DigestAlgorithm>, DigestError> {
        Digests::parse(header.as_bytes()).map(|digests| digests.check(BODY))
    }

    #[test]
    fn every_strong_digest_must_match() {
        let (sha256, sha512, other) = (sha256(), sha512(), Digests::sha256_base64(b"other"));
        let other512 = base64::encode(&Sha512::digest(b"other"));
        for (header, expected) in [
            (format!("sha-256={sha256}"), Ok(())),
            (format!("SHA-256={sha256}"), Ok(())),
            (format!("Sha-512={sha512}"), Ok(())),
            (format!("md5=AAAA,  sha-256={sha256} ,adler32=03da0195"), Ok(())),
            (format!("sha-512={sha512},sha-256={sha256}"), Ok(())),
            (format!("sha-256={other}"), Err(DigestAlgorithm::Sha256)),
            (format!("sha-256={sha256},sha-512={other512}"), Err(DigestAlgorithm::Sha512)),
            (format!("sha-512={sha512},sha-256={other}"), Err(DigestAlgorithm::Sha256)),
        ] {
            assert_eq!(verdict(&header), Ok(expected), "{header}");
        }
    }

    #[test]
    fn refuses_what_binds_no_body() {
        let good = sha256();
        let bits = format!("{}{}=", &good[..42], char::from(good.as_bytes()[42] + 1));
        for (header, error) in [
            (String::new(), DigestError::Syntax("".into())),
            (good.clone(), DigestError::NoneSupported),
            (format!("sha-256={good},"), DigestError::Syntax("".into())),
            (format!("sha-256 ={good}"), DigestError::Syntax(format!("sha-256 ={good}").as_str().into())),
            (format!("sha-256= {good}"), DigestError::NotBase64(DigestAlgorithm::Sha256)),
            (format!("md5=a b,sha-256={good}"), DigestError::Syntax("md5=a b".into())),
            (format!("sha-256={good},SHA-256={good}"), DigestError::Duplicate("SHA-256".into())),
            (format!("md5=a,MD5=b,sha-256={good}"), DigestError::Duplicate("MD5".into())),
            ("md5=AAAA".into(), DigestError::NoneSupported),
            (format!("sha={good}"), DigestError::NoneSupported),
            (format!("sha256={good}"), DigestError::NoneSupported),
            ("sha-256=".into(), DigestError::NotBase64(DigestAlgorithm::Sha256)),
            (format!("sha-256={}", good.trim_end_matches('=')), DigestError::NotBase64(DigestAlgorithm::Sha256)),
            (format!("sha-256={}", &good[..40]), DigestError::NotBase64(DigestAlgorithm::Sha256)),
            (format!("sha-256={bits}"), DigestError::NotBase64(DigestAlgorithm::Sha256)),
            (format!("sha-512={good}"), DigestError::NotBase64(DigestAlgorithm::Sha512)),
            ((0..9).map(|i| format!("a{i}=1")).collect::<Vec<_>>().join(","), DigestError::TooMany),
        ] {
            assert_eq!(verdict(&header), Err(error), "{header}");
        }
    }

    #[test]
    fn algorithms_are_named_as_they_are_registered() {
        assert_eq!(
            [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512].map(|one| one.to_string()),
            ["SHA-256", "SHA-512"]
        );
    }

    #[test]
    fn a_body_in_parts_is_the_same_body() {
        let digests = Digests::parse(format!("sha-256={},sha-512={}", sha256(), sha512()).as_bytes()).unwrap();
        let mut hasher = digests.hasher();
        BODY.iter().for_each(|b| hasher.update(std::slice::from_ref(b)));
        assert_eq!(hasher.finish(), Ok(()));
    }
}
