//! The capacity rehearsal: an import storm against a receiver, before there is a real one.
//!
//! `plan` says who is told of what and when, `storm` carries a stage out, `ledger`, `timeline` and `trend` note what became of it,
//! `limit` looks for what the receiver can do, `threshold`, `report` and `html` tell it.

mod html;
mod ledger;
mod limit;
mod plan;
mod report;
mod storm;
mod threshold;
mod timeline;
mod trend;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use tokio::sync::watch;

use crate::emit::{PayloadMethod, TargetUrl};
use crate::keyring::Keyring;
use crate::platform::{Action, Id, PayloadStyle};
use crate::send::{Answer, Client};
use crate::signers::Signers;
use crate::wire_profile::{Coverage, WireProfile};
use ledger::Ledger;
use limit::{Outcome, Search};
pub(crate) use plan::Mix;
use plan::{Arrivals, Cast};
pub(crate) use report::Report;
use report::{HEADER, Held, Limit, VERSION, row, verdict};
use storm::{Pace, Progress, Storm};
pub(crate) use threshold::Threshold;
use timeline::Stage;

/// `report.schema.json` describes a report in JSON.
pub(crate) const SCHEMA: &str = include_str!("report.schema.json");

/// What is to be rehearsed.
#[derive(Clone)]
pub(crate) struct Rehearsal {
    pub(crate) url: TargetUrl,
    pub(crate) method: PayloadMethod,
    pub(crate) style: PayloadStyle,
    pub(crate) account: u64,
    pub(crate) wire: WireProfile,
    pub(crate) coverage: Coverage,
    pub(crate) client: Client,
    pub(crate) mix: Mix,
    /// The number of the first profile that is told of.
    pub(crate) first: Id,
    /// How large an import is to be reckoned with.
    pub(crate) profiles: u64,
    /// How many callbacks are sent at most.
    pub(crate) count: u64,
    /// Callbacks per second; `None` for as fast as they are answered.
    pub(crate) rate: Option<f64>,
    pub(crate) ramp: Duration,
    pub(crate) duration: Duration,
    pub(crate) concurrency: usize,
    pub(crate) timeout: Duration,
    /// Whether to look for the highest rate, in stages of such a length.
    pub(crate) find_limit: Option<Duration>,
    pub(crate) limit_p99: Duration,
    pub(crate) thresholds: Vec<Threshold>,
}

/// Where a rehearsal tells how it goes.
pub(crate) trait Audience {
    /// A line of the result.
    fn line(&self, text: &str) -> anyhow::Result<()>;
    /// How the present stage goes; of so many callbacks if that is known.
    fn progress(&self, text: String, done: u64);
}

/// The rate that the search for a limit begins with.
const FIRST_RATE: f64 = 50.0;
/// How many callbacks a rate is tried with at least.
const ENOUGH: f64 = 40.0;

impl Rehearsal {
    /// Rehearses until it is done, or `stop` is true.
    pub(crate) async fn run(
        &self,
        keyring: &Keyring,
        stop: watch::Receiver<bool>,
        audience: &impl Audience,
    ) -> anyhow::Result<Report> {
        let started = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default();
        let storm = Arc::new(Storm {
            target: self.url.clone(),
            method: self.method,
            style: self.style,
            account: self.account,
            wire: self.wire,
            coverage: self.coverage,
            key: keyring.signing(),
            client: self.client.clone(),
            signers: Signers::start().context("the threads that sign cannot be started")?,
            timeout: self.timeout,
            concurrency: self.concurrency,
            limit_p99: self.limit_p99,
        });
        probe(&storm, self.first).await?;
        // The probe has told of the first one.
        let mut cast = Cast::new(self.mix, self.first.saturating_add(1));
        audience.line(HEADER)?;
        let mut stages = Vec::new();
        let limit = match self.find_limit {
            None => {
                let arrivals = self.rate.map(|rate| Arrivals { rate, ramp: self.ramp });
                let pace = Pace { arrivals, count: self.count, duration: self.duration };
                self.stage(&storm, pace, &mut cast, &stop, audience, &mut stages).await?;
                None
            }
            Some(step) => Some(self.search(&storm, step, cast, &stop, audience, &mut stages).await?),
        };
        let mut ledger = Ledger::default();
        stages.iter().for_each(|stage| ledger.add_all(&stage.ledger));
        if !ledger.adds_up() {
            bail!("the ledger does not add up, which is a mistake of this program: {}", ledger.in_words());
        }
        let limit_p99_ms = self.limit_p99.as_secs_f64() * 1e3;
        let mut report = Report {
            version: VERSION,
            url: self.url.as_str().to_owned(),
            started: started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            mix: self.mix.to_string(),
            profiles: self.profiles,
            concurrency: self.concurrency,
            limit_p99_ms,
            stages,
            ledger,
            limit,
            thresholds: Vec::new(),
            verdict: String::new(),
            interrupted: *stop.borrow(),
        };
        report.verdict = verdict(&report);
        let held = |threshold: &Threshold, stage: &Stage| {
            Held::new(threshold, threshold.measured(&stage.latency_ms, &stage.ledger, stage.accepted_per_second))
        };
        if let Some(stage) = report.decisive() {
            report.thresholds = self.thresholds.iter().map(|threshold| held(threshold, stage)).collect();
        }
        Ok(report)
    }

    async fn stage(
        &self,
        storm: &Arc<Storm>,
        pace: Pace,
        cast: &mut Cast,
        stop: &watch::Receiver<bool>,
        audience: &impl Audience,
        stages: &mut Vec<Stage>,
    ) -> anyhow::Result<()> {
        let name =
            pace.arrivals.map_or("as fast as they come".to_owned(), |arrivals| format!("{:.0}/s", arrivals.rate));
        let stage = storm
            .stage(pace, cast, stop, |Progress { done, failed, per_second, latency_ms }| {
                let text = format!(
                    "{name}   {per_second:.0} accepted/s   p50 {}   p99 {}   {failed} errors",
                    report::latency(latency_ms.p50),
                    report::latency(latency_ms.p99)
                );
                audience.progress(text, done);
            })
            .await?;
        audience.line(&row(&stage))?;
        stages.push(stage);
        Ok(())
    }

    async fn search(
        &self,
        storm: &Arc<Storm>,
        step: Duration,
        mut cast: Cast,
        stop: &watch::Receiver<bool>,
        audience: &impl Audience,
        stages: &mut Vec<Stage>,
    ) -> anyhow::Result<Limit> {
        let mut search = Search::starting_at(self.rate.unwrap_or(FIRST_RATE));
        while let Some(rate) = search.next().filter(|_| !*stop.borrow()) {
            // Of few nothing can be told, so that a low rate is tried for longer.
            let duration = step.max(Duration::from_secs_f64(ENOUGH / rate));
            let pace = Pace { arrivals: Some(Arrivals { rate, ramp: Duration::ZERO }), count: u64::MAX, duration };
            self.stage(storm, pace, &mut cast, stop, audience, stages).await?;
            if *stop.borrow() {
                // It has had less time than it takes to tell.
                break;
            }
            let Some(stage) = stages.last() else { break };
            search.tried(rate, stage.outcome, stage.accepted_per_second);
            if stage.ledger.unanswered > 0 {
                storm.recovery(self.first, stop).await?;
            }
        }
        let per_second = search.held;
        let import_seconds = per_second.map(|rate| self.profiles as f64 / rate);
        Ok(Limit { per_second, bound: search.bound(), import_seconds })
    }
}

/// One callback before all others, so that a receiver that takes none is told so at once.
async fn probe(storm: &Storm, id: Id) -> anyhow::Result<()> {
    let outcome = storm.client.attempt(&storm.request(Action::Create, id)?, storm.timeout).await;
    let Answer { status, body, .. } = outcome.result.with_context(|| format!("`{}` was not reached", storm.target))?;
    if status.is_success() {
        return Ok(());
    }
    let body = crate::excerpt::excerpt(String::from_utf8_lossy(&body).trim(), 200);
    bail!(
        "the receiver refuses a genuine callback: it answers {status} {body:?}\n\nhint: it must know account {}, the host \
         `{}`, and where the key is: see the lines above",
        storm.account,
        storm.target.authority(),
    )
}

impl Report {
    /// One that was kept.
    pub(crate) fn read(json: &[u8]) -> anyhow::Result<Self> {
        #[derive(serde::Deserialize)]
        struct Version {
            version: u32,
        }
        let found: Version = serde_json::from_slice(json).context("it is no report of a rehearsal")?;
        if found.version != VERSION {
            bail!("it is a report of version {}, and this program knows version {VERSION}", found.version);
        }
        let report: Self = serde_json::from_slice(json).context("it is no report of a rehearsal")?;
        report.started.parse::<jiff::Timestamp>().context("it is no report of a rehearsal")?;
        Ok(report)
    }

    /// One page, beside another report perhaps.
    pub(crate) fn html(&self, before: Option<&Self>) -> String {
        html::page(self, before)
    }

    /// What is told at the end.
    pub(crate) fn in_words(&self) -> String {
        self.summary()
    }

    pub(crate) fn compared_with(&self, before: &Self) -> String {
        report::comparison(before, self)
    }

    /// Whether the receiver kept up, or how far it does was found out. How many errors there may be a threshold can say.
    pub(crate) fn is_good(&self) -> bool {
        let errors_are_held = self.thresholds.iter().any(|held| held.is_about_errors);
        let is_good = |stage: &Stage| {
            let is_told = stage.offered.is_none() || stage.accepted_per_second.is_some();
            let kept_up = if errors_are_held { stage.load } else { stage.outcome } == Outcome::KeptUp;
            kept_up && is_told && stage.ledger.sent > 0
        };
        !self.interrupted
            && match self.limit {
                Some(limit) => limit.per_second.is_some(),
                None => self.stages.last().is_some_and(is_good),
            }
    }

    pub(crate) fn meets_thresholds(&self) -> bool {
        self.thresholds.iter().all(|held| held.met)
    }
}
