//! What became of each callback. The counts add up to what was sent, which is the proof that none is missing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::send::{Answer, SendError};

/// What one callback came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The receiver answered 2xx.
    Accepted,
    /// It answered something else.
    Refused(u16),
    /// It did not answer: the class of the error.
    Unanswered(&'static str),
}

impl From<&Result<Answer, SendError>> for Verdict {
    fn from(result: &Result<Answer, SendError>) -> Self {
        match result {
            Ok(answer) if answer.status.is_success() => Self::Accepted,
            Ok(answer) => Self::Refused(answer.status.as_u16()),
            Err(error) => Self::Unanswered(error.class()),
        }
    }
}

/// Counts of callbacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    pub(super) sent: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) unanswered: u64,
    /// Those that were refused or not answered, by status or by the class of the error.
    pub(super) errors: BTreeMap<String, u64>,
}

impl Ledger {
    pub(super) fn add(&mut self, verdict: Verdict) {
        self.sent += 1;
        let error = match verdict {
            Verdict::Accepted => {
                self.accepted += 1;
                return;
            }
            Verdict::Refused(status) => {
                self.refused += 1;
                format!("http_{status}")
            }
            Verdict::Unanswered(class) => {
                self.unanswered += 1;
                class.to_owned()
            }
        };
        *self.errors.entry(error).or_default() += 1;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        self.sent += other.sent;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        for (error, count) in &other.errors {
            *self.errors.entry(error.clone()).or_default() += count;
        }
    }

    /// How many were not accepted.
    pub(super) const fn failed(&self) -> u64 {
        self.refused.saturating_add(self.unanswered)
    }

    /// Whether none is missing, and none is counted twice.
    pub(super) fn adds_up(&self) -> bool {
        self.sent == self.accepted.saturating_add(self.failed())
            && self.failed() == self.errors.values().fold(0, |sum: u64, count| sum.saturating_add(*count))
    }

    /// What became of all of them, in a line.
    pub(super) fn in_words(&self) -> String {
        let Self { sent, accepted, refused, unanswered, errors } = self;
        let errors: Vec<_> = errors.iter().map(|(error, count)| format!("{count} {error}")).collect();
        let errors = if errors.is_empty() { String::new() } else { format!(" ({})", errors.join(", ")) };
        format!("{sent} sent = {accepted} accepted + {refused} refused + {unanswered} unanswered{errors}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_adds_up() {
        let mut ledger = Ledger::default();
        for verdict in
            [Verdict::Accepted, Verdict::Refused(503), Verdict::Refused(503), Verdict::Unanswered("dns_error")]
        {
            ledger.add(verdict);
        }
        let mut both = ledger.clone();
        both.add_all(&ledger);
        assert!(ledger.adds_up() && both.adds_up());
        assert_eq!(both.in_words(), "8 sent = 2 accepted + 4 refused + 2 unanswered (2 dns_error, 4 http_503)");
        both.accepted += 1;
        assert!(!both.adds_up());
    }
}
