use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use super::body::Body;
use super::error::RestError;
use super::paging::Paging;
use super::{Named, RestState, number};
use crate::callback::{ActionType, Callback};
use crate::emit::{PayloadMethod, TargetUrl};
use crate::platform::{Trigger, TriggerSet};
use crate::store::CallbackDraft;

/// `GET /v4/database/$id/callbacks`
pub(super) async fn list(
    State(state): State<RestState>,
    Named(database): Named,
    paging: Paging,
) -> Result<Json<Value>, RestError> {
    let database = state.store.database(&database).await?;
    let callbacks = state.store.callbacks(database.id).await?;
    let total = callbacks.len() as u64;
    let (start, limit) = (paging.start(), paging.limit());
    let page = (start..total).zip(0..limit).map(|(index, _)| shown(&callbacks[index as usize])).collect();
    Ok(Json(paging.wrap(page, total)))
}

/// `POST /v4/database/$id/callbacks`
pub(super) async fn create(
    State(state): State<RestState>,
    Named(database): Named,
    body: Result<Body, RestError>,
) -> Result<impl IntoResponse, RestError> {
    let database = state.store.database(&database).await?;
    let mut draft = draft(&body?.0)?;
    let url = draft.url.take().ok_or_else(|| RestError::InvalidData("`url` is missing".to_owned()))?;
    let id = state.store.create_callback(database.id, url, draft).await?;
    let location = format!("{}/v4/callback/{id}", state.base_url);
    Ok((StatusCode::CREATED, [("X-Created", id.to_string()), ("X-location", location)]))
}

/// `GET /v4/callback/$id`: one callback, and yet a list.
pub(super) async fn show(State(state): State<RestState>, Named(callback): Named) -> Result<Json<Value>, RestError> {
    let callback = state.store.callback(number(&callback)).await?;
    Ok(Json(json!({"start": 0, "limit": 1, "total": 1, "data": [shown(&callback)]})))
}

/// `PUT /v4/callback/$id`
pub(super) async fn update(
    State(state): State<RestState>,
    Named(callback): Named,
    body: Result<Body, RestError>,
) -> Result<StatusCode, RestError> {
    let callback = state.store.callback(number(&callback)).await?;
    state.store.update_callback(callback.id, draft(&body?.0)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v4/callback/$id`
pub(super) async fn remove(
    State(state): State<RestState>,
    Named(callback): Named,
) -> Result<impl IntoResponse, RestError> {
    let id = number(&callback);
    state.store.remove_callback(id).await?;
    Ok((StatusCode::NO_CONTENT, [("X-deleted", format!("callback {id}"))]))
}

/// Reads a callback, flat or, as the documentation's sample has it, wrapped into `data`.
fn draft(body: &Map<String, Value>) -> Result<CallbackDraft, RestError> {
    let body = body.get("data").and_then(|data| data.get(0)).and_then(Value::as_object).unwrap_or(body);
    if body.get("expression").is_some_and(|expression| !matches!(expression, Value::Null) && expression != "") {
        return Err(RestError::InvalidData(
            "`expression`: conditions are not supported so far, leave it empty".to_owned(),
        ));
    }
    Ok(CallbackDraft {
        url: text(body, "url")?.map(|url| TargetUrl::parse(url).map_err(|error| invalid("url", error))).transpose()?,
        method: text(body, "method")?
            .map(|name| PayloadMethod::from_name(name).ok_or_else(|| invalid("method", "expected `json` or `xml`")))
            .transpose()?,
        action: text(body, "action")?
            .map(|name| {
                let expected = "expected `create`, `update`, `delete` or `all`";
                ActionType::from_name(name).ok_or_else(|| invalid("action", expected))
            })
            .transpose()?,
        triggers: body.get("triggers").map(triggers).transpose()?,
        active: body.get("active").map(truth).transpose()?,
    })
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, RestError> {
    match body.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(key, "expected a text")),
    }
}

/// A list of names, or the names with commas between.
fn triggers(value: &Value) -> Result<TriggerSet, RestError> {
    match value {
        Value::String(names) => names.parse().map_err(|error| invalid("triggers", error)),
        Value::Array(items) => items
            .iter()
            .map(|item| {
                let name = item.as_str().ok_or_else(|| invalid("triggers", "expected a list of names"))?;
                name.parse::<Trigger>().map_err(|error| invalid("triggers", error))
            })
            .collect(),
        _ => Err(invalid("triggers", "expected a list of names")),
    }
}

fn truth(value: &Value) -> Result<bool, RestError> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::String(text) if text == "true" || text == "1" => Ok(true),
        Value::String(text) if text == "false" || text == "0" => Ok(false),
        _ => Err(invalid("active", "expected `true` or `false`")),
    }
}

fn invalid(key: &str, reason: impl std::fmt::Display) -> RestError {
    RestError::InvalidData(format!("`{key}`: {reason}"))
}

/// `triggers` and `active` are ours: the platform never documented them in its REST API.
fn shown(callback: &Callback) -> Value {
    json!({
        "ID": callback.id.to_string(),
        "url": callback.url.as_str(),
        "expression": "",
        "method": callback.method.name(),
        "action": callback.action.name(),
        "collection": 0,
        "database": callback.database.to_string(),
        "triggers": callback.triggers.names().collect::<Vec<_>>(),
        "active": callback.active,
    })
}
