//! What goes wrong on request: on the wire, in delivery, and in the name server. The faults are kept in memory, and are gone with the program.
//!
//! Which deliveries a fault touches depends on its seed and their numbers alone, however many run beside each other.

mod draft;
mod kind;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::platform::Id;

pub(crate) use draft::FaultDraft;
pub(crate) use kind::{FaultKind, SentHeader};

/// How many faults there can be at a time.
const MOST: usize = 100;

/// The faults of a publisher. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<Present>>);

#[derive(Debug, Default)]
struct Present {
    last: Id,
    /// How many questions for a key there were.
    questions: u64,
    faults: Vec<Fault>,
}

/// A fault that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Fault {
    pub(crate) id: Id,
    #[serde(flatten)]
    pub(crate) kind: FaultKind,
    /// `None` for all.
    pub(crate) callback: Option<Id>,
    /// How likely it touches a delivery, from 0 to 1.
    pub(crate) chance: f64,
    /// How many more it touches; `None` for as many as there are.
    pub(crate) times: Option<u64>,
    pub(crate) seed: u64,
    /// How many it has touched.
    pub(crate) touched: u64,
}

/// An attempt that is about to begin, as far as faults ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occurrence<'a> {
    pub(crate) callback: Id,
    pub(crate) delivery: Id,
    /// From 1.
    pub(crate) attempt: u32,
    /// The names of faults that have touched the delivery before.
    pub(crate) before: &'a [(u32, String)],
    /// Whether the next one of its lane is there already.
    pub(crate) is_followed: bool,
    /// Whether it is one that is made again.
    pub(crate) is_repeat: bool,
    /// Whether its bytes are given.
    pub(crate) is_exact: bool,
}

/// A fault that touches an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Touch {
    pub(crate) kind: FaultKind,
    /// What the fault decides by, if it has to choose.
    pub(crate) luck: u64,
}

impl Faults {
    /// Begins to go wrong. `None` if too much does already.
    pub(crate) fn add(&self, draft: FaultDraft) -> Option<Fault> {
        let mut present = self.present();
        if present.faults.len() >= MOST {
            return None;
        }
        present.last += 1;
        let FaultDraft { kind, callback, chance, times, seed } = draft;
        let fault = Fault { id: present.last, kind, callback, chance, times, seed, touched: 0 };
        present.faults.push(fault.clone());
        Some(fault)
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.present().faults.clone()
    }

    /// Ends one. Whether there was one.
    pub(crate) fn remove(&self, id: Id) -> bool {
        let mut present = self.present();
        let before = present.faults.len();
        present.faults.retain(|fault| fault.id != id);
        present.faults.len() < before
    }

    /// Ends all of them.
    pub(crate) fn clear(&self) {
        self.present().faults.clear();
    }

    /// The faults that touch an attempt, in the order in which they were asked for.
    pub(crate) fn touching(&self, occurrence: Occurrence<'_>) -> Vec<Touch> {
        let mut present = self.present();
        let mut touching = |puts_off: bool| -> Vec<Touch> {
            let faults = present.faults.iter_mut().filter(|fault| fault.kind.puts_off() == puts_off);
            faults.filter_map(|fault| fault.touch(occurrence)).collect()
        };
        // What is put off is not sent now, so that nothing else can touch it yet, nor count that it has.
        let put_off = touching(true);
        if put_off.is_empty() { touching(false) } else { put_off }
    }

    /// The faults that touch the answer to a question for a key.
    pub(crate) fn touching_question(&self) -> Vec<FaultKind> {
        let mut present = self.present();
        present.questions += 1;
        let question = present.questions;
        let faults = present.faults.iter_mut().filter(|fault| fault.kind.is_dns());
        faults.filter_map(|fault| fault.strike([question, 0]).map(|touch| touch.kind)).collect()
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn touch(&mut self, occurrence: Occurrence<'_>) -> Option<Touch> {
        let of_this = self.callback.is_none_or(|callback| callback == occurrence.callback);
        if !of_this || !self.kind.fits(occurrence) {
            return None;
        }
        self.strike([occurrence.delivery as u64, occurrence.attempt.into()])
    }

    /// Whether it touches what has these numbers.
    fn strike(&mut self, numbers: [u64; 2]) -> Option<Touch> {
        if self.times == Some(0) {
            return None;
        }
        let luck = numbers.into_iter().fold(self.seed, mixed);
        // The upper 53 bits as a number from 0 to 1.
        if (luck >> 11) as f64 / (1_u64 << 53) as f64 >= self.chance {
            return None;
        }
        self.times = self.times.map(|times| times - 1);
        self.touched += 1;
        Some(Touch { kind: self.kind.clone(), luck: mixed(luck, 1) })
    }
}

/// SplitMix64's mixing of one number into another.
fn mixed(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn faults(drafts: &[Value]) -> Faults {
        let faults = Faults::default();
        for draft in drafts {
            faults.add(serde_json::from_value(draft.clone()).unwrap()).unwrap();
        }
        faults
    }

    fn first(delivery: Id) -> Occurrence<'static> {
        Occurrence {
            callback: 1,
            delivery,
            attempt: 1,
            before: &[],
            is_followed: true,
            is_repeat: false,
            is_exact: false,
        }
    }

    fn names(faults: &Faults, occurrence: Occurrence<'_>) -> Vec<&'static str> {
        faults.touching(occurrence).iter().map(|touch| touch.kind.name()).collect()
    }

    #[test]
    fn a_seed_always_chooses_the_same_ones() {
        let chosen = |seed: u64| -> Vec<Id> {
            let faults = faults(&[json!({"fault": "tampered_body", "chance": 0.25, "seed": seed})]);
            // Whatever order they come in.
            let mut touched: Vec<Id> = (0..4000).rev().filter(|n| !faults.touching(first(*n)).is_empty()).collect();
            touched.reverse();
            touched
        };
        assert_eq!(chosen(7), chosen(7));
        assert_ne!(chosen(7), chosen(8));
        assert!((900..1100).contains(&chosen(7).len()), "{}", chosen(7).len());
    }

    #[test]
    fn a_fault_keeps_to_its_callback_and_its_count() {
        let faults = faults(&[
            json!({"fault": "unsigned", "callback": 2}),
            json!({"fault": "drop", "times": 2}),
            json!({"fault": "wrong_key", "chance": 0}),
        ]);
        let told: Vec<_> = (1..=3).map(|delivery| names(&faults, first(delivery))).collect();
        assert_eq!(told, [vec!["drop"], vec!["drop"], vec![]]);
        assert_eq!(names(&faults, Occurrence { callback: 2, ..first(4) }), ["unsigned"]);
        let counts: Vec<_> = faults.list().iter().map(|fault| (fault.id, fault.touched, fault.times)).collect();
        assert_eq!(counts, [(1, 1, None), (2, 2, Some(0)), (3, 0, None)]);
        assert!(faults.remove(1) && !faults.remove(1));
        faults.clear();
        assert!(faults.list().is_empty());
    }

    #[test]
    fn what_is_about_the_order_or_the_first_time_touches_a_delivery_once() {
        let faults = faults(&[
            json!({"fault": "delay", "seconds": 1}),
            json!({"fault": "reorder"}),
            json!({"fault": "duplicate"}),
            json!({"fault": "fail_first", "attempts": 2}),
            json!({"fault": "stale_date"}),
        ]);
        assert_eq!(names(&faults, first(1)), ["delay", "reorder"], "the others wait until it is sent");
        let before = [(1, "delay".to_owned())];
        let alone = Occurrence { before: &before, is_followed: false, ..first(1) };
        assert_eq!(names(&faults, alone), ["duplicate", "fail_first", "stale_date"]);
        assert_eq!(names(&faults, Occurrence { attempt: 2, ..first(1) }), ["fail_first", "stale_date"]);
        assert_eq!(names(&faults, Occurrence { attempt: 3, ..first(1) }), ["stale_date"]);
        let exact = Occurrence { is_repeat: true, is_exact: true, is_followed: false, ..first(1) };
        assert_eq!(names(&faults, exact), ["delay"]);
        assert_eq!(names(&faults, Occurrence { before: &before, ..exact }), ["fail_first"]);
    }

    #[test]
    fn there_is_a_limit_to_what_can_go_wrong() {
        let faults = faults(&vec![json!({"fault": "drop"}); MOST]);
        let one_more = serde_json::from_value(json!({"fault": "drop"})).unwrap();
        assert_eq!(faults.add(one_more), None);
    }
}
