use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use super::{KeyError, KeyName, KeySet};

/// A lookup under way.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = Result<Arc<KeySet>, KeyError>> + Send + 'a>>;

/// A lookup under way, of keys that may be newer than those at hand.
pub type Refresh<'a> = Pin<Box<dyn Future<Output = Result<Option<Arc<KeySet>>, KeyError>> + Send + 'a>>;

/// Where keys come from.
///
/// The name is already known to lie in an allowed zone. What is kept expires by the `now` that is handed in, never by a
/// clock of the store's own.
pub trait KeyStore: Send + Sync + 'static {
    /// The keys of a name if they are at hand, without waiting. It is called for each request.
    fn cached(&self, name: &KeyName, now: SystemTime) -> Option<Arc<KeySet>>;

    /// Finds the keys of a name that [`cached`](Self::cached) does not have.
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
