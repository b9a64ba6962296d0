//! What calls carry: a number or a name in the path, a body.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize};

use crate::mock_api::CallError;
use crate::platform::Id;

/// The number in a path.
pub(super) struct Number(pub(super) Id);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = CallError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, CallError> {
        let number: Result<Path<Id>, PathRejection> = Path::from_request_parts(parts, state).await;
        number.map(|Path(id)| Self(id)).map_err(|_| CallError::BadRequest("expected a number in the path".to_owned()))
    }
}

/// The number or name in a path.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = CallError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, CallError> {
        let Path(name) = Path::from_request_parts(parts, state).await?;
        Ok(Self(name))
    }
}

/// The answer of a call that created something: the thing itself.
pub(super) fn created(thing: &impl Serialize) -> Response {
    (StatusCode::CREATED, Json(thing)).into_response()
}

/// A member of a body that was given, even if it is `null`. (One that was not given is left as it is.)
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
