//! Whether a queue grew while a stage ran.
//!
//! A receiver that is offered more than it does falls behind by the same time in every second, so that each callback waits longer
//! than those before it. Its latency as such says nothing: one that takes 0 to 0.4 s for its answers, as it happens, has no queue.
//! So what is told apart is whether the latencies grow from the beginning to the end, and by more than they scatter.

use std::time::Duration;

/// How many callbacks are looked at, at most: of more than that every second one, every fourth, and so on.
const MOST: usize = 8192;
/// From how many callbacks something can be told.
pub(super) const FEWEST: usize = 20;
/// How many groups of callbacks, one after the other, are compared by their medians. A short stall is in one or two of them.
const GROUPS: usize = 10;
/// Of the 45 pairs of groups, how many more must grow than shrink (Kendall's S). Latencies that only scatter come to that once in a
/// hundred times.
const GROWS: i32 = 27;
/// The share of the growth that each half must have by itself: what grows from one half to the other only has risen once.
const IN_EACH_HALF: f64 = 0.25;
/// Less growth than that is none, in seconds per second.
const LEAST: f64 = 0.01;

/// How one callback went.
#[derive(Debug, Clone, Copy)]
pub(super) struct One {
    pub(super) due: Duration,
    /// From when it was due.
    pub(super) latency: Duration,
    /// From when it was sent.
    pub(super) answered_in: Duration,
    /// How many others were under way when it was due.
    pub(super) others: usize,
}

/// Callbacks of a stage, evenly spread over all of them.
pub(super) struct Sample {
    every: u64,
    kept: Vec<(u64, One)>,
}

impl Sample {
    pub(super) const fn new() -> Self {
        Self { every: 1, kept: Vec::new() }
    }

    /// Notes the nth callback. They may come in any order.
    pub(super) fn add(&mut self, nth: u64, one: One) {
        if !nth.is_multiple_of(self.every) {
            return;
        }
        if self.kept.len() == MOST {
            self.every *= 2;
            self.kept.retain(|(nth, _)| nth.is_multiple_of(self.every));
            return self.add(nth, one);
        }
        self.kept.push((nth, one));
    }

    /// By how many seconds the latency grew in each second: the share by which more is offered than is done.
    pub(super) fn growth(&mut self) -> f64 {
        if self.kept.len() < FEWEST {
            return 0.0;
        }
        self.kept.sort_unstable_by_key(|(nth, _)| *nth);
        let bounds = |group: usize| self.kept.len() * group / GROUPS;
        let groups: Vec<(f64, f64)> = (0..GROUPS)
            .map(|group| {
                let members = &self.kept[bounds(group)..bounds(group + 1)];
                let of =
                    |figure: fn(&One) -> Duration| median(members.iter().map(|(_, one)| figure(one).as_secs_f64()));
                (of(|one| one.due), of(|one| one.latency))
            })
            .collect();
        let (first, second) = groups.split_at(GROUPS / 2);
        let growth = slope(&groups);
        let is_steady = [first, second].iter().all(|half| slope(half) >= growth * IN_EACH_HALF);
        if growing(&groups) >= GROWS && is_steady && growth >= LEAST { growth } else { 0.0 }
    }

    /// Whether callbacks waited for a place because there are so few, and not because the receiver was busy: it answered hardly later
    /// than while less than half of the places were in use, and each within a time that may be.
    pub(super) fn is_short_of(&self, places: usize, limit: Duration) -> bool {
        let answered_in = |is_one: &dyn Fn(&One) -> bool| {
            let chosen = self.kept.iter().filter(|(_, one)| is_one(one));
            chosen.map(|(_, one)| one.answered_in.as_secs_f64()).collect::<Vec<_>>()
        };
        let crowded = answered_in(&|one| one.others >= places);
        let alone = answered_in(&|one| one.others * 2 < places);
        let too_late = crowded.iter().filter(|time| **time > limit.as_secs_f64()).count();
        crowded.len() * 20 > self.kept.len()
            && too_late * 100 <= crowded.len()
            && median(crowded.into_iter()) < SAME * median(alone.into_iter())
    }
}

/// How much later an answer may be and still be no later, as far as anybody can tell.
const SAME: f64 = 1.5;

/// Each two groups, the earlier one first.
fn pairs(groups: &[(f64, f64)]) -> impl Iterator<Item = ((f64, f64), (f64, f64))> {
    groups.iter().enumerate().flat_map(|(nth, before)| groups[nth + 1..].iter().map(|after| (*before, *after)))
}

/// The median of the slopes of all pairs (Theil and Sen), which is not led astray by a group that fared worse than the others.
fn slope(groups: &[(f64, f64)]) -> f64 {
    median(pairs(groups).map(|(before, after)| (after.1 - before.1) / (after.0 - before.0).max(1e-6)))
}

/// How many more pairs grow than shrink.
fn growing(groups: &[(f64, f64)]) -> i32 {
    pairs(groups).map(|(before, after)| i32::from(after.1 > before.1) - i32::from(after.1 < before.1)).sum()
}

/// The middle one, 0 of none.
fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.collect();
    let middle = numbers.len() / 2;
    if numbers.is_empty() { 0.0 } else { *numbers.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

    use super::*;

    /// Anything from 0 to 1, the same each time.
    fn scattered(seed: u64, nth: u64) -> f64 {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((seed, nth));
        (hash >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A stage of so many callbacks, so many in a second, with a latency for each.
    fn stage(count: u64, rate: f64, latency: impl Fn(u64, f64) -> f64) -> Sample {
        let mut sample = Sample::new();
        for nth in 0..count {
            let due = nth as f64 / rate;
            let latency = Duration::from_secs_f64(latency(nth, due));
            let due = Duration::from_secs_f64(due);
            sample.add(nth, One { due, latency, answered_in: latency, others: 0 });
        }
        sample
    }

    #[test]
    fn a_queue_that_grows_is_told_and_by_how_much() {
        for (rate, capacity, seconds) in
            [(132.0, 120.0, 2.0), (400.0, 229.0, 5.0), (50.0, 47.0, 5.0), (5000.0, 100.0, 9.0)]
        {
            let late = |nth, due| due * (rate / capacity - 1.0) + scattered(1, nth) * 0.01;
            let growth = stage((rate * seconds) as u64, rate, late).growth();
            let found = rate / (1.0 + growth);
            assert!((found / capacity - 1.0).abs() < 0.01, "{found} of {capacity}");
        }
    }

    /// A tenth more than can be done, by a receiver that takes anything up to 0.3 s besides.
    #[test]
    fn a_queue_is_told_though_latencies_scatter() {
        let told = |seconds: f64, growth: f64| {
            let late = |seed| move |nth, due| due * growth + scattered(seed, nth) * 0.3;
            (0..200).filter(|seed| stage((133.0 * seconds) as u64, 133.0, late(*seed)).growth() > 0.0).count()
        };
        assert!(told(2.0, 0.11) >= 180, "{}", told(2.0, 0.11));
        assert!(told(4.0, 0.11) == 200 && told(5.0, 0.05) >= 190, "{} {}", told(4.0, 0.11), told(5.0, 0.05));
    }

    #[test]
    fn latencies_that_scatter_are_no_queue() {
        let mut alarms = 0;
        for seed in 0..400 {
            for (rate, seconds) in [(50.0, 1.0), (50.0, 5.0), (1000.0, 1.0), (20.0, 1.0)] {
                let growth = stage((rate * seconds) as u64, rate, |nth, _| scattered(seed, nth) * 0.4).growth();
                alarms += u32::from(growth > 0.0);
            }
        }
        assert!(alarms <= 12, "{alarms} of 1600 stages");
    }

    /// Garbage is collected, a disk is flushed: what stops for a moment and catches up again keeps up.
    #[test]
    fn a_stall_is_no_queue_wherever_it_comes() {
        for begins in [0.0, 2.0, 4.6] {
            let stalls = |_, due: f64| 0.002 + if due >= begins { (begins + 0.4 - due).max(0.0) } else { 0.0 };
            assert_eq!(stage(1000, 200.0, stalls).growth(), 0.0, "at {begins}");
        }
        assert_eq!(stage(100, 1.0, |_, due| 0.01 + due * 0.001).growth(), 0.0, "a little slower in the course of time");
        assert_eq!(stage(19, 10.0, |_, due| due).growth(), 0.0, "too few");
    }

    #[test]
    fn what_has_risen_once_does_not_grow() {
        let mut alarms = 0;
        for seed in 0..200 {
            let rises = |nth, due| if due < 0.5 { 0.005 } else { 0.3 } + scattered(seed, nth) * 0.01;
            alarms += u32::from(stage(100, 100.0, rises).growth() > 0.0);
        }
        assert!(alarms <= 20, "{alarms} of 200 stages");
    }

    #[test]
    fn of_many_an_even_sample_is_kept_in_any_order() {
        let one = One { due: Duration::ZERO, latency: Duration::ZERO, answered_in: Duration::ZERO, others: 0 };
        let mut sample = Sample::new();
        (0..100_000).rev().for_each(|nth| sample.add(nth, one));
        assert!((MOST / 2..=MOST).contains(&sample.kept.len()), "{}", sample.kept.len());
        assert!(sample.kept.windows(2).all(|two| two[0].0 - two[1].0 == sample.every), "every {}", sample.every);
    }

    #[test]
    fn places_are_too_few_if_the_receiver_answers_as_before() {
        let sample = |busy_for: f64| {
            let mut sample = Sample::new();
            for nth in 0..100 {
                let is_crowded = nth >= 20;
                let seconds = if is_crowded { busy_for } else { 0.5 };
                let answered_in = Duration::from_secs_f64(seconds);
                let others = if is_crowded { 8 } else { 1 };
                sample.add(nth, One { due: Duration::ZERO, latency: answered_in, answered_in, others });
            }
            sample
        };
        let second = Duration::from_secs(1);
        assert!(sample(0.6).is_short_of(8, second));
        assert!(!sample(0.6).is_short_of(9, second), "nothing waited");
        assert!(!sample(2.0).is_short_of(8, Duration::from_secs(3)), "it is the receiver that is busy");
        assert!(!sample(0.6).is_short_of(8, second / 2), "it is the receiver that takes too long");
    }
}
