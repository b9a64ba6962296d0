//! One stage of a rehearsal: callbacks are signed a little ahead, and each is sent when it is due, whatever became of those
//! before it (an open loop). Its latency counts from when it was due, so that a receiver that stalls is not let off those that
//! had to wait for it ("coordinated omission").

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::bail;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;

use super::ledger::{Ledger, Verdict};
use super::limit::Outcome;
use super::plan::{Arrivals, Cast};
use super::timeline::{Latencies, Stage, Timeline};
use super::trend::{FEWEST, One, Sample};
use crate::clock;
use crate::emit::{Emission, Payload, PayloadMethod, SignedRequest, TargetUrl, nonce};
use crate::keyring::KeyPair;
use crate::platform::{Action, Change, Entity, Id, PayloadStyle, Trigger};
use crate::send::Client;
use crate::signers::Signers;
use crate::wire_profile::{Coverage, WireProfile};

/// How many requests are signed ahead.
const AHEAD: usize = 64;
/// How many are signed in a row by one thread.
const IN_A_ROW: usize = 8;
/// From when on a request that this machine has not signed and begun to send counts as late.
const LATE: Duration = Duration::from_millis(10);
/// How many may be late, and which share, for the numbers to tell of the receiver.
const FEW_LATE: u64 = 5;
const LATE_SHARE: f64 = 0.05;
/// A stage ends when so many wait for an answer or for a place: the receiver will not catch up.
const MOST_WAITING: u64 = 20_000;
/// How long to wait for a receiver to recover, and between two looks at it.
const RECOVERY: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How often the progress is told, and of how many such spans what is accepted in a second.
const TELL: Duration = Duration::from_millis(250);
const RECENT: usize = 8;

/// What sends, and to whom.
pub(super) struct Storm {
    pub(super) target: TargetUrl,
    pub(super) method: PayloadMethod,
    pub(super) style: PayloadStyle,
    pub(super) account: u64,
    pub(super) wire: WireProfile,
    pub(super) coverage: Coverage,
    pub(super) key: Arc<KeyPair>,
    pub(super) client: Client,
    pub(super) signers: Signers,
    pub(super) timeout: Duration,
    /// How many are under way at the same time at most.
    pub(super) concurrency: usize,
    /// How high the 99th percentile may be.
    pub(super) limit_p99: Duration,
}

/// When a stage ends, and how fast it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// `None` for as fast as `concurrency` allows.
    pub(super) arrivals: Option<Arrivals>,
    pub(super) count: u64,
    pub(super) duration: Duration,
}

/// How a stage is going.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    pub(super) done: u64,
    pub(super) failed: u64,
    /// Accepted in the last seconds.
    pub(super) per_second: f64,
    pub(super) latency_ms: Latencies,
}

/// What became of one callback.
struct Done {
    nth: u64,
    id: Id,
    how: One,
    verdict: Verdict,
    is_late: bool,
}

impl Storm {
    /// A signed callback.
    pub(super) fn request(&self, action: Action, id: Id) -> anyhow::Result<SignedRequest> {
        let now = SystemTime::now();
        let payload = Payload::of(&change(action, id, clock::millis(now)), self.method, self.style, clock::millis(now));
        let emission = Emission {
            target: &self.target,
            content_type: &payload.content_type,
            body: payload.bytes.into(),
            account: self.account,
            date: now,
            nonce: nonce()?,
            wire: self.wire,
            coverage: self.coverage,
            key: &self.key,
        };
        Ok(emission.sign()?)
    }

    /// Carries out a stage; `stop` ends it early. `tell` is told how it goes.
    pub(super) async fn stage(
        self: &Arc<Self>,
        pace: Pace,
        cast: &mut Cast,
        stop: &watch::Receiver<bool>,
        tell: impl Fn(Progress),
    ) -> anyhow::Result<Stage> {
        let (signed, mut ready) = mpsc::channel(AHEAD);
        let signing = tokio::spawn(self.clone().sign(cast.clone(), pace.count, signed));
        // The first ones are there before the clock begins to run.
        let mut next = ready.recv().await;
        let (done, mut outcomes) = mpsc::unbounded_channel();
        let places = Arc::new(Semaphore::new(self.concurrency));
        let begun = Instant::now();
        let mut score = Score {
            ledger: Ledger::default(),
            left: 0,
            timeline: Timeline::new(),
            late: 0,
            told: begun,
            recent: VecDeque::from([(begun, 0)]),
            is_cut: false,
            ramp: pace.arrivals.map_or(Duration::ZERO, |arrivals| arrivals.ramp),
            sample: Sample::new(),
            at_rate: Ledger::default(),
        };
        let mut sent = 0;
        let mut lanes = Lanes::default();
        while sent < pace.count && sent - score.ledger.sent < MOST_WAITING && !*stop.borrow() {
            let due = pace.arrivals.map(|arrivals| arrivals.at(sent));
            if due.unwrap_or_else(|| begun.elapsed()) >= pace.duration {
                break;
            }
            if let Some(due) = due {
                tokio::time::sleep_until(begun + due).await;
            }
            let request = match next.take() {
                Some(request) => request?,
                None => match ready.recv().await {
                    Some(request) => request?,
                    None => break,
                },
            };
            // Without a schedule a callback is due when there is a place for it; what most places wait for is this machine then.
            let is_late = match due {
                Some(due) => begun.elapsed() > due + LATE,
                None => sent >= self.concurrency as u64 && places.available_permits() * 2 > self.concurrency,
            };
            let place = if due.is_none() { Some(places.clone().acquire_owned().await?) } else { None };
            let others = self.concurrency - places.available_permits();
            let due = due.unwrap_or_else(|| begun.elapsed());
            let (storm, places, done, nth) = (self.clone(), places.clone(), done.clone(), sent);
            let Some((_, id)) = cast.next() else { break };
            let turn = lanes.turn(id, nth);
            tokio::spawn(async move {
                turn.comes().await;
                if places.is_closed() {
                    return drop(done.send(None));
                }
                let place = match place {
                    Some(place) => Ok(place),
                    None => places.acquire_owned().await,
                };
                // Somebody has ended it: what was waiting is not sent.
                let Ok(place) = place else { return drop(done.send(None)) };
                let sending = begun.elapsed();
                let outcome = storm.client.attempt(&request, storm.timeout).await;
                drop(place);
                let answered = begun.elapsed();
                let (latency, answered_in) = (answered.saturating_sub(due), answered.saturating_sub(sending));
                let how = One { due, latency, answered_in, others };
                // Nobody listens any more after a panic.
                let _ = done.send(Some(Done { nth, id, how, verdict: (&outcome.result).into(), is_late }));
                drop(turn);
            });
            sent += 1;
            next = ready.try_recv().ok();
            while let Ok(one) = outcomes.try_recv() {
                if let Some(Done { id, nth, .. }) = one {
                    lanes.ended(id, nth);
                }
                score.add(one);
            }
            score.tell(begun, &tell);
        }
        drop((ready, done));
        signing.abort();
        score.is_cut = sent - score.ledger.sent >= MOST_WAITING;
        let mut stopping = stop.clone();
        loop {
            tokio::select! {
                one = outcomes.recv() => match one {
                    Some(one) => score.add(one),
                    None => break,
                },
                Ok(_) = stopping.wait_for(|stop| *stop), if !places.is_closed() => places.close(),
            }
            score.tell(begun, &tell);
        }
        if score.ended() != sent {
            bail!(
                "{} of {sent} callbacks came to no outcome, which is a mistake of this program",
                sent - score.ended()
            );
        }
        Ok(score.stage(pace.arrivals.map(|arrivals| arrivals.rate), self, begun.elapsed()))
    }

    /// Waits until a receiver answers in time again that has left callbacks unanswered, so that the next stage does not tell of
    /// what is left from this one; not for ever.
    pub(super) async fn recovery(&self, id: Id, stop: &watch::Receiver<bool>) -> anyhow::Result<()> {
        let end = Instant::now() + RECOVERY;
        while Instant::now() < end && !*stop.borrow() {
            let begun = Instant::now();
            let outcome = self.client.attempt(&self.request(Action::Update, id)?, self.timeout).await;
            if outcome.result.is_ok() && begun.elapsed() <= self.limit_p99 {
                break;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    /// Signs what comes next, as far ahead as there is room.
    async fn sign(self: Arc<Self>, cast: Cast, count: u64, signed: mpsc::Sender<anyhow::Result<SignedRequest>>) {
        let mut cast = cast.take(usize::try_from(count).unwrap_or(usize::MAX));
        loop {
            let mut parts = Vec::new();
            for _ in 0..self.signers.count() {
                let some: Vec<_> = cast.by_ref().take(IN_A_ROW).collect();
                let storm = self.clone();
                let sign = move || some.into_iter().map(|(action, id)| storm.request(action, id)).collect::<Vec<_>>();
                parts.push(sign);
            }
            let running: Vec<_> = parts.into_iter().map(|part| self.signers.run(part)).collect();
            let mut any = false;
            for part in running {
                for request in part.await.unwrap_or_default() {
                    any = true;
                    if signed.send(request).await.is_err() {
                        return;
                    }
                }
            }
            if !any {
                return;
            }
        }
    }
}

/// What is told of one profile comes in order: an update waits until its creation was answered.
#[derive(Default)]
struct Lanes {
    last: HashMap<Id, (u64, watch::Receiver<()>)>,
}

/// The turn of one callback, which ends when this is dropped.
struct Turn {
    before: Option<watch::Receiver<()>>,
    _after: watch::Sender<()>,
}

impl Lanes {
    fn turn(&mut self, id: Id, nth: u64) -> Turn {
        let (after, waiting) = watch::channel(());
        let before = self.last.insert(id, (nth, waiting)).map(|(_, before)| before);
        Turn { before, _after: after }
    }

    /// Nobody waits for one that has ended.
    fn ended(&mut self, id: Id, nth: u64) {
        if self.last.get(&id).is_some_and(|(last, _)| *last == nth) {
            self.last.remove(&id);
        }
    }
}

impl Turn {
    async fn comes(&self) {
        if let Some(mut before) = self.before.clone() {
            // An error says that the one before has ended, which is what is waited for.
            while before.changed().await.is_ok() {}
        }
    }
}

struct Score {
    ledger: Ledger,
    /// How many were not sent, because it was ended.
    left: u64,
    timeline: Timeline,
    late: u64,
    told: Instant,
    /// How many had been accepted when it was told lately.
    recent: VecDeque<(Instant, u64)>,
    /// Whether so many waited that it was ended.
    is_cut: bool,
    /// How long the rate grew, and those that were due after that.
    ramp: Duration,
    sample: Sample,
    at_rate: Ledger,
}

impl Score {
    /// How many of those that were due are done with.
    fn ended(&self) -> u64 {
        self.ledger.sent + self.left
    }

    /// `None` was not sent.
    fn add(&mut self, done: Option<Done>) {
        let Some(Done { nth, how, verdict, is_late, .. }) = done else {
            self.left += 1;
            return;
        };
        self.ledger.add(verdict);
        self.timeline.add(how.due, how.latency, verdict);
        self.late += u64::from(is_late);
        if how.due >= self.ramp {
            self.at_rate.add(verdict);
            self.sample.add(nth, how);
        }
    }

    fn tell(&mut self, begun: Instant, tell: impl Fn(Progress)) {
        if self.told.elapsed() < TELL {
            return;
        }
        self.told = Instant::now();
        self.recent.truncate(RECENT);
        let (since, before) = self.recent.back().copied().unwrap_or((begun, 0));
        self.recent.push_front((self.told, self.ledger.accepted));
        tell(Progress {
            done: self.ledger.sent,
            failed: self.ledger.failed(),
            per_second: (self.ledger.accepted - before) as f64 / (self.told - since).as_secs_f64(),
            latency_ms: self.timeline.latencies(),
        });
    }

    fn stage(mut self, offered: Option<f64>, storm: &Storm, took: Duration) -> Stage {
        let (places, growth) = (storm.concurrency, self.sample.growth());
        let accepted_per_second = match offered {
            // They came at that rate, and if each waited longer than the one before, they were taken so much more slowly.
            Some(rate) if self.at_rate.sent >= FEWEST as u64 => {
                let share = self.at_rate.accepted as f64 / self.at_rate.sent as f64;
                Some(rate * share / (1.0 + growth))
            }
            // As many as there are places were sent at once, and do not tell how fast they go on.
            None if self.ledger.sent >= FEWEST.max(places * 2) as u64 => {
                Some(self.ledger.accepted as f64 / took.as_secs_f64().max(1e-3))
            }
            _ => None,
        };
        let is_slow = self.timeline.latencies().p99 > storm.limit_p99.as_secs_f64() * 1e3;
        let load = if self.late > FEW_LATE && self.late as f64 > self.ledger.sent as f64 * LATE_SHARE {
            Outcome::SignedLate
        } else if offered.is_none() || (growth == 0.0 && !is_slow && !self.is_cut) {
            // As fast as they come, each waits for its turn as long as there are places: that is no latency of the receiver's.
            Outcome::KeptUp
        } else if self.sample.is_short_of(places, storm.limit_p99) {
            Outcome::ShortOfPlaces
        } else if growth > 0.0 || self.is_cut {
            Outcome::Queue
        } else {
            Outcome::Slow
        };
        let outcome = if self.ledger.failed() > 0 { Outcome::Errors } else { load };
        Stage {
            offered,
            accepted_per_second,
            seconds: took.as_secs_f64(),
            latency_ms: self.timeline.latencies(),
            ledger: self.ledger,
            late: self.late,
            outcome,
            load,
            timeline: self.timeline.seconds(),
        }
    }
}

/// A profile as an import makes it.
fn change(action: Action, id: Id, now: clock::Millis) -> Change {
    let fields = [
        ("name", format!("Customer {id}")),
        ("email", format!("customer{id}@example.com")),
        ("city", if action == Action::Update { "Utrecht" } else { "Amsterdam" }.to_owned()),
        ("company", format!("Company {}", id % 997)),
        ("score", (id % 100).to_string()),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let entity = Entity::by_hand(id, fields, vec!["tennis".to_owned()], now);
    Change { action, trigger: Trigger::Import, entity, before: None }
}
