use std::sync::Arc;
use std::time::{Duration, SystemTime};

use callback_verifier::key::{Backend, Lookup};
use callback_verifier::{
    KeyError, KeyName, KeySet, KeyStore, PinnedKeys, PublicKey, Rejection, Verifier, VerifierBuilder,
};

use super::keys::{A, TestKey};
use super::{ACCOUNT, HOST, KEY_ID, Message, block_on, now};

/// A receiver under test: the same policy on every cryptographic library.
pub(crate) struct Receiver {
    verifiers: Vec<Verifier>,
}

impl Receiver {
    /// The strict policy, and key [`A`] under [`KEY_ID`].
    pub(crate) fn strict() -> Self {
        Self::with(|builder| builder)
    }

    /// The strict policy with a change.
    pub(crate) fn with(change: impl Fn(VerifierBuilder) -> VerifierBuilder) -> Self {
        Self::pinning(&[(KEY_ID, &A)], change)
    }

    /// The strict policy with a change, and other keys.
    pub(crate) fn pinning(
        keys: &[(&str, &'static TestKey)],
        change: impl Fn(VerifierBuilder) -> VerifierBuilder,
    ) -> Self {
        let verifiers = [Backend::AwsLc, Backend::RustCrypto].map(|backend| {
            let pinned = keys.iter().fold(PinnedKeys::new(), |pinned, (name, key)| {
                let key = PublicKey::from_der_with(key.spki(), backend).unwrap();
                pinned.with(KeyName::parse(name).unwrap(), key).unwrap()
            });
            change(Verifier::builder(ACCOUNT).host(HOST).keys(pinned)).build().unwrap()
        });
        Self { verifiers: verifiers.to_vec() }
    }

    /// The strict policy, and whatever [`KEY_ID`] has for TXT records.
    pub(crate) fn publishing<R: AsRef<[u8]>>(records: &[R]) -> Self {
        let published = Published(records.iter().map(|record| record.as_ref().to_vec()).collect());
        Self { verifiers: vec![Verifier::builder(ACCOUNT).host(HOST).keys(published).build().unwrap()] }
    }

    /// What becomes of a request. Every library must come to the same verdict, and so must a body in parts.
    pub(crate) fn verdict(&self, message: &Message) -> Result<(), Rejection> {
        let verdicts: Vec<_> = self
            .verifiers
            .iter()
            .flat_map(|verifier| [whole(verifier, message), in_parts(verifier, message)])
            .collect();
        let code = |verdict: &Result<(), Rejection>| verdict.as_ref().map_err(Rejection::code).copied();
        assert!(verdicts.iter().all(|verdict| code(verdict) == code(&verdicts[0])), "{verdicts:?} for {message:?}");
        verdicts.into_iter().next().unwrap()
    }
}

fn whole(verifier: &Verifier, message: &Message) -> Result<(), Rejection> {
    block_on(verifier.verify(&message.head(), &message.body, now())).map(drop)
}

fn in_parts(verifier: &Verifier, message: &Message) -> Result<(), Rejection> {
    let mut body = block_on(verifier.verify_head(&message.head(), now()))?.body();
    message.body.chunks(113).try_for_each(|chunk| body.update(chunk))?;
    body.finish().map(drop)
}

/// A key store that publishes TXT records, under one name and without DNS.
pub(crate) struct Published(pub(crate) Vec<Vec<u8>>);

impl Published {
    pub(crate) fn keys(&self) -> Result<KeySet, KeyError> {
        KeySet::from_records(self.0.iter().map(Vec::as_slice), Duration::from_secs(300))
    }
}

impl KeyStore for Published {
    fn cached(&self, _name: &KeyName, _now: SystemTime) -> Option<Arc<KeySet>> {
        None
    }

    fn lookup<'a>(&'a self, name: &'a KeyName, _now: SystemTime) -> Lookup<'a> {
        let found = if name.as_str() == KEY_ID { self.keys() } else { Err(KeyError::NotFound) };
        Box::pin(std::future::ready(found.map(Arc::new)))
    }
}
