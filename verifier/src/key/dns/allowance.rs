use std::time::{Duration, SystemTime};

use super::span::CLOCK_TOLERANCE;

/// So many in a second on average, and so many at once: the generic cell rate algorithm, which needs one moment of state.
#[derive(Debug)]
pub(super) struct Allowance {
    /// The time between two at the average rate; `None` if nothing is allowed.
    interval: Option<Duration>,
    /// How far what was used may run ahead of the clock.
    burst: Duration,
    /// When everything used so far would have come at the average rate.
    used_until: Option<SystemTime>,
}

impl Allowance {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1).checked_div(per_second).filter(|_| burst > 0);
        Self { interval, burst: interval.unwrap_or_default().saturating_mul(burst), used_until: None }
    }

    /// Takes one if there is one.
    pub(super) fn take(&mut self, now: SystemTime) -> bool {
        let Some(interval) = self.interval else { return false };
        let limit = now.checked_add(self.burst).unwrap_or(now);
        let jumped_back = |used: SystemTime| used.duration_since(limit).is_ok_and(|ahead| ahead > CLOCK_TOLERANCE);
        let used_until = match self.used_until {
            Some(used) if !jumped_back(used) => used.max(now),
            _ => now,
        };
        match used_until.checked_add(interval) {
            Some(used) if used <= limit => {
                self.used_until = Some(used);
                true
            }
            _ => {
                self.used_until = Some(used_until);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn at(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_000_000_000 + millis)
    }

    fn taken(allowance: &mut Allowance, tries: usize, now: SystemTime) -> usize {
        (0..tries).filter(|_| allowance.take(now)).count()
    }

    #[test]
    fn allows_a_burst_and_then_the_average_rate() {
        let mut allowance = Allowance::new(20, 100);
        assert_eq!(taken(&mut allowance, 1000, at(0)), 100);
        assert_eq!(taken(&mut allowance, 1000, at(49)), 0);
        assert_eq!(taken(&mut allowance, 1000, at(50)), 1);
        assert_eq!(taken(&mut allowance, 1000, at(1050)), 20);
        assert_eq!(taken(&mut allowance, 1000, at(3_600_000)), 100);
    }

    #[test]
    fn may_allow_nothing_at_all() {
        assert_eq!(taken(&mut Allowance::new(0, 100), 10, at(0)), 0);
        assert_eq!(taken(&mut Allowance::new(20, 0), 10, at(0)), 0);
        assert_eq!(taken(&mut Allowance::new(u32::MAX, u32::MAX), 10, at(0)), 10);
    }

    #[test]
    fn a_clock_that_jumps_back_neither_blocks_it_nor_opens_it() {
        let mut allowance = Allowance::new(20, 100);
        assert_eq!(taken(&mut allowance, 1000, at(3_600_000)), 100);
        assert_eq!(taken(&mut allowance, 1000, at(3_600_000 - 4_000)), 0, "a small step back earns nothing");
        assert_eq!(taken(&mut allowance, 1000, at(0)), 100, "after a jump it counts anew");
    }
}
