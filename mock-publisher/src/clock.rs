//! Time as it is stored and shown, and the publisher's own clock.
//!
//! What happens in the publisher has the time of its [`Clock`], which a tester can stop and set. What is about the real world
//! has the real time: how long an attempt took, when it began, and, unless the clock signs, the `Date` of a request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub(crate) type Millis = i64;

/// The first and the last time that a clock shows: what has a year of four digits in every time zone.
const FIRST: Millis = 0;
const LAST: Millis = 253_402_207_200_000;

/// What time it really is.
pub(crate) fn real_now() -> Millis {
    millis(SystemTime::now())
}

pub(crate) fn millis(time: SystemTime) -> Millis {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since_epoch.as_millis()).unwrap_or(Millis::MAX)
}

/// `YYYY-MM-DD HH:MM:SS`. Assumption: in UTC; the platform does not document its time zone here.
pub(crate) fn stamp(millis: Millis) -> String {
    let stamp = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// What time it is in a publisher. It shows the real time until somebody adjusts it. Cheap to clone; all clones are one clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock(Arc<Mutex<Setting>>);

#[derive(Debug, Clone, Copy, Default)]
struct Setting {
    hand: Hand,
    signs: bool,
}

/// What a clock shows.
#[derive(Debug, Clone, Copy)]
enum Hand {
    /// So much later than it really is.
    Moves {
        offset: Millis,
    },
    Stands {
        at: Millis,
    },
}

impl Default for Hand {
    fn default() -> Self {
        Self::Moves { offset: 0 }
    }
}

/// What is to be different about a clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Adjustment {
    pub(crate) now: Option<Now>,
    /// Whether it stands still.
    pub(crate) frozen: Option<bool>,
    /// Whether signed requests have its time.
    pub(crate) signs: Option<bool>,
}

/// What time a clock is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Now {
    /// The real one, from now on.
    Real,
    /// This one; a clock that moves goes on from there.
    At(Millis),
}

/// A clock as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) now: Millis,
    /// How much later that is than it really is.
    pub(crate) offset: Millis,
    pub(crate) frozen: bool,
    pub(crate) signs: bool,
}

/// A clock cannot show that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time from 1970-01-01T00:00:00Z to 9999-12-30T22:00:00Z")]
pub(crate) struct OutOfRange;

impl Clock {
    pub(crate) fn now(&self) -> Millis {
        self.reading().now
    }

    pub(crate) fn reading(&self) -> Reading {
        self.setting().reading(real_now())
    }

    /// Does all of an adjustment at once, or nothing.
    pub(crate) fn adjust(&self, adjustment: Adjustment) -> Result<Reading, OutOfRange> {
        self.change(|hand, real| {
            let hand = match adjustment.now {
                None => hand,
                Some(Now::Real) => Hand::default(),
                Some(Now::At(time)) => hand.set(time, real)?,
            };
            let shown = hand.shows(real);
            let hand = match adjustment.frozen {
                None => hand,
                Some(true) => Hand::Stands { at: shown },
                Some(false) => Hand::Moves { offset: shown - real },
            };
            Ok((hand, adjustment.signs))
        })
    }

    /// Makes it so much later.
    pub(crate) fn advance(&self, by: Millis) -> Result<Reading, OutOfRange> {
        self.change(|hand, real| Ok((hand.set(hand.shows(real).saturating_add(by), real)?, None)))
    }

    /// Shows the real time again, and signs nothing.
    pub(crate) fn reset(&self) {
        *self.setting() = Setting::default();
    }

    /// The date of a request that is signed at a real time. Whoever receives it judges it by a clock of their own.
    pub(crate) fn date_of_signature(&self, real: SystemTime) -> SystemTime {
        let Reading { now, signs, .. } = self.setting().reading(millis(real));
        if signs { UNIX_EPOCH + Duration::from_millis(now.unsigned_abs()) } else { real }
    }

    fn change(
        &self,
        change: impl FnOnce(Hand, Millis) -> Result<(Hand, Option<bool>), OutOfRange>,
    ) -> Result<Reading, OutOfRange> {
        let (mut setting, real) = (self.setting(), real_now());
        let (hand, signs) = change(setting.hand, real)?;
        *setting = Setting { hand, signs: signs.unwrap_or(setting.signs) };
        Ok(setting.reading(real))
    }

    fn setting(&self) -> MutexGuard<'_, Setting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Setting {
    fn reading(self, real: Millis) -> Reading {
        let now = self.hand.shows(real);
        Reading { now, offset: now - real, frozen: matches!(self.hand, Hand::Stands { .. }), signs: self.signs }
    }
}

impl Hand {
    /// What it shows when it really is such a time. One that moves stops at the end of all time.
    fn shows(self, real: Millis) -> Millis {
        match self {
            Self::Moves { offset } => (real + offset).clamp(FIRST, LAST),
            Self::Stands { at } => at,
        }
    }

    /// The same, but that it shows another time now.
    fn set(self, time: Millis, real: Millis) -> Result<Self, OutOfRange> {
        if !(FIRST..=LAST).contains(&time) {
            return Err(OutOfRange);
        }
        Ok(match self {
            Self::Moves { .. } => Self::Moves { offset: time - real },
            Self::Stands { .. } => Self::Stands { at: time },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = 86_400_000;

    fn set(now: Now) -> Adjustment {
        Adjustment { now: Some(now), ..Adjustment::default() }
    }

    fn frozen(frozen: bool) -> Adjustment {
        Adjustment { frozen: Some(frozen), ..Adjustment::default() }
    }

    /// Waits until it really is later.
    fn pause() {
        let begun = real_now();
        while real_now() <= begun {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_clock_shows_the_real_time_until_it_is_adjusted() {
        let clock = Clock::default();
        let (before, shown, after) = (real_now(), clock.now(), real_now());
        assert!((before..=after).contains(&shown));
        let Reading { offset, frozen, signs, .. } = clock.reading();
        assert_eq!((offset, frozen, signs), (0, false, false));
    }

    #[test]
    fn a_frozen_clock_stands_still_and_goes_on_from_there() {
        let clock = Clock::default();
        let at = clock.adjust(frozen(true)).unwrap().now;
        pause();
        assert_eq!(clock.now(), at);
        assert_eq!(clock.advance(DAY).unwrap().now, at + DAY);
        assert_eq!(clock.adjust(set(Now::At(1000))).unwrap().now, 1000);
        let shown = clock.reading();
        assert!(shown.frozen && shown.now == 1000 && (shown.now - shown.offset - real_now()).abs() < DAY);
        let thawed = clock.adjust(frozen(false)).unwrap();
        assert!(!thawed.frozen && thawed.now == 1000);
        pause();
        assert!((1001..1000 + DAY).contains(&clock.now()));
    }

    #[test]
    fn a_clock_that_moves_can_be_set_back_and_advanced_and_all_clones_are_one() {
        let clock = Clock::default();
        assert_eq!(clock.adjust(set(Now::At(1000))).unwrap().now, 1000);
        pause();
        let clone = clock.clone();
        assert!((1001..1000 + DAY).contains(&clone.now()));
        assert!((1001 + DAY..1000 + 2 * DAY).contains(&clone.advance(DAY).unwrap().now));
        assert!(clock.now() > DAY);
        let reading = clock.adjust(set(Now::Real)).unwrap();
        assert_eq!((reading.offset, reading.frozen), (0, false));
    }

    #[test]
    fn an_adjustment_happens_at_once_and_leaves_what_it_does_not_mention() {
        let clock = Clock::default();
        let all = Adjustment { now: Some(Now::At(5000)), frozen: Some(true), signs: Some(true) };
        let Reading { now, frozen: stands, signs, .. } = clock.adjust(all).unwrap();
        assert_eq!((now, stands, signs), (5000, true, true));
        assert_eq!(clock.now(), 5000);
        assert!(clock.adjust(Adjustment::default()).unwrap().frozen);
        assert!(clock.adjust(set(Now::At(6000))).unwrap().frozen);
        // The real time moves, unless it is stopped in the same breath.
        let real = clock.adjust(Adjustment { frozen: Some(true), ..set(Now::Real) }).unwrap();
        assert!(real.frozen && real.offset == 0 && real.signs);
        assert!(!clock.adjust(set(Now::Real)).unwrap().frozen);
    }

    #[test]
    fn what_lies_beyond_the_calendar_is_refused_and_changes_nothing() {
        for stands in [true, false] {
            let clock = Clock::default();
            clock.adjust(Adjustment { frozen: Some(stands), ..set(Now::At(LAST - DAY)) }).unwrap();
            for beyond in [-1, LAST + 1, Millis::MIN, Millis::MAX] {
                let whole = Adjustment { now: Some(Now::At(beyond)), frozen: Some(!stands), signs: Some(true) };
                assert_eq!(clock.adjust(whole), Err(OutOfRange), "{beyond}");
            }
            for by in [2 * DAY, Millis::MAX] {
                assert_eq!(clock.advance(by), Err(OutOfRange), "{by}");
            }
            let reading = clock.reading();
            assert!((LAST - DAY..LAST).contains(&reading.now) && reading.frozen == stands && !reading.signs);
        }
        assert_eq!(stamp(FIRST), "1970-01-01 00:00:00");
        assert_eq!(stamp(LAST), "9999-12-30 22:00:00");
    }

    #[test]
    fn a_clock_that_moves_stops_at_the_last_time_and_can_still_be_adjusted() {
        let clock = Clock::default();
        clock.adjust(set(Now::At(LAST))).unwrap();
        pause();
        assert_eq!(clock.now(), LAST);
        assert!(clock.adjust(Adjustment { signs: Some(true), ..Adjustment::default() }).unwrap().signs);
        assert_eq!(clock.adjust(frozen(true)).unwrap().now, LAST);
    }

    #[test]
    fn requests_are_signed_by_the_real_time_unless_the_clock_signs() {
        let clock = Clock::default();
        let real = SystemTime::now();
        clock.adjust(Adjustment { frozen: Some(true), ..set(Now::At(1500)) }).unwrap();
        assert_eq!(clock.date_of_signature(real), real);
        clock.adjust(Adjustment { signs: Some(true), ..Adjustment::default() }).unwrap();
        assert_eq!(clock.date_of_signature(real), UNIX_EPOCH + Duration::from_millis(1500));
    }
}
