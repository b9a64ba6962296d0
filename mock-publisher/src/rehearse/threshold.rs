//! What a rehearsal is held against: `p99<250ms`.

use std::fmt;
use std::str::FromStr;

use super::ledger::Ledger;
use super::report::{latency, rounded};
use super::timeline::Latencies;

/// A bound on one figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    text: String,
    figure: Figure,
    comparison: Comparison,
    /// In milliseconds, callbacks, percent or callbacks per second.
    bound: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    P50,
    P90,
    P95,
    P99,
    P999,
    Max,
    Errors,
    ErrorShare,
    Rate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
}

/// The text is no threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a figure, a comparison and a bound such as `p99<250ms`, `max<=2s`, `errors<1%`, `errors<=0` or `rate>=500/s`; \
     figures are p50, p90, p95, p99, p99.9, max, errors and rate"
)]
pub(crate) struct ThresholdError;

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let (name, rest) = text.split_at(text.find(['<', '>']).ok_or(ThresholdError)?);
        let comparisons =
            [("<=", Comparison::AtMost), (">=", Comparison::AtLeast), ("<", Comparison::Less), (">", Comparison::More)];
        let found = comparisons.into_iter().find_map(|(sign, comparison)| Some((comparison, rest.strip_prefix(sign)?)));
        let (comparison, bound) = found.ok_or(ThresholdError)?;
        let bound = bound.trim();
        let digits = bound.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bound.len());
        let (number, unit) = bound.split_at(digits);
        let number: f64 = number.parse().map_err(|_| ThresholdError)?;
        let latency = |figure| match unit {
            "ms" => Ok((figure, number)),
            "s" => Ok((figure, number * 1e3)),
            _ => Err(ThresholdError),
        };
        let (figure, bound) = match (name.trim(), unit) {
            ("p50", _) => latency(Figure::P50)?,
            ("p90", _) => latency(Figure::P90)?,
            ("p95", _) => latency(Figure::P95)?,
            ("p99", _) => latency(Figure::P99)?,
            ("p99.9", _) => latency(Figure::P999)?,
            ("max", _) => latency(Figure::Max)?,
            ("errors", "") => (Figure::Errors, number),
            ("errors", "%") => (Figure::ErrorShare, number),
            ("rate", "/s" | "") => (Figure::Rate, number),
            _ => return Err(ThresholdError),
        };
        Ok(Self { text: text.to_owned(), figure, comparison, bound })
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Threshold {
    /// What was measured, in the unit of the bound; `None` if there was too little for that.
    pub(super) fn measured(
        &self,
        latency: &Latencies,
        ledger: &Ledger,
        accepted_per_second: Option<f64>,
    ) -> Option<f64> {
        if ledger.sent == 0 {
            return None;
        }
        Some(match self.figure {
            Figure::P50 => latency.p50,
            Figure::P90 => latency.p90,
            Figure::P95 => latency.p95,
            Figure::P99 => latency.p99,
            Figure::P999 => latency.p999,
            Figure::Max => latency.max,
            Figure::Errors => ledger.failed() as f64,
            Figure::ErrorShare => 100.0 * ledger.failed() as f64 / (ledger.sent as f64).max(1.0),
            Figure::Rate => return accepted_per_second,
        })
    }

    pub(super) fn is_about_errors(&self) -> bool {
        matches!(self.figure, Figure::Errors | Figure::ErrorShare)
    }

    /// A number of the figure's kind, as it is told.
    pub(super) fn told(&self, number: f64) -> String {
        match self.figure {
            Figure::Errors => rounded(number),
            Figure::ErrorShare => format!("{} %", rounded(number)),
            // One that is missed by a little must not look as if it were met.
            Figure::Rate => format!("{}/s", (number * 100.0).floor() / 100.0),
            _ => latency(number),
        }
    }

    pub(super) fn is_met_by(&self, measured: f64) -> bool {
        match self.comparison {
            Comparison::Less => measured < self.bound,
            Comparison::AtMost => measured <= self.bound,
            Comparison::More => measured > self.bound,
            Comparison::AtLeast => measured >= self.bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Verdict;
    use super::*;

    #[test]
    fn a_threshold_is_a_figure_a_comparison_and_a_bound_with_its_unit() {
        let latency = Latencies { p99: 240.0, max: 2000.0, ..Latencies::default() };
        let mut ledger = Ledger::default();
        (0..199).for_each(|_| ledger.add(Verdict::Accepted));
        ledger.add(Verdict::Refused(500));
        for (text, expected) in [
            ("p99<250ms", true),
            ("p99 < 0.24s", false),
            ("p99<=240ms", true),
            ("max<2s", false),
            ("max<=2s", true),
            ("errors<=0", false),
            ("errors<=1", true),
            ("errors<0.5%", false),
            ("errors<1%", true),
            ("rate>=100/s", true),
            ("rate>100", false),
        ] {
            let threshold: Threshold = text.parse().unwrap();
            let measured = threshold.measured(&latency, &ledger, Some(100.0)).unwrap();
            assert_eq!(threshold.is_met_by(measured), expected, "{text}: {measured}");
        }
        let few: Threshold = "rate>=1/s".parse().unwrap();
        assert_eq!(few.measured(&latency, &ledger, None), None);
    }

    #[test]
    fn what_has_no_unit_or_the_wrong_one_is_refused() {
        for text in
            ["", "p99", "p99<", "p99<250", "p98<1s", "errors<1s", "rate>1ms", "<1s", "p99=1s", "p99<<1s", "p99<-1s"]
        {
            assert_eq!(text.parse::<Threshold>(), Err(ThresholdError), "{text}");
        }
    }
}
