//! What attempts came to, counted by the minute.

mod latency;
mod report;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Transaction, params};

use super::Store;
use super::error::StoreError;
use super::outbox::{Attempt, Finished, Step};
use crate::clock::Millis;
use crate::platform::{Action, Id, Trigger};

pub(crate) use report::{Period, Statistics};

const MINUTE: Millis = 60_000;

/// What a delivery tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    pub(crate) action: Action,
    pub(crate) trigger: Trigger,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Outcome {
    minute: Millis,
    callback: Id,
    subject: Subject,
    outcome: &'static str,
    error: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Latency {
    minute: Millis,
    callback: Id,
    bucket: u32,
}

/// How often the counts are written while there is much to count. A publisher that is killed may lose so much of them.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// The counts that are not written yet.
#[derive(Default)]
pub(super) struct Counter(Mutex<(Tally, Option<Instant>)>);

/// Counts, so that a row is written for each kind of outcome and not for each.
#[derive(Default)]
pub(super) struct Tally {
    outcomes: HashMap<Outcome, u64>,
    latencies: HashMap<Latency, u64>,
}

impl Counter {
    /// What is to be written, if it is time. Whoever cannot write it gives it back.
    pub(super) fn due(&self) -> Tally {
        let (tally, written) = &mut *self.present();
        if written.is_some_and(|written| written.elapsed() < WRITE_EVERY) {
            return Tally::default();
        }
        *written = Some(Instant::now());
        std::mem::take(tally)
    }

    /// All that is to be written.
    pub(super) fn all(&self) -> Tally {
        std::mem::take(&mut self.present().0)
    }

    /// Takes back what could not be written.
    pub(super) fn give_back(&self, tally: &Tally) {
        self.present().0.add_all(tally);
    }

    /// Counts what was attempted, and is noted.
    pub(super) fn count(&self, finished: &[Finished]) {
        let (tally, _) = &mut *self.present();
        for one in finished {
            if let Step::Attempted { attempt, again } = &one.step {
                tally.add(one.lane.callback, one.subject, attempt, again.is_some());
            }
        }
    }

    fn present(&self) -> MutexGuard<'_, (Tally, Option<Instant>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Writes all that was counted.
    pub(crate) async fn write_statistics(&self) -> Result<(), StoreError> {
        let tally = Arc::new(self.0.statistics.all());
        let written = self.write({
            let tally = tally.clone();
            move |transaction| tally.write(transaction)
        });
        written.await.inspect_err(|_| self.0.statistics.give_back(&tally))
    }
}

impl Tally {
    fn add(&mut self, callback: Id, subject: Subject, attempt: &Attempt, follows: bool) {
        let minute = attempt.started.div_euclid(MINUTE);
        let error = attempt.error.as_ref().map_or("", |(class, _)| *class);
        let outcome = if follows { "retried" } else { attempt.outcome().name() };
        *self.outcomes.entry(Outcome { minute, callback, subject, outcome, error }).or_default() += 1;
        if attempt.answered.is_some() {
            let bucket = latency::bucket(attempt.micros);
            *self.latencies.entry(Latency { minute, callback, bucket }).or_default() += 1;
        }
    }

    fn add_all(&mut self, other: &Self) {
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(*outcome).or_default() += count;
        }
        for (latency, count) in &other.latencies {
            *self.latencies.entry(*latency).or_default() += count;
        }
    }

    pub(super) fn write(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        for (Outcome { minute, callback, subject, outcome, error }, count) in &self.outcomes {
            let (action, trigger) = (subject.action.name(), subject.trigger.name());
            statement.execute(params![minute, callback, action, trigger, outcome, error, count])?;
        }
        let mut statement = transaction.prepare_cached(
            "INSERT INTO latencies VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        for (Latency { minute, callback, bucket }, count) in &self.latencies {
            statement.execute(params![minute, callback, bucket, count])?;
        }
        Ok(())
    }
}
