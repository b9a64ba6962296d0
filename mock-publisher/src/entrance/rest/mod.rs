//! The REST API (trigger `rest`), version 4: paths, bodies, answers and error texts as the platform's clients expect them.

mod body;
mod callbacks;
mod error;
mod paging;
mod profiles;

use std::convert::Infallible;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use crate::access_token::AccessToken;
use crate::bell::Bell;
use crate::store::Store;
use error::RestError;

/// What the handlers work with.
#[derive(Clone)]
pub(crate) struct RestState {
    pub(crate) store: Store,
    pub(crate) bell: Bell,
    pub(crate) token: AccessToken,
    /// The account's own address, for `X-location`.
    pub(crate) base_url: String,
}

/// Everything below `/v4`.
pub(crate) fn router(state: RestState) -> Router {
    // On the platform `POST` and `PUT` of an entity do the same.
    Router::new()
        .route("/v4/database/{database}/profiles", get(profiles::list).post(profiles::create))
        .route(
            "/v4/profile/{profile}",
            get(profiles::show).put(profiles::update).post(profiles::update).delete(profiles::remove),
        )
        .route("/v4/database/{database}/callbacks", get(callbacks::list).post(callbacks::create))
        .route(
            "/v4/callback/{callback}",
            get(callbacks::show).put(callbacks::update).post(callbacks::update).delete(callbacks::remove),
        )
        .route("/v4/{*path}", any(invalid_method))
        .method_not_allowed_fallback(invalid_method)
        .layer(DefaultBodyLimit::max(body::MAX_BODY))
        .layer(from_fn_with_state(state.clone(), require_token))
        .with_state(state)
}

async fn require_token(State(state): State<RestState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if !state.token.is_in(&parts) {
        return RestError::InvalidToken.into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

async fn invalid_method() -> RestError {
    RestError::InvalidMethod
}

/// What a path names by number or name. What is not even text is the name of nothing.
struct Named(String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let named = Path::from_request_parts(parts, state).await;
        Ok(Self(named.map_or_else(|_| String::new(), |Path(name)| name)))
    }
}

/// Reads a number out of a path. On the platform a word is simply the number of nothing.
fn number(text: &str) -> crate::platform::Id {
    text.parse().unwrap_or(0)
}
