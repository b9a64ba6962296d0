//! Looks for the highest rate that a receiver keeps up with.

use super::timeline::Stage;

/// The share of what was offered that must be accepted in time.
const KEPT_UP: f64 = 0.97;
/// The share of callbacks that may have been signed too late for the numbers to tell of the receiver.
const LATE: f64 = 0.05;
/// The search ends when what held and what did not are so close together.
const CLOSE: f64 = 1.05;
/// How many stages there are at most.
const MOST: usize = 24;

/// How a stage went for the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    KeptUp,
    FellBehind,
    /// This machine could not sign so fast.
    Limited,
}

impl Stage {
    /// Whether the receiver kept up, where its 99th percentile may be so many milliseconds.
    pub(super) fn outcome(&self, limit_p99: f64) -> Outcome {
        let offered = self.offered.unwrap_or(self.accepted_per_second);
        if self.ledger.failed() > 0 {
            Outcome::FellBehind
        } else if self.late as f64 > self.ledger.sent as f64 * LATE {
            Outcome::Limited
        } else if self.latency_ms.p99 > limit_p99 || self.accepted_per_second < offered * KEPT_UP {
            Outcome::FellBehind
        } else {
            Outcome::KeptUp
        }
    }
}

/// The search: doubles until a rate is too high, tries what the receiver did then, and halves what is left.
#[derive(Debug)]
pub(super) struct Search {
    first: f64,
    /// The highest rate that held.
    pub(super) held: Option<f64>,
    /// The lowest rate that did not, and what was accepted then.
    pub(super) too_high: Option<(f64, f64)>,
    stages: usize,
}

impl Search {
    pub(super) const fn starting_at(first: f64) -> Self {
        Self { first, held: None, too_high: None, stages: 0 }
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
        let guesses = [accepted * 0.97, accepted * 1.03];
        let guess = guesses.into_iter().find(|guess| *guess > held * 1.01 && *guess < too_high / 1.01 && *guess >= 0.5);
        Some(guess.unwrap_or(if held > 0.0 { (held * too_high).sqrt() } else { too_high / 2.0 }))
    }

    /// Notes how a rate went.
    pub(super) fn tried(&mut self, rate: f64, kept_up: bool, accepted: f64) {
        if kept_up {
            self.held = Some(self.held.map_or(rate, |held| held.max(rate)));
        } else if self.too_high.is_none_or(|(too_high, _)| rate < too_high) {
            self.too_high = Some((rate, accepted));
        }
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
            let kept_up = rate <= capacity;
            search.tried(rate, kept_up, if kept_up { rate } else { capacity * 0.96 });
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
