use std::time::{Duration, SystemTime};

/// How far the caller's clock may step back and what was noted a moment ago still counts: threads read the clock before
/// they come here, and clocks are corrected by fractions of a second.
pub(super) const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// A stretch of the caller's time, from when something was noted until it no longer counts.
///
/// It has a beginning too: when the clock jumps back by more than [`CLOCK_TOLERANCE`], what was noted "in the future" does
/// not count, or it would count for as much longer as the jump was wide.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    from: SystemTime,
    until: SystemTime,
}

impl Span {
    /// What is noted now counts for so long. What cannot be reckoned with never counts.
    pub(super) fn starting(now: SystemTime, length: Duration) -> Self {
        let from = now.checked_sub(CLOCK_TOLERANCE).unwrap_or(now);
        Self { from, until: now.checked_add(length).unwrap_or(from) }
    }

    pub(super) fn contains(&self, now: SystemTime) -> bool {
        self.from <= now && now < self.until
    }

    /// Whether it was noted at a time that has not come yet, by this clock.
    pub(super) fn begins_after(&self, now: SystemTime) -> bool {
        now < self.from
    }

    pub(super) fn end(&self) -> SystemTime {
        self.until
    }

    /// The same, ending no later than another.
    pub(super) fn within(self, other: &Self) -> Self {
        Self { until: self.until.min(other.until), ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn counts_from_a_little_before_its_beginning_to_its_end() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let span = Span::starting(at(100), Duration::from_secs(30));
        for (now, counts) in [(0, false), (94, false), (95, true), (100, true), (129, true), (130, false), (999, false)]
        {
            assert_eq!(span.contains(at(now)), counts, "at {now} s");
        }
        assert!(!span.within(&Span::starting(at(100), Duration::from_secs(10))).contains(at(110)));
    }

    #[test]
    fn the_end_of_time_is_no_reason_to_panic() {
        let mut last = UNIX_EPOCH;
        let mut step = Duration::from_secs(1 << 62);
        while step > Duration::ZERO {
            last = last.checked_add(step).unwrap_or(last);
            step /= 2;
        }
        assert!(!Span::starting(last, Duration::MAX).contains(last));
        assert!(Span::starting(UNIX_EPOCH, Duration::from_secs(1)).contains(UNIX_EPOCH));
    }
}
