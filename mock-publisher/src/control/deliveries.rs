use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlState;
use super::error::ControlError;
use crate::platform::Id;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// Which part of the log: what follows the delivery `after`, at most `limit` rows.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    after: Id,
    limit: Option<usize>,
}

/// `GET /mock/v1/deliveries`: the delivery log, oldest first. `next` is the `after` of the following part.
pub(super) async fn list(
    State(state): State<ControlState>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<Value>, ControlError> {
    let Query(part) = part.map_err(|error| ControlError::BadRequest(error.body_text()))?;
    let limit = part.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let deliveries = state.store.deliveries(part.after, limit).await?;
    let next = deliveries.last().map_or(part.after, |last| last.id);
    Ok(Json(json!({"deliveries": deliveries, "next": next})))
}

/// `GET /mock/v1/deliveries/$id`: the delivery, and its request as it was sent, for `callback-verifier explain`.
pub(super) async fn show(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
) -> Result<impl IntoResponse, ControlError> {
    let id = number(id)?;
    let mut delivery = json!(state.store.delivery(id).await?);
    // In base64, since a body need not be text.
    delivery["request_base64"] = json!(state.store.sent_request(id).await?.map(|request| STANDARD.encode(request)));
    Ok(Json(delivery))
}

/// `GET /mock/v1/deliveries/$id/request`: the request as it was sent, for `callback-verifier verify`.
pub(super) async fn request(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
) -> Result<impl IntoResponse, ControlError> {
    let id = number(id)?;
    let request = state.store.sent_request(id).await?.ok_or(ControlError::NotAttempted(id))?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], request))
}

fn number(id: Result<Path<Id>, PathRejection>) -> Result<Id, ControlError> {
    id.map(|Path(id)| id).map_err(|_| ControlError::BadRequest("expected the number of a delivery".to_owned()))
}
