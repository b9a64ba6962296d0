use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{MAX_CONCURRENCY, MAX_TIMEOUT, Rate, Schedule, Terms};
use crate::platform::LaneOrder;

/// The terms that a callback has of its own. What is `None` is up to the server.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct OwnTerms {
    /// Nothing of its outbox is attempted while this holds.
    pub(crate) paused: bool,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) concurrency: Option<u16>,
    /// Attempts per second.
    pub(crate) rate: Option<Rate>,
    /// It holds for what is put into the outbox from then on.
    pub(crate) order: Option<LaneOrder>,
    /// In milliseconds.
    pub(crate) timeout_ms: Option<u32>,
}

/// What of a callback's terms is to be different: what is not mentioned stays, and `null` leaves it to the server.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object of terms")]
pub(crate) struct TermsDraft {
    #[serde(deserialize_with = "mentioned")]
    paused: Option<Option<bool>>,
    #[serde(deserialize_with = "mentioned")]
    schedule: Option<Option<Schedule>>,
    #[serde(deserialize_with = "concurrency")]
    concurrency: Option<Option<u16>>,
    #[serde(deserialize_with = "mentioned")]
    rate: Option<Option<Rate>>,
    #[serde(deserialize_with = "mentioned")]
    order: Option<Option<LaneOrder>>,
    #[serde(deserialize_with = "timeout")]
    timeout_ms: Option<Option<u32>>,
}

impl OwnTerms {
    pub(crate) fn with(self, draft: TermsDraft) -> Self {
        Self {
            // A server pauses nothing.
            paused: draft.paused.map_or(self.paused, Option::unwrap_or_default),
            schedule: draft.schedule.unwrap_or(self.schedule),
            concurrency: draft.concurrency.unwrap_or(self.concurrency),
            rate: draft.rate.unwrap_or(self.rate),
            order: draft.order.unwrap_or(self.order),
            timeout_ms: draft.timeout_ms.unwrap_or(self.timeout_ms),
        }
    }

    /// The terms that hold, where the server has these.
    pub(crate) fn under(&self, server: &Terms) -> Terms {
        Terms {
            schedule: self.schedule.clone().unwrap_or_else(|| server.schedule.clone()),
            concurrency: self.concurrency.unwrap_or(server.concurrency),
            rate: self.rate.or(server.rate),
            timeout: self.timeout_ms.map_or(server.timeout, |timeout| Duration::from_millis(timeout.into())),
        }
    }
}

/// Anything, if only `null`.
fn mentioned<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

fn concurrency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u16>>, D::Error> {
    let number = within(deserializer, MAX_CONCURRENCY.into())?;
    Ok(Some(number.and_then(|number| u16::try_from(number).ok())))
}

fn timeout<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    within(deserializer, MAX_TIMEOUT).map(Some)
}

/// A number from 1.
fn within<'de, D: Deserializer<'de>>(deserializer: D, most: u32) -> Result<Option<u32>, D::Error> {
    match Option::<u32>::deserialize(deserializer)? {
        Some(number) if !(1..=most).contains(&number) => {
            Err(de::Error::custom(format_args!("expected a whole number from 1 to {most}, got {number}")))
        }
        number => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn draft(json: Value) -> Result<TermsDraft, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_mentioned_stays_and_null_leaves_it_to_the_server() {
        let first = json!({"paused": true, "schedule": "fixed:1s", "concurrency": 2, "rate": 0.5, "order": "none",
                           "timeout_ms": 500});
        let own = OwnTerms::default().with(draft(first.clone()).unwrap());
        assert_eq!(serde_json::to_value(&own).unwrap(), first);
        assert_eq!(own.clone().with(draft(json!({})).unwrap()), own);
        let nothing = json!({"paused": null, "schedule": null, "concurrency": null, "rate": null, "order": null,
                             "timeout_ms": null});
        assert_eq!(own.with(draft(nothing).unwrap()), OwnTerms::default());
    }

    #[test]
    fn own_terms_come_before_those_of_the_server() {
        let server = Terms { rate: Rate::new(7.0), ..Terms::default() };
        let terms = OwnTerms { timeout_ms: Some(20), ..OwnTerms::default() }.under(&server);
        assert_eq!((terms.rate, terms.timeout, terms.concurrency), (Rate::new(7.0), Duration::from_millis(20), 16));
    }

    #[test]
    fn what_is_out_of_bounds_or_unknown_is_refused() {
        for (wrong, expected) in [
            (json!({"concurrency": 0}), "expected a whole number from 1 to 256, got 0"),
            (json!({"concurrency": 257}), "expected a whole number from 1 to 256, got 257"),
            (json!({"timeout_ms": 0}), "expected a whole number from 1 to 600000, got 0"),
            (json!({"rate": 0}), "expected attempts per second, from 0.001 to 100000"),
            (
                json!({"schedule": "often"}),
                "expected `none`, `standard`, or `fixed:` and pauses such as `fixed:5s,1m,2h`",
            ),
            (json!({"pause": true}), "unknown field `pause`"),
            (json!({"paused": "no"}), "invalid type: string"),
        ] {
            let error = draft(wrong.clone()).map(|_| ()).unwrap_err();
            assert!(error.starts_with(expected), "{wrong}: {error}");
        }
    }
}
