//! How a stage went, second by second.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::ledger::{Ledger, Verdict};
use super::limit::Outcome;

/// The longest latency that is told apart, in microseconds: what an attempt may take, and how late it may begin.
const LONGEST: u64 = 3600 * 1_000_000;

/// Latencies, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Latencies {
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    #[serde(rename = "p99.9")]
    pub(super) p999: f64,
    pub(super) max: f64,
}

/// One second: what was due in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Second {
    /// From the beginning of the stage.
    pub(super) second: u64,
    pub(super) sent: u64,
    pub(super) accepted: u64,
    pub(super) failed: u64,
    /// How many were accepted in this second, whenever they were due.
    pub(super) answered: u64,
    pub(super) latency_ms: Latencies,
}

/// The seconds of a stage, and all latencies together.
pub(super) struct Timeline {
    all: Histogram<u64>,
    /// Without a histogram once it is long past, so that a long rehearsal needs no more memory than a short one.
    seconds: Vec<(Second, Option<Histogram<u64>>)>,
}

/// A second is long past after so many others. What comes even later is counted in all its numbers but its own percentiles.
const OPEN: usize = 120;

fn histogram() -> Histogram<u64> {
    // Three digits. It fails on senseless bounds only, which these are not.
    Histogram::new_with_bounds(1, LONGEST, 3).unwrap_or_else(|_| unreachable!("bounds in order"))
}

fn latencies(histogram: &Histogram<u64>) -> Latencies {
    let at = |percent| histogram.value_at_quantile(percent / 100.0) as f64 / 1e3;
    Latencies { p50: at(50.0), p90: at(90.0), p95: at(95.0), p99: at(99.0), p999: at(99.9), max: at(100.0) }
}

impl Timeline {
    pub(super) fn new() -> Self {
        Self { all: histogram(), seconds: Vec::new() }
    }

    /// Notes a callback that was due at a certain time of the stage, and how long after that its answer was there.
    pub(super) fn add(&mut self, due: Duration, latency: Duration, verdict: Verdict) {
        if verdict == Verdict::Accepted {
            self.second(due + latency).0.answered += 1;
        }
        let (second, of_second) = self.second(due);
        second.sent += 1;
        if verdict == Verdict::Accepted {
            second.accepted += 1
        } else {
            second.failed += 1
        }
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).clamp(1, LONGEST);
        if let Some(of_second) = of_second {
            of_second.saturating_record(micros);
        }
        self.all.saturating_record(micros);
    }

    fn second(&mut self, time: Duration) -> &mut (Second, Option<Histogram<u64>>) {
        let index = usize::try_from(time.as_secs()).unwrap_or(usize::MAX);
        while self.seconds.len() <= index {
            let second = self.seconds.len() as u64;
            self.seconds.push((Second { second, ..Second::default() }, Some(histogram())));
            if let Some(past) = self.seconds.len().checked_sub(OPEN + 1) {
                close(&mut self.seconds[past]);
            }
        }
        &mut self.seconds[index]
    }

    /// All latencies so far.
    pub(super) fn latencies(&self) -> Latencies {
        latencies(&self.all)
    }

    pub(super) fn seconds(mut self) -> Vec<Second> {
        self.seconds.iter_mut().for_each(close);
        self.seconds.into_iter().map(|(second, _)| second).collect()
    }
}

fn close((second, of_second): &mut (Second, Option<Histogram<u64>>)) {
    if let Some(histogram) = of_second.take().filter(|histogram| !histogram.is_empty()) {
        second.latency_ms = latencies(&histogram);
    }
}

/// What a stage came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    /// Callbacks per second that were to be sent; `null` for as many as can be.
    pub(super) offered: Option<f64>,
    /// Callbacks per second that were accepted; `None` if there were too few to tell. At a rate it is the accepted ones' share of
    /// it (after it had grown, if it did), less the share by which their latencies grew from each second to the next.
    pub(super) accepted_per_second: Option<f64>,
    /// How long it took until all had come to an end.
    pub(super) seconds: f64,
    pub(super) ledger: Ledger,
    pub(super) latency_ms: Latencies,
    /// How many were sent more than 10 ms after they were due, or with most places free, because this machine was too slow: then
    /// the numbers tell of it, and not of the receiver.
    pub(super) late: u64,
    pub(super) outcome: Outcome,
    /// The same, whatever was refused or not answered.
    pub(super) load: Outcome,
    pub(super) timeline: Vec<Second>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_own_latencies_and_all_have_theirs() {
        let mut timeline = Timeline::new();
        let ms = Duration::from_millis;
        for n in 0..100 {
            // The last of them is answered in the next second.
            timeline.add(ms(n * 10), ms(if n == 99 { 15 } else { 5 }), Verdict::Accepted);
            timeline.add(ms(1000 + n * 10), ms(50), Verdict::Refused(500));
        }
        timeline.add(ms(3500), Duration::from_secs(7200), Verdict::Unanswered("timeout_response"));
        let all = timeline.latencies();
        assert!(
            (all.p50 - 50.0).abs() < 0.1 && (all.p90 - 50.0).abs() < 0.1 && (all.max - 3.6e6).abs() < 4e3,
            "{all:?}"
        );
        let seconds = timeline.seconds();
        let counts: Vec<_> =
            seconds.iter().map(|one| (one.second, one.sent, one.accepted, one.failed, one.answered)).collect();
        assert_eq!(counts, [(0, 100, 100, 0, 99), (1, 100, 0, 100, 1), (2, 0, 0, 0, 0), (3, 1, 0, 1, 0)]);
        assert!((seconds[0].latency_ms.p90 - 5.0).abs() < 0.1 && (seconds[1].latency_ms.p50 - 50.0).abs() < 0.1);
        assert_eq!(seconds[2].latency_ms, Latencies::default());
    }
}
