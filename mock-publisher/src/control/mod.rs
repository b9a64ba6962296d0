//! The control API, `/mock/v1`: what the platform does not have and a tester needs. And the probes, which need no token.

mod callbacks;
mod changes;
mod clock;
mod deliveries;
mod faults;
mod keys;
mod repeats;
mod snapshots;
mod statistics;
#[cfg(test)]
mod tests;
mod wait;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, any, delete, get, post, put};
use tokio::sync::watch;

use crate::access_token::AccessToken;
use crate::bell::Bell;
use crate::faults::Faults;
use crate::health::Health;
use crate::keyring::Keyring;
use crate::keyring::rotation::Rotator;
use crate::metrics::Metrics;
use crate::mock_api::{CallError, require_token};
use crate::store::{Store, StoreError};

/// What the handlers work with.
#[derive(Clone)]
pub(crate) struct ControlState {
    pub(crate) store: Store,
    pub(crate) token: AccessToken,
    pub(crate) keyring: Keyring,
    pub(crate) rotator: Rotator,
    pub(crate) bell: Bell,
    pub(crate) metrics: Metrics,
    pub(crate) faults: Faults,
    pub(crate) health: Health,
    /// Whether the publisher stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Describes what is below `/mock/v1`, but for `/mock/v1/ui` and the entrances.
const OPENAPI: &str = include_str!("openapi.json");

/// What there is, and what answers. [`OPENAPI`] describes the same, which the tests hold against each other.
fn routes() -> Vec<(&'static str, MethodRouter<ControlState>)> {
    vec![
        ("/mock/v1/callbacks", get(callbacks::list)),
        ("/mock/v1/callbacks/{callback}", get(callbacks::show)),
        ("/mock/v1/callbacks/{callback}/terms", get(callbacks::terms).put(callbacks::change_terms)),
        ("/mock/v1/changes", get(changes::list)),
        ("/mock/v1/changes/{change}", get(changes::show)),
        ("/mock/v1/changes/{change}/why", get(changes::why)),
        ("/mock/v1/clock", get(clock::show).put(clock::adjust)),
        ("/mock/v1/clock/advance", post(clock::advance)),
        ("/mock/v1/deliveries", get(deliveries::list)),
        ("/mock/v1/deliveries/{delivery}", get(deliveries::show)),
        ("/mock/v1/deliveries/{delivery}/request", get(deliveries::request)),
        ("/mock/v1/deliveries/{delivery}/redeliver", post(repeats::one)),
        ("/mock/v1/deliveries/redeliver", post(repeats::many)),
        ("/mock/v1/faults", get(faults::list).post(faults::add).delete(faults::clear)),
        ("/mock/v1/faults/{fault}", delete(faults::remove)),
        ("/mock/v1/keys", get(keys::list)),
        ("/mock/v1/keys/revoke", post(keys::revoke)),
        ("/mock/v1/keys/rotate", post(keys::rotate)),
        ("/mock/v1/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], OPENAPI))),
        ("/mock/v1/reset", post(snapshots::reset)),
        ("/mock/v1/snapshots", get(snapshots::list)),
        ("/mock/v1/snapshots/{snapshot}", put(snapshots::take).delete(snapshots::remove)),
        ("/mock/v1/snapshots/{snapshot}/restore", post(snapshots::restore)),
        ("/mock/v1/statistics", get(statistics::statistics)),
        ("/mock/v1/wait", get(wait::wait)),
    ]
}

/// Everything below `/mock/v1`, and the probes.
pub(crate) fn router(state: ControlState) -> Router {
    let api = routes()
        .into_iter()
        .fold(Router::new(), |router, (path, answers)| router.route(path, answers))
        .route("/mock/v1/{*path}", any(async || CallError::NotFound))
        .method_not_allowed_fallback(async || CallError::MethodNotAllowed)
        .layer(from_fn_with_state(state.token.clone(), require_token));
    api.route("/livez", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(state)
}

/// What Prometheus asks for. They are numbers only, so nobody needs a token.
async fn metrics(State(state): State<ControlState>) -> Result<impl IntoResponse, CallError> {
    let text = state.metrics.text(state.store.stock().await?);
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

/// Ready is who can read its store and work off its outbox, and does not stop. (The sockets are open before anybody can ask.)
async fn ready(State(state): State<ControlState>) -> Result<&'static str, (StatusCode, String)> {
    let mut complaints = state.health.complaints();
    if let Err(error) = state.store.probe().await {
        complaints.push(format!("the store cannot be read: {error}"));
    }
    if state.store.is_full() {
        complaints.push(StoreError::NoRoom.to_string());
    }
    if *state.stopping.borrow() {
        complaints.push("it stops".to_owned());
    }
    if complaints.is_empty() {
        return Ok("ready\n");
    }
    tracing::error!(?complaints, "not ready");
    Err((StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", complaints.join("; "))))
}
