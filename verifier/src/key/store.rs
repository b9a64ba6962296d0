use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use super::{KeyError, KeyName, KeySet};

/// A lookup under way.
///
/// See the example of [`KeyStore`].
pub type Lookup<'a> = Pin<Box<dyn Future<Output = Result<Arc<KeySet>, KeyError>> + Send + 'a>>;

/// A lookup under way, of keys that may be newer than those at hand.
///
/// [`KeyStore::refresh`] returns it.
pub type Refresh<'a> = Pin<Box<dyn Future<Output = Result<Option<Arc<KeySet>>, KeyError>> + Send + 'a>>;

/// Where keys come from.
///
/// The name is already known to lie in an allowed zone. What is kept expires by the `now` that is handed in, never by a
/// clock of the store's own.
///
/// A store of records that are configured, and no others:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (head, body, now) = (head(), BODY, now());
/// # let (name, record) = (KEY_ID.parse()?, RECORD);
/// use std::{collections::HashMap, sync::Arc, time::{Duration, SystemTime}};
/// use callback_verifier::{KeyError, KeyName, KeySet, KeyStore, Verifier, key::Lookup};
///
/// struct Configured(HashMap<KeyName, Arc<KeySet>>);
///
/// impl KeyStore for Configured {
///     fn cached(&self, name: &KeyName, _now: SystemTime) -> Option<Arc<KeySet>> {
///         self.0.get(name).cloned()
///     }
///
///     fn lookup<'a>(&'a self, _name: &'a KeyName, _now: SystemTime) -> Lookup<'a> {
///         Box::pin(async { Err(KeyError::NotFound) }) // there is nobody to ask
///     }
/// }
///
/// let keys = KeySet::from_records([record.as_bytes()], Duration::from_secs(300))?;
/// let store = Configured(HashMap::from([(name, Arc::new(keys))]));
/// let verifier = Verifier::builder(1234).host("hooks.example.com").keys(store).build()?;
/// assert!(verifier.verify(&head, body, now).await.is_ok());
/// # Ok(())
/// # }
/// ```
pub trait KeyStore: Send + Sync + 'static {
    /// The keys of a name if they are at hand, without waiting. It is called for each request.
    fn cached(&self, name: &KeyName, now: SystemTime) -> Option<Arc<KeySet>>;

    /// Finds the keys of a name that [`cached`](Self::cached) does not have.
    ///
    /// # Errors
    /// [`KeyError::Temporary`](super::KeyError::Temporary) if whether there is a key cannot be told, so that the sender tries
    /// again. Any other is permanent: the request is refused.
    fn lookup<'a>(&'a self, name: &'a KeyName, now: SystemTime) -> Lookup<'a>;

    /// Finds newer keys of a name, because those `at_hand` did not make a signature: they may have been rotated. `None` if
    /// those at hand are as new as can be, so that the signature is a bad one.
    ///
    /// It is called for each bad signature, so a store that asks somebody else limits how often. Keys that somebody else's
    /// request has brought in the meantime are newer too: compare with those at hand ([`Arc::ptr_eq`]).
    ///
    /// # Errors
    /// [`KeyError::Temporary`](super::KeyError::Temporary) if whether there are newer ones cannot be told, so that the
    /// signature proves nothing. Any other if the name has no key any more.
    fn refresh<'a>(&'a self, _name: &'a KeyName, _at_hand: &'a Arc<KeySet>, _now: SystemTime) -> Refresh<'a> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// A store can be shared between verifiers.
impl<S: KeyStore + ?Sized> KeyStore for Arc<S> {
    fn cached(&self, name: &KeyName, now: SystemTime) -> Option<Arc<KeySet>> {
        (**self).cached(name, now)
    }

    fn lookup<'a>(&'a self, name: &'a KeyName, now: SystemTime) -> Lookup<'a> {
        (**self).lookup(name, now)
    }

    fn refresh<'a>(&'a self, name: &'a KeyName, at_hand: &'a Arc<KeySet>, now: SystemTime) -> Refresh<'a> {
        (**self).refresh(name, at_hand, now)
    }
}
