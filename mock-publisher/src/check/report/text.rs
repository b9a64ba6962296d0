//! For a terminal, readable without colour.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Found, Report, Verdict};

/// How many failures of a class are named in the table.
const MOST_NAMED: usize = 6;
/// How many failures are told in full.
const MOST_TOLD: usize = 25;

impl Report {
    pub(crate) fn in_words(&self) -> String {
        let mut out = String::new();
        // Writing into a text does not fail.
        let mut line = |text: &str| {
            let _ = writeln!(out, "{text}");
        };
        let widest = self.classes.iter().map(|class| class.class.len()).max().unwrap_or(0);
        // A table of what was not tried helps nobody.
        for class in self.classes.iter().filter(|_| !self.is_empty()) {
            let score = match class.totals.judged() {
                0 => "skipped".to_owned(),
                judged => format!("{}/{judged}", class.totals.passed),
            };
            let bad: Vec<&Found> =
                class.vectors.iter().map(|trial| &trial.found).filter(|found| found.is_told()).collect();
            let named: Vec<String> = bad.iter().take(MOST_NAMED).map(|found| found.in_a_line()).collect();
            let first = named.first().map(|text| format!("   {text}")).unwrap_or_default();
            line(&format!("  {:widest$}  {score:>7}{first}", class.class));
            for text in named.iter().skip(1) {
                line(&format!("  {:widest$}  {:>7}   {text}", "", ""));
            }
            if bad.len() > MOST_NAMED {
                line(&format!("  {:widest$}  {:>7}   and {} more", "", "", bad.len() - MOST_NAMED));
            }
        }
        line(&self.totals.in_words());
        for (reason, count) in self.skipped() {
            line(&format!("  {count} skipped: {reason}"));
        }
        for id in &self.stale_exceptions {
            line(&format!("{id} passes: it is no exception any more; take it out of the list"));
        }
        if self.is_empty() {
            line("nothing was judged, which proves nothing");
        }
        if self.interrupted {
            line("interrupted: not all was tried");
        }
        for hint in self.hints() {
            line(&hint);
        }
        let bad: Vec<_> = self.bad().filter(|(_, trial)| trial.found.excepted.is_none()).collect();
        for (class, trial) in bad.iter().take(MOST_TOLD) {
            line(&format!("\n{}: {} ({})", trial.found.id, trial.found.title, trial.found.in_words()));
            line(&format!("  why: {}", trial.why(class)));
            line(&format!("  change: {}", trial.change(class)));
            line(&format!("  reference: {}", trial.reference(class)));
            line(&format!("  repeat: {}", trial.repeat));
            if let Some(curl) = &trial.found.curl {
                line(&format!("  {curl}"));
            }
        }
        if bad.iter().any(|(_, trial)| trial.found.curl.is_some()) {
            line(
                "\nA `curl` line sends the same bytes, which is the same only while the date is fresh, the nonce is new, and a check \
                 serves the keys. `repeat` makes new ones.",
            );
        }
        if bad.len() > MOST_TOLD {
            line(&format!("\nand {} more; `--report FILE` and `--json` have all of them", bad.len() - MOST_TOLD));
        }
        out
    }

    /// Why how many were skipped.
    fn skipped(&self) -> BTreeMap<&str, usize> {
        let mut reasons = BTreeMap::new();
        for trial in self.classes.iter().flat_map(|class| &class.vectors) {
            if trial.found.verdict == Verdict::Skipped {
                *reasons.entry(trial.found.got.as_str()).or_default() += 1;
            }
        }
        reasons
    }
}

impl Found {
    fn is_told(&self) -> bool {
        matches!(self.verdict, Verdict::Fail | Verdict::Error)
    }

    fn in_a_line(&self) -> String {
        let verdict = match (&self.excepted, self.verdict) {
            (Some(_), _) => "known",
            (None, Verdict::Fail) => "FAIL",
            (None, _) => "ERROR",
        };
        let reason = self.excepted.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{verdict} {}   {}{reason}", self.id, self.in_words())
    }
}
