use std::sync::Arc;
#[cfg(feature = "axum")]
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use callback_verifier::key::{Backend, Lookup};
use callback_verifier::{
    KeyError, KeyName, KeySet, KeyStore, PinnedKeys, PublicKey, Rejection, Verifier, VerifierBuilder,
};

#[cfg(feature = "axum")]
use sha2::{Digest, Sha256, Sha512};

use super::keys::{A, TestKey};
use super::{ACCOUNT, HOST, KEY_ID, Message, block_on, now};
#[cfg(feature = "axum")]
use super::{Answer, HttpServer, base64};

/// A receiver under test: the same policy on every cryptographic library.
pub(crate) struct Receiver {
    verifiers: Vec<Verifier>,
    #[cfg(feature = "axum")]
    server: OnceLock<HttpServer>,
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
            change(builder(pinned)).build().unwrap()
        });
        Self::of(verifiers.to_vec())
    }

    /// The strict policy, and whatever [`KEY_ID`] has for TXT records.
    pub(crate) fn publishing<R: AsRef<[u8]>>(records: &[R]) -> Self {
        let published = Published(records.iter().map(|record| record.as_ref().to_vec()).collect());
        Self::of(vec![builder(published).build().unwrap()])
    }

    fn of(verifiers: Vec<Verifier>) -> Self {
        Self {
            verifiers,
            #[cfg(feature = "axum")]
            server: OnceLock::new(),
        }
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
        let verdict = verdicts.into_iter().next().unwrap();
        #[cfg(feature = "axum")]
        if message.is_of_http_1() {
            self.compare_with_the_server(message, &verdict);
        }
        verdict
    }

    /// The same request over HTTP through the layer comes to the same verdict. Of what a server cannot hand over as it is,
    /// something genuine may be left; then the handler has seen the body that was signed.
    #[cfg(feature = "axum")]
    fn compare_with_the_server(&self, message: &Message, verdict: &Result<(), Rejection>) {
        let server = self.server.get_or_init(|| HttpServer::start(&self.verifiers[0]));
        let answer = server.answer(message);
        if !message.is_carried_as_it_is() {
            if let Some(Answer { status: 200, body, .. }) = answer {
                let digests = message.text("Digest");
                let hashes = [base64(Sha256::digest(&body)), base64(Sha512::digest(&body))];
                assert!(hashes.iter().any(|hash| digests.contains(hash)), "{message:?}");
            }
            return;
        }
        let Some(answer) = answer else { panic!("no answer to {message:?}") };
        match verdict {
            Ok(()) => assert_eq!((answer.status, &answer.body), (200, &message.body), "{message:?}"),
            Err(rejection) => {
                let (code, status) = (Some(rejection.code().to_owned()), rejection.class().status());
                assert_eq!((answer.code, answer.status), (code, status), "{message:?}");
            }
        }
    }
}

/// The strict policy. The vectors all carry the same nonce, so there is no replay guard.
fn builder(keys: impl KeyStore) -> VerifierBuilder {
    Verifier::builder(ACCOUNT).host(HOST).keys(keys).without_replay_guard()
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
