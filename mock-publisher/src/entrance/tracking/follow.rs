use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::super::Entry;
use super::super::handler::Event;
use crate::platform::Occasion;
use crate::store::Link;

/// One transparent pixel.
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// Nobody may keep the answer, or the next click and opening would not come here.
const NOT_KEPT: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// `GET /track/click/$token`
pub(super) async fn click(
    State(state): State<Entry>,
    method: Method,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    let token = path.map(|Path(token)| token).unwrap_or_default();
    let link = match follow(&state, &method, Occasion::Click, token).await {
        Ok(link) => link,
        Err(response) => return response,
    };
    match link.draft.url {
        Some(url) => (StatusCode::FOUND, [NOT_KEPT, (header::LOCATION, url.as_str())]).into_response(),
        None => ([NOT_KEPT], "This click has been noted. The link leads nowhere.\n").into_response(),
    }
}

/// `GET /track/open/$token.gif`
pub(super) async fn open(
    State(state): State<Entry>,
    method: Method,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    let file = path.map(|Path(file)| file).unwrap_or_default();
    let token = file.strip_suffix(".gif").unwrap_or_default().to_owned();
    match follow(&state, &method, Occasion::Open, token).await {
        Ok(_) => ([NOT_KEPT, (header::CONTENT_TYPE, "image/gif")], PIXEL).into_response(),
        Err(response) => response,
    }
}

/// Finds a link and runs its script. Whether that succeeds is no concern of whoever follows the link.
async fn follow(state: &Entry, method: &Method, occasion: Occasion, token: String) -> Result<Link, Response> {
    let link = match state.store.follow_link(occasion, token).await {
        Ok(Some(link)) => link,
        Ok(None) => return Err((StatusCode::NOT_FOUND, [NOT_KEPT], "There is no such link.\n").into_response()),
        Err(error) => {
            tracing::error!(%error, "a link could not be followed");
            let sorry = "The link could not be followed; the log of the publisher tells why.\n";
            return Err((StatusCode::INTERNAL_SERVER_ERROR, [NOT_KEPT], sorry).into_response());
        }
    };
    // Assumption: who only asks for the head, as scanners of mail do, has not clicked or opened anything.
    if method != Method::HEAD {
        run(state, &link).await;
    }
    Ok(link)
}

async fn run(state: &Entry, link: &Link) {
    let draft = &link.draft;
    let event =
        Event { entity: draft.entity, script: draft.script.clone(), about: draft.about.clone(), report: Value::Null };
    let (occasion, entity) = (draft.occasion.name(), draft.entity);
    let error = match state.handle(draft.occasion, vec![event]).await {
        Ok(applied) if applied.ignored.is_empty() => None,
        Ok(applied) => {
            let ignored = applied.ignored.join("; ");
            tracing::warn!(link = link.id, ignored, "a link was followed ({occasion} of {entity})");
            Some(ignored)
        }
        Err(error) => {
            tracing::warn!(link = link.id, %error, "a link was followed ({occasion} of {entity}), and changed nothing");
            Some(error.to_string())
        }
    };
    if error == link.last_error {
        return;
    }
    if let Err(error) = state.store.note_link_error(link.id, error).await {
        tracing::error!(%error, "how the script of a link ended could not be noted");
    }
}
