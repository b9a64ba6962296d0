use std::cell::Cell;
use std::time::Duration;

use crate::stopwatch::Stopwatch;

/// How long the conditions of one transaction may take together. (One that fires fast takes some 30 microseconds.)
const CONDITIONS: Duration = Duration::from_secs(2);

/// The time that conditions may still take. What is changed together is decided on together, and nobody else can write until it
/// is, so that conditions which run into their own limits again and again must not add up.
#[derive(Debug)]
pub(crate) struct Budget {
    left: Cell<Duration>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: Cell::new(CONDITIONS) }
    }
}

impl Budget {
    /// Evaluates a condition if there is time left; if there is none, says so.
    pub(crate) fn spend<T>(&self, evaluate: impl FnOnce() -> T) -> Result<T, String> {
        let left = self.left.get();
        if left.is_zero() {
            let seconds = CONDITIONS.as_secs();
            return Err(format!(
                "not evaluated: the conditions of one transaction have {seconds} s together, and those before took them"
            ));
        }
        let stopwatch = Stopwatch::start();
        let value = evaluate();
        self.left.set(self.left.get().saturating_sub(stopwatch.elapsed()));
        Ok(value)
    }

    /// Does something that the evaluation of a condition happened to come upon, and that is not to be its fault.
    pub(crate) fn at_no_cost<T>(&self, work: impl FnOnce() -> T) -> T {
        let stopwatch = Stopwatch::start();
        let value = work();
        self.left.set(self.left.get() + stopwatch.elapsed());
        value
    }

    /// One with nothing left.
    #[cfg(test)]
    pub(crate) fn spent() -> Self {
        Self { left: Cell::new(Duration::ZERO) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(time: Duration) {
        let stopwatch = Stopwatch::start();
        while stopwatch.elapsed() < time {}
    }

    #[test]
    fn what_is_done_at_no_cost_takes_nothing() {
        const TOO_LONG: Duration = Duration::from_millis(100);
        let budget = Budget { left: Cell::new(TOO_LONG) };
        budget.spend(|| budget.at_no_cost(|| work(TOO_LONG))).unwrap();
        budget.spend(|| work(TOO_LONG)).unwrap();
        budget.spend(|| ()).unwrap_err();
    }
}
