use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde::Serialize;

use super::super::Store;
use super::super::error::StoreError;
use super::MINUTE;
use super::latency::Histogram;
use crate::clock::Millis;
use crate::platform::Id;

/// Which attempts are counted, by when they began in real time, and in what steps of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    /// From here on; the minute that it is in is counted whole.
    pub(crate) since: Option<Millis>,
    /// Up to here.
    pub(crate) until: Option<Millis>,
    /// In milliseconds, whole minutes.
    pub(crate) step: Millis,
    /// Those of one callback only.
    pub(crate) callback: Option<Id>,
}

/// How often something happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    /// Attempts that failed and were followed by another one.
    pub(crate) retried: u64,
}

/// How long receivers took until the head of their answer was there, in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Latencies {
    count: u64,
    p50: Option<u64>,
    p90: Option<u64>,
    p99: Option<u64>,
    max: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Statistics {
    pub(crate) total: Counts,
    latency_us: Latencies,
    by_action: BTreeMap<String, Counts>,
    by_trigger: BTreeMap<String, Counts>,
    by_callback: Vec<OfCallback>,
    /// Attempts by the class of their error.
    by_error: BTreeMap<String, u64>,
    over_time: Vec<OfStep>,
}

#[derive(Debug, Serialize)]
struct OfCallback {
    callback: Id,
    /// `None` if it is gone.
    url: Option<String>,
    #[serde(flatten)]
    counts: Counts,
    latency_us: Latencies,
}

#[derive(Debug, Serialize)]
struct OfStep {
    /// In milliseconds since 1970-01-01T00:00:00Z.
    from: Millis,
    #[serde(flatten)]
    counts: Counts,
    latency_us: Latencies,
}

impl Counts {
    fn add(&mut self, outcome: &str, count: u64) {
        match outcome {
            "delivered" => self.delivered += count,
            "retried" => self.retried += count,
            _ => self.failed += count,
        }
    }
}

impl From<&Histogram> for Latencies {
    fn from(histogram: &Histogram) -> Self {
        let at = |percent| histogram.percentile(percent);
        Self { count: histogram.count(), p50: at(50.0), p90: at(90.0), p99: at(99.0), max: at(100.0) }
    }
}

impl Store {
    /// What attempts came to.
    pub(crate) async fn statistics(&self, period: Period) -> Result<Statistics, StoreError> {
        self.write_statistics().await?;
        self.read(move |connection| {
            let mut report = Report::default();
            report.read_outcomes(connection, period)?;
            report.read_latencies(connection, period)?;
            report.statistics(connection)
        })
        .await
    }
}

#[derive(Default)]
struct Report {
    total: Counts,
    histogram: Histogram,
    by_action: BTreeMap<String, Counts>,
    by_trigger: BTreeMap<String, Counts>,
    by_callback: BTreeMap<Id, (Counts, Histogram)>,
    by_error: BTreeMap<String, u64>,
    over_time: BTreeMap<Millis, (Counts, Histogram)>,
}

/// The rows of a table that a period covers.
const COVERED: &str =
    "WHERE (?1 IS NULL OR minute >= ?1) AND (?2 IS NULL OR minute <= ?2) AND (?3 IS NULL OR callback = ?3)";

impl Period {
    fn minutes(self) -> (Option<Millis>, Option<Millis>) {
        let minute = |time: Millis| time.div_euclid(MINUTE);
        (self.since.map(minute), self.until.map(minute))
    }

    /// When the step of a minute begins.
    fn step_of(self, minute: Millis) -> Millis {
        let time = minute * MINUTE;
        time - time.rem_euclid(self.step.max(MINUTE))
    }
}

impl Report {
    fn read_outcomes(&mut self, connection: &Connection, period: Period) -> Result<(), StoreError> {
        let (since, until) = period.minutes();
        let sql = format!(
            "SELECT minute, callback, action, trigger_name, outcome, error, count FROM outcomes {COVERED} ORDER BY minute"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![since, until, period.callback])?;
        while let Some(row) = rows.next()? {
            let (outcome, error, count): (String, String, u64) = (row.get(4)?, row.get(5)?, row.get(6)?);
            self.total.add(&outcome, count);
            self.by_action.entry(row.get(2)?).or_default().add(&outcome, count);
            self.by_trigger.entry(row.get(3)?).or_default().add(&outcome, count);
            self.by_callback.entry(row.get(1)?).or_default().0.add(&outcome, count);
            self.over_time.entry(period.step_of(row.get(0)?)).or_default().0.add(&outcome, count);
            if !error.is_empty() {
                *self.by_error.entry(error).or_default() += count;
            }
        }
        Ok(())
    }

    fn read_latencies(&mut self, connection: &Connection, period: Period) -> Result<(), StoreError> {
        let (since, until) = period.minutes();
        let sql = format!("SELECT minute, callback, bucket, count FROM latencies {COVERED}");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![since, until, period.callback])?;
        while let Some(row) = rows.next()? {
            let (bucket, count) = (row.get(2)?, row.get(3)?);
            self.histogram.add(bucket, count);
            self.by_callback.entry(row.get(1)?).or_default().1.add(bucket, count);
            self.over_time.entry(period.step_of(row.get(0)?)).or_default().1.add(bucket, count);
        }
        Ok(())
    }

    fn statistics(self, connection: &Connection) -> Result<Statistics, StoreError> {
        let mut url = connection.prepare_cached("SELECT max(url) FROM callbacks WHERE id = ?1")?;
        let by_callback = self.by_callback.iter().map(|(callback, (counts, histogram))| {
            let url = url.query_row([callback], |row| row.get(0))?;
            Ok(OfCallback { callback: *callback, url, counts: *counts, latency_us: histogram.into() })
        });
        let by_callback = by_callback.collect::<Result<_, StoreError>>()?;
        let step = |(from, (counts, histogram)): (&Millis, &(Counts, Histogram))| OfStep {
            from: *from,
            counts: *counts,
            latency_us: histogram.into(),
        };
        Ok(Statistics {
            total: self.total,
            latency_us: (&self.histogram).into(),
            by_action: self.by_action,
            by_trigger: self.by_trigger,
            by_callback,
            by_error: self.by_error,
            over_time: self.over_time.iter().map(step).collect(),
        })
    }
}
