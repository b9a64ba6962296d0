//! The control API, `/mock/v1`: what the platform does not have and a tester needs. And the probes, which need no token.

mod changes;
mod clock;
mod deliveries;
mod error;
mod part;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Router, response};

use crate::access_token::AccessToken;
use crate::store::Store;
use error::ControlError;

/// What the handlers work with.
#[derive(Clone)]
pub(crate) struct ControlState {
    pub(crate) store: Store,
    pub(crate) token: AccessToken,
}

/// Everything below `/mock/v1`, and the probes.
pub(crate) fn router(state: ControlState) -> Router {
    let api = Router::new()
        .route("/mock/v1/changes", get(changes::list))
        .route("/mock/v1/changes/{change}", get(changes::show))
        .route("/mock/v1/changes/{change}/why", get(changes::why))
        .route("/mock/v1/clock", get(clock::show).put(clock::adjust))
        .route("/mock/v1/clock/advance", post(clock::advance))
        .route("/mock/v1/deliveries", get(deliveries::list))
        .route("/mock/v1/deliveries/{delivery}", get(deliveries::show))
        .route("/mock/v1/deliveries/{delivery}/request", get(deliveries::request))
        .route("/mock/v1/{*path}", any(async || ControlError::NotFound))
        .method_not_allowed_fallback(async || ControlError::MethodNotAllowed)
        .layer(from_fn_with_state(state.clone(), require_token));
    api.route("/livez", get(async || "alive\n")).route("/readyz", get(ready)).with_state(state)
}

async fn require_token(State(state): State<ControlState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if !state.token.is_in(&parts) {
        return ControlError::Unauthorized.into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Ready is who can read its store. (The sockets are open before anybody can ask.)
async fn ready(State(state): State<ControlState>) -> response::Result<&'static str> {
    match state.store.probe().await {
        Ok(()) => Ok("ready\n"),
        Err(error) => {
            tracing::error!(%error, "not ready");
            Err((StatusCode::SERVICE_UNAVAILABLE, "not ready: the store cannot be read\n").into())
        }
    }
}
