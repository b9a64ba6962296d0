//! A memory that a fleet shares.

mod connection;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use redis::{Client, RedisError, Script};
use tokio::runtime::Handle;

use super::{Lease, MemoryGuard, Nonce, ReplayError, ReplayGuard, Reply, Ticket};
use crate::wire::Excerpt;
use connection::Connection;

const DEFAULT_PREFIX: &str = "callback-nonce:";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
/// How many nonces this process knows to be spent without asking Redis. More are asked for.
const MAX_SPENT: usize = 100_000;

/// Remembers nonces in Redis, for all processes of a receiver together (feature `redis`). Cheap to clone.
///
/// It works with Redis 6.0 and later, over TCP or a Unix socket, and with what speaks the same protocol and runs Lua. It
/// connects when it is first needed, and again after Redis was gone; use it inside a tokio runtime whose I/O and time are
/// enabled. [`check`](Self::check) asks the server once, for a receiver that wants to know when it starts.
///
/// ```no_run
/// use callback_verifier::{RedisGuard, Verifier};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let guard = RedisGuard::new("redis://receiver:secret@redis.example.com")?;
/// guard.check().await?;
/// let verifier = Verifier::builder(1234).host("hooks.example.com").replay_guard(guard);
/// # Ok(())
/// # }
/// ```
///
/// # What Redis must be like
/// - **`maxmemory-policy noeviction`**, or no `maxmemory`. Any other policy forgets nonces to make room, and then lets a
///   replay in, silently. Out of memory, Redis refuses new claims ([`ReplayError::Unavailable`]); claims that were made
///   before can be committed.
/// - One primary. What was written last is lost when Redis restarts without persistence or when a replica takes over, so
///   callbacks of the last minutes could be replayed once. Nothing is sharded over a cluster.
/// - The user may run scripts (`EVALSHA`, `SCRIPT LOAD`), and in them `HGET`, `HSET`, `HDEL`, `EXISTS`, `PTTL`, `PEXPIRE`,
///   `DEL`, and `INFO` for [`check`](Self::check).
///
/// # What is kept
/// A nonce is one hash, named by the prefix and its [fingerprint](super::Fingerprint) in hexadecimal. Its field `seen` is
/// there always, its field `holder`, the ticket, as long as the claim is pending. It expires with the lease while it is
/// pending, and when it is committed after the time that it is to be remembered for. Both are counted by Redis, so clocks
/// that differ do no harm up to the margin of 60 s between any two receivers.
///
/// Each process notes besides which nonces it has spent itself, or was told by Redis to be spent: 100,000 at most, in 10 MB,
/// until the time that they are to be remembered for is over. Of those it refuses copies without asking Redis, so the layer
/// does before it reads a body, also while Redis is down.
///
/// # When Redis does not answer
/// Each operation ends within the [timeout](Self::with_timeout). What becomes of a callback that cannot be claimed is for
/// [`StoreOutage`] to say. A claim whose answer came too late may have been made all the same: the same bytes are answered
/// [`ReplayError::Pending`] until its lease is over. A sender's retry has a nonce of its own, and is not affected. A claim
/// whose caller has gone, as by a client that hangs up, is released in the background.
#[derive(Clone)]
pub struct RedisGuard {
    shared: Arc<Shared>,
    prefix: Arc<str>,
    /// What this process knows to be spent. It never holds a claim for longer than it takes to commit it.
    spent: Arc<MemoryGuard>,
    lease: Lease,
    timeout: Duration,
    outage: StoreOutage,
}

/// What to do with a genuine callback while the store of nonces cannot be asked.
///
/// Set by [`RedisGuard::with_store_outage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreOutage {
    /// Refuse it for the moment; the sender tries again. Nothing is lost that the sender does not give up.
    #[default]
    Refuse,
    /// Accept it, and with it copies of it, as long as their date is inside the window: while the outage lasts every copy
    /// that comes to a process which has not handled it yet, or handles it at the moment; and **once more after it**, since
    /// Redis was not told what was handled meanwhile. A process remembers for itself what it has handled, until it ends. For
    /// handlers that may run twice.
    AcceptUnguarded,
}

/// A URL that leads to no Redis. It does not repeat the URL, which may hold a password.
///
/// [`RedisGuard::new`] reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a usable Redis URL, expected `redis://[user:password@]host[:port][/database]` or `unix:///path`: {0}")]
pub struct RedisUrlError(String);

/// A Redis server that cannot serve as a replay guard.
///
/// [`RedisGuard::check`] reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisCheckError {
    /// It does not answer, or refuses to.
    #[error(transparent)]
    Unavailable(#[from] ReplayError),
    /// It forgets nonces when its memory is full.
    #[error("Redis has the `maxmemory-policy` {got}, expected `noeviction`: it would forget nonces and let replays in")]
    Evicts {
        /// Its policy.
        got: Excerpt,
    },
}

struct Shared {
    connection: Connection,
    claim: Script,
    commit: Script,
    release: Script,
    check: Script,
    /// Makes tickets that no other process makes: keyed with random numbers of the system.
    tickets: RandomState,
    issued: AtomicU64,
}

impl RedisGuard {
    /// A guard with the defaults: prefix `callback-nonce:`, a lease of 60 s, a timeout of 1 s, and callbacks refused while
    /// Redis is down. It does not connect yet.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::RedisGuard;
    /// assert!(RedisGuard::new("redis://redis.example.com:6379/2").is_ok());
    /// assert!(RedisGuard::new("unix:///run/redis/redis.sock").is_ok());
    /// assert!(RedisGuard::new("https://redis.example.com").is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RedisUrlError`] if it is no URL of a Redis server. Of those, `rediss:` (TLS) is not supported.
    pub fn new(url: &str) -> Result<Self, RedisUrlError> {
        let client = Client::open(url).map_err(|error| url_error(&error))?;
        let shared = Shared {
            connection: Connection::new(client),
            claim: Script::new(include_str!("claim.lua")),
            commit: Script::new(include_str!("commit.lua")),
            release: Script::new(include_str!("release.lua")),
            check: Script::new(include_str!("check.lua")),
            tickets: RandomState::new(),
            issued: AtomicU64::new(0),
        };
        Ok(Self {
            shared: Arc::new(shared),
            prefix: DEFAULT_PREFIX.into(),
            spent: none_spent(),
            lease: Lease::default(),
            timeout: DEFAULT_TIMEOUT,
            outage: StoreOutage::default(),
        })
    }

    /// What the names of the keys begin with. Receivers share their nonces if they share it.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self.spent = none_spent();
        self
    }

    /// For how long a claim keeps others out.
    #[must_use]
    pub fn with_lease(mut self, lease: Lease) -> Self {
        self.lease = lease;
        self
    }

    /// How long an operation may take, connecting included. With no time at all, every operation fails.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What to do with a callback while Redis cannot be asked.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::RedisGuard;
    /// use std::time::Duration;
    /// use callback_verifier::StoreOutage;
    ///
    /// let guard = RedisGuard::new("redis://redis.example.com")?
    ///     .with_prefix("staging:")
    ///     .with_timeout(Duration::from_millis(200))
    ///     .with_store_outage(StoreOutage::AcceptUnguarded);       // the handlers may run twice
    /// # assert!(format!("{guard:?}").contains("AcceptUnguarded"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_store_outage(mut self, outage: StoreOutage) -> Self {
        self.outage = outage;
        self
    }

    /// Asks the server whether it is there, lets us in, and remembers what it is told.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let guard = callback_verifier::RedisGuard::new("redis://redis.example.com")?;
    /// use callback_verifier::replay::RedisCheckError;
    ///
    /// match guard.check().await {
    ///     Err(error @ RedisCheckError::Evicts { .. }) => return Err(error.into()),       // it would let replays in
    ///     Err(error) => eprintln!("not yet: {error}"),
    ///     Ok(()) => {}
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`RedisCheckError`].
    pub async fn check(&self) -> Result<(), RedisCheckError> {
        let memory = self.shared.connection.run(&self.shared.check.prepare_invoke(), self.timeout).await?;
        let value = |name: &str| memory.lines().find_map(|line| line.strip_prefix(name));
        let limited = value("maxmemory:") != Some("0");
        match value("maxmemory_policy:") {
            Some(policy) if limited && policy != "noeviction" => Err(RedisCheckError::Evicts { got: policy.into() }),
            _ => Ok(()),
        }
    }

    async fn run(&self, script: &Script, nonce: &Nonce, argument: &[u64]) -> Result<String, ReplayError> {
        let key = format!("{}{}", self.prefix, nonce.fingerprint());
        self.shared.connection.run(script.key(key).arg(argument), self.timeout).await
    }

    async fn make_claim(&self, nonce: &Nonce, until: SystemTime, now: SystemTime) -> Result<Ticket, ReplayError> {
        if self.was_handled(nonce, now) {
            return Err(ReplayError::Replayed);
        }
        let issued = self.shared.issued.fetch_add(1, Ordering::Relaxed);
        let ticket = Ticket(self.shared.tickets.hash_one(issued));
        let lease = milliseconds(self.lease.duration().min(between(now, until)));
        // Whoever drops this half-way cannot say whether the claim was made.
        let mut unanswered = Unanswered { guard: Some(self), nonce, ticket };
        let answer = self.run(&self.shared.claim, nonce, &[ticket.0, lease]).await;
        unanswered.guard = None;
        match answer {
            Ok(answer) => match answer.as_str() {
                "claimed" => Ok(ticket),
                "pending" => Err(ReplayError::Pending),
                "replayed" => {
                    self.note_spent(nonce, until, now).await;
                    Err(ReplayError::Replayed)
                }
                other => Err(ReplayError::Unavailable(format!("Redis answered {}", Excerpt::from(other)))),
            },
            Err(ReplayError::Unavailable(_)) if self.outage == StoreOutage::AcceptUnguarded => Ok(ticket),
            Err(error) => Err(error),
        }
    }

    /// Notes in this process that a nonce is spent, if there is room for one more. It does not wait.
    async fn note_spent(&self, nonce: &Nonce, until: SystemTime, now: SystemTime) {
        if let Ok(ticket) = self.spent.claim(nonce, until, now).await {
            // There is room: it was claimed.
            let _ = self.spent.commit(nonce, ticket, until, now).await;
        }
    }
}

/// A claim that Redis may have made, or makes yet, while nobody waits for its answer any more.
struct Unanswered<'a> {
    /// None once there is an answer.
    guard: Option<&'a RedisGuard>,
    nonce: &'a Nonce,
    ticket: Ticket,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(guard) = self.guard {
            guard.abandon(self.nonce.clone(), self.ticket);
        }
    }
}

fn none_spent() -> Arc<MemoryGuard> {
    Arc::new(MemoryGuard::with_capacity(MAX_SPENT))
}

impl ReplayGuard for RedisGuard {
    fn claim<'a>(&'a self, nonce: &'a Nonce, until: SystemTime, now: SystemTime) -> Reply<'a, Ticket> {
        Box::pin(self.make_claim(nonce, until, now))
    }

    /// What this process has spent itself, or was told to be spent.
    fn was_handled(&self, nonce: &Nonce, now: SystemTime) -> bool {
        self.spent.was_handled(nonce, now)
    }

    fn commit<'a>(&'a self, nonce: &'a Nonce, _: Ticket, until: SystemTime, claimed: SystemTime) -> Reply<'a, ()> {
        // Counted from the claim: so it is remembered too long by the time that the handler took, and never too short.
        let window = milliseconds(between(claimed, until));
        Box::pin(async move {
            // First, since it is spent even if Redis cannot be told.
            self.note_spent(nonce, until, claimed).await;
            self.run(&self.shared.commit, nonce, &[window]).await.map(drop)
        })
    }

    fn release<'a>(&'a self, nonce: &'a Nonce, ticket: Ticket) -> Reply<'a, ()> {
        Box::pin(async move { self.run(&self.shared.release, nonce, &[ticket.0]).await.map(drop) })
    }

    /// Releases the claim in the background. Without a runtime, or when that fails, its lease frees it.
    fn abandon(&self, nonce: Nonce, ticket: Ticket) {
        if let Ok(runtime) = Handle::try_current() {
            let guard = self.clone();
            runtime.spawn(async move { guard.release(&nonce, ticket).await });
        }
    }
}

impl fmt::Debug for RedisGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisGuard")
            .field("address", &self.shared.connection.address())
            .field("prefix", &self.prefix)
            .field("lease", &self.lease.duration())
            .field("timeout", &self.timeout)
            .field("outage", &self.outage)
            .finish()
    }
}

fn between(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}

/// Rounded up, and never none at all, which Redis would take for "delete".
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX).max(1)
}

/// The first part of the text is the library's own; what follows may be a part of the URL.
fn url_error(error: &RedisError) -> RedisUrlError {
    RedisUrlError(error.to_string().split(" - ").next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::wire::Account;

    #[tokio::test]
    async fn a_process_notes_no_more_than_it_has_room_for_and_what_has_expired_makes_room() {
        let guard = RedisGuard::new("redis://127.0.0.1:1").unwrap();
        let nonce = |number: usize| Nonce::parse(Account::new(1), number.to_string().as_bytes()).unwrap();
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        for number in 0..MAX_SPENT + 10 {
            guard.note_spent(&nonce(number), at(100), at(0)).await;
        }
        assert_eq!(guard.spent.len(), MAX_SPENT);
        assert!(guard.was_handled(&nonce(0), at(99)) && !guard.was_handled(&nonce(MAX_SPENT), at(99)));
        guard.note_spent(&nonce(MAX_SPENT), at(200), at(100)).await;
        assert!(guard.was_handled(&nonce(MAX_SPENT), at(100)));
    }
}
