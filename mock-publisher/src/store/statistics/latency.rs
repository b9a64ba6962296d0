//! Durations in buckets: exact up to 16 microseconds, and from there on sixteen buckets for each power of two, so that a
//! percentile is off by 6 % at most.

use std::collections::BTreeMap;

const SUBDIVISION: u32 = 4;

/// The bucket of a duration in microseconds.
pub(super) fn bucket(micros: u64) -> u32 {
    match micros.checked_ilog2() {
        Some(power) if power >= SUBDIVISION => {
            let shift = power - SUBDIVISION;
            // What is above 16 units of the power, and so below 16.
            let part = (micros >> shift) as u32 - (1 << SUBDIVISION);
            ((shift + 1) << SUBDIVISION) + part
        }
        _ => micros as u32,
    }
}

/// The longest duration in a bucket, in microseconds.
pub(super) fn longest(bucket: u32) -> u64 {
    let (row, part) = (bucket >> SUBDIVISION, u64::from(bucket & ((1 << SUBDIVISION) - 1)));
    match row {
        0 => part,
        row => {
            let next = u128::from((1 << SUBDIVISION) + part + 1) << (row - 1).min(64);
            u64::try_from(next - 1).unwrap_or(u64::MAX)
        }
    }
}

/// Counts by bucket.
#[derive(Debug, Default)]
pub(super) struct Histogram(BTreeMap<u32, u64>);

impl Histogram {
    pub(super) fn add(&mut self, bucket: u32, count: u64) {
        *self.0.entry(bucket).or_default() += count;
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The duration, in microseconds, that so many of all do not exceed; `None` if there are none.
    pub(super) fn percentile(&self, percent: f64) -> Option<u64> {
        let wanted = (self.count() as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.0.iter().find_map(|(bucket, count)| {
            seen += count;
            (seen >= wanted).then(|| longest(*bucket))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_is_close_together_and_no_gap_is_between_two() {
        for micros in (0..5000).chain([1_000_000, 600_000_000, u64::MAX / 2, u64::MAX]) {
            let longest = longest(bucket(micros));
            assert!(longest >= micros && longest as f64 <= micros as f64 * 1.0626, "{micros}: {longest}");
        }
        for number in 0..500 {
            assert_eq!(bucket(longest(number)), number);
            assert_eq!(bucket(longest(number) + 1), number + 1, "after {number}");
        }
    }

    #[test]
    fn a_percentile_is_a_duration_that_so_many_do_not_exceed() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50.0), None);
        (1..=10).for_each(|micros| histogram.add(bucket(micros), 10));
        assert_eq!(histogram.count(), 100);
        let at = |percent| histogram.percentile(percent).unwrap();
        assert_eq!((at(0.0), at(50.0), at(50.1), at(99.0), at(100.0)), (1, 5, 6, 10, 10));
    }
}
