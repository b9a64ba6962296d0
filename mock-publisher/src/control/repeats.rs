use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlState;
use crate::mock_api::{CallError, Posted, number};
use crate::platform::{Action, Id};
use crate::store::{DeliveryState, Repeat, RepeatFilter};

/// How one is made again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, with `exact` perhaps")]
pub(super) struct How {
    #[serde(default)]
    exact: bool,
}

/// Which ones are, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, with `callback`, `state`, `action` and `exact` perhaps")]
pub(super) struct Which {
    callback: Option<Id>,
    #[serde(default)]
    state: Outcome,
    action: Option<Action>,
    #[serde(default)]
    exact: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    #[default]
    Failed,
    Delivered,
    Any,
}

/// `POST /mock/v1/deliveries/$id/redeliver`
pub(super) async fn one(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
    Posted(How { exact }): Posted<How>,
) -> Result<(StatusCode, Json<Value>), CallError> {
    let id = number(id, "delivery")?;
    let new = state.store.repeat(id, how(exact)).await?.ok_or(CallError::NotAttempted(id))?;
    state.bell.ring();
    Ok((StatusCode::CREATED, Json(json!(state.store.delivery(new).await?))))
}

/// `POST /mock/v1/deliveries/redeliver`: all that match.
pub(super) async fn many(
    State(state): State<ControlState>,
    Posted(Which { callback, state: outcome, action, exact }): Posted<Which>,
) -> Result<Json<Value>, CallError> {
    if let Some(callback) = callback {
        state.store.expect_callback(callback).await?;
    }
    let outcome = match outcome {
        Outcome::Failed => Some(DeliveryState::Failed),
        Outcome::Delivered => Some(DeliveryState::Delivered),
        Outcome::Any => None,
    };
    let filter = RepeatFilter { callback, state: outcome, action };
    let bell = state.bell.clone();
    let count = state.store.repeat_all(filter, how(exact), move || bell.ring()).await?;
    Ok(Json(json!({"redelivered": count})))
}

const fn how(exact: bool) -> Repeat {
    if exact { Repeat::SameBytes } else { Repeat::SignedAnew }
}
