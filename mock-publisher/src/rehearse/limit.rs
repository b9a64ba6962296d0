//! Looks for the highest rate that a receiver keeps up with.

use serde::{Deserialize, Serialize};

/// The search ends when what held and what did not are so close together.
const CLOSE: f64 = 1.05;
/// How many stages there are at most.
const MOST: usize = 24;

/// How a stage went for the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    KeptUp,
    /// Some were refused or not answered.
    Errors,
    /// Each waited longer than those before it.
    Queue,
    /// The 99th percentile is higher than it may be.
    Slow,
    /// This machine could not sign so fast.
    SignedLate,
    /// Too few may be under way at the same time for a receiver that takes so long for an answer.
    ShortOfPlaces,
}

impl Outcome {
    /// Who or what it is the limit of, if it is one.
    pub(super) const fn bound(self) -> Option<Bound> {
        match self {
            Self::KeptUp => None,
            Self::Errors | Self::Queue | Self::Slow => Some(Bound::Receiver),
            Self::SignedLate => Some(Bound::Signing),
            Self::ShortOfPlaces => Some(Bound::Concurrency),
        }
    }

    /// In a word, for the table.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::KeptUp => "holds",
            Self::Errors => "errors",
            Self::Queue => "queue",
            Self::Slow => "p99",
            Self::SignedLate => "signing",
            Self::ShortOfPlaces => "concurrency",
        }
    }
}

/// What a limit is the limit of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    Receiver,
    /// This machine signs no faster beside the receiver, which may do more.
    Signing,
    /// `--concurrency`: the receiver may do more at the same time.
    Concurrency,
}

/// The search: doubles until a rate is too high, tries what the receiver did then, and halves what is left.
#[derive(Debug)]
pub(super) struct Search {
    first: f64,
    /// The highest rate that held.
    pub(super) held: Option<f64>,
    /// The lowest rate that did not, and what was accepted then, if it could be told.
    too_high: Option<(f64, Option<f64>)>,
    /// What it was too high for.
    bound: Bound,
    stages: usize,
}

impl Search {
    pub(super) const fn starting_at(first: f64) -> Self {
        Self { first, held: None, too_high: None, bound: Bound::Receiver, stages: 0 }
    }

    /// The rate to be tried next; `None` if it is known.
    pub(super) fn next(&mut self) -> Option<f64> {
        self.stages += 1;
        if self.stages > MOST {
            return None;
        }
        let Some((too_high, accepted)) = self.too_high else {
            return Some(self.held.map_or(self.first, |held| held * 2.0));
        };
        let held = self.held.unwrap_or(0.0);
        if too_high < held * CLOSE || too_high < 1.0 {
            return None;
        }
        // What it could do when it had too much to do is a good guess, from below and then from above.
        let mut guesses = accepted.into_iter().flat_map(|accepted| [accepted * 0.97, accepted * 1.03]);
        let guess = guesses.find(|guess| *guess > held * 1.01 && *guess < too_high / 1.01 && *guess >= 0.5);
        Some(guess.unwrap_or(if held > 0.0 { (held * too_high).sqrt() } else { too_high / 2.0 }))
    }

    /// Notes how a rate went.
    pub(super) fn tried(&mut self, rate: f64, outcome: Outcome, accepted: Option<f64>) {
        let Some(bound) = outcome.bound() else {
            self.held = Some(self.held.map_or(rate, |held| held.max(rate)));
            return;
        };
        if self.too_high.is_none_or(|(too_high, _)| rate < too_high) {
            // One that accepts all of it, and is too slow, tells nothing of what it can do.
            self.too_high = Some((rate, accepted.filter(|accepted| *accepted < rate * 0.97)));
            self.bound = bound;
        }
    }

    /// What hinders more than what held.
    pub(super) const fn bound(&self) -> Bound {
        self.bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receiver that does so many in a second, and a little less when it has too much to do.
    fn found(capacity: f64, first: f64) -> (Option<f64>, usize) {
        let mut search = Search::starting_at(first);
        let mut stages = 0;
        while let Some(rate) = search.next() {
            stages += 1;
            let outcome = if rate <= capacity { Outcome::KeptUp } else { Outcome::Queue };
            // Of few it cannot be told.
            search.tried(rate, outcome, (rate >= 4.0).then_some(rate.min(capacity * 0.96)));
        }
        (search.held, stages)
    }

    #[test]
    fn a_limit_is_found_within_a_few_percent_and_in_few_stages() {
        for capacity in [1.0, 3.7, 48.0, 200.0, 500.0, 501.0, 7777.0] {
            for first in [10.0, 50.0, 1000.0] {
                let (held, stages) = found(capacity, first);
                let held = held.unwrap_or_else(|| panic!("nothing held at {capacity}"));
                assert!(held <= capacity && held >= capacity * 0.93, "{capacity} from {first}: {held} in {stages}");
                assert!(stages <= 16, "{capacity} from {first}: {stages} stages");
            }
        }
        assert_eq!(found(0.0, 50.0).0, None, "one that accepts nothing has no limit");
    }
}
