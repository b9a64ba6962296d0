//! Step 12: a genuine request is handled once.
//!
//! What needs a Redis server lives in `redis`, so that `--skip replay::redis` leaves it out.

mod attacks;
mod claim;
mod concurrency;
mod memory;
mod model;
#[cfg(feature = "redis")]
mod redis;
mod window;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callback_verifier::key::Backend;
use callback_verifier::replay::Nonce;
use callback_verifier::wire::Account;
use callback_verifier::{Claim, KeyName, PinnedKeys, PublicKey, Rejection, ReplayGuard, Verifier, VerifierBuilder};

use crate::support::keys::A;
use crate::support::{ACCOUNT, HOST, KEY_ID, Message, block_on};

/// Another name of the same key.
const ALIAS: &str = "alias._domainkey.copernica.com";

fn verifier(change: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Verifier {
    let key = || PublicKey::from_der_with(A.spki(), Backend::AwsLc).unwrap();
    let keys = [KEY_ID, ALIAS]
        .iter()
        .fold(PinnedKeys::new(), |pinned, name| pinned.with(KeyName::parse(name).unwrap(), key()).unwrap());
    change(Verifier::builder(ACCOUNT).host(HOST).keys(keys)).build().unwrap()
}

fn guarded(guard: impl ReplayGuard) -> Verifier {
    verifier(|builder| builder.replay_guard(guard))
}

/// What a receiver does with a request before it handles it.
fn claim(verifier: &Verifier, message: &Message, now: SystemTime) -> Result<Claim, Rejection> {
    block_on(async {
        let verified = verifier.verify(&message.head(), &message.body, now).await?;
        verifier.claim(&verified, now).await
    })
}

fn commit(claim: Claim) {
    block_on(claim.commit()).unwrap();
}

fn nonce(text: impl AsRef<str>) -> Nonce {
    Nonce::parse(Account::new(ACCOUNT), text.as_ref().as_bytes()).unwrap()
}

/// A time of a clock that begins at no special moment.
fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}
