//! The terms of delivery: how what a callback tells is brought to its receiver. The platform documents none of it, so all of it
//! is an assumption that can be switched, for all callbacks and for each.

mod own;
mod rate;
mod schedule;

use std::time::Duration;

pub(crate) use own::{OwnTerms, TermsDraft};
pub(crate) use rate::Rate;
pub(crate) use schedule::{Schedule, duration};

/// How many attempts can run at the same time for one callback.
pub(crate) const MAX_CONCURRENCY: u16 = 256;
/// How long an attempt may take at most, in milliseconds.
pub(crate) const MAX_TIMEOUT: u32 = 10 * 60 * 1000;

/// The terms of callbacks that have none of their own.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) schedule: Schedule,
    /// How many attempts run at the same time, so that a slow receiver delays only itself.
    pub(crate) concurrency: u16,
    /// How many attempts begin in a second; `None` for as many as can be.
    pub(crate) rate: Option<Rate>,
    /// How long an attempt may take.
    pub(crate) timeout: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self { schedule: Schedule::default(), concurrency: 16, rate: None, timeout: Duration::from_secs(10) }
    }
}
