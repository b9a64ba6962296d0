use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlState;
use crate::clock::Millis;
use crate::keyring::{Bits, KeyringError, Rotation, ShownKey};
use crate::mock_api::{CallError, Posted};

/// How another key takes over.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object, with `bits`, `overlap_seconds`, `publish_after_seconds` and `selector` perhaps"
)]
pub(super) struct RotationBody {
    #[serde(default)]
    bits: Bits,
    /// `null` for ever.
    #[serde(default = "week")]
    overlap_seconds: Option<f64>,
    #[serde(default)]
    publish_after_seconds: f64,
    selector: Option<String>,
}

const fn week() -> Option<f64> {
    Some(7.0 * 86_400.0)
}

/// Which key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `name`")]
pub(super) struct Named {
    name: String,
}

/// `GET /mock/v1/keys`: all keys, each with its record; the first one signs.
pub(super) async fn list(State(state): State<ControlState>) -> Json<Value> {
    let keys = state.keyring.shown(state.store.clock().now());
    Json(json!({"keys": keys.iter().map(shown).collect::<Vec<_>>()}))
}

/// `POST /mock/v1/keys/rotate`: another key signs from now on.
pub(super) async fn rotate(
    State(state): State<ControlState>,
    Posted(body): Posted<RotationBody>,
) -> Result<(StatusCode, Json<Value>), CallError> {
    let rotation = Rotation {
        bits: body.bits,
        overlap: body.overlap_seconds.map(|seconds| millis("overlap_seconds", seconds)).transpose()?,
        publish_after: millis("publish_after_seconds", body.publish_after_seconds)?,
        selector: body.selector,
    };
    let now = state.store.clock().now();
    state.keyring.rotate(rotation, now).await?;
    let keys = state.keyring.shown(now);
    Ok((StatusCode::CREATED, Json(keys.first().map_or(Value::Null, shown))))
}

/// `POST /mock/v1/keys/revoke`: its record says that it is not to be used any more.
pub(super) async fn revoke(
    State(state): State<ControlState>,
    Posted(Named { name }): Posted<Named>,
) -> Result<Json<Value>, CallError> {
    state.keyring.revoke(&name).await?;
    let keys = state.keyring.shown(state.store.clock().now());
    let revoked = keys.iter().find(|key| key.pair.name.as_str() == name);
    Ok(Json(revoked.map_or(Value::Null, shown)))
}

fn shown(key: &ShownKey) -> Value {
    json!({
        "name": key.pair.name.as_str(),
        "record": key.record,
        "bits": key.pair.private.public_key().modulus_bits(),
        "public_key": key.pair.private.public_key_pem(),
        "signs": key.signs,
        "state": key.state,
        "published_from": (key.from > Millis::MIN).then_some(key.from),
        "published_until": key.until,
    })
}

/// A century.
const LONGEST: f64 = 100.0 * 366.0 * 86_400.0;

fn millis(name: &str, seconds: f64) -> Result<Millis, CallError> {
    if !(0.0..=LONGEST).contains(&seconds) {
        return Err(CallError::BadRequest(format!("`{name}`: expected a number of seconds from 0, got {seconds}")));
    }
    Ok((seconds * 1000.0).round() as Millis)
}

impl From<KeyringError> for CallError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Taken(_) => Self::Conflict(error.to_string()),
            KeyringError::Name(_) => Self::BadRequest(error.to_string()),
            KeyringError::Unknown(_) => Self::Unknown(error.to_string()),
            KeyringError::Generation | KeyringError::File(_) => Self::Failed(error.to_string()),
        }
    }
}
