//! The API of the user interface (trigger `publisher`), `/mock/v1/ui`: what somebody does by hand.
//!
//! It is regular: `GET` of a list or of one thing, `POST` to a list creates (201), `PUT` changes what the body says and leaves
//! the rest (200), `DELETE` removes (204). Whatever was created or changed is answered as `GET` would show it. Numbers are
//! numbers, times are milliseconds since 1970-01-01T00:00:00Z. A body with an unknown member, or values for a field that does
//! not exist, is refused; errors are those of all calls below `/mock/v1`.

mod callbacks;
mod collections;
mod databases;
mod entities;
mod extract;
mod fields;
mod interests;
mod listing;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;

use super::Entry;
use super::handler::guarded;
use crate::mock_api::CallError;

/// How long a body may be, in bytes.
const MAX_BODY: usize = 2 << 20;

/// Everything below `/mock/v1/ui`.
pub(crate) fn router(state: Entry) -> Router {
    let calls = Router::new()
        .route("/databases", get(databases::list).post(databases::create))
        .route("/databases/{database}", get(databases::show).put(databases::update))
        .route("/databases/{database}/fields", get(fields::list_of_database).post(fields::create_in_database))
        .route("/databases/{database}/interests", get(interests::list).post(interests::create))
        .route("/databases/{database}/collections", get(collections::list).post(collections::create))
        .route("/databases/{database}/profiles", get(entities::profiles).post(entities::create_profile))
        .route("/databases/{database}/callbacks", get(callbacks::of_database).post(callbacks::create_for_database))
        .route("/collections/{collection}", get(collections::show).put(collections::update))
        .route("/collections/{collection}/fields", get(fields::list_of_collection).post(fields::create_in_collection))
        .route("/collections/{collection}/subprofiles", get(entities::subprofiles))
        .route(
            "/collections/{collection}/callbacks",
            get(callbacks::of_collection).post(callbacks::create_for_collection),
        )
        .route("/fields/{field}", get(fields::show).put(fields::update).delete(fields::remove))
        .route("/interests/{interest}", axum::routing::put(interests::update).delete(interests::remove))
        .route(
            "/profiles/{profile}",
            get(entities::show_profile).put(entities::update_profile).delete(entities::remove_profile),
        )
        .route(
            "/profiles/{profile}/subprofiles/{collection}",
            get(entities::subprofiles_of_profile).post(entities::create_subprofile),
        )
        .route(
            "/subprofiles/{subprofile}",
            get(entities::show_subprofile).put(entities::update_subprofile).delete(entities::remove_subprofile),
        )
        .route("/callbacks/{callback}", get(callbacks::show).put(callbacks::update).delete(callbacks::remove))
        .method_not_allowed_fallback(async || CallError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(MAX_BODY));
    guarded(Router::new().nest("/mock/v1/ui", calls), state)
}
