use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::platform::Id;
use crate::store::{Lane, Share};
use crate::terms::{Rate, Terms};

/// How many attempts run at the same time.
const MAX_ATTEMPTS: usize = 512;
/// A callback gets one of so many parts of what is left of them, so that those of slow receivers do not take all.
const PARTS: usize = 4;

/// What happens to what is under way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// An attempt has ended. If it panicked, its lane stays closed, which beats repeating what made it panic.
    Ended(Lane),
    /// The outcome is noted, and the lane has something more to be delivered or not.
    Noted { lane: Lane, has_more: bool },
}

/// Where events are told.
pub(super) type Events = mpsc::UnboundedSender<Event>;

/// The place of an attempt, which is free when this is gone.
#[derive(Debug)]
pub(super) struct Place {
    lane: Lane,
    events: Events,
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Lane { callback, number } = self.lane;
            tracing::error!(callback, lane = number, "an attempt panicked; its delivery waits for a restart");
        }
        // At the end nobody asks any more.
        let _ = self.events.send(Event::Ended(self.lane));
    }
}

/// What is under way. A lane stays closed until the outcome is noted; the place of the attempt is free before.
#[derive(Debug, Clone, Default)]
pub(super) struct UnderWay {
    attempts: usize,
    callbacks: HashMap<Id, OfCallback>,
}

#[derive(Debug, Clone, Default)]
struct OfCallback {
    attempts: usize,
    /// The lanes whose delivery has come to no outcome that is noted.
    closed: HashSet<Id>,
    pace: Pace,
}

/// How many attempts the rate allowed at a certain time; `None` if it has never been asked.
#[derive(Debug, Clone, Default)]
struct Pace(Option<(f64, Instant)>);

/// The attempts that a rate allows are saved up for so long while none is needed or nobody looks; one always is.
const SAVED_UP: f64 = 0.02;

impl Pace {
    fn allowed(&self, rate: Rate, now: Instant) -> f64 {
        let most = (rate.per_second() * SAVED_UP).max(1.0);
        self.0.map_or(most, |(allowed, at)| {
            let since = now.saturating_duration_since(at).as_secs_f64();
            (allowed + since * rate.per_second()).min(most)
        })
    }
}

impl UnderWay {
    /// How many more attempts there may be in all.
    pub(super) fn room(&self) -> usize {
        MAX_ATTEMPTS.saturating_sub(self.attempts)
    }

    /// How much more of a callback may be under way.
    pub(super) fn share(&self, callback: Id, terms: &Terms, now: Instant) -> Share {
        let idle = OfCallback::default();
        let present = self.callbacks.get(&callback).unwrap_or(&idle);
        let (attempts, closed) = (present.attempts, present.closed.clone());
        let room = usize::from(terms.concurrency).saturating_sub(attempts).min(self.room().div_ceil(PARTS));
        let Some(rate) = terms.rate else { return Share { room, attempts, closed, wait: None } };
        let allowed = present.pace.allowed(rate, now);
        let wait = Duration::from_secs_f64((1.0 - allowed.fract()) / rate.per_second());
        Share { room: room.min(allowed as usize), attempts, closed, wait: (allowed < room as f64).then_some(wait) }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.attempts == 0
    }

    pub(super) fn begin(&mut self, lane: Lane, terms: &Terms, now: Instant, events: &Events) -> Place {
        self.attempts += 1;
        let present = self.callbacks.entry(lane.callback).or_default();
        present.attempts += 1;
        present.closed.insert(lane.number);
        present.pace = Pace(terms.rate.map(|rate| (present.pace.allowed(rate, now) - 1.0, now)));
        Place { lane, events: events.clone() }
    }

    pub(super) fn hear(&mut self, event: Event) {
        match event {
            Event::Ended(lane) => {
                self.attempts -= 1;
                self.change(lane.callback, |present| present.attempts -= 1);
            }
            Event::Noted { lane, .. } => self.change(lane.callback, |present| {
                present.closed.remove(&lane.number);
            }),
        }
    }

    /// A callback that has nothing under way any more is forgotten, unless it has a pace to keep.
    fn change(&mut self, callback: Id, change: impl FnOnce(&mut OfCallback)) {
        if let Entry::Occupied(mut present) = self.callbacks.entry(callback) {
            change(present.get_mut());
            let OfCallback { attempts, closed, pace } = present.get();
            if *attempts == 0 && closed.is_empty() && pace.0.is_none() {
                present.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(number: Id) -> Lane {
        Lane { callback: 7, number }
    }

    fn eight() -> Terms {
        Terms { concurrency: 8, ..Terms::default() }
    }

    /// Takes a place, and tells nobody when it is free.
    fn begin(under_way: &mut UnderWay, lane: Lane, terms: &Terms, now: Instant) {
        drop(under_way.begin(lane, terms, now, &mpsc::unbounded_channel().0));
    }

    #[test]
    fn an_attempt_takes_a_place_and_its_lane_is_closed_until_the_outcome_is_noted() {
        let (mut under_way, terms, now) = (UnderWay::default(), eight(), Instant::now());
        (1..=8).for_each(|number| begin(&mut under_way, lane(number), &terms, now));
        let share = |under_way: &UnderWay| under_way.share(7, &terms, now);
        assert_eq!((under_way.room(), share(&under_way).room), (MAX_ATTEMPTS - 8, 0));

        under_way.hear(Event::Ended(lane(1)));
        let after = share(&under_way);
        assert_eq!((after.room, after.closed.contains(&1)), (1, true), "the place is free, the lane is not");
        under_way.hear(Event::Noted { lane: lane(1), has_more: false });
        assert!(!share(&under_way).closed.contains(&1));

        // In whatever order the two are heard.
        (2..=8).for_each(|number| under_way.hear(Event::Noted { lane: lane(number), has_more: false }));
        (2..=8).for_each(|number| under_way.hear(Event::Ended(lane(number))));
        assert_eq!((under_way.room(), under_way.callbacks.len()), (MAX_ATTEMPTS, 0), "what is idle is forgotten");
    }

    #[test]
    fn a_place_tells_when_it_is_free() {
        let (events, mut heard) = mpsc::unbounded_channel();
        let mut under_way = UnderWay::default();
        let place = under_way.begin(lane(1), &Terms::default(), Instant::now(), &events);
        assert!(heard.try_recv().is_err() && !under_way.is_idle());
        drop(place);
        under_way.hear(heard.try_recv().unwrap());
        assert!(under_way.is_idle());
    }

    #[test]
    fn there_is_a_limit_to_all_together() {
        let (mut under_way, terms, now) = (UnderWay::default(), Terms::default(), Instant::now());
        (0..MAX_ATTEMPTS as Id).for_each(|n| begin(&mut under_way, Lane { callback: n / 8, number: n }, &terms, now));
        assert_eq!(under_way.room(), 0);
        (0..5).for_each(|number| under_way.hear(Event::Ended(Lane { callback: 0, number })));
        assert_eq!(
            (under_way.room(), under_way.share(9999, &terms, now).room),
            (5, 2),
            "nobody takes all that is left"
        );
    }

    #[test]
    fn a_rate_lets_one_begin_after_the_other_and_saves_little_up() {
        let (mut under_way, now) = (UnderWay::default(), Instant::now());
        let terms = Terms { rate: Rate::new(4.0), ..eight() };
        let share = |under_way: &UnderWay, after| {
            let share = under_way.share(7, &terms, now + Duration::from_millis(after));
            (share.room, share.wait.map(|wait| wait.as_millis()))
        };
        assert_eq!(share(&under_way, 0), (1, Some(250)), "the first one at once");
        begin(&mut under_way, lane(1), &terms, now);
        assert_eq!((share(&under_way, 0), share(&under_way, 200)), ((0, Some(250)), (0, Some(50))));
        under_way.hear(Event::Ended(lane(1)));
        under_way.hear(Event::Noted { lane: lane(1), has_more: false });
        assert_eq!(share(&under_way, 0).0, 0, "an idle callback keeps its pace");
        assert_eq!(share(&under_way, 60_000).0, 1);

        let terms = Terms { rate: Rate::new(1000.0), ..terms };
        assert_eq!(under_way.share(7, &terms, now + Duration::from_secs(60)).room, 8, "no more than may be under way");
    }
}
