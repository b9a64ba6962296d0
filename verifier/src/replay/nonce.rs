use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use sha2::{Digest, Sha256};

use crate::rejection::Rejection;
use crate::verified::AuthenticHead;
use crate::wire::{Account, AccountKind};

/// How long a nonce may be, in characters.
pub const MAX_NONCE: usize = 256;

/// What makes a callback one of a kind: the account, and the nonce that its sender chose.
///
/// Not the `keyId`, which the signature does not cover.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{replay::Nonce, wire::Account};
///
/// let nonce = Nonce::parse(Account::new(1234), b"fsd9f2k4m7q1")?;
/// assert_eq!((nonce.account().id, nonce.as_str()), (1234, "fsd9f2k4m7q1"));
/// assert_eq!(nonce.fingerprint().to_string(), "b5f2575622ba52a52cc1aa5b31eaa324");
///
/// assert!(Nonce::parse(Account::new(1234), b"two words").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Nonce {
    account: Account,
    text: Box<str>,
    fingerprint: Fingerprint,
}

/// The first 128 bits of the SHA-256 of an account and a nonce: what a guard's store keeps instead of text of any length.
///
/// Two nonces with one fingerprint would make the second callback look like a replay, and be refused. Among a million
/// nonces that happens once in 10^26 times. Nobody can bring it about but who signs callbacks for this account, and he
/// would only refuse his own.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::{replay::Nonce, wire::Account};
/// let (ours, theirs) = (Nonce::parse(Account::new(1234), b"one")?, Nonce::parse(Account::new(99), b"one")?);
/// assert_ne!(ours.fingerprint(), theirs.fingerprint());
/// assert_eq!(ours.fingerprint().as_bytes().len(), 16);
/// assert_eq!(ours.fingerprint().to_string().len(), 32);       // in hexadecimal
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 16]);

impl Nonce {
    /// The nonce of an authentic head.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::replay::Nonce;
    /// # let (verifier, head, now) = (verifier(), head(), now());
    /// let authentic = verifier.verify_head(&head, now).await?;
    /// assert_eq!(Nonce::of(&authentic)?.as_str(), "fsd9f2k4m7q1");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Rejection::NonceMissing`] if the signature does not cover one, [`Rejection::NonceMalformed`] if it is not 1 to
    /// [`MAX_NONCE`] visible ASCII characters.
    pub fn of(head: &AuthenticHead) -> Result<Self, Rejection> {
        Self::parse(head.account(), head.covered("x-nonce").ok_or(Rejection::NonceMissing)?)
    }

    /// A nonce of an account.
    ///
    /// # Errors
    /// [`Rejection::NonceMalformed`] if the value is not 1 to [`MAX_NONCE`] visible ASCII characters.
    pub fn parse(account: Account, value: &[u8]) -> Result<Self, Rejection> {
        let text = str::from_utf8(value).ok().filter(|text| text.bytes().all(|b| b.is_ascii_graphic()));
        match text {
            Some(text) if (1..=MAX_NONCE).contains(&text.len()) => {
                Ok(Self { account, text: text.into(), fingerprint: Fingerprint::new(account, text) })
            }
            _ => Err(Rejection::NonceMalformed { got: value.into() }),
        }
    }

    /// Whose it is.
    pub fn account(&self) -> Account {
        self.account
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What a store keeps of it.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl Fingerprint {
    fn new(account: Account, text: &str) -> Self {
        let kind = match account.kind {
            AccountKind::Account => 0,
            AccountKind::Environment => 1,
        };
        // The first two parts have one length always, so no two nonces give the same bytes.
        let whole =
            Sha256::new().chain_update([kind]).chain_update(account.id.to_be_bytes()).chain_update(text).finalize();
        let mut first = [0; 16];
        first.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        Self(first)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(super) fn remainder(self, divisor: usize) -> usize {
        let [.., high, low] = self.0;
        usize::from(u16::from_be_bytes([high, low])) % divisor
    }
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [first @ .., _, _, _, _, _, _, _, _] = self.0;
        state.write_u64(u64::from_be_bytes(first));
    }
}

/// A table that is keyed by fingerprints need not hash them once more.
pub(super) type FingerprintHasher = BuildHasherDefault<AlreadyHashed>;

/// Takes what is a hash already as it is.
#[derive(Default)]
pub(super) struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({} {})", self.account, self.text)
    }
}

/// In hexadecimal.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nonces_differ_by_account_kind_and_text() {
        let environment = Account { kind: AccountKind::Environment, id: 1234 };
        let nonces = [
            (Account::new(1234), "abc"),
            (Account::new(1235), "abc"),
            (environment, "abc"),
            (Account::new(1234), "abd"),
            (Account::new(1234), "ABC"),
            (Account::new(1234), "abca"),
        ];
        let fingerprints: HashSet<_> = nonces.iter().map(|(account, text)| Fingerprint::new(*account, text)).collect();
        assert_eq!(fingerprints.len(), nonces.len());
    }

    #[test]
    fn a_nonce_tells_what_it_was_made_of() {
        let nonce = Nonce::parse(Account::new(1234), b"abc").unwrap();
        assert_eq!((nonce.account(), nonce.as_str()), (Account::new(1234), "abc"));
        assert_eq!(format!("{nonce:?}"), "Nonce(account_1234 abc)");
        let fingerprint = nonce.fingerprint();
        let bytes: String = fingerprint.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(bytes, fingerprint.to_string());
        assert_eq!(format!("{fingerprint:?}"), format!("Fingerprint({bytes})"));
    }

    /// A table whose keys all have one hash is a list, and shards of which one is used are one lock.
    #[test]
    fn fingerprints_are_spread_over_tables_and_shards() {
        use std::hash::BuildHasher;
        let fingerprints = || (0..10_000).map(|number: u64| Fingerprint::new(Account::new(number), "abc"));
        let hashes: HashSet<_> = fingerprints().map(|one| FingerprintHasher::default().hash_one(one)).collect();
        assert_eq!(hashes.len(), 10_000);
        let shards: HashSet<_> = fingerprints().map(|one| one.remainder(128)).collect();
        assert_eq!((shards.len(), shards.iter().max()), (128, Some(&127)));
    }

    /// Nothing is hashed by bytes today; whoever does so tomorrow shall not get one hash for all.
    #[test]
    fn bytes_are_folded_into_a_hash() {
        let hash = |bytes: &[u8]| {
            let mut hasher = AlreadyHashed::default();
            hasher.write(bytes);
            hasher.finish()
        };
        assert_eq!((hash(&[1, 2]), hash(&[0xff; 9])), (0x0102, 0xffff_ffff_ffff_ff00));
    }

    #[test]
    fn a_fingerprint_is_the_beginning_of_a_sha256() {
        // printf '\0\0\0\0\0\0\0\4\322abc' | openssl dgst -sha256
        assert_eq!(Fingerprint::new(Account::new(1234), "abc").to_string(), "af430bca6afea9b73499ea139a11c121");
    }
}
