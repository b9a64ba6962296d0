//! What a rehearsal found: as data, and in words.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use super::limit::Outcome;
use super::timeline::{Latencies, Stage};

/// The version of [`Report`] in JSON, and of `report.schema.json`.
pub(super) const VERSION: u32 = 1;

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    pub(super) version: u32,
    pub(super) url: String,
    /// When it began, as RFC 3339 has it.
    pub(super) started: String,
    pub(super) mix: String,
    pub(super) profiles: u64,
    pub(super) limit_p99_ms: f64,
    pub(super) stages: Vec<Stage>,
    /// All stages together.
    pub(super) ledger: Ledger,
    /// If it was looked for.
    pub(super) limit: Option<Limit>,
    pub(super) thresholds: Vec<Held>,
    pub(super) verdict: String,
    /// Whether somebody ended it before its time.
    pub(super) interrupted: bool,
}

/// The highest rate that the receiver keeps up with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    /// Callbacks per second; `null` if it kept up with nothing that was tried.
    pub(super) per_second: Option<f64>,
    /// Whether it may do more, and this machine cannot sign faster beside it.
    pub(super) by_this_machine: bool,
    /// How long an import of `profiles` takes at that rate.
    pub(super) import_seconds: Option<f64>,
}

/// A threshold, and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Held {
    pub(super) threshold: String,
    pub(super) measured: f64,
    pub(super) met: bool,
}

impl Report {
    /// The stage that the thresholds are about: the last one that the receiver kept up with, or else the last one.
    pub(super) fn decisive(&self) -> Option<&Stage> {
        let kept_up = |stage: &&Stage| stage.outcome(self.limit_p99_ms) == Outcome::KeptUp;
        let best =
            self.stages.iter().filter(kept_up).max_by(|a, b| a.accepted_per_second.total_cmp(&b.accepted_per_second));
        best.or(self.stages.last())
    }

    pub(super) fn all_thresholds_met(&self) -> bool {
        self.thresholds.iter().all(|held| held.met)
    }

    /// What is told at the end.
    pub(super) fn summary(&self) -> String {
        let mut text = String::new();
        // Writing into a text does not fail.
        let interrupted = if self.interrupted { " (interrupted: so far)" } else { "" };
        let _ = writeln!(text, "verdict: {}{interrupted}", self.verdict);
        let _ = writeln!(text, "ledger: {}", self.ledger.in_words());
        for Held { threshold, measured, met } in &self.thresholds {
            let met = if *met { "met" } else { "NOT MET" };
            let _ = writeln!(text, "threshold {threshold}: {met} ({})", rounded(*measured));
        }
        text
    }
}

/// The head of the table of stages.
pub(super) const HEADER: &str = "  rate/s   accepted        p50        p99     errors";

/// A stage as a line of the table.
pub(super) fn row(stage: &Stage) -> String {
    let Stage { offered, accepted_per_second, latency_ms, ledger, .. } = stage;
    let offered = offered.map_or("max".to_owned(), rounded);
    let errors: Vec<_> = ledger.errors.iter().map(|(error, count)| format!("{count} {error}")).collect();
    let errors = if errors.is_empty() { "0".to_owned() } else { errors.join(", ") };
    let (p50, p99) = (latency(latency_ms.p50), latency(latency_ms.p99));
    format!("{offered:>8}   {:>8}   {p50:>8}   {p99:>8}   {errors:>8}", rounded(*accepted_per_second))
}

/// What the stages say of the receiver.
pub(super) fn verdict(stages: &[Stage], limit: Option<&Limit>, profiles: u64, limit_p99: f64) -> String {
    let fell_behind = stages
        .iter()
        .filter(|stage| stage.outcome(limit_p99) == Outcome::FellBehind)
        .min_by(|a, b| a.accepted_offered().total_cmp(&b.accepted_offered()));
    let Some(limit) = limit else {
        return match stages.last() {
            None => "nothing was sent".to_owned(),
            Some(stage) => single(stage, limit_p99),
        };
    };
    let Some(rate) = limit.per_second else {
        let why = fell_behind.map(|stage| format!("; {}", why(stage, limit_p99))).unwrap_or_default();
        let machine = if limit.by_this_machine { "; this machine could sign no faster beside it" } else { "" };
        return format!("keeps up with nothing that was tried{why}{machine}");
    };
    let at_least = if limit.by_this_machine { "at least " } else { "" };
    let mut text = format!("keeps up with {at_least}{}/s", rounded(rate));
    if let Some(seconds) = limit.import_seconds {
        let _ = write!(text, "; an import of {profiles} profiles takes {} at that rate", duration(seconds));
    }
    if limit.by_this_machine {
        text.push_str("; this machine signs no faster beside it, so that more could not be tried");
    } else if let Some(stage) = fell_behind {
        let _ = write!(text, "; {}", why(stage, limit_p99));
    }
    text
}

fn single(stage: &Stage, limit_p99: f64) -> String {
    let accepted = rounded(stage.accepted_per_second);
    match (stage.offered, stage.outcome(limit_p99)) {
        (None, Outcome::Limited) => format!(
            "accepts at least {accepted}/s: this machine signs no faster beside the receiver, which may do more"
        ),
        (None, _) if stage.ledger.failed() == 0 => format!("accepts {accepted}/s as fast as they come"),
        (Some(offered), Outcome::KeptUp) => format!("keeps up with {}/s", rounded(offered)),
        (Some(offered), Outcome::Limited) => format!(
            "this machine could not sign {}/s beside the receiver, so that the latencies tell of both; try a lower rate",
            rounded(offered)
        ),
        _ => format!("does not keep up: {}", why(stage, limit_p99)),
    }
}

/// Why a stage is more than the receiver can do.
fn why(stage: &Stage, limit_p99: f64) -> String {
    let at = stage.offered.map_or("as fast as they come".to_owned(), |rate| format!("at {}/s", rounded(rate)));
    if stage.ledger.failed() > 0 {
        let worst = stage.ledger.errors.iter().max_by_key(|(_, count)| **count);
        let (error, count) = worst.map_or(("none", 0), |(error, count)| (error.as_str(), *count));
        return format!("{at} {} of {} are not accepted ({count} {error})", stage.ledger.failed(), stage.ledger.sent);
    }
    let passes = stage.timeline.iter().find(|second| second.latency_ms.p99 > limit_p99);
    match passes {
        Some(second) => format!("{at} the p99 passes {} after {} s", latency(limit_p99), second.second + 1),
        None => format!("{at} only {}/s are accepted, and the queue grows", rounded(stage.accepted_per_second)),
    }
}

impl Stage {
    fn accepted_offered(&self) -> f64 {
        self.offered.unwrap_or(f64::MAX)
    }
}

/// Two rehearsals beside each other.
pub(super) fn comparison(before: &Report, now: &Report) -> String {
    let mut text = format!("compared with the run of {}\n", before.started);
    let (Some(old), Some(new)) = (before.decisive(), now.decisive()) else {
        return text + "  there is nothing to compare\n";
    };
    let mut line = |name: &str, old: f64, new: f64, unit: &str| {
        let change = if old > 0.0 { format!("{:+.1} %", (new / old - 1.0) * 100.0) } else { "-".to_owned() };
        let (old, new) = (rounded(old), rounded(new));
        let _ = writeln!(text, "  {name:<12} {old:>10} -> {new:>10} {unit:<3} {change:>10}");
    };
    if let (Some(old), Some(new)) = (limit_of(before), limit_of(now)) {
        line("limit", old, new, "/s");
    }
    line("accepted", old.accepted_per_second, new.accepted_per_second, "/s");
    let figures = |Latencies { p50, p90, p99, max, .. }: Latencies| [p50, p90, p99, max];
    for ((name, old), new) in
        ["p50", "p90", "p99", "max"].into_iter().zip(figures(old.latency_ms)).zip(figures(new.latency_ms))
    {
        line(name, old, new, "ms");
    }
    line("errors", old.ledger.failed() as f64, new.ledger.failed() as f64, "");
    text
}

fn limit_of(report: &Report) -> Option<f64> {
    report.limit.and_then(|limit| limit.per_second)
}

pub(super) fn rounded(number: f64) -> String {
    if number >= 100.0 || number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.1}") }
}

pub(super) fn latency(ms: f64) -> String {
    if ms >= 1000.0 { format!("{} s", trimmed(ms / 1000.0)) } else { format!("{} ms", trimmed(ms)) }
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Verdict;
    use super::super::timeline::Second;
    use super::*;

    fn stage(offered: f64, accepted: f64, p99: f64, verdicts: &[Verdict]) -> Stage {
        let mut ledger = Ledger::default();
        verdicts.iter().for_each(|verdict| ledger.add(*verdict));
        let latency_ms = Latencies { p50: 1.0, p99, ..Latencies::default() };
        let timeline = (0..3).map(|second| Second {
            second,
            latency_ms: Latencies { p99: p99 * second as f64 / 2.0, ..latency_ms },
            ..Second::default()
        });
        Stage {
            offered: Some(offered),
            accepted_per_second: accepted,
            seconds: 3.0,
            ledger,
            latency_ms,
            late: 0,
            timeline: timeline.collect(),
        }
    }

    #[test]
    fn the_verdict_says_what_holds_and_what_does_not() {
        let good = stage(850.0, 849.0, 12.0, &[Verdict::Accepted]);
        let slow = stage(1000.0, 990.0, 1800.0, &[Verdict::Accepted]);
        let queue = stage(1000.0, 850.0, 300.0, &[Verdict::Accepted]);
        let refusing = stage(1000.0, 900.0, 30.0, &[Verdict::Accepted, Verdict::Refused(503)]);
        let limit = Limit { per_second: Some(850.0), by_this_machine: false, import_seconds: Some(7300.0) };
        let told = |stages: &[Stage], limit: Option<&Limit>| verdict(stages, limit, 100_000, 1000.0);
        assert_eq!(told(std::slice::from_ref(&good), None), "keeps up with 850/s");
        assert_eq!(
            told(&[good.clone(), slow], Some(&limit)),
            "keeps up with 850/s; an import of 100000 profiles takes 2 h 1 min at that rate; at 1000/s the p99 passes 1 s \
             after 3 s"
        );
        assert_eq!(told(&[queue], None), "does not keep up: at 1000/s only 850/s are accepted, and the queue grows");
        assert_eq!(told(&[refusing], None), "does not keep up: at 1000/s 1 of 2 are not accepted (1 http_503)");
        let late = Stage { late: 1, ..good };
        assert!(told(&[late], None).starts_with("this machine could not sign 850/s"));
    }

    #[test]
    fn numbers_are_told_for_people() {
        assert_eq!([rounded(612.34), rounded(61.23), rounded(50.0)], ["612", "61.2", "50"]);
        assert_eq!([latency(1.84), latency(1000.0), latency(4230.0)], ["1.8 ms", "1 s", "4.2 s"]);
        assert_eq!([duration(9.0), duration(182.0), duration(3660.0)], ["9 s", "3 min 2 s", "1 h 1 min"]);
    }
}
