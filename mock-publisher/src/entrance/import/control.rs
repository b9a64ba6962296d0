use std::io::Write;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use http_body::Body;
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};

use super::order::{ImportOrder, OPTIONS};
use super::source::Format;
use super::spool::{self, unwritable};
use super::worker::Imports;
use crate::entrance::Entry;
use crate::entrance::rest::form_body;
use crate::mock_api::{CallError, Part, Queried, require_token};
use crate::platform::Id;
use crate::store::Import;

/// Uploads and progress, below `/mock/v1`.
pub(crate) fn router(entry: Entry, imports: Imports) -> Router {
    let guard = entry.token.clone();
    let calls: Router<()> = Router::new()
        .route("/mock/v1/imports", get(list).post(upload))
        .route("/mock/v1/imports/{import}", get(show).delete(stop))
        .route("/mock/v1/imports/{import}/start", post(start))
        .with_state((entry, imports));
    calls.layer(from_fn_with_state(guard, require_token))
}

/// `POST /mock/v1/imports?database=customers&action=add`: the file itself, with the options of an import in the query.
async fn upload(
    State((entry, imports)): State<(Entry, Imports)>,
    request: Request,
) -> Result<impl IntoResponse, CallError> {
    let options = options(request.uri().query().unwrap_or_default())?;
    let database = options.get("database").and_then(Value::as_str);
    let database = database.ok_or_else(|| CallError::BadRequest("`database` is missing in the query".to_owned()))?;
    let database = entry.store.database(database).await?;
    let mut order = ImportOrder::read(&options, &database).map_err(CallError::BadRequest)?;
    let format = format(&order, request.headers())?;
    if is_tabs(request.headers()) {
        order.delimiter.get_or_insert(b'\t');
    }
    let place = imports.place()?;
    let max = imports.max_file();
    let too_large = || CallError::TooLarge(format!("the file is larger than {} MiB; see `--max-import`", max >> 20));
    if request.body().size_hint().lower() > max {
        return Err(too_large());
    }
    let mut file = spool::file(&entry)?;
    let mut body = request.into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| CallError::BadRequest(format!("the file did not come whole: {error}")))?;
        let Ok(part) = frame.into_data() else { continue };
        length += part.len() as u64;
        if length > max {
            return Err(too_large());
        }
        let written = tokio::task::block_in_place(|| file.write_all(&part));
        written.map_err(|cause| unwritable(&entry, cause))?;
    }
    let id = imports.take(place, order, format, file).await?;
    let import = entry.store.import(id).await?;
    Ok((StatusCode::CREATED, [("X-Created", id.to_string())], Json(shown(&import))))
}

/// The options in a query, in the form of PHP: `keyFields[]=email`. What is no option is refused, so that none is misspelt.
fn options(query: &str) -> Result<Map<String, Value>, CallError> {
    let Ok(mut options) = form_body(query.as_bytes()) else {
        return Err(CallError::BadRequest("the query has one option in two shapes".to_owned()));
    };
    options.remove("access_token");
    match options.keys().find(|key| !OPTIONS.contains(&key.as_str()) || *key == "source") {
        None => Ok(options),
        Some(unknown) => Err(CallError::BadRequest(format!("`{unknown}` is no option of an import"))),
    }
}

fn format(order: &ImportOrder, headers: &HeaderMap) -> Result<Format, CallError> {
    match (order.format, media_type(headers)) {
        (Some(format), _) => Ok(format),
        (None, "text/csv" | "text/tab-separated-values") => Ok(Format::Csv),
        (None, "application/json") => Ok(Format::Json),
        (None, _) => Err(CallError::UnsupportedMediaType(
            "expected `text/csv`, `text/tab-separated-values` or `application/json`, or the option `format`".to_owned(),
        )),
    }
}

fn is_tabs(headers: &HeaderMap) -> bool {
    media_type(headers) == "text/tab-separated-values"
}

fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// `GET /mock/v1/imports`: oldest first. `next` is the `after` of the following part.
async fn list(
    State((entry, _)): State<(Entry, Imports)>,
    Queried(Part { after, limit }): Queried<Part>,
) -> Result<Json<Value>, CallError> {
    let imports = entry.store.imports(after, limit.rows()).await?;
    let next = imports.last().map_or(after, |last| last.id);
    Ok(Json(json!({"imports": imports.iter().map(shown).collect::<Vec<_>>(), "next": next})))
}

/// `GET /mock/v1/imports/$id`
async fn show(
    State((entry, _)): State<(Entry, Imports)>,
    path: Result<Path<Id>, PathRejection>,
) -> Result<Json<Value>, CallError> {
    let Path(id) = path?;
    Ok(Json(shown(&entry.store.import(id).await?)))
}

/// `POST /mock/v1/imports/$id/start`: begins an import with `autostart=false`.
async fn start(
    State((entry, imports)): State<(Entry, Imports)>,
    path: Result<Path<Id>, PathRejection>,
) -> Result<StatusCode, CallError> {
    let Path(id) = path?;
    entry.store.import(id).await?;
    imports.release(id);
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /mock/v1/imports/$id`: ends an import after the rows under way. What was carried out stays.
async fn stop(
    State((entry, imports)): State<(Entry, Imports)>,
    path: Result<Path<Id>, PathRejection>,
) -> Result<StatusCode, CallError> {
    let Path(id) = path?;
    entry.store.import(id).await?;
    imports.stop(id);
    Ok(StatusCode::NO_CONTENT)
}

fn shown(import: &Import) -> Value {
    let mut shown = json!(import);
    shown["done"] = json!(import.status.is_final());
    shown
}
