//! What attempts came to, counted by the minute.

mod latency;
mod report;

use std::collections::HashMap;

use rusqlite::{Transaction, params};

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

#[derive(PartialEq, Eq, Hash)]
struct Outcome {
    minute: Millis,
    callback: Id,
    subject: Subject,
    outcome: &'static str,
    error: &'static str,
}

#[derive(PartialEq, Eq, Hash)]
struct Latency {
    minute: Millis,
    callback: Id,
    bucket: u32,
}

/// The counts of one transaction, so that it writes a row for each kind of outcome and not for each.
#[derive(Default)]
struct Tally {
    outcomes: HashMap<Outcome, u64>,
    latencies: HashMap<Latency, u64>,
}

/// Counts what was attempted.
pub(super) fn count(transaction: &Transaction<'_>, finished: &[Finished]) -> Result<(), StoreError> {
    let mut tally = Tally::default();
    for one in finished {
        if let Step::Attempted { attempt, again } = &one.step {
            tally.add(one.lane.callback, one.subject, attempt, again.is_some());
        }
    }
    tally.write(transaction)
}

impl Tally {
    fn add(&mut self, callback: Id, subject: Subject, attempt: &Attempt, follows: bool) {
        let minute = attempt.started.div_euclid(MINUTE);
        let error = attempt.error.as_ref().map_or("", |(class, _)| *class);
        let outcome = if follows { "retried" } else { attempt.outcome().name() };
        *self.outcomes.entry(Outcome { minute, callback, subject, outcome, error }).or_default() += 1;
        if let Some(micros) = attempt.answered {
            let bucket = latency::bucket(micros);
            *self.latencies.entry(Latency { minute, callback, bucket }).or_default() += 1;
        }
    }

    fn write(self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        for (Outcome { minute, callback, subject, outcome, error }, count) in self.outcomes {
            let (action, trigger) = (subject.action.name(), subject.trigger.name());
            statement.execute(params![minute, callback, action, trigger, outcome, error, count])?;
        }
        let mut statement = transaction.prepare_cached(
            "INSERT INTO latencies VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        for (Latency { minute, callback, bucket }, count) in self.latencies {
            statement.execute(params![minute, callback, bucket, count])?;
        }
        Ok(())
    }
}
