use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::platform::Id;
use crate::store::{Lane, Room, Taken};

/// How many attempts run at the same time.
const MAX_ATTEMPTS: usize = 256;
/// How many of them are for one callback, so that a slow receiver delays only itself.
const MAX_PER_CALLBACK: usize = 8;

/// The lanes whose delivery is under way, and how many attempts each callback has. A lane stays closed until the outcome is
/// noted; the place of the attempt is free before.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    attempts: usize,
    callbacks: HashMap<Id, Taken>,
}

impl UnderWay {
    /// How much more may be under way; `None` if nothing.
    pub(super) fn room(&self) -> Option<Room> {
        let in_all = MAX_ATTEMPTS.saturating_sub(self.attempts);
        (in_all > 0).then(|| Room { in_all, of_callback: MAX_PER_CALLBACK, taken: self.callbacks.clone() })
    }

    pub(super) fn begun(&mut self, lane: Lane) {
        self.attempts += 1;
        let taken = self.callbacks.entry(lane.callback);
        let taken = taken.or_insert_with(|| Taken { room: MAX_PER_CALLBACK, ..Taken::default() });
        taken.entities.insert(lane.entity);
        taken.room -= 1;
    }

    /// An attempt has ended. Of one that panicked the lane is not known: it stays closed, which beats repeating what made it panic.
    pub(super) fn ended(&mut self, lane: Option<Lane>) {
        self.attempts -= 1;
        if let Some(lane) = lane {
            self.change(lane.callback, |taken| taken.room += 1);
        }
    }

    /// The outcome is noted.
    pub(super) fn noted(&mut self, lane: Lane) {
        self.change(lane.callback, |taken| {
            taken.entities.remove(&lane.entity);
        });
    }

    /// A callback that has nothing under way any more is forgotten.
    fn change(&mut self, callback: Id, change: impl FnOnce(&mut Taken)) {
        if let Entry::Occupied(mut taken) = self.callbacks.entry(callback) {
            change(taken.get_mut());
            if taken.get().entities.is_empty() && taken.get().room == MAX_PER_CALLBACK {
                taken.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_takes_a_place_and_its_lane_is_closed_until_the_outcome_is_noted() {
        let lane = |entity| Lane { callback: 7, entity };
        let mut under_way = UnderWay::default();
        (1..=8).for_each(|entity| under_way.begun(lane(entity)));
        let room = under_way.room().unwrap();
        assert_eq!((room.in_all, room.of_callback, room.taken[&7].room), (MAX_ATTEMPTS - 8, MAX_PER_CALLBACK, 0));

        under_way.ended(Some(lane(1)));
        let taken = under_way.room().unwrap().taken[&7].clone();
        assert_eq!((taken.room, taken.entities.contains(&1)), (1, true), "the place is free, the lane is not");
        under_way.noted(lane(1));
        assert!(!under_way.room().unwrap().taken[&7].entities.contains(&1));

        // In whatever order the two are heard.
        (2..=8).for_each(|entity| under_way.noted(lane(entity)));
        (2..=8).for_each(|entity| under_way.ended(Some(lane(entity))));
        let room = under_way.room().unwrap();
        assert_eq!((room.in_all, room.taken.len()), (MAX_ATTEMPTS, 0), "what is idle is forgotten");
    }

    #[test]
    fn there_is_a_limit_to_all_together() {
        let mut under_way = UnderWay::default();
        (0..MAX_ATTEMPTS as Id).for_each(|n| under_way.begun(Lane { callback: n / 8, entity: n }));
        assert!(under_way.room().is_none());
        under_way.ended(None);
        assert_eq!(under_way.room().map(|room| room.in_all), Some(1));
    }
}
