use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{KeyRecord, PublicKey, RecordError};

/// How many keys one name may have.
pub const MAX_CANDIDATES: usize = 8;

/// One key of a name.
///
/// [`KeySet::candidates`] lists them.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The key.
    pub key: PublicKey,
    /// Whether its owner says that this is a test (`t=y`).
    pub testing: bool,
}

/// Every key that a name has at the moment: at least one, at most [`MAX_CANDIDATES`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let record = RECORD.as_bytes();
/// use std::time::Duration;
/// use callback_verifier::{KeyError, KeySet};
///
/// let time_to_live = Duration::from_secs(300);
/// let keys = KeySet::from_records([&b"v=spf1 -all"[..], record], time_to_live)?;     // what is no key is passed over
/// assert_eq!((keys.candidates().len(), keys.time_to_live()), (1, Some(time_to_live)));
///
/// assert_eq!(KeySet::from_records([], time_to_live).err(), Some(KeyError::NotFound));
/// assert_eq!(KeySet::from_records([&b"v=DKIM1;p="[..]], time_to_live).err(), Some(KeyError::Revoked));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct KeySet {
    candidates: Vec<Candidate>,
    time_to_live: Option<Duration>,
    stale: bool,
    proven: AtomicBool,
}

impl Clone for KeySet {
    fn clone(&self) -> Self {
        let Self { candidates, time_to_live, stale, proven: _ } = self;
        let proven = AtomicBool::new(self.is_proven());
        Self { candidates: candidates.clone(), time_to_live: *time_to_live, stale: *stale, proven }
    }
}

/// There is no key to be had for a name.
///
/// See the example of [`KeySet`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The name does not exist, or has no TXT record.
    #[error("no key is published under this name")]
    NotFound,
    /// The name's key is revoked.
    #[error("the key is revoked")]
    Revoked,
    /// The name has TXT records, none of which is a usable key.
    #[error("no usable key is published under this name: {0}")]
    Unusable(RecordError),
    /// The name has more keys than [`MAX_CANDIDATES`].
    #[error("more than {MAX_CANDIDATES} keys are published under this name")]
    TooMany,
    /// The key could not be looked up. It may work in a moment.
    #[error("the key could not be looked up: {0}")]
    Temporary(String),
}

impl KeySet {
    /// A set of one key that does not expire.
    pub fn pinned(key: PublicKey) -> Self {
        Self::new(vec![Candidate { key, testing: false }], None)
    }

    fn new(candidates: Vec<Candidate>, time_to_live: Option<Duration>) -> Self {
        Self { candidates, time_to_live, stale: false, proven: AtomicBool::new(false) }
    }

    /// The same set, past its time to live and served because the name servers cannot be asked (RFC 8767). A signature
    /// that none of its keys made is then no proof of a forgery: the key may have been rotated.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{KeySet, PendingHead, Rejection};
    /// # let (policy, head, now) = (verifier().policy().clone(), head().with_target("/other"), now());
    /// let stale = KeySet::pinned(key()).into_stale();
    /// assert!(stale.is_stale());
    ///
    /// let pending = PendingHead::check(&policy, &head, now)?;         // not signed by that key
    /// let refused = pending.verify(&stale).err();
    /// assert_eq!(refused.map(|rejection| rejection.code()), Some("key_unavailable"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_stale(mut self) -> Self {
        self.stale = true;
        self
    }

    /// The same set and one more key.
    pub(super) fn with_pinned(&self, key: PublicKey) -> Result<Self, KeyError> {
        if self.candidates.len() == MAX_CANDIDATES {
            return Err(KeyError::TooMany);
        }
        let mut grown = self.clone();
        grown.candidates.push(Candidate { key, testing: false });
        Ok(grown)
    }

    /// The keys of a name's TXT records. Those that are no usable keys are passed over, as long as one is.
    ///
    /// # Errors
    /// [`KeyError::NotFound`] without any record; otherwise what is wrong with the one that is most like a key.
    pub fn from_records<'a>(
        records: impl IntoIterator<Item = &'a [u8]>,
        time_to_live: Duration,
    ) -> Result<Self, KeyError> {
        let mut candidates = Vec::new();
        let mut worst: Option<RecordError> = None;
        for text in records {
            match KeyRecord::parse(text) {
                Ok(_) if candidates.len() == MAX_CANDIDATES => return Err(KeyError::TooMany),
                Ok(KeyRecord { key, testing }) => candidates.push(Candidate { key, testing }),
                Err(error) if worst.as_ref().is_none_or(|worst| worst.rank() < error.rank()) => worst = Some(error),
                Err(_) => {}
            }
        }
        match worst {
            _ if !candidates.is_empty() => Ok(Self::new(candidates, Some(time_to_live))),
            None => Err(KeyError::NotFound),
            Some(RecordError::Revoked) => Err(KeyError::Revoked),
            Some(error) => Err(KeyError::Unusable(error)),
        }
    }

    /// The keys.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// For how long DNS says that they may be kept; `None` for pinned keys.
    pub fn time_to_live(&self) -> Option<Duration> {
        self.time_to_live
    }

    /// Whether it is served past its time to live.
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Whether one of its keys has verified a signature: since they were looked up, or before they were looked up again.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{KeySet, PendingHead};
    /// # let (policy, head, now) = (verifier().policy().clone(), head(), now());
    /// let keys = KeySet::pinned(key());
    /// assert!(!keys.is_proven());
    /// PendingHead::check(&policy, &head, now)?.verify(&keys)?;
    /// assert!(keys.is_proven());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }

    /// Whether the two sets have a key in common.
    #[cfg(feature = "dns")]
    pub(super) fn shares_a_key_with(&self, other: &Self) -> bool {
        self.candidates.iter().any(|ours| other.candidates.iter().any(|theirs| ours.key == theirs.key))
    }

    /// Called for each good signature, so it writes only once.
    pub(crate) fn prove(&self) {
        if !self.is_proven() {
            self.proven.store(true, Ordering::Relaxed);
        }
    }
}
