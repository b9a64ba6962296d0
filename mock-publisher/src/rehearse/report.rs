//! What a rehearsal found: as data, and in words.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use super::limit::{Bound, Outcome};
use super::threshold::Threshold;
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
    /// How many were under way at the same time at most.
    pub(super) concurrency: usize,
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
    /// What hinders more.
    pub(super) bound: Bound,
    /// How long an import of `profiles` takes at that rate.
    pub(super) import_seconds: Option<f64>,
}

/// A threshold, and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Held {
    pub(super) threshold: String,
    /// In the unit of the figure; `None` if there were too few callbacks to tell, which meets nothing.
    pub(super) measured: Option<f64>,
    pub(super) met: bool,
    /// What was measured, with its unit.
    #[serde(skip)]
    told: String,
    /// Whether it says how many errors there may be.
    #[serde(skip)]
    pub(super) is_about_errors: bool,
}

impl Held {
    pub(super) fn new(threshold: &Threshold, measured: Option<f64>) -> Self {
        Self {
            threshold: threshold.to_string(),
            measured,
            met: measured.is_some_and(|measured| threshold.is_met_by(measured)),
            is_about_errors: threshold.is_about_errors(),
            told: measured.map_or("too few callbacks to tell".to_owned(), |measured| threshold.told(measured)),
        }
    }

    pub(super) fn in_words(&self) -> String {
        format!("{} ({})", if self.met { "met" } else { "NOT MET" }, self.told)
    }
}

impl Report {
    /// The stage that the thresholds are about: the one at the limit, or else the last one.
    pub(super) fn decisive(&self) -> Option<&Stage> {
        let kept_up = self.stages.iter().filter(|stage| stage.outcome == Outcome::KeptUp);
        kept_up.max_by(|a, b| a.offered_or_most().total_cmp(&b.offered_or_most())).or(self.stages.last())
    }

    /// The verdict, and whether it is a whole one.
    pub(super) fn told(&self) -> String {
        format!("{}{}", self.verdict, if self.interrupted { " (interrupted: so far)" } else { "" })
    }

    /// How what is compared was sent. A limit that was looked for has another rate each time.
    fn sent(&self, stage: &Stage) -> String {
        let how = if self.limit.is_some() { "up to the limit".to_owned() } else { stage.at() };
        format!("{how}, {} at a time", self.concurrency)
    }

    /// What is told at the end.
    pub(super) fn summary(&self) -> String {
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = writeln!(text, "verdict: {}", self.told());
        let _ = writeln!(text, "ledger: {}", self.ledger.in_words());
        for held in &self.thresholds {
            let _ = writeln!(text, "threshold {}: {}", held.threshold, held.in_words());
        }
        text
    }
}

/// The head of the table of stages.
pub(super) const HEADER: &str = "  rate/s   accepted        p50        p99   outcome       errors";

/// A stage as a line of the table.
pub(super) fn row(stage: &Stage) -> String {
    let Stage { offered, accepted_per_second, latency_ms, ledger, outcome, .. } = stage;
    let offered = offered.map_or("max".to_owned(), rounded);
    let errors: Vec<_> = ledger.errors.iter().map(|(error, count)| format!("{count} {error}")).collect();
    let errors = if errors.is_empty() { "0".to_owned() } else { errors.join(", ") };
    let (p50, p99) = (latency(latency_ms.p50), latency(latency_ms.p99));
    let (accepted, outcome) = (accepted_per_second.map_or("-".to_owned(), rounded), outcome.word());
    format!("{offered:>8}   {accepted:>8}   {p50:>8}   {p99:>8}   {outcome:<11}   {errors}")
}

/// What the stages say of the receiver.
pub(super) fn verdict(report: &Report) -> String {
    let Report { stages, profiles, limit_p99_ms, concurrency, .. } = report;
    let tight = |bound: Bound| {
        let lowest = stages.iter().filter(|stage| stage.outcome.bound() == Some(bound));
        lowest.min_by(|a, b| a.offered_or_most().total_cmp(&b.offered_or_most()))
    };
    let Some(limit) = report.limit else {
        return stages.last().map_or("nothing was sent".to_owned(), |stage| single(stage, report));
    };
    let why = match limit.bound {
        Bound::Receiver => tight(Bound::Receiver).map(|stage| why(stage, *limit_p99_ms)),
        Bound::Signing => Some("this machine signs no faster beside it, so that more could not be tried".to_owned()),
        Bound::Concurrency => tight(Bound::Concurrency).map(|stage| places(stage, *concurrency)),
    };
    let why = why.map(|why| format!("; {why}")).unwrap_or_default();
    let (Some(rate), Some(seconds)) = (limit.per_second, limit.import_seconds) else {
        if report.interrupted {
            return "nothing can be told yet".to_owned();
        }
        return format!("keeps up with nothing that was tried{why}");
    };
    let at_least = if limit.bound == Bound::Receiver { "" } else { "at least " };
    let (rate, import) = (rounded(rate), duration(seconds));
    format!("keeps up with {at_least}{rate}/s; an import of {profiles} profiles takes {import} at that rate{why}")
}

fn single(stage: &Stage, report: &Report) -> String {
    let Stage { ledger, .. } = stage;
    match (stage.offered, stage.outcome, stage.accepted_per_second) {
        (_, Outcome::Errors, _) if stage.load == Outcome::KeptUp => {
            format!("keeps up but for errors: {}", why(stage, report.limit_p99_ms))
        }
        (_, Outcome::Errors | Outcome::Queue | Outcome::Slow, _) => {
            format!("does not keep up: {}", why(stage, report.limit_p99_ms))
        }
        (None, _, None) => format!("accepts all {}, which are too few to tell how many in a second", ledger.sent),
        (Some(rate), Outcome::KeptUp, None) => {
            format!(
                "accepts all {}, which are too few to tell whether it keeps up with {}/s",
                ledger.sent,
                rounded(rate)
            )
        }
        (None, Outcome::SignedLate, Some(accepted)) => format!(
            "accepts at least {}/s: this machine signs no faster beside the receiver, which may do more",
            rounded(accepted)
        ),
        (None, _, Some(accepted)) => {
            format!("accepts {}/s as fast as they come, {} at a time", rounded(accepted), report.concurrency)
        }
        (Some(rate), Outcome::KeptUp, _) => format!("keeps up with {}/s", rounded(rate)),
        (Some(rate), Outcome::SignedLate, _) => format!(
            "this machine could not sign {}/s beside the receiver, so that the latencies tell of both; try a lower rate",
            rounded(rate)
        ),
        (Some(_), Outcome::ShortOfPlaces, _) => format!("cannot be told: {}", places(stage, report.concurrency)),
    }
}

/// That more must be under way at the same time.
fn places(stage: &Stage, concurrency: usize) -> String {
    format!(
        "{} others waited for the {concurrency} that `--concurrency` lets be under way, though the receiver answered hardly later \
         than before; try a higher one",
        stage.at()
    )
}

/// Why a stage is more than the receiver can do.
fn why(stage: &Stage, limit_p99: f64) -> String {
    let at = stage.at();
    if stage.outcome == Outcome::Errors {
        let worst = stage.ledger.errors.iter().max_by_key(|(_, count)| **count);
        let (error, count) = worst.map_or(("none", 0), |(error, count)| (error.as_str(), *count));
        return format!("{at} {} of {} are not accepted ({count} {error})", stage.ledger.failed(), stage.ledger.sent);
    }
    let passes = stage.timeline.iter().find(|second| second.latency_ms.p99 > limit_p99);
    let passes = passes.map(|second| format!("the p99 passes {} after {} s", latency(limit_p99), second.second + 1));
    if stage.outcome != Outcome::Queue {
        return format!("{at} {}", passes.unwrap_or_else(|| format!("the p99 passes {}", latency(limit_p99))));
    }
    // One that was ended because too many waited may have had no time to be late.
    let accepted = stage.accepted_per_second.filter(|accepted| stage.offered.is_some_and(|rate| *accepted < rate));
    let only = accepted.map(|accepted| format!("only {}/s are accepted, and ", rounded(accepted))).unwrap_or_default();
    let passes = passes.map(|passes| format!(": {passes}")).unwrap_or_default();
    format!("{at} {only}the queue grows{passes}")
}

impl Stage {
    fn offered_or_most(&self) -> f64 {
        self.offered.unwrap_or(f64::MAX)
    }

    fn at(&self) -> String {
        self.offered.map_or("as fast as they come".to_owned(), |rate| format!("at {}/s", rounded(rate)))
    }
}

/// Two rehearsals beside each other.
pub(super) fn comparison(before: &Report, now: &Report) -> String {
    let mut text = format!("compared with the run of {}\n", before.started);
    let (Some(old), Some(new)) = (before.decisive(), now.decisive()) else {
        return text + "  there is nothing to compare\n";
    };
    for (name, old, new) in [
        ("receiver", &before.url, &now.url),
        ("mix", &before.mix, &now.mix),
        ("load", &before.sent(old), &now.sent(new)),
    ] {
        if old != new {
            let _ = writeln!(text, "  not the same {name}: {old} -> {new}");
        }
    }
    let mut line = |name: &str, old: f64, new: f64, unit: &str| {
        let change = if old > 0.0 { format!("{:+.1} %", (new / old - 1.0) * 100.0) } else { "-".to_owned() };
        let (old, new) = (rounded(old), rounded(new));
        let _ = writeln!(text, "  {name:<12} {old:>10} -> {new:>10} {unit:<3} {change:>10}");
    };
    if let (Some(old), Some(new)) = (limit_of(before), limit_of(now)) {
        line("limit", old, new, "/s");
    }
    if let (Some(old), Some(new)) = (old.accepted_per_second, new.accepted_per_second) {
        line("accepted", old, new, "/s");
    }
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
    if number >= 100.0 { format!("{number:.0}") } else { trimmed(number) }
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

    fn stage(offered: f64, accepted: f64, p99: f64, outcome: Outcome, verdicts: &[Verdict]) -> Stage {
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
            accepted_per_second: Some(accepted),
            seconds: 3.0,
            ledger,
            latency_ms,
            late: 0,
            outcome,
            load: outcome,
            timeline: timeline.collect(),
        }
    }

    fn report(stages: Vec<Stage>, limit: Option<Limit>) -> Report {
        Report {
            version: VERSION,
            url: "http://127.0.0.1/hook".to_owned(),
            started: String::new(),
            mix: String::new(),
            profiles: 100_000,
            concurrency: 256,
            limit_p99_ms: 1000.0,
            stages,
            ledger: Ledger::default(),
            limit,
            thresholds: Vec::new(),
            verdict: String::new(),
            interrupted: false,
        }
    }

    #[test]
    fn the_verdict_says_what_holds_and_what_does_not() {
        let good = stage(850.0, 849.0, 12.0, Outcome::KeptUp, &[Verdict::Accepted]);
        let slow = stage(1000.0, 990.0, 1800.0, Outcome::Slow, &[Verdict::Accepted]);
        let queue = stage(1000.0, 850.0, 300.0, Outcome::Queue, &[Verdict::Accepted]);
        let refusing = stage(1000.0, 900.0, 30.0, Outcome::Errors, &[Verdict::Accepted, Verdict::Refused(503)]);
        let limit = |bound| Limit { per_second: Some(850.0), bound, import_seconds: Some(7300.0) };
        let told = |stages: &[Stage], limit: Option<Limit>| verdict(&report(stages.to_vec(), limit));
        assert_eq!(told(std::slice::from_ref(&good), None), "keeps up with 850/s");
        let takes = "an import of 100000 profiles takes 2 h 1 min at that rate";
        assert_eq!(
            told(&[good.clone(), slow.clone()], Some(limit(Bound::Receiver))),
            format!("keeps up with 850/s; {takes}; at 1000/s the p99 passes 1 s after 3 s")
        );
        let grows = "does not keep up: at 1000/s only 850/s are accepted, and the queue grows";
        assert_eq!(told(std::slice::from_ref(&queue), None), grows);
        let cut = Stage { accepted_per_second: Some(1000.0), ..queue };
        assert_eq!(told(&[cut], None), "does not keep up: at 1000/s the queue grows");
        let fails = "at 1000/s 1 of 2 are not accepted (1 http_503)";
        assert_eq!(told(std::slice::from_ref(&refusing), None), format!("does not keep up: {fails}"));
        let but_for = Stage { load: Outcome::KeptUp, ..refusing };
        assert_eq!(told(&[but_for], None), format!("keeps up but for errors: {fails}"));

        let late = Stage { outcome: Outcome::SignedLate, ..good.clone() };
        assert!(told(std::slice::from_ref(&late), None).starts_with("this machine could not sign 850/s"));
        let at_least = told(&[good.clone(), late], Some(limit(Bound::Signing)));
        assert!(
            at_least.starts_with(&format!("keeps up with at least 850/s; {takes}; this machine signs")),
            "{at_least}"
        );
        let crowded = Stage { outcome: Outcome::ShortOfPlaces, ..slow };
        let places = "at 1000/s others waited for the 256 that `--concurrency` lets be under way";
        assert!(told(std::slice::from_ref(&crowded), None).starts_with(&format!("cannot be told: {places}")));
        let at_least = told(&[good.clone(), crowded], Some(limit(Bound::Concurrency)));
        assert!(at_least.starts_with(&format!("keeps up with at least 850/s; {takes}; {places}")), "{at_least}");

        let few = Stage { accepted_per_second: None, ..good };
        let too_few = "accepts all 1, which are too few to tell";
        assert_eq!(told(std::slice::from_ref(&few), None), format!("{too_few} whether it keeps up with 850/s"));
        assert_eq!(told(&[Stage { offered: None, ..few }], None), format!("{too_few} how many in a second"));
    }

    #[test]
    fn what_is_not_the_same_is_told_beside_what_is_compared() {
        let before = report(vec![stage(850.0, 849.0, 12.0, Outcome::KeptUp, &[Verdict::Accepted])], None);
        let now = Report { url: "http://127.0.0.1/other".to_owned(), concurrency: 8, ..before.clone() };
        let same = comparison(&before, &before);
        assert!(!same.contains("not the same") && same.contains("+0.0 %"), "{same}");
        let other = comparison(&before, &now);
        assert!(other.contains("not the same receiver: http://127.0.0.1/hook -> http://127.0.0.1/other"), "{other}");
        assert!(other.contains("not the same load: at 850/s, 256 at a time -> at 850/s, 8 at a time"), "{other}");
    }

    #[test]
    fn numbers_are_told_for_people() {
        assert_eq!([612.34, 61.23, 50.0, 99.98].map(rounded), ["612", "61.2", "50", "100"]);
        assert_eq!([latency(1.84), latency(1000.0), latency(4230.0)], ["1.8 ms", "1 s", "4.2 s"]);
        assert_eq!([duration(9.0), duration(182.0), duration(3660.0)], ["9 s", "3 min 2 s", "1 h 1 min"]);
    }
}
