//! The tracking server (triggers `click` and `open`): links and pixels that are made for one profile or subprofile, as those of
//! a message that was sent to it. Whoever follows one has a script run that may change it.

mod destination;
mod follow;
mod links;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;

use super::Entry;
use super::handler::guarded;

/// How long the body of a control call may be, in bytes.
const MAX_BODY: usize = 256 << 10;

/// The links themselves below `/track`, and the control calls that make them below `/mock/v1`.
pub(crate) fn router(state: Entry) -> Router {
    let calls = Router::new()
        .route("/mock/v1/links", get(links::list).post(links::create))
        .route("/mock/v1/links/{link}", get(links::show).delete(links::remove))
        .layer(DefaultBodyLimit::max(MAX_BODY));
    // No access token here: a mail reader follows them, and has the secret that is in their address.
    let followed = Router::new()
        .route("/track/click/{token}", get(follow::click))
        .route("/track/open/{file}", get(follow::open))
        .with_state(state.clone());
    guarded(calls, state).merge(followed)
}
