use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};

use super::ControlState;
use crate::clock::Millis;
use crate::mock_api::{CallError, Queried, some_whole};
use crate::platform::Id;
use crate::store::{Period, Statistics};

/// What is to be counted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default, deserialize_with = "time")]
    since: Option<Millis>,
    #[serde(default, deserialize_with = "time")]
    until: Option<Millis>,
    #[serde(default)]
    every: Every,
    #[serde(default, deserialize_with = "some_whole")]
    callback: Option<Id>,
}

/// Steps of time.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Every {
    Minute,
    #[default]
    Hour,
    Day,
}

/// `GET /mock/v1/statistics`: what attempts came to.
pub(super) async fn statistics(
    State(state): State<ControlState>,
    Queried(Wanted { since, until, every, callback }): Queried<Wanted>,
) -> Result<Json<Statistics>, CallError> {
    if let Some(callback) = callback {
        state.store.expect_callback(callback).await?;
    }
    let step = match every {
        Every::Minute => 60_000,
        Every::Hour => 3_600_000,
        Every::Day => 86_400_000,
    };
    Ok(Json(state.store.statistics(Period { since, until, step, callback }).await?))
}

fn time<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Millis>, D::Error> {
    let text = String::deserialize(value)?;
    let expected = || de::Error::custom("expected a time such as `2026-11-25T13:30:00Z`");
    text.parse::<Timestamp>().map(|time| Some(time.as_millisecond())).map_err(|_| expected())
}
