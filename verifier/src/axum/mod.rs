//! Extractors for axum (feature `axum`): what a handler behind the [layer](crate::tower) is told.
//!
//! ```no_run
//! use axum::{Router, routing::post};
//! use callback_verifier::{Verifier, axum::VerifiedCallback};
//!
//! # #[cfg(feature = "dns")]
//! fn router() -> Result<Router, callback_verifier::BuildError> {
//!     let verifier = Verifier::builder(1234)                      // our account
//!         .host("hooks.example.com")                              // the name that the publisher calls us by
//!         .build()?;                                              // keys from DNS, strict policy, replay guard in memory
//!     Ok(Router::new().route("/hook", post(hook)).layer(verifier.layer()))
//! }
//!
//! async fn hook(VerifiedCallback(callback): VerifiedCallback) -> &'static str {
//!     println!("{} {} {:?}", callback.action(), callback.id(), callback.fields().get("email"));
//!     "ok"                                                        // any other status than 2xx lets the sender try again
//! }
//! ```
//!
//! The path is the one that came in, also below `Router::nest`. Behind a proxy see [`Proxy`](crate::tower::Proxy).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;

use crate::payload::{Callback, PayloadError};
use crate::verified::Verified;

/// The decoded payload of a genuine request.
///
/// Its rejection answers 422 to a payload that cannot be decoded: it is genuine, so the sender may try again. A handler that
/// wants payloads of any shape takes a [`VerifiedRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedCallback(pub Callback);

/// The evidence that a request is genuine, with its raw body.
#[derive(Debug, Clone)]
pub struct VerifiedRequest(pub Arc<Verified<Bytes>>);

/// What a handler asked for cannot be had. The reason goes to `tracing`, and into the extensions of the response; the
/// answer's body is empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// There is no layer in front of the handler: 500.
    #[error("the request was not verified: put the router behind `verifier.layer()`")]
    NotVerified,
    /// The payload is of no known shape: 422.
    #[error("the payload cannot be decoded: {0}")]
    Payload(#[from] PayloadError),
}

impl<S: Sync> FromRequestParts<S> for VerifiedRequest {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ExtractError> {
        crate::tower::verified(&parts.extensions).cloned().map(Self).ok_or(ExtractError::NotVerified)
    }
}

impl<S: Sync> FromRequestParts<S> for VerifiedCallback {
    type Rejection = ExtractError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ExtractError> {
        let verified = crate::tower::verified(&parts.extensions).ok_or(ExtractError::NotVerified)?;
        Ok(Self(verified.callback()?))
    }
}

impl IntoResponse for ExtractError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotVerified => {
                tracing::error!(target: "callback_verifier", "{self}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Payload(_) => {
                tracing::warn!(target: "callback_verifier", "{self}");
                StatusCode::UNPROCESSABLE_ENTITY
            }
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
