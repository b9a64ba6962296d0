use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::ControlState;
use crate::callback::ShownCallback;
use crate::mock_api::{CallError, number};
use crate::platform::Id;

/// `GET /mock/v1/callbacks`: those of all databases and collections, by number.
pub(super) async fn list(State(state): State<ControlState>) -> Result<Json<Value>, CallError> {
    let callbacks = state.store.all_callbacks().await?;
    Ok(Json(json!({"callbacks": callbacks.into_iter().map(ShownCallback::from).collect::<Vec<_>>()})))
}

/// `GET /mock/v1/callbacks/$id`
pub(super) async fn show(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
) -> Result<Json<ShownCallback>, CallError> {
    Ok(Json(state.store.callback(number(id, "callback")?).await?.into()))
}
