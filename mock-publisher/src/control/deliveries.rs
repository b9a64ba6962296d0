use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlState;
use crate::mock_api::{CallError, Limit, Queried, number, some_whole, whole};
use crate::platform::Id;
use crate::store::DeliveryState;

/// Which part of the delivery log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default, deserialize_with = "whole")]
    after: Id,
    #[serde(default)]
    limit: Limit,
    /// Of this callback only.
    #[serde(default, deserialize_with = "some_whole")]
    callback: Option<Id>,
    /// Of this state only.
    state: Option<DeliveryState>,
}

/// `GET /mock/v1/deliveries`: the delivery log, oldest first. `next` is the `after` of the following part.
pub(super) async fn list(
    State(state): State<ControlState>,
    Queried(Wanted { after, limit, callback, state: wanted }): Queried<Wanted>,
) -> Result<Json<Value>, CallError> {
    let deliveries = state.store.deliveries(after, callback, wanted, limit.rows()).await?;
    let next = deliveries.last().map_or(after, |last| last.id);
    Ok(Json(json!({"deliveries": deliveries, "next": next})))
}

/// `GET /mock/v1/deliveries/$id`: the delivery with all its attempts, and the last one's request as it was sent, for
/// `callback-verifier explain`.
pub(super) async fn show(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
) -> Result<impl IntoResponse, CallError> {
    let id = number(id, "delivery")?;
    let mut delivery = json!(state.store.delivery(id).await?);
    delivery["history"] = json!(state.store.attempts(id).await?);
    // In base64, since a body need not be text.
    let request = state.store.sent_request(id, None).await?;
    delivery["request_base64"] = json!(request.map(|request| STANDARD.encode(request)));
    Ok(Json(delivery))
}

/// Which attempt.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichAttempt {
    /// The last one, if there is no number.
    #[serde(default, deserialize_with = "some_whole")]
    attempt: Option<Id>,
}

/// `GET /mock/v1/deliveries/$id/request`: the request of an attempt as it was sent, for `callback-verifier verify`.
pub(super) async fn request(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
    Queried(WhichAttempt { attempt }): Queried<WhichAttempt>,
) -> Result<impl IntoResponse, CallError> {
    let id = number(id, "delivery")?;
    let request = state.store.sent_request(id, attempt).await?.ok_or(CallError::NotAttempted(id))?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], request))
}
