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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (verifier, request, fixed) = (verifier(), request(), now());
/// # use tower::ServiceExt;
/// use axum::{Router, routing::post};
/// use callback_verifier::axum::VerifiedCallback;
///
/// async fn hook(VerifiedCallback(callback): VerifiedCallback) -> String {
///     format!("{} {}", callback.action(), callback.id())
/// }
///
/// let layer = verifier.layer();
/// # let layer = layer.clock(move || fixed);
/// let router = Router::new().route("/crm/hook", post(hook)).layer(layer);
/// let response = router.oneshot(request).await?;
/// assert_eq!(axum::body::to_bytes(response.into_body(), 1000).await?, "update 123");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedCallback(pub Callback);

/// The evidence that a request is genuine, with its raw body.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (verifier, request, fixed) = (verifier(), request(), now());
/// # use tower::ServiceExt;
/// # use axum::{Router, routing::post};
/// use callback_verifier::axum::VerifiedRequest;
///
/// async fn hook(VerifiedRequest(verified): VerifiedRequest) -> String {
///     format!("{} bytes of {}", verified.body().len(), verified.account())
/// }
/// # let layer = verifier.layer().clock(move || fixed);
/// # let response = Router::new().route("/crm/hook", post(hook)).layer(layer).oneshot(request).await?;
/// # assert_eq!(axum::body::to_bytes(response.into_body(), 1000).await?, "78 bytes of account_1234");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedRequest(pub Arc<Verified<Bytes>>);

/// What a handler asked for cannot be had. The reason goes to `tracing`, and into the extensions of the response; the
/// answer's body is empty.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use axum::{Router, routing::post};
/// # use callback_verifier::axum::{ExtractError, VerifiedCallback};
/// # use tower::ServiceExt;
/// # async fn hook(_: VerifiedCallback) {}
/// # let request = http::Request::post("/hook").body(axum::body::Body::empty())?;
/// let unprotected = Router::new().route("/hook", post(hook));     // no layer
/// let response = unprotected.oneshot(request).await?;
/// assert_eq!(response.status(), 500);
/// assert_eq!(response.extensions().get(), Some(&ExtractError::NotVerified));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// There is no layer in front of the handler: 500 (RFC 9110 section 15.6.1).
    #[error("the request was not verified: put the router behind `verifier.layer()`")]
    NotVerified,
    /// The payload is of no known shape: 422 (RFC 9110 section 15.5.21).
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
