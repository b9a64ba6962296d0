//! The REST API (trigger `rest`), versions 1 to 4: paths, bodies, answers and error texts as the platform's clients expect
//! them.
//!
//! The [table of routes](resources) is the only place that knows which calls there are; the router here and the [OpenAPI
//! document](openapi) are both made from it. A [call](call::Call) comes in, a [reply](reply::Reply) comes out, and what that
//! looks like is the matter of its [version](version::Version).

mod body;
mod call;
mod error;
mod openapi;
mod paging;
mod query;
mod reply;
mod resources;
mod route;
#[cfg(test)]
mod tests;
mod version;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use percent_encoding::percent_decode_str;

use super::Entry;
use super::copy::Copies;
use super::import::Imports;
use call::Call;
use error::RestError;
use query::Query;
use reply::{Asked, Reply};
use route::{Destination, Route, Verb, destination};
use version::Version;

pub(in crate::entrance) use body::form_body;

/// What calls work with.
#[derive(Clone)]
struct Rest {
    entry: Entry,
    /// Carries imports out.
    imports: Imports,
    /// Carries copies out.
    copies: Copies,
}

/// `/v1` to `/v4`, the same without a version, and the document that describes them.
pub(crate) fn router(entry: Entry, imports: Imports, copies: Copies) -> Router {
    let mut router = Router::new().route("/mock/openapi.json", get(describe));
    // Assumption: a path without a version is one of the oldest. Clients older than the versions use such paths, and the
    // redirects of versions 1 and 2 lead there.
    let heads = resources::all().filter_map(|route| route.path.split('/').next());
    let mut heads: Vec<String> = heads.map(|head| format!("/{head}")).collect();
    heads.extend(Version::ALL.map(|version| format!("/{}", version.name())));
    heads.sort();
    heads.dedup();
    for head in heads {
        router = router.route(&head, any(answer)).route(&format!("{head}/"), any(answer));
        router = router.route(&format!("{head}/{{*path}}"), any(answer));
    }
    router.layer(DefaultBodyLimit::max(body::MAX_BODY)).with_state(Rest { entry, imports, copies })
}

/// `GET /mock/openapi.json`, of one version with `?version=v4`. It wants no token: it tells nothing that this program's source
/// does not tell.
async fn describe(State(Rest { entry, .. }): State<Rest>, RawQuery(query): RawQuery) -> Response {
    match Query::read(query.as_deref()).text("version") {
        None => Json(openapi::document(&entry.base_url, &Version::ALL)).into_response(),
        Some(name) => match Version::from_name(name) {
            Some(version) => Json(openapi::document(&entry.base_url, &[version])).into_response(),
            None => RestError::invalid("version", "expected `v1`, `v2`, `v3` or `v4`").into_response(),
        },
    }
}

async fn answer(State(rest): State<Rest>, request: Request) -> Response {
    let entry = &rest.entry;
    let (parts, body) = request.into_parts();
    if !entry.token.is_in(&parts) {
        return RestError::InvalidToken.into_response();
    }
    let (version, path) = split_version(parts.uri.path());
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let path_parts: Vec<String> = path.split('/').map(decoded).collect();
    let verb = Verb::of(&parts.method);
    let found = destination(&path_parts);
    let operation = match (&found, verb) {
        (Destination::Route(route, _), Some(verb)) => route.operation(verb, version).map(|found| (*route, found, verb)),
        _ => None,
    };
    let Some((route, operation, verb)) = operation else {
        return refusal(entry, &path_parts, &found).await.into_response();
    };
    let names = if let Destination::Route(_, names) = found { names } else { Vec::new() };
    let asked = Asked {
        version,
        verb,
        base_url: entry.base_url.clone(),
        target: target(route, path).to_owned(),
        query: parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default(),
    };
    let call = Call::read(rest, version, names, &parts, body).await;
    match (operation.run)(call).await {
        Ok(reply) => Reply::response(reply, &asked),
        Err(error) => error.into_response(),
    }
}

/// The version that a path begins with, and what follows, without slashes at the end.
fn split_version(path: &str) -> (Version, &str) {
    let path = path.trim_start_matches('/').trim_end_matches('/');
    let (head, rest) = path.split_once('/').unwrap_or((path, ""));
    match Version::from_name(head) {
        Some(version) => (version, rest),
        None => (Version::V1, path),
    }
}

/// Why a call cannot be. Whether that exists which the path begins with is said before all else.
async fn refusal(entry: &Entry, parts: &[String], found: &Destination) -> RestError {
    if let Err(error) = resources::look_up(entry, parts).await {
        return error;
    }
    match found {
        Destination::Unfinished if parts.last().is_some_and(|last| last == "field") => RestError::NoFieldId,
        Destination::Unfinished => RestError::Unfinished(parts.len()),
        _ => RestError::InvalidMethod,
    }
}

/// Where a redirect leads after an update: as observed, to what was called, without the version and without `/fields`. What
/// can only be written, such as `/unsubscribe`, is left out as well, so that whoever follows finds something.
fn target<'a>(route: &Route, path: &'a str) -> &'a str {
    let can_be_read = route.operations.iter().any(|operation| operation.verb == Verb::Get);
    match path.rsplit_once('/') {
        Some((owner, last)) if !can_be_read || (last == "fields" && route.path.ends_with("/fields")) => owner,
        _ => path,
    }
}
