use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::ControlState;
use crate::callback::ShownCallback;
use crate::mock_api::{CallError, Posted, number};
use crate::platform::Id;
use crate::terms::{OwnTerms, TermsDraft};

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

/// `GET /mock/v1/callbacks/$id/terms`: the terms of delivery that it has of its own.
pub(super) async fn terms(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
) -> Result<Json<OwnTerms>, CallError> {
    Ok(Json(state.store.terms(number(id, "callback")?).await?))
}

/// `PUT /mock/v1/callbacks/$id/terms`: changes what is given.
pub(super) async fn change_terms(
    State(state): State<ControlState>,
    id: Result<Path<Id>, PathRejection>,
    Posted(draft): Posted<TermsDraft>,
) -> Result<Json<OwnTerms>, CallError> {
    let id = number(id, "callback")?;
    let terms = state.store.change_terms(id, draft).await?;
    // There may be more to do now.
    state.bell.ring();
    Ok(Json(terms))
}
