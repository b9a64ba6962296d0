//! What all calls below `/mock/v1` have in common, whichever module answers them: who may make them, how they fail, and how their
//! queries and paths are read.

mod body;
mod error;
mod query;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::access_token::AccessToken;
use crate::platform::Id;

pub(crate) use body::Posted;
pub(crate) use error::CallError;
pub(crate) use query::{Limit, Part, Queried, some_whole, whole};

/// Whoever makes a call must show the access token.
pub(crate) async fn require_token(State(token): State<AccessToken>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if !token.is_in(&parts) {
        return CallError::Unauthorized.into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

/// The number in a path, of what `what` says.
pub(crate) fn number(id: Result<Path<Id>, PathRejection>, what: &str) -> Result<Id, CallError> {
    id.map(|Path(id)| id).map_err(|_| CallError::BadRequest(format!("expected the number of a {what}")))
}
