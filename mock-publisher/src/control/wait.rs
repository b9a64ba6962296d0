use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ControlState;
use super::error::ControlError;
use crate::platform::Id;
use crate::store::DeliveryState;

const DEFAULT_TIMEOUT: f64 = 5.0;
const MAX_TIMEOUT: f64 = 60.0;

/// What is waited for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The `sequence` of the last outcome that is known already.
    #[serde(default)]
    after: Id,
    callback: Option<Id>,
    state: Option<DeliveryState>,
    /// In seconds.
    timeout: Option<f64>,
    /// Where tokens of the platform's API may stand, too. It has been checked.
    #[serde(rename = "access_token")]
    _access_token: Option<String>,
}

impl Wanted {
    fn timeout(&self) -> Result<Duration, ControlError> {
        let seconds = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        if (0.0..=MAX_TIMEOUT).contains(&seconds) {
            return Ok(Duration::from_secs_f64(seconds));
        }
        Err(ControlError::BadRequest(format!("`timeout`: expected seconds, from 0 to {MAX_TIMEOUT}")))
    }
}

/// `GET /mock/v1/wait?callback=3&after=17&timeout=5`: the next delivery that comes to an outcome, or `null` if there is none in
/// time. `next` is the `after` of the following call.
pub(super) async fn wait(
    State(state): State<ControlState>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, ControlError> {
    let Query(wanted) = wanted.map_err(|error| ControlError::BadRequest(error.body_text()))?;
    if wanted.state == Some(DeliveryState::Pending) {
        return Err(ControlError::BadRequest("`state`: expected `delivered` or `failed`".to_owned()));
    }
    let end = Instant::now() + wanted.timeout()?;
    let (mut outcomes, mut stopping) = (state.store.outcomes(), state.stopping.clone());
    loop {
        // Before the look, so that an outcome that comes meanwhile is heard of.
        outcomes.mark_unchanged();
        if let Some(delivery) = state.store.next_outcome(wanted.after, wanted.callback, wanted.state).await? {
            return Ok(Json(json!({"next": delivery.sequence, "delivery": delivery})));
        }
        let heard = tokio::select! {
            heard = outcomes.changed() => heard.is_ok(),
            () = tokio::time::sleep_until(end) => false,
            // A publisher that stops does not wait for those who wait.
            _ = stopping.wait_for(|stop| *stop) => false,
        };
        if !heard {
            return Ok(Json(json!({"next": wanted.after, "delivery": null})));
        }
    }
}
