use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ControlState;
use crate::faults::{Fault, FaultDraft};
use crate::mock_api::{CallError, Posted, number};
use crate::platform::Id;

/// `GET /mock/v1/faults`
pub(super) async fn list(State(state): State<ControlState>) -> Json<Value> {
    Json(json!({"faults": state.faults.list()}))
}

/// `POST /mock/v1/faults`
pub(super) async fn add(
    State(state): State<ControlState>,
    Posted(draft): Posted<FaultDraft>,
) -> Result<(StatusCode, Json<Fault>), CallError> {
    if let Some(callback) = draft.callback {
        state.store.expect_callback(callback).await?;
    }
    match state.faults.add(draft) {
        Some(fault) => Ok((StatusCode::CREATED, Json(fault))),
        None => Err(CallError::Conflict("there are 100 faults already; remove some".to_owned())),
    }
}

/// `DELETE /mock/v1/faults`: all of them.
pub(super) async fn clear(State(state): State<ControlState>) -> StatusCode {
    state.faults.clear();
    StatusCode::NO_CONTENT
}

/// `DELETE /mock/v1/faults/$id`
pub(super) async fn remove(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
) -> Result<StatusCode, CallError> {
    let id = number(id, "fault")?;
    if state.faults.remove(id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(CallError::Unknown(format!("there is no fault {id}; `GET /mock/v1/faults` lists them")))
    }
}
