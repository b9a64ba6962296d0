//! Keys from DNS, and how they are kept.
//!
//! [`Shelf`] is what each request sees: keys that are served without waiting. [`Ledger`] decides everything else: who asks,
//! who waits, what is kept and for how long. [`NameServers`] asks. [`DnsKeys`] puts them together.

mod allowance;
mod flight;
mod ledger;
mod question;
mod shelf;
mod span;
mod statistics;
mod transport;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::time::timeout;

use self::allowance::Allowance;
use self::flight::{OVERDUE, Outcome, Ticket, Waiting};
use self::ledger::{Decision, Ledger};
use self::question::{NameServers, no_answer};
use self::shelf::Shelf;
use self::statistics::Counters;
pub use self::statistics::DnsStatistics;
use super::{KeyError, KeyName, KeySet, KeyStore, Lookup, Refresh};

/// Keys are kept at least this long, whatever their time to live.
const TTL_FLOOR: Duration = Duration::from_secs(60);
/// Keys are kept at most this long, whatever their time to live.
const TTL_CEILING: Duration = Duration::from_secs(24 * 60 * 60);
/// For how long proven keys are served past their time to live.
const SERVE_STALE_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Who could be served keys past their time to live waits this long for newer ones (RFC 8767 section 5).
const STALE_PATIENCE: Duration = Duration::from_millis(1800);
/// Questions about names that have verified nothing yet, in a second on average.
const NEW_NAMES_PER_SECOND: u32 = 20;
/// Questions about names that have verified nothing yet, at once.
const NEW_NAMES_AT_ONCE: u32 = 100;
/// How many questions somebody waits for whose runtimes end under them.
const MAX_LOST_QUESTIONS: usize = 3;

/// Keys that are looked up in DNS, and kept for their time to live: at least a minute, at most a day (feature `dns`).
///
/// Lookups need a running tokio runtime, with I/O and time enabled. It need not be the same one each time. What is kept
/// expires by the `now` that the verifier is handed; only the deadline of a question goes by tokio's clock.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{DnsKeys, Verifier};
///
/// let keys = DnsKeys::system()?;
/// let verifier = Verifier::builder(1234).host("hooks.example.com").keys(keys).build()?;
/// # Ok(())
/// # }
/// ```
///
/// # What is asked, and when
///
/// 1. A name whose keys are kept is not asked for. There is never more than one question about a name under way; whoever
///    else needs it waits for the same answer, and nobody who stops waiting takes it from the others.
/// 2. A question has 3 s. A lost packet is sent again after a third of a second, twice at most. The next name server is asked
///    when one has failed, or has been silent for a second.
/// 3. That there is no key (or a revoked one, or none that is usable) is remembered for 10 s, and drops the keys that were
///    kept under the name at once.
/// 4. A question that failed is not repeated for 1 s.
/// 5. When keys that are kept did not make a signature, they are looked up once more, at most every 30 s for each name: they
///    may have been rotated. A key that replaces another under the same name may so go unseen for 30 s, and its signatures
///    be refused; under a name of its own it is seen at once.
/// 6. Questions about names that have never verified a signature are limited to 20 a second, 100 at once, so that a stranger
///    who makes names up cannot make this receiver ask more than that. It makes no difference whether such a name is new or
///    is looked up once more. A name whose keys are [proven](#while-dns-does-not-answer) is not limited, also when they have
///    expired. See [`expecting`](Self::expecting) for what this means for a new key.
///
/// # While DNS does not answer
///
/// Keys that have verified a signature are *proven*, and are served past their time to live for up to a day (RFC 8767),
/// marked as [stale](KeySet::is_stale). The first requests after their time wait for an answer, for 1.8 s at most; from then
/// on DNS is tried every 30 s by one request, which waits for it in the same way, while all others are served at once. An
/// answer that there is no such key, or that it is revoked, is an answer: the keys are dropped. A referral to other name
/// servers is none.
///
/// # Memory and sockets
///
/// 1,024 names and those that are expected. A name that has proven itself, or is expected, is not displaced by others. At most
/// 64 questions about names that have verified nothing yet are under way, each with up to three sockets for each name server.
/// Proven and expected names take no room from them, and are asked for once at a time: they are no more than the keys that the
/// platform has signed with, 1,024 at most, and those that you list.
///
/// # One clock
///
/// Whoever shares a store hands it the same clock. To judge saved requests by the time at which they came in, make another
/// store: by an earlier time what is kept has not been looked up yet, so it is looked up again.
pub struct DnsKeys {
    store: Arc<Store>,
}

struct Store {
    name_servers: NameServers,
    shelf: Arc<Shelf>,
    ledger: Mutex<Ledger>,
    counters: Arc<Counters>,
}

/// The resolver could not be set up.
///
/// See the example of [`DnsKeys::with_name_servers`].
#[derive(Debug, thiserror::Error)]
#[error("the DNS resolver could not be set up: {0}")]
pub struct DnsSetupError(String);

impl DnsKeys {
    /// Asks the name servers that the system is configured with now.
    ///
    /// # Errors
    /// [`DnsSetupError`] if the system's configuration cannot be read, or names none.
    pub fn system() -> Result<Self, DnsSetupError> {
        NameServers::system().map(Self::asking)
    }

    /// Asks these name servers only, the first one first, by UDP and, where an answer is truncated, by TCP.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use callback_verifier::DnsKeys;
    ///
    /// let keys = DnsKeys::with_name_servers(&["192.0.2.53:53".parse()?, "[2001:db8::53]:53".parse()?])?;
    /// assert_eq!(keys.statistics().questions, 0);         // it asks when a key is needed
    /// assert!(DnsKeys::with_name_servers(&[]).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`DnsSetupError`] if there is none.
    pub fn with_name_servers(name_servers: &[SocketAddr]) -> Result<Self, DnsSetupError> {
        NameServers::at(name_servers).map(Self::asking)
    }

    fn asking(name_servers: NameServers) -> Self {
        let (shelf, counters) = <(Arc<Shelf>, Arc<Counters>)>::default();
        let new_names = Allowance::new(NEW_NAMES_PER_SECOND, NEW_NAMES_AT_ONCE);
        let ledger = Mutex::new(Ledger::new(Arc::clone(&shelf), Arc::clone(&counters), new_names, SERVE_STALE_FOR));
        Self { store: Arc::new(Store { name_servers, shelf, ledger, counters }) }
    }

    /// Names that are to come: next month's key, for example. They are outside the limits on names that have verified nothing
    /// yet, and their keys are never displaced. Default: none.
    ///
    /// Without it, somebody who floods a receiver with made-up names delays the first callbacks under a new name: they are
    /// answered with 503 until one of them gets its turn. With `j` made-up and `h` honest requests a second that is after
    /// about `(j + h) / (20 h)` s: 5 s for 1,000 against 10. From then on the name is kept.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{DnsKeys, KeyName};
    /// # let keys = DnsKeys::with_name_servers(&["192.0.2.53:53".parse()?])?;
    /// let to_come = ["2026-11._domainkey.copernica.com", "2026-12._domainkey.copernica.com"].map(KeyName::parse);
    /// let keys = keys.expecting(to_come.into_iter().collect::<Result<Vec<_>, _>>()?);
    /// assert_eq!(keys.statistics().questions, 0);         // they are asked for when they are needed
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn expecting(self, names: impl IntoIterator<Item = KeyName>) -> Self {
        self.store.ledger().expect(names);
        self
    }

    /// For how long keys that have verified a signature are served past their time to live while DNS does not answer.
    /// Default: 24 h. Zero switches it off.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::DnsKeys;
    /// # let keys = DnsKeys::with_name_servers(&["192.0.2.53:53".parse()?])?;
    /// use std::time::Duration;
    ///
    /// let keys = keys.serve_stale_for(Duration::ZERO);    // no answer, no key: its callbacks get 503
    /// assert_eq!(keys.statistics().stale, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn serve_stale_for(self, duration: Duration) -> Self {
        self.store.ledger().serve_stale_for(duration);
        self
    }

    /// How many questions are asked about names that have verified nothing yet, in a second on average and at once. Default:
    /// 20 and 100. With zero there are none but about [expected](Self::expecting) names.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::SystemTime;
    /// # use callback_verifier::{DnsKeys, KeyError, KeyStore};
    /// # let keys = DnsKeys::with_name_servers(&["192.0.2.53:53".parse()?])?;
    /// let keys = keys.new_names_per_second(0, 0);
    /// let made_up = "made-up._domainkey.copernica.com".parse()?;
    /// let put_off = keys.lookup(&made_up, SystemTime::now()).await;       // asks nobody
    /// assert!(matches!(put_off, Err(KeyError::Temporary(_))));
    /// assert_eq!(keys.statistics().throttled, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new_names_per_second(self, per_second: u32, at_once: u32) -> Self {
        self.store.ledger().allow_new_names(Allowance::new(per_second, at_once));
        self
    }

    /// What was done so far.
    ///
    /// Share the store with the verifier to see them:
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use callback_verifier::{DnsKeys, Verifier};
    ///
    /// let keys = Arc::new(DnsKeys::with_name_servers(&["192.0.2.53:53".parse()?])?);
    /// let verifier = Verifier::builder(1234).host("hooks.example.com").keys(Arc::clone(&keys)).build()?;
    /// assert_eq!((keys.statistics().questions, keys.statistics().kept), (0, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn statistics(&self) -> DnsStatistics {
        let kept = self.store.ledger().kept();
        self.store.counters.totals(kept)
    }
}

impl KeyStore for DnsKeys {
    fn cached(&self, name: &KeyName, now: SystemTime) -> Option<Arc<KeySet>> {
        self.store.shelf.serve(name, now)
    }

    fn lookup<'a>(&'a self, name: &'a KeyName, now: SystemTime) -> Lookup<'a> {
        Box::pin(async move {
            for _ in 0..MAX_LOST_QUESTIONS {
                let decision = self.store.ledger().look_up(name, now);
                if let Some(outcome) = self.store.follow(decision, name, now).await? {
                    return outcome;
                }
            }
            Err(lost())
        })
    }

    fn refresh<'a>(&'a self, name: &'a KeyName, at_hand: &'a Arc<KeySet>, now: SystemTime) -> Refresh<'a> {
        Box::pin(async move {
            for _ in 0..MAX_LOST_QUESTIONS {
                let decision = self.store.ledger().refresh(name, at_hand, now);
                if let Decision::Stands = decision {
                    return Ok(None);
                }
                if let Some(outcome) = self.store.follow(decision, name, now).await? {
                    return outcome.map(Some);
                }
            }
            Err(lost())
        })
    }
}

impl std::fmt::Debug for DnsKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DnsKeys").finish_non_exhaustive()
    }
}

impl Store {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what was decided. Nothing comes of it if the question was lost.
    async fn follow(
        self: &Arc<Self>,
        decision: Decision,
        name: &KeyName,
        now: SystemTime,
    ) -> Result<Option<Outcome>, KeyError> {
        match decision {
            Decision::Answer(outcome) => Ok(Some(outcome)),
            Decision::Stands => Ok(None),
            Decision::Join(waiting) => Ok(self.wait(waiting, name, now).await),
            Decision::Ask(ticket, waiting) => {
                let question = Question { store: Arc::clone(self), name: name.clone(), ticket, now };
                let runtime = Handle::try_current().map_err(|error| KeyError::Temporary(error.to_string()))?;
                // On its own, so that it goes on when who waits for it does not.
                runtime.spawn(question.ask());
                Ok(self.wait(waiting, name, now).await)
            }
        }
    }

    async fn wait(&self, mut waiting: Waiting, name: &KeyName, now: SystemTime) -> Option<Outcome> {
        let has_stale = self.ledger().has_stale(name, now);
        let patience = if has_stale { STALE_PATIENCE } else { OVERDUE };
        match timeout(patience, waiting.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => outcome.clone(),
            Ok(Err(_lost)) => None,
            Err(_) => Some(self.ledger().stale(name, now).ok_or_else(no_answer)),
        }
    }
}

/// A question under way.
struct Question {
    store: Arc<Store>,
    name: KeyName,
    ticket: Ticket,
    now: SystemTime,
}

impl Question {
    async fn ask(self) {
        let answer = self.store.name_servers.ask(&self.name).await;
        let outcome = self.store.ledger().settle(&self.name, self.ticket.number, answer, self.now);
        self.ticket.report.send_replace(outcome);
    }
}

/// Without an answer, when its runtime ends under it. After an answer there is nothing left to give up.
impl Drop for Question {
    fn drop(&mut self) {
        self.store.ledger().give_up(&self.name, self.ticket.number);
    }
}

fn lost() -> KeyError {
    KeyError::Temporary("the lookup was cut short: its runtime ended".to_owned())
}
