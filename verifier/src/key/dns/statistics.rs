use std::sync::atomic::{AtomicU64, Ordering};

/// What a [`DnsKeys`](super::DnsKeys) has done since it was made. Keys that were at hand are not counted: that would cost
/// each request.
///
/// See [`DnsKeys::statistics`](super::DnsKeys::statistics).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DnsStatistics {
    /// Questions that were put to the name servers. One may take several packets: it is repeated where an answer is lost,
    /// and asked again for each alias that leads out of an answer.
    pub questions: u64,
    /// Questions that brought keys.
    pub found: u64,
    /// Questions that brought a permanent answer: no key, a revoked one, no usable one.
    pub refused: u64,
    /// Questions that failed: no answer, or none that counts.
    pub failed: u64,
    /// Callers that waited for a question of somebody else's.
    pub joined: u64,
    /// Callers that were refused, or put off, by what a question brought shortly before.
    pub remembered: u64,
    /// Callers that were put off because too much was asked about names that have verified nothing yet.
    pub throttled: u64,
    /// How often keys went on being served past their time to live, for half a minute each time, because DNS failed.
    pub stale: u64,
    /// How many names have keys that are kept, at the moment.
    pub kept: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) questions: Counter,
    pub(super) found: Counter,
    pub(super) refused: Counter,
    pub(super) failed: Counter,
    pub(super) joined: Counter,
    pub(super) remembered: Counter,
    pub(super) throttled: Counter,
    pub(super) stale: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn totals(&self, kept: usize) -> DnsStatistics {
        DnsStatistics {
            questions: self.questions.total(),
            found: self.found.total(),
            refused: self.refused.total(),
            failed: self.failed.total(),
            joined: self.joined.total(),
            remembered: self.remembered.total(),
            throttled: self.throttled.total(),
            stale: self.stale.total(),
            kept: u64::try_from(kept).unwrap_or(u64::MAX),
        }
    }
}
