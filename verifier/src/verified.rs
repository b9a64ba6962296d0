use std::fmt;
use std::time::SystemTime;

use crate::key::KeyName;
use crate::wire::{Account, DigestHasher, Digests, SigningString};

/// Evidence that the head of a request is authentic. The body is not known yet.
///
/// Only the [checklist](crate::checklist) makes one. It tells what the signature covers and nothing else.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (verifier, head, now) = (verifier(), head(), now());
/// let head = verifier.verify_head(&head, now).await?;
///
/// assert_eq!(head.account().id, 1234);
/// assert_eq!((head.key_name().as_str(), head.key_bits()), ("2026-11._domainkey.copernica.com", 2048));
/// assert_eq!(now.duration_since(head.date())?.as_secs(), 2);
/// assert_eq!(head.covered("Content-Type"), Some(&b"application/json"[..]));
/// assert_eq!(head.covered("User-Agent"), None);       // whatever the request says, nobody has signed it
/// assert_eq!(head.covered_headers().next(), Some(("(request-target)", &b"post /crm/hook"[..])));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuthenticHead {
    pub(crate) account: Account,
    pub(crate) key_name: KeyName,
    pub(crate) key_bits: u32,
    pub(crate) date: SystemTime,
    pub(crate) signing_string: SigningString,
    pub(crate) digests: Digests,
    pub(crate) content_length: Option<u64>,
    pub(crate) max_body: u64,
}

impl AuthenticHead {
    /// Whose data the callback carries.
    pub fn account(&self) -> Account {
        self.account
    }

    /// The name of the key that signed. (The `keyId` itself is not covered by the signature; the key is what counts.)
    pub fn key_name(&self) -> &KeyName {
        &self.key_name
    }

    /// The size of that key in bits.
    pub fn key_bits(&self) -> u32 {
        self.key_bits
    }

    /// When the sender says that it signed.
    pub fn date(&self) -> SystemTime {
        self.date
    }

    /// The value of a header that the signature covers, or of `(request-target)`. `None` if it is not covered.
    pub fn covered(&self, name: &str) -> Option<&[u8]> {
        self.signing_string.value(name)
    }

    /// All that the signature covers: names in lower case, with their values.
    pub fn covered_headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.signing_string.lines()
    }
}

/// Checks a body that comes in parts. What has come so far is not authentic before [`finish`](Self::finish) says so.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (verifier, head, body, now) = (verifier(), head(), BODY, now());
/// let mut body_verifier = verifier.verify_head(&head, now).await?.body();
/// for part in body.chunks(16) {
///     body_verifier.update(part)?;        // too long? then it ends here
/// }
/// let verified = body_verifier.finish()?;
/// assert_eq!(verified.account().id, 1234);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BodyVerifier {
    pub(crate) head: AuthenticHead,
    pub(crate) hasher: DigestHasher,
    pub(crate) seen: u64,
}

/// Evidence that a request is authentic, head and body.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (verifier, head, body, now) = (verifier(), head(), BODY.to_vec(), now());
/// let verified = verifier.verify(&head, body, now).await?;    // any body that is `AsRef<[u8]>`
///
/// assert_eq!(verified.account().to_string(), "account_1234");
/// assert_eq!(verified.head().covered("x-nonce"), Some(&b"fsd9f2k4m7q1"[..]));
/// assert!(verified.body().starts_with(b"{"));
/// let body: Vec<u8> = verified.into_body();
/// # assert_eq!(body, BODY);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Verified<B = ()> {
    pub(crate) head: AuthenticHead,
    pub(crate) body: B,
}

impl<B> Verified<B> {
    /// The head.
    pub fn head(&self) -> &AuthenticHead {
        &self.head
    }

    /// Whose data the callback carries.
    pub fn account(&self) -> Account {
        self.head.account
    }

    /// The body that was checked; `()` if it came in parts.
    pub fn body(&self) -> &B {
        &self.body
    }

    /// Takes the body out.
    pub fn into_body(self) -> B {
        self.body
    }
}

#[cfg(feature = "tower")]
impl Verified {
    /// The same evidence with the body, whose parts were checked one by one.
    pub(crate) fn with_body<B>(self, body: B) -> Verified<B> {
        Verified { head: self.head, body }
    }
}

/// Names what is covered; values may be personal data, or credentials, and do not belong into a log.
impl fmt::Debug for AuthenticHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let covered: Vec<&str> = self.covered_headers().map(|(name, _)| name).collect();
        f.debug_struct("AuthenticHead")
            .field("account", &self.account.to_string())
            .field("key_name", &self.key_name.as_str())
            .field("key_bits", &self.key_bits)
            .field("date", &self.date)
            .field("covered", &covered)
            .finish()
    }
}

impl fmt::Debug for BodyVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyVerifier").field("head", &self.head).field("seen", &self.seen).finish_non_exhaustive()
    }
}

/// Without the body, which is personal data.
impl<B> fmt::Debug for Verified<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("head", &self.head).finish_non_exhaustive()
    }
}
