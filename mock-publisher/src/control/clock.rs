use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use super::ControlState;
use super::error::ControlError;
use crate::clock::{Adjustment, Millis, Now, OutOfRange, Reading};

/// What of a clock is to be different.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustmentBody {
    #[serde(default, deserialize_with = "now")]
    now: Option<Now>,
    #[serde(default, deserialize_with = "truth")]
    frozen: Option<bool>,
    #[serde(default, deserialize_with = "truth")]
    signs: Option<bool>,
}

/// How much later it is to be.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Advance {
    Seconds(f64),
    Days(f64),
}

/// `GET /mock/v1/clock`
pub(super) async fn show(State(state): State<ControlState>) -> Json<Value> {
    shown(state.store.clock().reading())
}

/// `PUT /mock/v1/clock`: all of what is given, at once.
pub(super) async fn adjust(
    State(state): State<ControlState>,
    body: Result<Json<AdjustmentBody>, JsonRejection>,
) -> Result<Json<Value>, ControlError> {
    let Json(AdjustmentBody { now, frozen, signs }) = body.map_err(unreadable)?;
    Ok(shown(state.store.clock().adjust(Adjustment { now, frozen, signs })?))
}

/// `POST /mock/v1/clock/advance`
pub(super) async fn advance(
    State(state): State<ControlState>,
    body: Result<Json<Advance>, JsonRejection>,
) -> Result<Json<Value>, ControlError> {
    let Json(advance) = body.map_err(unreadable)?;
    Ok(shown(state.store.clock().advance(advance.millis()?)?))
}

impl Advance {
    fn millis(&self) -> Result<Millis, ControlError> {
        let (name, number, unit) = match *self {
            Self::Seconds(number) => ("seconds", number, 1e3),
            Self::Days(number) => ("days", number, 86_400e3),
        };
        // What is too large for a number of milliseconds is the largest one, which no clock can be advanced by.
        match (number * unit).round() as Millis {
            ..1 => Err(ControlError::BadRequest(format!("{name}: expected a positive number, got {number}"))),
            millis => Ok(millis),
        }
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

fn unreadable(rejection: JsonRejection) -> ControlError {
    ControlError::BadRequest(rejection.body_text())
}

impl From<OutOfRange> for ControlError {
    fn from(error: OutOfRange) -> Self {
        Self::BadRequest(error.to_string())
    }
}
