use std::sync::{Arc, Mutex, PoisonError};

use callback_verifier::KeyName;

use super::{Bits, KeyPair, KeyringError, generate};

/// Somebody who signs with a key that was never published, under the name of one that was. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stranger(Arc<Mutex<Option<Arc<KeyPair>>>>);

impl Stranger {
    /// The stranger's key pair under a name. It is made when it is wanted for the first time, which takes a while.
    pub(crate) fn named(&self, name: &KeyName) -> Result<Arc<KeyPair>, KeyringError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pair) = kept.as_ref().filter(|pair| pair.name == *name) {
            return Ok(pair.clone());
        }
        let private = generate::read(&generate::pem(Bits::default())?).map_err(|_| KeyringError::Generation)?;
        Ok(kept.insert(Arc::new(KeyPair { name: name.clone(), private })).clone())
    }
}
