use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::route::Verb;
use super::version::Version;
use crate::platform::Id;

const X_CREATED: HeaderName = HeaderName::from_static("x-created");
const X_LOCATION: HeaderName = HeaderName::from_static("x-location");
const X_DELETED: HeaderName = HeaderName::from_static("x-deleted");

/// What came of a call that went well.
#[derive(Debug)]
pub(super) enum Reply {
    /// What was asked for.
    Content(Value),
    Created(Place),
    /// Something was created, and which number it has is not told.
    CreatedUntold,
    Updated,
    /// What was removed, if it was one thing.
    Removed(Option<Place>),
    /// There was nothing to remove.
    NothingRemoved,
}

/// Where something can be asked for, such as `profile/12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kind: &'static str,
    pub(super) id: Id,
}

/// How the call was made, upon which it depends what the answer looks like.
pub(super) struct Asked {
    pub(super) version: Version,
    pub(super) verb: Verb,
    /// The publisher's own address.
    pub(super) base_url: String,
    /// What was updated: its path, without the version.
    pub(super) target: String,
    /// With its question mark, or empty.
    pub(super) query: String,
}

impl Reply {
    pub(super) fn response(self, asked: &Asked) -> Response {
        let Asked { version, verb, base_url, target, query } = asked;
        let redirects = version.redirects();
        let puts = *verb == Verb::Put;
        let mut headers = HeaderMap::new();
        let status = match self {
            Self::Content(value) => return Json(value).into_response(),
            Self::Created(place) if puts && redirects => {
                add(&mut headers, X_CREATED, place.id.to_string());
                // The query may have the token, without which whoever follows is turned away.
                add(&mut headers, header::LOCATION, format!("{base_url}/{}/{}{query}", place.kind, place.id));
                StatusCode::SEE_OTHER
            }
            Self::Created(Place { kind, id }) => {
                let location = format!("{base_url}/{}/{kind}/{id}", version.name());
                add(&mut headers, X_CREATED, id.to_string());
                if *version == Version::V1 {
                    add(&mut headers, header::LOCATION, location.clone());
                }
                add(&mut headers, X_LOCATION, location);
                StatusCode::CREATED
            }
            Self::CreatedUntold | Self::Updated if puts && redirects => {
                add(&mut headers, header::LOCATION, format!("{base_url}/{target}{query}"));
                StatusCode::SEE_OTHER
            }
            Self::CreatedUntold => StatusCode::CREATED,
            // A `POST` that did what a `PUT` does.
            Self::Updated if redirects => StatusCode::OK,
            Self::Updated | Self::NothingRemoved => StatusCode::NO_CONTENT,
            Self::Removed(place) => {
                if let Some(Place { kind, id }) = place {
                    add(&mut headers, X_DELETED, format!("{kind} {id}"));
                }
                if redirects { StatusCode::OK } else { StatusCode::NO_CONTENT }
            }
        };
        (status, headers).into_response()
    }
}

/// Adds a header, unless what came in with a request cannot be the value of one.
fn add(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
