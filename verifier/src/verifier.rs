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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (keys, head, body, now) = (keys(), head(), BODY, now());
/// use callback_verifier::{Rejection, Verifier};
///
/// let verifier = Verifier::builder(1234).host("hooks.example.com").keys(keys).build()?;
///
/// let verified = verifier.verify(&head, body, now).await?;    // steps 1 to 11 of the checklist
/// let claim = verifier.claim(&verified, now).await?;          // step 12: nobody else handles it meanwhile
/// println!("{} bytes of {}", verified.body().len(), verified.account());
/// claim.commit().await?;                                      // it was handled
///
/// let again = verifier.verify(&head, body, now).await?;       // genuine, as before
/// assert_eq!(verifier.claim(&again, now).await.err(), Some(Rejection::Replayed));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Verifier {
    policy: Arc<Policy>,
    keys: Arc<dyn KeyStore>,
    guard: Option<Arc<dyn ReplayGuard>>,
}

impl Verifier {
    /// Begins to set up a verifier for the callbacks of one account.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::Verifier;
    /// # let keys = keys();
    /// let verifier = Verifier::builder(1234).host("hooks.example.com").keys(keys).build()?;
    /// assert_eq!(verifier.policy().accounts, [1234]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(account: AccountId) -> VerifierBuilder {
        VerifierBuilder { policy: Policy::strict(account), keys: None, guard: Guard::Default, error: None }
    }

    /// What this verifier insists on.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let verifier = verifier();
    /// assert_eq!(verifier.policy().max_age.as_secs(), 300);
    /// println!("{}", verifier.policy()); // in words
    /// # Ok(())
    /// # }
    /// ```
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
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (verifier, head, now) = (verifier(), head(), now());
    /// # use callback_verifier::Rejection;
    /// let authentic = verifier.verify_head(&head, now).await?;
    /// assert_eq!(authentic.key_name().as_str(), "2026-11._domainkey.copernica.com");
    ///
    /// let elsewhere = head.with_target("/other");     // not what was signed
    /// assert_eq!(verifier.verify_head(&elsewhere, now).await.err(), Some(Rejection::BadSignature));
    /// # Ok(())
    /// # }
    /// ```
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
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (verifier, head, body, now) = (verifier(), head(), BODY, now());
    /// let verified = verifier.verify(&head, body, now).await?;
    /// assert_eq!(verified.body(), &body);
    ///
    /// let changed = String::from_utf8_lossy(body).replace("Mike", "Nick");
    /// let refused = verifier.verify(&head, changed, now).await.err();
    /// assert_eq!(refused.map(|rejection| rejection.code()), Some("digest_mismatch"));
    /// # Ok(())
    /// # }
    /// ```
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

    /// Step 12: claims the nonce of a request that was verified, so that it is handled once. The claim is to be
    /// [committed](Claim::commit) when the callback was handled.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (verifier, head, body, now) = (verifier(), head(), BODY, now());
    /// # use callback_verifier::Rejection;
    /// let verified = verifier.verify(&head, body, now).await?;
    /// let claim = verifier.claim(&verified, now).await?;
    /// assert_eq!(verifier.claim(&verified, now).await.err(), Some(Rejection::ReplayPending));
    ///
    /// claim.release().await?;                                 // it could not be handled
    /// let claim = verifier.claim(&verified, now).await?;      // so the same request may come again
    ///
    /// claim.commit().await?;                                  // now it was handled
    /// assert_eq!(verifier.claim(&verified, now).await.err(), Some(Rejection::Replayed));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Rejection::NonceMissing`] and [`Rejection::NonceMalformed`]; [`Rejection::Replayed`] if it was handled before;
    /// [`Rejection::DateTooOld`] if it took so long to read the body that the nonce need not be remembered any more; and
    /// what is [temporary](crate::Class::Temporary).
    pub async fn claim<B>(&self, verified: &Verified<B>, now: SystemTime) -> Result<Claim, Rejection> {
        self.unclaimed(verified.head())?.claim(now).await
    }

    /// What step 12 needs of a head.
    pub(crate) fn unclaimed(&self, head: &AuthenticHead) -> Result<Unclaimed<'_>, Rejection> {
        let guarded = match &self.guard {
            Some(guard) => Some((guard, Nonce::of(head)?)),
            None => None,
        };
        Ok(Unclaimed { guarded, date: head.date(), max_age: self.policy.max_age })
    }
}

/// An authentic head before step 12.
pub(crate) struct Unclaimed<'v> {
    /// `None` without a guard.
    guarded: Option<(&'v Arc<dyn ReplayGuard>, Nonce)>,
    date: SystemTime,
    max_age: Duration,
}

impl Unclaimed<'_> {
    /// Refuses early what was handled before, as far as the guard can tell without asking anybody.
    #[cfg(feature = "tower")]
    pub(crate) fn refuse_replayed(&self, now: SystemTime) -> Result<(), Rejection> {
        match &self.guarded {
            Some((guard, nonce)) if guard.was_handled(nonce, now) => Err(Rejection::Replayed),
            _ => Ok(()),
        }
    }

    /// Step 12.
    pub(crate) async fn claim(self, now: SystemTime) -> Result<Claim, Rejection> {
        let Some((guard, nonce)) = self.guarded else { return Ok(Claim::unguarded()) };
        let window = self.max_age.saturating_add(REPLAY_MARGIN).min(LONGEST_MEMORY);
        let until = self.date.checked_add(window).filter(|until| *until > now).ok_or_else(|| {
            let age = now.duration_since(self.date).unwrap_or_default().as_secs();
            Rejection::DateTooOld { age, window: self.max_age.as_secs() }
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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keys = keys();
/// use std::time::Duration;
/// use callback_verifier::{MemoryGuard, TransportPolicy, Verifier};
///
/// let verifier = Verifier::builder(1234)                          // our account
///     .account(1235)                                              // and another one
///     .host("hooks.example.com:8443")                             // as in the URL that the callback was set up with
///     .transport(TransportPolicy::RequireHttps)
///     .max_age(Duration::from_secs(120))
///     .max_body(64 * 1024)
///     .replay_guard(MemoryGuard::with_capacity(100_000))
///     .keys(keys)                                                 // default: from DNS
///     .build()?;
/// assert_eq!(verifier.policy().accounts, [1234, 1235]);
/// # Ok(())
/// # }
/// ```
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
///
/// [`VerifierBuilder::build`] reports it.
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
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::Verifier;
    /// # let builder = Verifier::builder(1234).host("hooks.example.com").keys(keys());
    /// let verifier = builder.zone("keys.example.net").zone("example.org").build()?;
    /// assert!(verifier.policy().keys.trusts(&"2026-11._domainkey.example.org".parse()?));
    /// assert!(!verifier.policy().keys.trusts(&"2026-11._domainkey.copernica.com".parse()?));
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::Verifier;
    /// use callback_verifier::MemoryGuard;
    ///
    /// let guard = MemoryGuard::with_capacity(50 * (300 + 60 + 60));      // 50 callbacks a second
    /// let builder = Verifier::builder(1234).host("hooks.example.com").replay_guard(guard);
    /// # assert!(builder.keys(keys()).build().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn replay_guard(mut self, guard: impl ReplayGuard) -> Self {
        self.guard = Guard::Chosen(Arc::new(guard));
        self
    }

    /// Remembers no nonces: [`Verifier::claim`] and the layer let a genuine request in as often as it comes, for as long as
    /// its date is inside the window.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::Verifier;
    /// # let (head, now) = (head(), now());
    /// # let builder = Verifier::builder(1234).host("hooks.example.com").keys(keys());
    /// let verifier = builder.without_replay_guard().build()?;
    /// let verified = verifier.verify(&head, BODY, now).await?;
    /// verifier.claim(&verified, now).await?.commit().await?;
    /// assert!(verifier.claim(&verified, now).await.is_ok());     // once more
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::Verifier;
    /// # let builder = || Verifier::builder(1234).host("hooks.example.com").keys(keys());
    /// assert!(builder().min_key_bits(3072).build().is_ok());
    /// let refused = builder().min_key_bits(512).build();
    /// assert!(refused.is_err_and(|error| error.to_string() == "keys of at least 512 bits: expected 1024 to 8192"));
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// What is accepted beyond the strict policy, the policy tells:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = keys();
    /// use callback_verifier::{EnvironmentIds, Hs2019, MissingComma, TestingKeys, Verifier};
    ///
    /// let verifier = Verifier::builder(1234)
    ///     .host("staging.example.com")
    ///     .testing_keys(TestingKeys::Accept)
    ///     .environment_ids(EnvironmentIds::Accept)
    ///     .hs2019(Hs2019::AcceptAsRsaSha256)
    ///     .missing_comma(MissingComma::Accept)
    /// #   .keys(keys)
    ///     .build()?;
    /// let words = verifier.policy().to_string();
    /// assert!(words.ends_with("a `Signature` header without commas, keys published for testing"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn testing_keys(mut self, testing_keys: TestingKeys) -> Self {
        self.policy.keys.testing = testing_keys;
        self
    }

    /// What to do with environments of the sister product.
    ///
    /// See the example of [`testing_keys`](Self::testing_keys).
    pub fn environment_ids(mut self, environment_ids: EnvironmentIds) -> Self {
        self.policy.environment_ids = environment_ids;
        self
    }

    /// What to do with the algorithm name `hs2019`.
    ///
    /// See the example of [`testing_keys`](Self::testing_keys).
    pub fn hs2019(mut self, hs2019: Hs2019) -> Self {
        self.policy.hs2019 = hs2019;
        self
    }

    /// What to do with a `Signature` header that lacks a comma.
    ///
    /// See the example of [`testing_keys`](Self::testing_keys).
    pub fn missing_comma(mut self, missing_comma: MissingComma) -> Self {
        self.policy.missing_comma = missing_comma;
        self
    }

    /// The verifier.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = keys();
    /// use callback_verifier::{BuildError, PolicyError, Verifier};
    ///
    /// let nowhere = Verifier::builder(1234).keys(keys).build();
    /// assert!(matches!(nowhere, Err(BuildError::Policy(PolicyError::NoHost))));
    /// # Ok(())
    /// # }
    /// ```
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
