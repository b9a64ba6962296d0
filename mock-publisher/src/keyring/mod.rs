//! The publisher's key pairs, and the [`dns`] server that publishes their public halves.

pub(crate) mod dns;
mod files;
mod generate;
mod ring;
pub(crate) mod rotation;
mod stranger;

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::time::SystemTime;

use callback_verifier::sign::PrivateKey;
use callback_verifier::{KeyName, Zone};

use crate::clock::{self, Millis};
use crate::wire_profile::WireProfile;

pub(crate) use files::KeyFileError;
pub(crate) use generate::Bits;
use ring::{Entry, Ring};
pub(crate) use stranger::Stranger;

/// A key pair and the name that its public half is published under.
#[derive(Debug)]
pub(crate) struct KeyPair {
    /// `<selector>._domainkey.<zone>`, with the month in which the pair was made as the selector.
    pub(crate) name: KeyName,
    pub(crate) private: PrivateKey,
}

/// The key pairs of a publisher. The newest one signs. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Keyring {
    zone: Zone,
    wire: WireProfile,
    /// Where they are kept; `None` for nowhere.
    folder: Option<Arc<PathBuf>>,
    ring: Arc<RwLock<Ring>>,
    /// Whoever changes the ring has it: keys are made and kept without holding up those who sign.
    changing: Arc<tokio::sync::Mutex<()>>,
}

/// A key as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct ShownKey {
    pub(crate) pair: Arc<KeyPair>,
    pub(crate) record: String,
    pub(crate) state: KeyState,
    /// From when on and until when it is in DNS, by the publisher's clock.
    pub(crate) from: Millis,
    pub(crate) until: Option<Millis>,
    pub(crate) signs: bool,
}

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyState {
    /// Its record is not in DNS yet.
    Unpublished,
    Published,
    /// Its record says that it is not to be used any more.
    Revoked,
    /// Its record is not in DNS any more.
    Retired,
}

impl KeyState {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unpublished => "unpublished",
            Self::Published => "published",
            Self::Revoked => "revoked",
            Self::Retired => "retired",
        }
    }
}

/// How another key takes over.
#[derive(Debug, Clone)]
pub(crate) struct Rotation {
    pub(crate) bits: Bits,
    /// How long the key before it stays in DNS, in milliseconds; `None` for ever.
    pub(crate) overlap: Option<Millis>,
    /// How long it signs before its record is in DNS.
    pub(crate) publish_after: Millis,
    /// `None` for the month.
    pub(crate) selector: Option<String>,
}

/// A key pair could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyringError {
    #[error("an RSA key pair could not be made")]
    Generation,
    #[error("the key name `{0}` is no DNS name; choose a shorter `--zone`, or another selector")]
    Name(String),
    #[error("there is a key `{0}` already")]
    Taken(String),
    #[error("there is no key `{0}`")]
    Unknown(String),
    #[error(transparent)]
    File(#[from] KeyFileError),
}

impl Keyring {
    /// A keyring with one new key pair that is kept nowhere.
    pub(crate) fn in_memory(zone: Zone, wire: WireProfile, now: SystemTime) -> Result<Self, KeyringError> {
        let (pem, selector) = (generate::pem(Bits::default())?, selector(clock::millis(now)));
        let private = generate::read(&pem).map_err(|_| KeyringError::Generation)?;
        let name = name(&zone, &selector)?;
        let entry = Entry::first(selector, Arc::new(KeyPair { name, private }), clock::millis(now));
        Ok(Self::of(zone, wire, None, Ring::new(vec![entry])))
    }

    /// The keyring that is kept in a folder; a new key pair is made and kept if there is none.
    pub(crate) fn open(folder: &Path, zone: Zone, wire: WireProfile, now: SystemTime) -> Result<Self, KeyringError> {
        if let Some(found) = Self::open_existing(folder, zone.clone(), wire)? {
            return Ok(found);
        }
        let now = clock::millis(now);
        let selector = selector(now);
        // If another process was faster, its pair is the one.
        files::keep(folder, &selector, &generate::pem(Bits::default())?)?;
        let private = files::read(&files::path_of(folder, &selector))?;
        let entry = Entry::first(selector.clone(), Arc::new(KeyPair { name: name(&zone, &selector)?, private }), now);
        Ok(Self::of(zone, wire, Some(folder), Ring::new(vec![entry])))
    }

    /// The keyring that is kept in a folder, if there is one.
    pub(crate) fn open_existing(folder: &Path, zone: Zone, wire: WireProfile) -> Result<Option<Self>, KeyringError> {
        let entries = match files::kept(folder)? {
            Some(kept) => {
                let read = |kept: files::Kept| {
                    let private = files::read(&files::path_of(folder, &kept.selector))?;
                    let pair = Arc::new(KeyPair { name: name(&zone, &kept.selector)?, private });
                    Ok(kept.entry(pair, clock::real_now()))
                };
                kept.into_iter().map(read).collect::<Result<Vec<_>, KeyringError>>()?
            }
            None => match files::newest(folder)? {
                None => return Ok(None),
                Some((selector, private, made)) => {
                    let pair = Arc::new(KeyPair { name: name(&zone, &selector)?, private });
                    vec![Entry::first(selector, pair, clock::millis(made))]
                }
            },
        };
        Ok(Some(Self::of(zone, wire, Some(folder), Ring::new(entries))))
    }

    fn of(zone: Zone, wire: WireProfile, folder: Option<&Path>, ring: Ring) -> Self {
        let folder = folder.map(|folder| Arc::new(folder.to_owned()));
        Self { zone, wire, folder, ring: Arc::new(RwLock::new(ring)), changing: Arc::default() }
    }

    /// The key pair that signs.
    pub(crate) fn signing(&self) -> Arc<KeyPair> {
        self.ring().signing().pair.clone()
    }

    /// When the key that signs was made, by the publisher's clock.
    pub(crate) fn signing_since(&self) -> Millis {
        self.ring().signing().made
    }

    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The names that have a key in DNS at a time, with the text of its record.
    pub(crate) fn records(&self, now: Millis) -> Vec<(KeyName, String)> {
        self.ring().published(now).map(|entry| (entry.pair.name.clone(), self.record(entry))).collect()
    }

    /// All keys, the one that signs first, and then the newest ones.
    pub(crate) fn shown(&self, now: Millis) -> Vec<ShownKey> {
        let ring = self.ring();
        let signing = &ring.signing().selector;
        let shown = |entry: &Entry| ShownKey {
            pair: entry.pair.clone(),
            record: self.record(entry),
            state: entry.state(now),
            from: entry.from,
            until: entry.until,
            signs: entry.selector == *signing,
        };
        ring.newest_first().map(shown).collect()
    }

    /// Makes a key pair, which signs from then on.
    pub(crate) async fn rotate(&self, rotation: Rotation, now: Millis) -> Result<Arc<KeyPair>, KeyringError> {
        let _alone = self.changing.lock().await;
        let has_file =
            |selector: &str| self.folder.as_ref().is_some_and(|folder| files::path_of(folder, selector).exists());
        let selector = match rotation.selector {
            Some(selector) => selector.to_ascii_lowercase(),
            None => self.ring().free(&selector(now), has_file),
        };
        if self.ring().has(&selector) || has_file(&selector) {
            return Err(KeyringError::Taken(selector));
        }
        let name = name(&self.zone, &selector)?;
        let (folder, bits, of_file) = (self.folder.clone(), rotation.bits, selector.clone());
        let made = tokio::task::spawn_blocking(move || {
            let pem = generate::pem(bits)?;
            match folder {
                Some(folder) if !files::keep(&folder, &of_file, &pem)? => Err(KeyringError::Taken(of_file)),
                _ => generate::read(&pem).map_err(|_| KeyringError::Generation),
            }
        });
        let private = made.await.map_err(|_| KeyringError::Generation)??;
        let pair = Arc::new(KeyPair { name, private });
        let from = now.saturating_add(rotation.publish_after);
        let entry = Entry { selector, pair: pair.clone(), made: now, from, until: None, revoked: false };
        self.change(|ring| ring.take_over(entry, rotation.overlap.map(|overlap| now.saturating_add(overlap))))?;
        tracing::info!(key = %pair.name, "another key signs");
        Ok(pair)
    }

    /// Says in DNS that a key is not to be used any more.
    pub(crate) async fn revoke(&self, name: &str) -> Result<(), KeyringError> {
        let _alone = self.changing.lock().await;
        let known = self.ring().newest_first().any(|entry| entry.pair.name.as_str() == name);
        if !known {
            return Err(KeyringError::Unknown(name.to_owned()));
        }
        self.change(|ring| ring.revoke(name))?;
        tracing::info!(key = name, "a key is revoked");
        Ok(())
    }

    /// Changes the ring, once what it is to be is kept.
    fn change(&self, change: impl FnOnce(&mut Ring)) -> Result<(), KeyringError> {
        let mut changed = self.ring().clone();
        change(&mut changed);
        if let Some(folder) = &self.folder {
            files::keep_ring(folder, &changed)?;
        }
        *self.ring.write().unwrap_or_else(std::sync::PoisonError::into_inner) = changed;
        Ok(())
    }

    /// The record of a key, spelled as the others are.
    fn record_of(&self, public_key_der: &[u8]) -> String {
        self.wire.key_record(public_key_der)
    }

    fn record(&self, entry: &Entry) -> String {
        self.record_of(if entry.revoked { &[] } else { entry.pair.private.public_key_der() })
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn name(zone: &Zone, selector: &str) -> Result<KeyName, KeyringError> {
    let text = format!("{selector}._domainkey.{zone}");
    KeyName::parse(&text).map_err(|_| KeyringError::Name(text))
}

/// Assumption: the platform does not document how it names its keys, only that they rotate about monthly.
fn selector(now: Millis) -> String {
    let stamp = jiff::Timestamp::from_millisecond(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    stamp.strftime("%Y-%m").to_string()
}
