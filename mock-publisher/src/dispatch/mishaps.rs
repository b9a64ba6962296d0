//! Faults in delivery: what is done in the place of an attempt, and what follows it.

use crate::clock::Millis;
use crate::faults::{FaultKind, Touch};
use crate::store::{Repeat, Step};

/// What is done in the place of an attempt, because of faults that put it off.
pub(super) fn instead(touches: &[Touch], now: Millis) -> Option<Step> {
    let until = touches.iter().filter_map(|touch| match touch.kind {
        FaultKind::Delay { seconds } => Some(now.saturating_add(millis(seconds))),
        FaultKind::Burst { seconds } => {
            let period = millis(seconds).max(1);
            Some(now.saturating_sub(now.rem_euclid(period)).saturating_add(period))
        }
        _ => None,
    });
    let is_overtaken = || touches.iter().any(|touch| touch.kind == FaultKind::Reorder);
    until.max().map(Step::Deferred).or_else(|| is_overtaken().then_some(Step::Overtaken))
}

/// Whether a fault puts an attempt off, and does not change it.
pub(super) const fn puts_off(fault: &FaultKind) -> bool {
    matches!(fault, FaultKind::Delay { .. } | FaultKind::Burst { .. } | FaultKind::Reorder)
}

/// The class of the error of an attempt that is not to be made.
pub(super) fn not_sent(touches: &[Touch]) -> Option<&'static str> {
    touches.iter().find_map(|touch| match touch.kind {
        FaultKind::Drop => Some("fault_drop"),
        FaultKind::FailFirst { .. } => Some("fault_fail_first"),
        _ => None,
    })
}

/// How a delivery is made again after its first attempt.
pub(super) fn repeats(touch: &Touch) -> Vec<Repeat> {
    match touch.kind {
        FaultKind::Replay => vec![Repeat::SameBytes],
        FaultKind::Duplicate { count } => vec![Repeat::SignedAnew; count.into()],
        _ => Vec::new(),
    }
}

fn millis(seconds: f64) -> Millis {
    (seconds * 1000.0).round() as Millis
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touched(kinds: &[FaultKind]) -> Vec<Touch> {
        kinds.iter().map(|kind| Touch { kind: kind.clone(), luck: 0 }).collect()
    }

    #[test]
    fn the_longest_wait_counts_and_goes_before_being_overtaken() {
        let (delay, burst) = (FaultKind::Delay { seconds: 0.5 }, FaultKind::Burst { seconds: 10.0 });
        let until = |kinds: &[FaultKind]| match instead(&touched(kinds), 123_456) {
            Some(Step::Deferred(until)) => until,
            other => panic!("{other:?}"),
        };
        assert_eq!(until(std::slice::from_ref(&delay)), 123_956);
        assert_eq!(until(&[FaultKind::Reorder, delay, burst]), 130_000);
        assert!(matches!(instead(&touched(&[FaultKind::Reorder]), 0), Some(Step::Overtaken)));
        assert!(instead(&touched(&[FaultKind::Drop, FaultKind::Unsigned]), 0).is_none());
    }
}
