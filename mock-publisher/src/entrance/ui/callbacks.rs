use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Named, Number, created, given};
use crate::callback::{ActionType, ConditionDraft, Scope, ShownCallback};
use crate::emit::{PayloadMethod, TargetUrl};
use crate::entrance::Entry;
use crate::mock_api::{CallError, Posted};
use crate::platform::{Dialect, TriggerSet};
use crate::store::CallbackDraft;
use crate::wire_profile::WireProfile;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackBody {
    url: Option<TargetUrl>,
    method: Option<PayloadMethod>,
    dialect: Option<Dialect>,
    wire: Option<WireProfile>,
    action: Option<ActionType>,
    triggers: Option<TriggerSet>,
    expression: Option<String>,
    /// A set of rules; `null` for none.
    #[serde(default, deserialize_with = "given")]
    conditions: Option<Option<Value>>,
    active: Option<bool>,
}

impl CallbackBody {
    /// What is to change; of a condition, what is not given stays as it is.
    fn draft(self) -> Result<CallbackDraft, CallError> {
        let null = Value::Null;
        let rules = self.conditions.as_ref().map(|rules| rules.as_ref().unwrap_or(&null));
        let condition = ConditionDraft::parse(self.expression.as_deref(), rules);
        let condition = condition.map_err(|error| CallError::BadRequest(error.to_string()))?;
        Ok(CallbackDraft {
            url: self.url,
            method: self.method,
            dialect: self.dialect,
            wire: self.wire,
            action: self.action,
            triggers: self.triggers,
            condition,
            active: self.active,
        })
    }
}

pub(super) async fn of_database(State(state): State<Entry>, Named(database): Named) -> Result<Json<Value>, CallError> {
    let database = state.store.database(&database).await?.id;
    listed(&state, Scope::Database(database)).await
}

pub(super) async fn of_collection(
    State(state): State<Entry>,
    Number(collection): Number,
) -> Result<Json<Value>, CallError> {
    listed(&state, Scope::Collection(collection)).await
}

async fn listed(state: &Entry, scope: Scope) -> Result<Json<Value>, CallError> {
    let callbacks = state.store.callbacks(scope).await?;
    Ok(Json(json!({"callbacks": callbacks.into_iter().map(ShownCallback::from).collect::<Vec<_>>()})))
}

pub(super) async fn create_for_database(
    State(state): State<Entry>,
    Named(database): Named,
    Posted(body): Posted<CallbackBody>,
) -> Result<Response, CallError> {
    let database = state.store.database(&database).await?.id;
    create(&state, Scope::Database(database), body).await
}

pub(super) async fn create_for_collection(
    State(state): State<Entry>,
    Number(collection): Number,
    Posted(body): Posted<CallbackBody>,
) -> Result<Response, CallError> {
    create(&state, Scope::Collection(collection), body).await
}

async fn create(state: &Entry, scope: Scope, body: CallbackBody) -> Result<Response, CallError> {
    let mut draft = body.draft()?;
    let url = draft.url.take().ok_or_else(|| CallError::BadRequest("`url` is missing".to_owned()))?;
    let id = state.store.create_callback(scope, url, draft).await?;
    Ok(created(&ShownCallback::from(state.store.callback(id).await?)))
}

pub(super) async fn show(State(state): State<Entry>, Number(id): Number) -> Result<Json<Value>, CallError> {
    Ok(Json(json!(ShownCallback::from(state.store.callback(id).await?))))
}

pub(super) async fn update(
    State(state): State<Entry>,
    Number(id): Number,
    Posted(body): Posted<CallbackBody>,
) -> Result<Json<Value>, CallError> {
    state.store.update_callback(id, body.draft()?).await?;
    Ok(Json(json!(ShownCallback::from(state.store.callback(id).await?))))
}

pub(super) async fn remove(State(state): State<Entry>, Number(id): Number) -> Result<StatusCode, CallError> {
    state.store.remove_callback(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
