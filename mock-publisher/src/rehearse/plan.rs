//! What is sent when: a mix of actions, and a schedule that does not wait for anybody.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::platform::{Action, Id};

/// How often each action comes, in proportion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mix {
    create: u32,
    update: u32,
    delete: u32,
}

/// The text is no mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected proportions such as `create=8,update=1,delete=1`, each from 0 to 1000, some creations, and no more deletions than \
     those"
)]
pub(crate) struct MixError;

impl Default for Mix {
    fn default() -> Self {
        Self { create: 8, update: 1, delete: 1 }
    }
}

impl FromStr for Mix {
    type Err = MixError;

    fn from_str(text: &str) -> Result<Self, MixError> {
        let mut parts = [None; 3];
        for part in text.split(',') {
            let (name, number) = part.trim().split_once('=').ok_or(MixError)?;
            let action = Action::from_name(name.trim()).ok_or(MixError)?;
            let number: u32 = number.trim().parse().ok().filter(|number| *number <= 1000).ok_or(MixError)?;
            if parts[action as usize].replace(number).is_some() {
                return Err(MixError);
            }
        }
        let [create, update, delete] = parts.map(Option::unwrap_or_default);
        // Nobody can be updated or removed who was not created.
        if create == 0 || delete > create { Err(MixError) } else { Ok(Self { create, update, delete }) }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { create, update, delete } = self;
        write!(f, "create={create},update={update},delete={delete}")
    }
}

/// Who is created, updated and removed, one after the other, as the mix says. Those that were removed are not told of again.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    mix: Mix,
    nth: u64,
    /// All below were removed.
    first: Id,
    /// All from here on do not exist yet.
    next: Id,
    /// Who was updated last.
    updated: Id,
}

impl Cast {
    /// The first one who is created has this number.
    pub(super) const fn new(mix: Mix, first: Id) -> Self {
        Self { mix, nth: 0, first, next: first, updated: first }
    }

    /// The action of the nth callback: creations are spread evenly over each round of the mix.
    fn wanted(&self) -> Action {
        let Mix { create, update, delete } = self.mix;
        let whole = u64::from(create + update + delete);
        let (place, others) = (self.nth % whole, u64::from(update + delete));
        // Bresenham's line: whether the share of the others grows by one here.
        let grown = |place: u64| place * others / whole;
        if grown(place + 1) == grown(place) {
            Action::Create
        } else if grown(place) < u64::from(update) {
            Action::Update
        } else {
            Action::Delete
        }
    }
}

impl Iterator for Cast {
    type Item = (Action, Id);

    fn next(&mut self) -> Option<(Action, Id)> {
        let wanted = self.wanted();
        self.nth += 1;
        let is_there = self.first < self.next;
        Some(match wanted {
            // One after the other, so that one profile is not told of twice in a row.
            Action::Update if is_there => {
                self.updated =
                    if (self.first..self.next - 1).contains(&self.updated) { self.updated + 1 } else { self.first };
                (Action::Update, self.updated)
            }
            Action::Delete if is_there => {
                self.first += 1;
                (Action::Delete, self.first - 1)
            }
            _ => {
                self.next += 1;
                (Action::Create, self.next - 1)
            }
        })
    }
}

/// When each callback is due, from the beginning on: at a rate that is reached after a while.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrivals {
    /// Callbacks per second.
    pub(super) rate: f64,
    /// How long the rate grows evenly from nothing.
    pub(super) ramp: Duration,
}

impl Arrivals {
    /// When the nth is due, counted from 0.
    pub(super) fn at(&self, nth: u64) -> Duration {
        let (nth, ramp) = (nth as f64, self.ramp.as_secs_f64());
        // While it grows, rate * t^2 / (2 * ramp) have come after t seconds.
        let in_ramp = self.rate * ramp / 2.0;
        let seconds =
            if nth < in_ramp { (2.0 * ramp * nth / self.rate).sqrt() } else { ramp + (nth - in_ramp) / self.rate };
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_kept_and_nobody_is_told_of_who_is_not_there() {
        let cast = Cast::new("create=8,update=1,delete=1".parse().unwrap(), 7);
        let told: Vec<_> = cast.take(1000).collect();
        let count = |action| told.iter().filter(|(found, _)| *found == action).count();
        assert_eq!([count(Action::Create), count(Action::Update), count(Action::Delete)], [800, 100, 100]);
        let mut there = std::collections::BTreeSet::new();
        for (action, id) in told {
            match action {
                Action::Create => assert!(there.insert(id), "{id} twice"),
                Action::Update => assert!(there.contains(&id), "{id} is not there"),
                Action::Delete => assert!(there.remove(&id), "{id} is not there"),
            }
        }
    }

    #[test]
    fn a_mix_is_read_strictly() {
        assert_eq!("create=8, update=1".parse::<Mix>().unwrap().to_string(), "create=8,update=1,delete=0");
        for text in [
            "",
            "create",
            "create=0,update=1",
            "update=1",
            "create=1,create=2",
            "create=-1",
            "create=1001",
            "make=1",
            "create=1,delete=2",
        ] {
            assert_eq!(text.parse::<Mix>(), Err(MixError), "{text}");
        }
    }

    #[test]
    fn a_rate_is_reached_by_and_by_and_then_kept() {
        let steady = Arrivals { rate: 100.0, ramp: Duration::ZERO };
        assert_eq!((steady.at(0), steady.at(50)), (Duration::ZERO, Duration::from_millis(500)));
        let growing = Arrivals { rate: 100.0, ramp: Duration::from_secs(2) };
        assert_eq!((growing.at(25), growing.at(100)), (Duration::from_secs(1), Duration::from_secs(2)));
        assert_eq!(growing.at(200), Duration::from_secs(3));
        assert!((0..300).all(|nth| growing.at(nth) <= growing.at(nth + 1)));
    }
}
