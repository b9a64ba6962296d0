use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ControlState;
use crate::mock_api::CallError;
use crate::store::{Snapshot, SnapshotName};

/// `GET /mock/v1/snapshots`
pub(super) async fn list(State(state): State<ControlState>) -> Result<Json<Value>, CallError> {
    Ok(Json(json!({"snapshots": state.store.snapshots().await?})))
}

/// `PUT /mock/v1/snapshots/$name`: keeps all there is now, in the place of what had the name before.
pub(super) async fn take(
    State(state): State<ControlState>,
    Path(name): Path<String>,
) -> Result<Json<Snapshot>, CallError> {
    Ok(Json(state.store.take_snapshot(SnapshotName::parse(&name)?).await?))
}

/// `DELETE /mock/v1/snapshots/$name`
pub(super) async fn remove(
    State(state): State<ControlState>,
    Path(name): Path<String>,
) -> Result<StatusCode, CallError> {
    state.store.remove_snapshot(SnapshotName::parse(&name)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /mock/v1/snapshots/$name/restore`: brings back what was kept. What was in the outbox then is sent again.
pub(super) async fn restore(
    State(state): State<ControlState>,
    Path(name): Path<String>,
) -> Result<StatusCode, CallError> {
    state.store.restore(SnapshotName::parse(&name)?).await?;
    tracing::info!(snapshot = name, "a snapshot was restored");
    state.bell.ring();
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /mock/v1/reset`: the scenario's contents, or those of a new store, and the real time, and no faults. Keys, token and snapshots stay.
pub(super) async fn reset(State(state): State<ControlState>) -> Result<StatusCode, CallError> {
    state.store.reset().await?;
    state.store.clock().reset();
    state.faults.clear();
    tracing::info!("everything was reset");
    state.bell.ring();
    Ok(StatusCode::NO_CONTENT)
}
