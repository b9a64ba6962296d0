//! Tries a receiver: one vector after the other, some at a time, and judges each answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use http::StatusCode;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::forge::{Forge, ForgeError, Forged};
use super::report::{Found, Verdict};
use super::vector::{Expect, Level, Needs, Request, Step, Vector};
use crate::emit::TargetUrl;
use crate::keyring::dns::{DnsServer, Names};
use crate::send::{Pace, RawAnswer, RawClient, SendError};

/// How many vectors are tried between two looks at whether honest callbacks still get through.
const BETWEEN_LOOKS: usize = 40;
/// How many requests are sent together whose answers do not matter.
const AT_ONCE: usize = 25;
/// How long the slow bytes of a request wait.
const SLOW: Duration = Duration::from_millis(500);

/// What is known about a receiver, and how it is to be tried.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) needs: Needs,
    pub(crate) profile: Profile,
    /// Whether refusals must be permanent ones (4xx).
    pub(crate) strict: bool,
    pub(crate) timeout: Duration,
    pub(crate) concurrency: usize,
    /// How long to wait from the beginning of one vector to that of the next.
    pub(crate) pause: Duration,
}

/// Which vectors count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Profile {
    /// All
    #[default]
    Strict,
    /// Those about which there can be no two opinions
    Vendor,
}

/// What tries.
pub(super) struct Runner {
    pub(super) forge: Forge,
    pub(super) names: Names,
    pub(super) client: RawClient,
    /// The same place without TLS.
    pub(super) plain_target: TargetUrl,
    pub(super) options: Options,
    /// Numbers the honest callbacks that are sent to see whether the receiver is still there.
    pub(super) looks: AtomicU64,
}

/// What a receiver makes of an honest callback and of one that nobody signed, before anything else.
#[derive(Debug)]
pub(super) struct FirstLook {
    pub(super) honest: Result<RawAnswer, SendError>,
    pub(super) unsigned: Result<RawAnswer, SendError>,
    /// How often anybody has asked for the key meanwhile.
    pub(super) asked: u64,
}

/// What was sent and what was answered.
pub(super) type Sent = (Vec<u8>, Result<RawAnswer, SendError>);

impl Runner {
    /// Serves the keys.
    pub(super) async fn name_server(&self, address: SocketAddr) -> anyhow::Result<DnsServer> {
        for (_, key) in self.forge.keys() {
            let told = self.forge.told(key)?;
            if !key.later {
                self.names.tell(&self.forge.name_of(key)?, told);
            }
        }
        Ok(DnsServer::start_with(address, self.names.clone()).await?)
    }

    /// Looks whether there is a receiver at all, and one that tells good from bad.
    pub(super) async fn first_look(&self, honest: &Vector, unsigned: &Vector) -> anyhow::Result<FirstLook> {
        let before = self.names.asked();
        let honest = self.look(honest).await?;
        let unsigned = self.look(unsigned).await?;
        Ok(FirstLook { honest, unsigned, asked: self.names.asked() - before })
    }

    /// Tries all vectors, in the given order as far as what is found is concerned. `progress` is told after each.
    pub(super) async fn run(
        self: &Arc<Self>,
        vectors: &[Vector],
        honest: &Vector,
        mut stop: watch::Receiver<bool>,
        progress: impl Fn(usize),
    ) -> anyhow::Result<Vec<Found>> {
        let mut found: BTreeMap<usize, Found> = BTreeMap::new();
        let (alone, together): (Vec<usize>, Vec<usize>) = (0..vectors.len()).partition(|n| vectors[*n].alone);
        let mut gone = None;
        let rounds = together.chunks(BETWEEN_LOOKS).map(|round| (round, self.options.concurrency));
        for (round, at_once) in rounds.chain(alone.chunks(1).map(|round| (round, 1))) {
            if gone.is_none() && !*stop.borrow() {
                self.round(vectors, round, at_once, &mut found, &mut stop, &progress).await?;
                gone = self.is_gone(honest, round, vectors).await?;
            }
        }
        let interrupted = *stop.borrow();
        Ok(vectors
            .iter()
            .enumerate()
            .map(|(n, vector)| {
                let missing = || match (&gone, interrupted) {
                    (Some(since), false) => Found::skipped(vector, format!("the receiver is gone since {since}")),
                    _ => Found::skipped(vector, "interrupted".to_owned()),
                };
                found.remove(&n).unwrap_or_else(missing)
            })
            .collect())
    }

    async fn round(
        self: &Arc<Self>,
        vectors: &[Vector],
        round: &[usize],
        at_once: usize,
        found: &mut BTreeMap<usize, Found>,
        stop: &mut watch::Receiver<bool>,
        progress: &impl Fn(usize),
    ) -> anyhow::Result<()> {
        let mut trials = JoinSet::new();
        let places = Arc::new(Semaphore::new(at_once));
        let mut next = Instant::now();
        for &n in round {
            if let Some(reason) = self.skips(&vectors[n]) {
                found.insert(n, Found::skipped(&vectors[n], reason));
                progress(found.len());
                continue;
            }
            let place = Arc::clone(&places).acquire_owned().await?;
            tokio::select! {
                () = tokio::time::sleep_until(next.into()) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            next = Instant::now() + self.options.pause;
            let (this, vector) = (Arc::clone(self), vectors[n].clone());
            trials.spawn(async move {
                let result = this.vector(&vector).await;
                drop(place);
                (n, result)
            });
            while let Some(done) = trials.try_join_next() {
                let (n, result) = done?;
                found.insert(n, result?);
                progress(found.len());
            }
        }
        while let Some(done) = trials.join_next().await {
            let (n, result) = done?;
            found.insert(n, result?);
            progress(found.len());
        }
        Ok(())
    }

    /// Why a vector is not tried, if it is not.
    fn skips(&self, vector: &Vector) -> Option<String> {
        if self.options.profile == Profile::Vendor && vector.level == Level::Policy {
            return Some("a matter of policy, which the profile `vendor` leaves open".to_owned());
        }
        let (needs, has) = (vector.needs, self.options.needs);
        for (needed, there, does, does_not) in [
            (needs.replay_guard, has.replay_guard, "remembers nonces", "remembers no nonces"),
            (needs.small_keys, has.small_keys, "takes keys of 1024 bits", "takes no keys of 1024 bits"),
            (needs.any_body, has.any_body, "takes a body whatever it holds", "takes callbacks only"),
            (needs.https, has.https, "insists on HTTPS", "takes plain HTTP"),
        ] {
            if let Some(needed) = needed.filter(|needed| there != Some(*needed)) {
                return Some(format!("only for a receiver that {}", if needed { does } else { does_not }));
            }
        }
        None
    }

    /// Where a receiver has gone that does not take honest callbacks any more.
    async fn is_gone(&self, honest: &Vector, round: &[usize], vectors: &[Vector]) -> anyhow::Result<Option<String>> {
        // One that is busy with the vector before gets some time.
        for _ in 0..3 {
            if self.look(honest).await?.is_ok_and(|answer| answer.status.is_success()) {
                return Ok(None);
            }
            tokio::time::sleep(SLOW).await;
        }
        Ok(round.last().map(|last| format!("`{}` or just before", vectors[*last].id)))
    }

    /// Tries one vector.
    pub(super) async fn vector(&self, vector: &Vector) -> anyhow::Result<Found> {
        let mut before: Option<Vec<u8>> = None;
        // Those at the beginning whose answers do not matter are sent together, as an attacker would.
        let first = vector.steps.iter().take_while(|step| step.expect == Expect::Anything).count();
        for some in (0..first).collect::<Vec<_>>().chunks(AT_ONCE) {
            let sending = some.iter().map(|n| self.sent(vector, *n, None));
            futures_util::future::try_join_all(sending).await?;
        }
        for (n, step) in vector.steps.iter().enumerate().skip(first) {
            let sent = self.sent(vector, n, before.as_deref()).await?;
            let is_last = n + 1 == vector.steps.len();
            let verdict = judge(step, &sent.1, vector.may_hang_up, self.options.strict);
            if is_last || verdict != Verdict::Pass {
                let curl = super::curl::command(&self.forge.target, &sent.0);
                return Ok(Found::of(vector, n, verdict, &sent, curl));
            }
            before = Some(sent.0);
        }
        Ok(Found::skipped(vector, "it expects nothing".to_owned()))
    }

    async fn sent(&self, vector: &Vector, n: usize, before: Option<&[u8]>) -> anyhow::Result<Sent> {
        self.step(vector, n, &nonce(&self.forge, vector, n), before).await
    }

    /// Sends the first request of a vector once more than it is tried.
    async fn look(&self, vector: &Vector) -> anyhow::Result<Result<RawAnswer, SendError>> {
        let number = self.looks.fetch_add(1, Ordering::Relaxed);
        Ok(self.step(vector, 0, &format!("{}-look-{number}", self.forge.run), None).await?.1)
    }

    async fn step(&self, vector: &Vector, n: usize, nonce: &str, before: Option<&[u8]>) -> anyhow::Result<Sent> {
        let step = &vector.steps[n];
        self.tell(step)?;
        let (raw, pace) = match (&step.request, before) {
            (Request::Again, Some(before)) => (before.to_vec(), Pace::AtOnce),
            (Request::Again, None) => anyhow::bail!("`{}` begins with a repetition", vector.id),
            (Request::Made(recipe), _) => {
                // Some signatures take a while.
                let forged =
                    tokio::task::block_in_place(|| self.forge.made(recipe, &vector.id, SystemTime::now(), nonce))?;
                let pace = match forged.slow_bytes {
                    0 => Pace::AtOnce,
                    last => Pace::Slowly { last, pause: SLOW },
                };
                (forged.raw(), pace)
            }
        };
        let plain = matches!(&step.request, Request::Made(recipe) if recipe.plain_http);
        let url = if plain { &self.plain_target } else { &self.forge.target };
        let answer = self.client.exchange(url, &raw, pace, self.options.timeout).await;
        Ok((raw, answer))
    }

    /// Lets names tell from now on what a step wants them to.
    fn tell(&self, step: &Step) -> Result<(), ForgeError> {
        for (name, other) in &step.dns {
            let dns_name = self.forge.name_of(self.forge.key(name)?)?;
            self.names.tell(&dns_name, self.forge.told(self.forge.key(other)?)?);
        }
        Ok(())
    }
}

/// Another one for each step of each vector in each run.
fn nonce(forge: &Forge, vector: &Vector, step: usize) -> String {
    format!("{}-{}-{step}", forge.run, vector.id.replace('/', "-"))
}

/// Requests of a vector as they would be sent at a time, for whoever wants to look at them.
pub(super) fn forged(forge: &Forge, vector: &Vector, now: SystemTime) -> Result<Vec<Forged>, ForgeError> {
    let mut all: Vec<Forged> = Vec::new();
    for (n, step) in vector.steps.iter().enumerate() {
        let next = match &step.request {
            Request::Again => all.last().cloned().ok_or_else(|| ForgeError::Callback(vector.id.clone()))?,
            Request::Made(recipe) => forge.made(recipe, &vector.id, now, &nonce(forge, vector, n))?,
        };
        all.push(next);
    }
    Ok(all)
}

/// Whether an answer is what it should be.
fn judge(step: &Step, answer: &Result<RawAnswer, SendError>, may_hang_up: bool, strict: bool) -> Verdict {
    let status = match answer {
        Ok(answer) => answer.status,
        Err(_) if step.expect == Expect::Anything => return Verdict::Pass,
        Err(error) => {
            let hung_up = matches!(error.class(), "connection_reset" | "protocol_error");
            return match step.expect {
                Expect::Refuse if may_hang_up && hung_up => Verdict::Pass,
                _ => Verdict::Error,
            };
        }
    };
    // Whoever limits how many come has not looked at this one.
    if status == StatusCode::TOO_MANY_REQUESTS && step.expect != Expect::Anything {
        return Verdict::Error;
    }
    let is_wrong_way_to_refuse =
        if strict { !status.is_client_error() } else { status.is_server_error() && status.as_u16() != 503 };
    match step.expect {
        Expect::Anything => Verdict::Pass,
        Expect::Accept if status.is_success() => Verdict::Pass,
        Expect::Refuse if status.is_success() => Verdict::Fail,
        Expect::Refuse if is_wrong_way_to_refuse && (strict || !may_hang_up) => Verdict::Error,
        Expect::Refuse => Verdict::Pass,
        Expect::Unavailable if status.as_u16() == 503 => Verdict::Pass,
        Expect::Accept | Expect::Unavailable if status.is_server_error() && status.as_u16() != 503 => Verdict::Error,
        Expect::Accept | Expect::Unavailable => Verdict::Fail,
    }
}
