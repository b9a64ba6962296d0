use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::ControlState;
use crate::mock_api::{CallError, Part, Queried, number};
use crate::platform::Id;
use crate::store::NotedChange;

/// `GET /mock/v1/changes`: what changed, oldest first. `next` is the `after` of the following part.
pub(super) async fn list(
    State(state): State<ControlState>,
    Queried(part): Queried<Part>,
) -> Result<Json<Value>, CallError> {
    let changes = state.store.changes(part.after, part.limit.rows()).await?;
    let next = changes.last().map_or(part.after, |last| last.id);
    Ok(Json(json!({"changes": changes, "next": next})))
}

/// `GET /mock/v1/changes/$id`
pub(super) async fn show(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
) -> Result<Json<NotedChange>, CallError> {
    Ok(Json(state.store.change(number(id, "change")?).await?.0))
}

/// `GET /mock/v1/changes/$id/why`: for each callback that watched where it happened, whether it fired, and why.
pub(super) async fn why(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
) -> Result<Json<Value>, CallError> {
    let (change, callbacks) = state.store.change(number(id, "change")?).await?;
    Ok(Json(json!({"change": change, "callbacks": callbacks})))
}
