use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ControlState;
use super::error::ControlError;
use super::part::{Part, number};
use crate::platform::Id;

/// `GET /mock/v1/deliveries`: the delivery log, oldest first. `next` is the `after` of the following part.
pub(super) async fn list(
    State(state): State<ControlState>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<Value>, ControlError> {
    let part = Part::of(part)?;
    let deliveries = state.store.deliveries(part.after, part.limit()).await?;
    let next = deliveries.last().map_or(part.after, |last| last.id);
    Ok(Json(json!({"deliveries": deliveries, "next": next})))
}

/// `GET /mock/v1/deliveries/$id`: the delivery, and its request as it was sent, for `callback-verifier explain`.
pub(super) async fn show(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
) -> Result<impl IntoResponse, ControlError> {
    let id = number(id, "delivery")?;
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
    let id = number(id, "delivery")?;
    let request = state.store.sent_request(id).await?.ok_or(ControlError::NotAttempted(id))?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], request))
}
