use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

/// So many attempts in a second: more than none, and at most [`Rate::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Rate(f64);

impl Rate {
    const MOST: f64 = 100_000.0;

    pub(crate) fn new(per_second: f64) -> Option<Self> {
        (0.001..=Self::MOST).contains(&per_second).then_some(Self(per_second))
    }

    pub(crate) const fn per_second(self) -> f64 {
        self.0
    }
}

/// The number is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected attempts per second, from 0.001 to 100000")]
pub(crate) struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        text.parse().ok().and_then(Self::new).ok_or(RateError)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).ok_or_else(|| de::Error::custom(RateError))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_within_bounds() {
        assert_eq!("2.5".parse::<Rate>().unwrap().per_second(), 2.5);
        for text in ["", "0", "-1", "NaN", "inf", "100001", "1/s", "0.0009"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError), "{text}");
        }
    }
}
