//! Keys that take over by the publisher's clock.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::{Mutex, watch};

use super::{Bits, Keyring, KeyringError, Rotation};
use crate::clock::{Clock, Millis};
use crate::terms::duration;

/// When keys take over. Assumption: the platform says that it rotates its keys, and not when; here it does not by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Calendar {
    #[default]
    Never,
    /// When a month begins, in UTC.
    Monthly,
    /// So long after the one before, in milliseconds.
    Every(Millis),
}

/// The text is no calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `none`, `monthly`, or a time from `1m` to `10000d` such as `every:30d`")]
pub(crate) struct CalendarError;

const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(10_000 * 86_400);

impl FromStr for Calendar {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        match text {
            "none" => Ok(Self::Never),
            "monthly" => Ok(Self::Monthly),
            _ => {
                let period = text.strip_prefix("every:").and_then(duration).ok_or(CalendarError)?;
                let within = (SHORTEST..=LONGEST).contains(&period);
                let millis = Millis::try_from(period.as_millis()).map_err(|_| CalendarError)?;
                if within { Ok(Self::Every(millis)) } else { Err(CalendarError) }
            }
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("none"),
            Self::Monthly => f.write_str("monthly"),
            Self::Every(millis) => write!(f, "every:{}ms", millis),
        }
    }
}

impl Calendar {
    /// When the key takes over that comes after one that was made at a time; `None` for never.
    fn after(self, made: Millis) -> Option<Millis> {
        match self {
            Self::Never => None,
            Self::Every(period) => made.checked_add(period),
            Self::Monthly => {
                let date = Timestamp::from_millisecond(made).ok()?.to_zoned_datetime(TimeZone::UTC).date();
                let (year, month) =
                    if date.month() == 12 { (date.year() + 1, 1) } else { (date.year(), date.month() + 1) };
                let first = Date::new(year, month, 1).ok()?;
                Some(first.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp().as_millisecond())
            }
        }
    }

    /// When keys take over from then until now, of which the last ones matter, those before them being gone from DNS again.
    fn due(self, made: Millis, now: Millis, overlap: Option<Millis>) -> Vec<Millis> {
        let all = std::iter::successors(self.after(made), |last| self.after(*last)).take_while(|due| *due <= now);
        let mut due: Vec<Millis> = all.take(MOST).collect();
        // One is gone if its successor's successor has been there for longer than the overlap.
        let is_gone = |successor: &Millis| overlap.is_some_and(|overlap| successor.saturating_add(overlap) <= now);
        let gone = due.iter().skip(1).take_while(|successor| is_gone(successor)).count();
        due.drain(..gone);
        due
    }
}

/// How many keys take over in one jump of the clock.
const MOST: usize = 1000;

/// How keys take over by themselves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) calendar: Calendar,
    pub(crate) bits: Bits,
    pub(crate) overlap: Option<Millis>,
    pub(crate) publish_after: Millis,
}

/// How often the clock is looked at, which goes on by itself.
const LOOK: Duration = Duration::from_millis(50);

/// How long it is left alone when no other key could be made, or be kept.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Lets keys take over by a clock. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Rotator(Arc<Inner>);

struct Inner {
    keyring: Keyring,
    clock: Clock,
    plan: Plan,
    /// Held by whoever lets keys take over: the same key is not to be made twice.
    turn: Mutex<()>,
}

impl Rotator {
    pub(crate) fn new(keyring: Keyring, clock: Clock, plan: Plan) -> Self {
        Self(Arc::new(Inner { keyring, clock, plan, turn: Mutex::default() }))
    }

    /// Lets those keys take over that are due by now, or until `stop` is true.
    pub(crate) async fn catch_up(&self, stop: &watch::Receiver<bool>) -> Result<(), KeyringError> {
        let Inner { keyring, clock, plan, turn } = &*self.0;
        let _turn = turn.lock().await;
        for due in plan.calendar.due(keyring.signing_since(), clock.now(), plan.overlap) {
            if *stop.borrow() {
                break;
            }
            let rotation =
                Rotation { bits: plan.bits, overlap: plan.overlap, publish_after: plan.publish_after, selector: None };
            keyring.rotate(rotation, due).await?;
        }
        Ok(())
    }

    /// Looks at the clock until `stop` is true.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        if self.0.plan.calendar == Calendar::Never {
            return;
        }
        while !*stop.borrow() {
            let pause = match self.catch_up(&stop).await {
                Ok(()) => LOOK,
                Err(error) => {
                    tracing::error!(%error, "no other key could take over");
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn months_begin_in_utc_and_years_end() {
        let after = |text| Calendar::Monthly.after(at(text)).unwrap();
        assert_eq!(after("2026-11-26T12:00:00Z"), at("2026-12-01T00:00:00Z"));
        assert_eq!(after("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        assert_eq!(Calendar::Never.after(0), None);
    }

    #[test]
    fn of_a_long_jump_only_those_keys_are_made_that_can_still_be_seen() {
        let day = 86_400_000;
        let every = Calendar::Every(30 * day);
        assert!(every.due(0, 29 * day, Some(day)).is_empty());
        assert_eq!(every.due(0, 365 * day, None).len(), 12);
        assert_eq!(every.due(0, 365 * day, Some(0)), [360 * day]);
        // The one before the last is in DNS for seven days more.
        assert_eq!(every.due(0, 365 * day, Some(7 * day)), [330 * day, 360 * day]);
    }

    #[test]
    fn a_calendar_is_read_strictly() {
        assert_eq!("every:30d".parse(), Ok(Calendar::Every(30 * 86_400_000)));
        for text in ["", "weekly", "every:", "every:1s", "every:20000d", "30d"] {
            assert_eq!(text.parse::<Calendar>(), Err(CalendarError), "{text}");
        }
    }
}
