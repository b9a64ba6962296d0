//! Tries a receiver: one vector after the other, some at a time, and judges each answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use http::StatusCode;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::forge::{Forge, ForgeError, Forged, Occasion, nonce_of};
use super::report::{Found, Verdict};
use super::vector::{Expect, Level, Needs, Recipe, Request, Step, Vector};
use crate::emit::{PayloadMethod, TargetUrl};
use crate::keyring::dns::{DnsServer, Names};
use crate::send::{Held, Pace, RawAnswer, RawClient, SendError};

/// How many vectors are tried between two looks at whether honest callbacks still get through.
const BETWEEN_LOOKS: usize = 40;
/// How many requests are sent together whose answers do not matter, and for how long some more are.
const AT_ONCE: usize = 50;
const LONGEST_FLOOD: Duration = Duration::from_secs(20);
/// How long a receiver may take no honest callback and is not gone.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);
/// How often an honest callback comes again that was not taken for the time being.
const COMES_AGAIN: usize = 8;
/// How long the slow bytes of a request wait, and honest callbacks before they come again.
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
    /// How long to wait from the beginning of one request to that of the next.
    pub(crate) pause: Duration,
    /// How long to wait where time must pass.
    pub(crate) patience: Duration,
    /// The forms of payloads that it takes.
    pub(crate) methods: Vec<PayloadMethod>,
    /// The file of who vouches for the receiver, where it is no one that the system trusts.
    pub(crate) authority: Option<PathBuf>,
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

impl Profile {
    pub(super) fn has(self, level: Level) -> bool {
        self == Self::Strict || level == Level::Must
    }
}

/// What tries.
pub(super) struct Runner {
    pub(super) forge: Forge,
    pub(super) names: Names,
    pub(super) client: RawClient,
    /// The same place without TLS.
    pub(super) plain_target: TargetUrl,
    pub(super) options: Options,
    /// Becomes true when nothing more is to be tried.
    pub(super) stop: watch::Receiver<bool>,
    /// When the next request may begin.
    pub(super) next: Mutex<Instant>,
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

/// A request, and how it is sent.
#[derive(Default)]
struct ToSend {
    bytes: Vec<u8>,
    /// How many of its last bytes come slowly.
    slow_bytes: usize,
    /// Whether it goes without TLS.
    is_plain: bool,
}

/// What many requests came to.
struct Flood {
    sent: usize,
    taken: usize,
    /// How often the name server was asked meanwhile.
    asked: u64,
}

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
        progress: impl Fn(usize),
    ) -> anyhow::Result<(Vec<Found>, Option<String>)> {
        let mut found: BTreeMap<usize, Found> = BTreeMap::new();
        let (mut alone, together): (Vec<usize>, Vec<usize>) = (0..vectors.len()).partition(|n| vectors[*n].alone);
        // A resolver may think little of a name server that has failed, so that comes last.
        alone.sort_by_key(|n| vectors[*n].steps.iter().any(|step| step.expect == Expect::Unavailable));
        let mut gone = None;
        let rounds = together.chunks(BETWEEN_LOOKS).map(|round| (round, self.options.concurrency));
        for (round, at_once) in rounds.chain(alone.chunks(1).map(|round| (round, 1))) {
            if gone.is_none() && !*self.stop.borrow() {
                self.round(vectors, round, at_once, &mut found, &progress).await?;
                if !self.is_there(honest).await? {
                    gone = round.last().map(|last| vectors[*last].id.as_str());
                }
                if let (Some(_), [alone]) = (gone, round)
                    && let Some(found) = found.get_mut(alone).filter(|found| found.verdict == Verdict::Pass)
                {
                    found.verdict = Verdict::Fail;
                    found.got.push_str(", and then took no honest callback any more");
                }
            }
        }
        let interrupted = *self.stop.borrow();
        let told = gone.map(|since| {
            format!("It is GONE since `{since}` or just before: it takes no honest callback any more. What comes after was not tried.")
        });
        let found = vectors
            .iter()
            .enumerate()
            .map(|(n, vector)| {
                let missing = || match (gone, interrupted) {
                    (Some(since), false) => Found::skipped(vector, format!("the receiver is gone since `{since}`")),
                    _ => Found::skipped(vector, "interrupted".to_owned()),
                };
                found.remove(&n).unwrap_or_else(missing)
            })
            .collect();
        Ok((found, told))
    }

    /// The command that sends the same bytes, if there is one.
    fn curl(&self, raw: &[u8]) -> Option<String> {
        super::curl::command(&self.forge.target, self.options.authority.as_deref(), raw)
    }

    async fn round(
        self: &Arc<Self>,
        vectors: &[Vector],
        round: &[usize],
        at_once: usize,
        found: &mut BTreeMap<usize, Found>,
        progress: &impl Fn(usize),
    ) -> anyhow::Result<()> {
        let mut trials = JoinSet::new();
        let places = Arc::new(Semaphore::new(at_once));
        for &n in round {
            if let Some(reason) = self.skips(&vectors[n]) {
                found.insert(n, Found::skipped(&vectors[n], reason));
                progress(found.len());
                continue;
            }
            let place = Arc::clone(&places).acquire_owned().await?;
            if *self.stop.borrow() {
                break;
            }
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
        if !self.options.profile.has(vector.level) {
            return Some("a matter of policy, which the profile `vendor` leaves open".to_owned());
        }
        for recipe in vector.steps.iter().filter_map(|step| step.request.recipe()) {
            let method = recipe.callback.rsplit('-').next().and_then(PayloadMethod::from_name);
            // The usual one stands for whatever it takes.
            let is_usual = recipe.callback == Recipe::default().callback;
            if method.is_some_and(|method| !is_usual && !self.options.methods.contains(&method)) {
                return Some("only for a receiver that takes this form of payload".to_owned());
            }
        }
        let (needs, has) = (vector.needs, self.options.needs);
        for (needed, there, does, does_not) in [
            (needs.replay_guard, has.replay_guard, "remembers nonces", "remembers no nonces"),
            (needs.small_keys, has.small_keys, "takes keys of 1024 bits", "takes no keys of 1024 bits"),
            (needs.any_body, has.any_body, "takes a body whatever it holds", "takes callbacks only"),
            (
                needs.short_ttl,
                has.short_ttl,
                "keeps a key no longer than its record says",
                "keeps keys for longer than their records say",
            ),
            (needs.https, has.https, "insists on HTTPS", "takes plain HTTP"),
        ] {
            if let Some(needed) = needed.filter(|needed| there != Some(*needed)) {
                return Some(format!("only for a receiver that {}", if needed { does } else { does_not }));
            }
        }
        None
    }

    /// Whether it takes an honest callback, or does some time later: what it limits, or is still busy with, passes.
    async fn is_there(&self, honest: &Vector) -> anyhow::Result<bool> {
        let end = Instant::now() + LONGEST_SILENCE;
        loop {
            let answer = self.look(honest).await?;
            if is_taken(&answer) || !(may_pass(&answer) || answer.is_err()) || Instant::now() > end {
                return Ok(is_taken(&answer));
            }
            if self.passes(SLOW).await.is_break() {
                // Nobody waits to see.
                return Ok(true);
            }
        }
    }

    /// Tries one vector.
    pub(super) async fn vector(&self, vector: &Vector) -> anyhow::Result<Found> {
        let mut first: Option<Vec<u8>> = None;
        let mut held = Vec::new();
        for (n, step) in vector.steps.iter().enumerate() {
            if step.wait && self.passes(self.options.patience).await.is_break() {
                break;
            }
            if step.held > 0 {
                held.extend(self.hold(vector, n).await?);
                if held.is_empty() {
                    return Ok(Found::skipped(vector, "no connection could be held".to_owned()));
                }
                continue;
            }
            if step.times > 1 {
                let begun = Instant::now();
                let Flood { sent, taken, asked } = self.flood(vector, n).await?;
                if step.expect == Expect::Accept && taken * 20 < step.times * 19 {
                    let reason = format!(
                        "it took only {taken} of {sent} other callbacks, and {} were to come in {LONGEST_FLOOD:?}",
                        step.times
                    );
                    return Ok(Found::skipped(vector, reason));
                }
                // Who allows so many in a second allows more the longer it takes.
                let seconds = begun.elapsed().as_secs();
                if step.few_questions && asked > sent as u64 / 2 + 25 * seconds {
                    let got = format!("asked the name server {asked} times for the {sent} names");
                    return Ok(Found {
                        verdict: Verdict::Fail,
                        got,
                        step: n + 1,
                        ..Found::skipped(vector, String::new())
                    });
                }
                continue;
            }
            let (request, mut answers) = self.answers(vector, n, first.as_deref()).await?;
            let (verdict, at) =
                judged(step, &answers, vector.may_hang_up, self.options.strict && !vector.may_come_again);
            let is_last = n + 1 == vector.steps.len();
            if is_last || verdict != Verdict::Pass {
                let accepted = answers.iter().filter(|answer| is_taken(answer)).count();
                let mut found = Found::of(vector, n, verdict, &request.bytes, &answers.swap_remove(at));
                match step.expect {
                    Expect::Once => found.got = format!("accepted {accepted} of {}", step.copies),
                    _ => found.curl = self.curl(&request.bytes).filter(|_| verdict != Verdict::Pass),
                }
                return Ok(found);
            }
            first.get_or_insert(request.bytes);
        }
        let interrupted = *self.stop.borrow();
        Ok(Found::skipped(vector, if interrupted { "interrupted" } else { "it expects nothing" }.to_owned()))
    }

    /// Sends what a step says, so many copies of it.
    ///
    /// Whoever limits something that this check has used up takes an honest callback when it comes again, as callbacks do; but what a
    /// flood was to keep away has to come through at once.
    async fn answers(
        &self,
        vector: &Vector,
        n: usize,
        first: Option<&[u8]>,
    ) -> anyhow::Result<(ToSend, Vec<Result<RawAnswer, SendError>>)> {
        let step = &vector.steps[n];
        let follows_flood = vector.steps[..n].last().is_some_and(|before| before.times > 1 || before.held > 0);
        let comes_again = step.expect == Expect::Accept && !follows_flood;
        let mut attempt = 0;
        loop {
            self.turn().await;
            let request = self.step(vector, n, &nonce(&self.forge, vector, n, attempt), 0, first)?;
            let answers = join_all((0..step.copies).map(|_| self.exchanged(&request, step.expect))).await;
            let is_last = !comes_again || attempt == COMES_AGAIN || !may_pass(&answers[0]);
            if is_last || self.passes(SLOW).await.is_break() {
                return Ok((request, answers));
            }
            attempt += 1;
        }
    }

    /// Sends the first request of a vector once more than it is tried.
    async fn look(&self, vector: &Vector) -> anyhow::Result<Result<RawAnswer, SendError>> {
        let number = self.looks.fetch_add(1, Ordering::Relaxed);
        self.turn().await;
        let request = self.step(vector, 0, &nonce_of(&self.forge.run, &format!("look {number}")), 0, None)?;
        Ok(self.exchanged(&request, Expect::Accept).await)
    }

    /// Sends half of a step's request on each of some connections. A receiver may want no more of them.
    async fn hold(&self, vector: &Vector, n: usize) -> anyhow::Result<Vec<Held>> {
        let request = self.step(vector, n, &nonce(&self.forge, vector, n, 0), 0, None)?.bytes;
        let head = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(request.len());
        let url = &self.forge.target;
        let holding = (0..vector.steps[n].held).map(async |_| {
            self.turn().await;
            self.client.hold(url, &request[..head / 2], self.options.timeout).await
        });
        Ok(join_all(holding).await.into_iter().flatten().collect())
    }

    /// Sends as many requests as a step says, or fewer to a receiver that is slow.
    async fn flood(&self, vector: &Vector, n: usize) -> anyhow::Result<Flood> {
        let end = Instant::now() + LONGEST_FLOOD;
        let (mut sent, mut taken, before) = (0, 0, self.names.asked());
        for some in (0..vector.steps[n].times).collect::<Vec<_>>().chunks(AT_ONCE) {
            let requests: Result<Vec<_>, _> = some
                .iter()
                .map(|number| self.step(vector, n, &nonce(&self.forge, vector, n, *number), *number, None))
                .collect();
            let requests = requests?;
            let sending = requests.iter().map(async |request| {
                self.turn().await;
                self.exchanged(request, Expect::Anything).await
            });
            let answers = join_all(sending).await;
            taken += answers.iter().filter(|answer| is_taken(answer)).count();
            sent += some.len();
            let is_gone = answers.iter().all(Result::is_err);
            if is_gone || Instant::now() > end || *self.stop.borrow() {
                break;
            }
        }
        Ok(Flood { sent, taken, asked: self.names.asked() - before })
    }

    /// Waits until a request may begin.
    async fn turn(&self) {
        let now = Instant::now();
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(now);
            *next = turn + self.options.pause;
            turn
        };
        tokio::time::sleep_until(turn.into()).await;
    }

    /// Makes what a step sends.
    fn step(
        &self,
        vector: &Vector,
        n: usize,
        nonce: &str,
        number: usize,
        first: Option<&[u8]>,
    ) -> anyhow::Result<ToSend> {
        let step = &vector.steps[n];
        self.tell(step)?;
        let recipe = match (&step.request, first) {
            (Request::Again, Some(first)) => return Ok(ToSend { bytes: first.to_vec(), ..ToSend::default() }),
            (Request::Again, None) => anyhow::bail!("`{}` begins with a repetition", vector.id),
            (Request::Made(recipe), _) => recipe,
        };
        let occasion = Occasion { vector: &vector.id, now: SystemTime::now(), nonce, number, first };
        // Some signatures take a while.
        let forged = tokio::task::block_in_place(|| self.forge.made(recipe, &occasion))?;
        Ok(ToSend { bytes: forged.raw(), slow_bytes: forged.slow_bytes, is_plain: recipe.plain_http })
    }

    async fn exchanged(&self, request: &ToSend, expect: Expect) -> Result<RawAnswer, SendError> {
        let pace = match request.slow_bytes {
            0 => Pace::AtOnce,
            last => Pace::Slowly { last, pause: SLOW },
        };
        let url = if request.is_plain { &self.plain_target } else { &self.forge.target };
        // Whoever waits for a name server that does not answer may do so for longer than for anything else.
        let timeout = self.options.timeout * if expect == Expect::Unavailable { 3 } else { 1 };
        self.client.exchange(url, &request.bytes, pace, timeout).await
    }

    /// Lets time pass, unless nothing more is to be tried.
    async fn passes(&self, time: Duration) -> ControlFlow<()> {
        let mut stop = self.stop.clone();
        tokio::select! {
            // Whoever could stop it has gone: nobody does any more.
            Ok(_) = stop.wait_for(|stop| *stop) => ControlFlow::Break(()),
            () = tokio::time::sleep(time) => ControlFlow::Continue(()),
        }
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

/// Another one for each step of each vector in each run, and for each of the requests that it sends.
fn nonce(forge: &Forge, vector: &Vector, step: usize, number: usize) -> String {
    nonce_of(&forge.run, &format!("{} {step} {number}", vector.id))
}

/// The requests of a vector as they would be sent at a time, for whoever wants to look at them; the first of those that a step
/// sends many of.
pub(super) fn forged(forge: &Forge, vector: &Vector, now: SystemTime) -> Result<Vec<Forged>, ForgeError> {
    let mut all: Vec<Forged> = Vec::new();
    for (n, step) in vector.steps.iter().enumerate() {
        let next = match &step.request {
            Request::Again => all.first().cloned().ok_or_else(|| ForgeError::Callback(vector.id.clone()))?,
            Request::Made(recipe) => {
                let (nonce, first) = (nonce(forge, vector, n, 0), all.first().map(Forged::raw));
                let occasion = Occasion { vector: &vector.id, now, nonce: &nonce, number: 0, first: first.as_deref() };
                forge.made(recipe, &occasion)?
            }
        };
        all.push(next);
    }
    Ok(all)
}

/// Whether the answers to all copies are what they should be, and which one shows it.
fn judged(step: &Step, answers: &[Result<RawAnswer, SendError>], may_hang_up: bool, strict: bool) -> (Verdict, usize) {
    if step.expect != Expect::Once {
        return (judge(step.expect, &answers[0], may_hang_up, strict), 0);
    }
    let taken: Vec<usize> = (0..answers.len()).filter(|n| is_taken(&answers[*n])).collect();
    let others = || (0..answers.len()).filter(|n| !taken.contains(n));
    match taken[..] {
        // Nobody can refuse for good what is being handled just now: 503 is right, however strict one is.
        [_] => others()
            .map(|n| (judge(Expect::Refuse, &answers[n], may_hang_up, false), n))
            .find(|(verdict, _)| *verdict != Verdict::Pass)
            .unwrap_or((Verdict::Pass, taken[0])),
        [] => (judge(Expect::Accept, &answers[0], may_hang_up, strict), 0),
        [_, second, ..] => (Verdict::Fail, second),
    }
}

/// Whether it says that it may take it later.
fn may_pass(answer: &Result<RawAnswer, SendError>) -> bool {
    answer.as_ref().is_ok_and(|answer| matches!(answer.status.as_u16(), 429 | 503))
}

fn is_taken(answer: &Result<RawAnswer, SendError>) -> bool {
    answer.as_ref().is_ok_and(|answer| answer.status.is_success())
}

/// Whether an answer is what it should be.
fn judge(expect: Expect, answer: &Result<RawAnswer, SendError>, may_hang_up: bool, strict: bool) -> Verdict {
    let status = match answer {
        Ok(answer) => answer.status,
        Err(_) if expect == Expect::Anything => return Verdict::Pass,
        Err(error) => {
            return match expect {
                Expect::Refuse if may_hang_up && error.class() == "connection_reset" => Verdict::Pass,
                _ => Verdict::Error,
            };
        }
    };
    // Whoever limits how many come has not looked at this one.
    if status == StatusCode::TOO_MANY_REQUESTS && expect != Expect::Anything {
        return Verdict::Error;
    }
    let is_wrong_way_to_refuse =
        if strict { !status.is_client_error() } else { status.is_server_error() && status.as_u16() != 503 };
    match expect {
        Expect::Anything => Verdict::Pass,
        Expect::Accept | Expect::Once if status.is_success() => Verdict::Pass,
        Expect::Refuse if status.is_success() => Verdict::Fail,
        // A proxy whose server has hung up says so.
        Expect::Refuse if may_hang_up && status.as_u16() == 502 => Verdict::Pass,
        // It knows no such method, or no such version.
        Expect::Refuse if matches!(status.as_u16(), 501 | 505) => Verdict::Pass,
        Expect::Refuse if is_wrong_way_to_refuse => Verdict::Error,
        Expect::Refuse => Verdict::Pass,
        // A gateway says the same in other numbers.
        Expect::Unavailable if matches!(status.as_u16(), 502..=504) => Verdict::Pass,
        _ if status.is_server_error() && status.as_u16() != 503 => Verdict::Error,
        Expect::Accept | Expect::Once | Expect::Unavailable => Verdict::Fail,
    }
}
