//! Time as it is stored and shown.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub(crate) type Millis = i64;

pub(crate) fn now() -> Millis {
    millis(SystemTime::now())
}

pub(crate) fn millis(time: SystemTime) -> Millis {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since_epoch.as_millis()).unwrap_or(Millis::MAX)
}

/// `YYYY-MM-DD HH:MM:SS`. Assumption: in UTC; the platform does not document its time zone here.
pub(crate) fn stamp(millis: Millis) -> String {
    let stamp = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    stamp.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
