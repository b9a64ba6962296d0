//! Reports of messages that did not arrive (triggers `failure` and `bounce`): as JSON, or as the delivery status message that a
//! mail server sends back. Whom they were sent to has the [handler](super::handler) of the database run.

mod call;
mod recipients;
mod report;
mod status_message;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;

use super::Entry;
use super::handler::guarded;

/// How long a report may be, in bytes: a mail server sends back the beginning of the message or all of it.
const MAX_BODY: usize = 2 << 20;

/// The call that takes a report, below `/mock/v1`.
pub(crate) fn router(state: Entry) -> Router {
    let calls = Router::new().route("/mock/v1/reports", post(call::report)).layer(DefaultBodyLimit::max(MAX_BODY));
    guarded(calls, state)
}
