use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::Entry;
use super::default;
use crate::mock_api::{CallError, Posted, require_token};
use crate::platform::Occasion;
use crate::script::Script;
use crate::store::Handler;

/// The scripts of databases, below `/mock/v1`.
pub(crate) fn router(state: Entry) -> Router {
    let calls = Router::new()
        .route("/mock/v1/database/{database}/handlers", get(list))
        .route("/mock/v1/database/{database}/handlers/{occasion}", get(show).put(set).delete(remove));
    guarded(calls, state)
}

/// Control calls: whoever makes one must show the access token.
pub(in crate::entrance) fn guarded(calls: Router<Entry>, state: Entry) -> Router {
    calls.layer(from_fn_with_state(state.token.clone(), require_token)).with_state(state)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    script: String,
}

/// `GET /mock/v1/database/$id/handlers`
async fn list(State(state): State<Entry>, path: Result<Path<String>, PathRejection>) -> Result<Json<Value>, CallError> {
    let Path(database) = path?;
    let database = state.store.database(&database).await?.id;
    let handlers: Map<String, Value> = state.store.handlers(database).await?.iter().map(named).collect();
    Ok(Json(handlers.into()))
}

/// `GET /mock/v1/database/$id/handlers/$occasion`
async fn show(
    State(state): State<Entry>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Value>, CallError> {
    let (database, occasion) = of(path?)?;
    let database = state.store.database(&database).await?.id;
    let handlers = state.store.handlers(database).await?;
    let handler = handlers.iter().find(|handler| handler.occasion == occasion);
    Ok(Json(handler.map_or(Value::Null, |handler| named(handler).1)))
}

/// `PUT /mock/v1/database/$id/handlers/$occasion` with `{"script": "..."}`
async fn set(
    State(state): State<Entry>,
    path: Result<Path<(String, String)>, PathRejection>,
    Posted(Body { script }): Posted<Body>,
) -> Result<StatusCode, CallError> {
    let (database, occasion) = of(path?)?;
    check_script(&script)?;
    let database = state.store.database(&database).await?.id;
    state.store.set_handler(database, Handler { occasion, script: Some(script) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /mock/v1/database/$id/handlers/$occasion`: the default one is back then.
async fn remove(
    State(state): State<Entry>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<StatusCode, CallError> {
    let (database, occasion) = of(path?)?;
    let database = state.store.database(&database).await?.id;
    state.store.set_handler(database, Handler { occasion, script: None }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn of(Path((database, occasion)): Path<(String, String)>) -> Result<(String, Occasion), CallError> {
    let known = Occasion::from_name(&occasion);
    let unknown =
        || CallError::BadRequest(format!("no handler is called `{occasion}`: use click, open, failure or bounce"));
    Ok((database, known.ok_or_else(unknown)?))
}

/// Whether a script may be stored: one that does not compile never does anything.
pub(in crate::entrance) fn check_script(script: &str) -> Result<(), CallError> {
    match Script::compile(script) {
        Ok(_) => Ok(()),
        Err(error) => Err(CallError::BadRequest(format!("`script` is no JavaScript that can run: {error}"))),
    }
}

fn named(handler: &Handler) -> (String, Value) {
    let script = handler.script.as_deref().unwrap_or_else(|| default(handler.occasion));
    (handler.occasion.name().to_owned(), json!({"script": script, "default": handler.script.is_none()}))
}
