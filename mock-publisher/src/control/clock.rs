use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use super::ControlState;
use crate::clock::{Adjustment, Millis, Now, OutOfRange, Reading};
use crate::mock_api::{CallError, Posted};

/// What of a clock is to be different.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `now`, `frozen` or `signs`")]
pub(super) struct AdjustmentBody {
    #[serde(default, deserialize_with = "now")]
    now: Option<Now>,
    #[serde(default, deserialize_with = "truth")]
    frozen: Option<bool>,
    #[serde(default, deserialize_with = "truth")]
    signs: Option<bool>,
}

/// How much later it is to be: one of both.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `seconds` or `days`")]
pub(super) struct AdvanceBody {
    seconds: Option<f64>,
    days: Option<f64>,
}

/// `GET /mock/v1/clock`
pub(super) async fn show(State(state): State<ControlState>) -> Json<Value> {
    shown(state.store.clock().reading())
}

/// `PUT /mock/v1/clock`: all of what is given, at once.
pub(super) async fn adjust(
    State(state): State<ControlState>,
    Posted(AdjustmentBody { now, frozen, signs }): Posted<AdjustmentBody>,
) -> Result<Json<Value>, CallError> {
    let reading = state.store.clock().adjust(Adjustment { now, frozen, signs })?;
    state.at_another_time().await?;
    Ok(shown(reading))
}

/// `POST /mock/v1/clock/advance`
pub(super) async fn advance(
    State(state): State<ControlState>,
    Posted(body): Posted<AdvanceBody>,
) -> Result<Json<Value>, CallError> {
    let expected = || CallError::BadRequest("expected either `seconds` or `days`, a positive number".to_owned());
    let reading = state.store.clock().advance(body.millis().ok_or_else(expected)?)?;
    state.at_another_time().await?;
    Ok(shown(reading))
}

impl ControlState {
    /// What is due by now is done before anybody is told what time it is: keys take over, and then attempts begin.
    async fn at_another_time(&self) -> Result<(), CallError> {
        self.rotator.catch_up(&self.stopping).await?;
        self.bell.ring();
        Ok(())
    }
}

impl AdvanceBody {
    fn millis(&self) -> Option<Millis> {
        let millis = match (self.seconds, self.days) {
            (Some(seconds), None) => seconds * 1e3,
            (None, Some(days)) => days * 86_400e3,
            _ => return None,
        };
        // What is too large becomes the largest number, which no clock can be advanced by.
        Some(millis.round() as Millis).filter(|millis| *millis > 0)
    }
}

fn shown(Reading { now, offset, frozen, signs }: Reading) -> Json<Value> {
    let now = Timestamp::from_millisecond(now).unwrap_or_default();
    Json(json!({"now": format!("{now:.3}"), "frozen": frozen, "offset_ms": offset, "signs": signs}))
}

/// `null` for the real time.
fn now<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Now>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(Some(Now::Real)) };
    match text.parse::<Timestamp>() {
        Ok(time) => Ok(Some(Now::At(time.as_millisecond()))),
        Err(_) => Err(de::Error::custom(format_args!("`{text}` is no time such as `2026-11-25T13:30:00Z`"))),
    }
}

/// `true` or `false`, and nothing else, if anything is given at all.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    bool::deserialize(deserializer).map(Some)
}

impl From<OutOfRange> for CallError {
    fn from(error: OutOfRange) -> Self {
        Self::BadRequest(error.to_string())
    }
}
