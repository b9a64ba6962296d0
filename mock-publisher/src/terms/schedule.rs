//! When a delivery that failed is attempted again.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How long to wait before each further attempt. The platform documents no retries, so by default there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    pauses: Vec<Duration>,
    /// By how many percent a pause is made longer at most, so that what failed together is not repeated together.
    jitter: u8,
}

/// The text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `none`, `standard`, or `fixed:` and pauses such as `fixed:5s,1m,2h`")]
pub(crate) struct ScheduleError;

/// The first attempt is made at once; these are the pauses before the second and all that follow.
const STANDARD: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(5 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
];
const JITTER: u8 = 10;

/// How many pauses there can be, and how long each.
const MOST: usize = 100;
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a receiver asks for by `Retry-After` counts up to here.
const LONGEST_WISH: Duration = Duration::from_secs(24 * 60 * 60);

impl Schedule {
    pub(crate) fn standard() -> Self {
        Self { pauses: STANDARD.to_vec(), jitter: JITTER }
    }

    /// How many attempts there are.
    pub(crate) fn in_words(&self) -> String {
        match self.pauses.len() {
            0 => "one attempt".to_owned(),
            pauses => format!("at most {} attempts", pauses + 1),
        }
    }

    /// How long to wait after the attempt with this number, counted from 1; `None` if it was the last one. `chance` is from 0
    /// to 1; `wish` is what the receiver asks for, which makes a pause longer and never shorter.
    pub(crate) fn pause_after(&self, attempt: u32, chance: f64, wish: Option<Duration>) -> Option<Duration> {
        let index = usize::try_from(attempt).ok()?.checked_sub(1)?;
        let pause = self.pauses.get(index)?.mul_f64(1.0 + f64::from(self.jitter) / 100.0 * chance.clamp(0.0, 1.0));
        Some(pause.max(wish.unwrap_or_default().min(LONGEST_WISH)))
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        match text {
            "none" => Ok(Self::default()),
            "standard" => Ok(Self::standard()),
            _ => {
                let pauses = text.strip_prefix("fixed:").ok_or(ScheduleError)?.split(',');
                let pauses = pauses.map(pause).collect::<Option<Vec<_>>>().ok_or(ScheduleError)?;
                if pauses.len() > MOST { Err(ScheduleError) } else { Ok(Self { pauses, jitter: 0 }) }
            }
        }
    }
}

fn pause(text: &str) -> Option<Duration> {
    duration(text).filter(|pause| *pause <= LONGEST)
}

/// A whole number and its unit: `ms`, `s`, `m`, `h` or `d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(milliseconds)?))
}

/// As it is read.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pauses.is_empty() {
            return f.write_str("none");
        }
        if *self == Self::standard() {
            return f.write_str("standard");
        }
        for (index, pause) in self.pauses.iter().enumerate() {
            let (mark, milliseconds) = (if index == 0 { "fixed:" } else { "," }, pause.as_millis());
            match milliseconds % 1000 {
                0 => write!(f, "{mark}{}s", milliseconds / 1000)?,
                _ => write!(f, "{mark}{milliseconds}ms")?,
            }
        }
        Ok(())
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(text: &str) -> Schedule {
        text.parse().unwrap()
    }

    #[test]
    fn reads_what_it_writes() {
        for text in ["none", "standard", "fixed:5s", "fixed:250ms,5s,0s", "fixed:3600s"] {
            assert_eq!(schedule(text).to_string(), text);
        }
        assert_eq!(schedule("fixed:1m,2h,1d").to_string(), "fixed:60s,7200s,86400s");
        for text in ["", "None", "fixed", "fixed:", "fixed:5", "fixed:5s,", "fixed:-5s", "fixed:5 s", "fixed:31d", "5s"]
        {
            assert_eq!(text.parse::<Schedule>(), Err(ScheduleError), "{text}");
        }
        assert!(format!("fixed:{}", ["1s"; 101].join(",")).parse::<Schedule>().is_err());
        assert!("fixed:99999999999999999999s".parse::<Schedule>().is_err());
        assert!("fixed:9999999999999999999d".parse::<Schedule>().is_err());
    }

    #[test]
    fn each_attempt_but_the_last_has_a_pause_behind_it() {
        let pauses = |schedule: Schedule, chance| -> Vec<_> {
            (1..9)
                .map_while(|attempt| schedule.pause_after(attempt, chance, None))
                .map(|pause| pause.as_secs())
                .collect()
        };
        assert!(pauses(schedule("none"), 0.0).is_empty());
        assert_eq!(pauses(schedule("fixed:1s,2s"), 1.0), [1, 2]);
        assert_eq!(pauses(schedule("standard"), 0.0), [5, 300, 1800, 7200, 18_000, 36_000]);
        assert_eq!(pauses(schedule("standard"), 1.0), [5, 330, 1980, 7920, 19_800, 39_600]);
        assert_eq!(schedule("standard").pause_after(0, 0.0, None), None);
    }

    #[test]
    fn a_receiver_can_ask_for_a_longer_pause_and_not_for_a_shorter_one() {
        let after = |wish| schedule("fixed:5s").pause_after(1, 0.0, Some(Duration::from_secs(wish))).unwrap().as_secs();
        assert_eq!((after(1), after(60), after(1_000_000)), (5, 60, 86_400));
        assert_eq!(schedule("none").pause_after(1, 0.0, Some(Duration::from_secs(1))), None);
    }
}
