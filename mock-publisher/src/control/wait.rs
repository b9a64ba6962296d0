use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ControlState;
use crate::mock_api::{CallError, Queried, some_whole, whole};
use crate::platform::Id;
use crate::store::DeliveryState;

const DEFAULT_TIMEOUT: f64 = 5.0;
const MAX_TIMEOUT: f64 = 60.0;

/// What is waited for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The `sequence` of the last outcome that is known already.
    #[serde(default, deserialize_with = "whole")]
    after: Id,
    #[serde(default, deserialize_with = "some_whole")]
    callback: Option<Id>,
    state: Option<DeliveryState>,
    /// In seconds.
    timeout: Option<String>,
}

impl Wanted {
    fn timeout(&self) -> Result<Duration, CallError> {
        let seconds = self.timeout.as_ref().map_or(Some(DEFAULT_TIMEOUT), |text| text.parse().ok());
        match seconds {
            Some(seconds) if (0.0..=MAX_TIMEOUT).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
            _ => {
                let expected = format!("`timeout`: expected a number of seconds from 0 to {MAX_TIMEOUT}");
                Err(CallError::BadRequest(expected))
            }
        }
    }
}

/// `GET /mock/v1/wait?callback=3&after=17&timeout=5`: the next delivery that comes to an outcome, or `null` if there is none in
/// time. `next` is the `after` of the following call.
pub(super) async fn wait(
    State(state): State<ControlState>,
    Queried(wanted): Queried<Wanted>,
) -> Result<Json<Value>, CallError> {
    if wanted.state == Some(DeliveryState::Pending) {
        return Err(CallError::BadRequest("`state`: expected `delivered` or `failed`".to_owned()));
    }
    let end = Instant::now() + wanted.timeout()?;
    if let Some(callback) = wanted.callback {
        state.store.expect_callback(callback).await?;
    }
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
