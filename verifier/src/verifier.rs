use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::checklist::PendingHead;
use crate::key::{KeyStore, Zone};
use crate::policy::{
    AccountId, EnvironmentIds, ExpectedHost, Hs2019, MissingComma, Policy, PolicyError, TestingKeys, TransportPolicy,
};
use crate::rejection::Rejection;
use crate::replay::{Claim, MemoryGuard, Nonce, ReplayGuard};
use crate::verified::{AuthenticHead, Verified};
use crate::wire::RequestHead;

/// The zone that the platform publishes its keys in.
const PLATFORM_ZONE: &str = "copernica.com";
/// For how long a nonce is remembered beyond its date's window, because the clocks of a fleet differ.
const REPLAY_MARGIN: Duration = Duration::from_secs(60);
/// A nonce is remembered for 100 years at most, so that a policy without an age limit still has a time to add up.
const LONGEST_MEMORY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Verifies callbacks: a [`Policy`], and where the keys come from. Cheap to clone.
#[derive(Clone)]
pub struct Verifier {
    policy: Arc<Policy>,
    keys: Arc<dyn KeyStore>,
    guard: Option<Arc<dyn ReplayGuard>>,
}

impl Verifier {
    /// Begins to set up a verifier for the callbacks of one account.
    pub fn builder(account: AccountId) -> VerifierBuilder {
        VerifierBuilder { policy: Policy::strict(account), keys: None, guard: Guard::Default, error: None }
    }

    /// What this verifier insists on.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The same policy without a replay guard, with its keys seen through another store.
    #[cfg(feature = "explain")]
    pub(crate) fn seen_through<S: KeyStore>(&self, store: impl FnOnce(Arc<dyn KeyStore>) -> Arc<S>) -> (Self, Arc<S>) {
        let store = store(Arc::clone(&self.keys));
        (Self { policy: Arc::clone(&self.policy), keys: Arc::<S>::clone(&store), guard: None }, store)
    }

    /// The first stage: everything but the body.
    ///
    /// With the key at hand it does not wait. It waits for the [`KeyStore`] if that has to look the key up, or if the key
    /// at hand did not make the signature and may have been rotated.
    ///
    /// # Errors
    /// The first step of the [checklist](crate::checklist) that fails.
    pub async fn verify_head(&self, head: &RequestHead<'_>, now: SystemTime) -> Result<AuthenticHead, Rejection> {
        let pending = PendingHead::check(&self.policy, head, now)?;
        let keys = match self.keys.cached(pending.key_name(), now) {
            Some(keys) => keys,
            None => self.keys.lookup(pending.key_name(), now).await?,
        };
        match pending.signer(&keys) {
            Ok(signer) => Ok(pending.authentic(signer)),
            Err(Rejection::BadSignature) => match self.keys.refresh(pending.key_name(), &keys, now).await? {
                Some(newer) => pending.verify(&newer),
                None => Err(Rejection::BadSignature),
            },
            Err(other) => Err(other),
        }
    }

    /// Both stages, for a body that is already there.
    ///
    /// # Errors
    /// The first step of the [checklist](crate::checklist) that fails.
    pub async fn verify<B: AsRef<[u8]>>(
        &self,
        head: &RequestHead<'_>,
        body: B,
        now: SystemTime,
    ) -> Result<Verified<B>, Rejection> {
        self.verify_head(head, now).await?.verify_body(body)
    }

    /// Refuses early what was handled before, as far as the guard can tell without asking anybody. Step 12 is still to come.
    #[cfg(feature = "tower")]
    pub(crate) fn refuse_replayed(&self, head: &AuthenticHead, now: SystemTime) -> Result<(), Rejection> {
        let Some(guard) = &self.guard else { return Ok(()) };
        if guard.was_handled(&Nonce::of(head)?, now) { Err(Rejection::Replayed) } else { Ok(()) }
    }

    /// Step 12: claims the nonce of a request that was verified, so that it is handled once. The claim is to be
    /// [committed](Claim::commit) when the callback was handled.
    ///
    /// # Errors
    /// [`Rejection::NonceMissing`] and [`Rejection::NonceMalformed`]; [`Rejection::Replayed`] if it was handled before;
    /// [`Rejection::DateTooOld`] if it took so long to read the body that the nonce need not be remembered any more; and
    /// what is [temporary](crate::Class::Temporary).
    pub async fn claim<B>(&self, verified: &Verified<B>, now: SystemTime) -> Result<Claim, Rejection> {
        let Some(guard) = &self.guard else { return Ok(Claim::unguarded()) };
        let head = verified.head();
        let nonce = Nonce::of(head)?;
        let window = self.policy.max_age.saturating_add(REPLAY_MARGIN).min(LONGEST_MEMORY);
        let until = head.date().checked_add(window).filter(|until| *until > now).ok_or_else(|| {
            let age = now.duration_since(head.date()).unwrap_or_default().as_secs();
            Rejection::DateTooOld { age, window: self.policy.max_age.as_secs() }
        })?;
        Ok(Claim::make(guard, nonce, until, now).await?)
    }
}

/// What it insists on, in words.
impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let replays = if self.guard.is_some() { "refused" } else { "NOT REFUSED: there is no replay guard" };
        write!(f, "{}\nreplays    {replays}", self.policy)
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Sets up a [`Verifier`]. An argument that makes no sense is reported by [`build`](Self::build).
#[must_use]
pub struct VerifierBuilder {
    policy: Policy,
    keys: Option<Arc<dyn KeyStore>>,
    guard: Guard,
    error: Option<PolicyError>,
}

/// Which replay guard is asked for.
enum Guard {
    Default,
    Chosen(Arc<dyn ReplayGuard>),
    None,
}

/// A verifier could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The policy makes no sense.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The DNS resolver could not be set up.
    #[cfg(feature = "dns")]
    #[error(transparent)]
    Dns(#[from] crate::key::DnsSetupError),
    /// No key store was given, and without the feature `dns` there is no default one.
    #[error("no key store was given")]
    NoKeys,
}

impl VerifierBuilder {
    /// Takes the callbacks of one more account.
    pub fn account(mut self, account: AccountId) -> Self {
        self.policy.accounts.push(account);
        self
    }

    /// A name that the publisher calls this receiver by, with its port if it is no default one. At least one is needed.
    pub fn host(mut self, host: &str) -> Self {
        match ExpectedHost::parse(host) {
            Ok(host) => self.policy.hosts.push(host),
            Err(error) => self.note(error),
        }
        self
    }

    /// A zone that keys may be published in. The first one replaces the platform's own.
    pub fn zone(mut self, zone: &str) -> Self {
        match Zone::parse(zone) {
            Ok(zone) => self.policy.keys.zones.push(zone),
            Err(_) => self.note(PolicyError::Zone(zone.into())),
        }
        self
    }

    /// Where keys come from. Default: DNS, by the system's name servers.
    pub fn keys(mut self, keys: impl KeyStore) -> Self {
        self.keys = Some(Arc::new(keys));
        self
    }

    /// What remembers nonces. Default: a [`MemoryGuard`] for a million of them, in the memory of this process, which a
    /// fleet of several does not share and which a restart empties.
    pub fn replay_guard(mut self, guard: impl ReplayGuard) -> Self {
        self.guard = Guard::Chosen(Arc::new(guard));
        self
    }

    /// Remembers no nonces: [`Verifier::claim`] and the layer let a genuine request in as often as it comes, for as long as
    /// its date is inside the window.
    pub fn without_replay_guard(mut self) -> Self {
        self.guard = Guard::None;
        self
    }

    /// How old a callback may be. Default: 300 s.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.policy.max_age = max_age;
        self
    }

    /// How far ahead of the clock a date may lie. Default: 60 s.
    pub fn max_ahead(mut self, max_ahead: Duration) -> Self {
        self.policy.max_ahead = max_ahead;
        self
    }

    /// How long a body may be, in bytes. Default: 8 MiB.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.policy.max_body = bytes;
        self
    }

    /// The smallest RSA modulus, in bits. Default: 2048. Less than that is weak, and less than 1024 is refused.
    pub fn min_key_bits(mut self, bits: u32) -> Self {
        self.policy.keys.min_bits = bits;
        self
    }

    /// Whether a request must have come over TLS.
    pub fn transport(mut self, transport: TransportPolicy) -> Self {
        self.policy.transport = transport;
        self
    }

    /// What to do with keys that are published for testing.
    pub fn testing_keys(mut self, testing_keys: TestingKeys) -> Self {
        self.policy.keys.testing = testing_keys;
        self
    }

    /// What to do with environments of the sister product.
    pub fn environment_ids(mut self, environment_ids: EnvironmentIds) -> Self {
        self.policy.environment_ids = environment_ids;
        self
    }

    /// What to do with the algorithm name `hs2019`.
    pub fn hs2019(mut self, hs2019: Hs2019) -> Self {
        self.policy.hs2019 = hs2019;
        self
    }

    /// What to do with a `Signature` header that lacks a comma.
    pub fn missing_comma(mut self, missing_comma: MissingComma) -> Self {
        self.policy.missing_comma = missing_comma;
        self
    }

    /// The verifier.
    ///
    /// # Errors
    /// The first argument that made no sense, or what is missing.
    pub fn build(mut self) -> Result<Verifier, BuildError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        if self.policy.keys.zones.is_empty() {
            self.policy.keys.zones.extend(Zone::parse(PLATFORM_ZONE));
        }
        self.policy.check()?;
        let keys = match self.keys {
            Some(keys) => keys,
            None => default_keys()?,
        };
        let guard = match self.guard {
            Guard::Default => Some(Arc::new(MemoryGuard::default()) as Arc<dyn ReplayGuard>),
            Guard::Chosen(guard) => Some(guard),
            Guard::None => None,
        };
        Ok(Verifier { policy: Arc::new(self.policy), keys, guard })
    }

    fn note(&mut self, error: PolicyError) {
        self.error.get_or_insert(error);
    }
}

#[cfg(feature = "dns")]
fn default_keys() -> Result<Arc<dyn KeyStore>, BuildError> {
    Ok(Arc::new(crate::key::DnsKeys::system()?))
}

#[cfg(not(feature = "dns"))]
fn default_keys() -> Result<Arc<dyn KeyStore>, BuildError> {
    Err(BuildError::NoKeys)
}
