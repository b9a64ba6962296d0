use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::Deserialize;

use crate::entrance::handler::CallError;
use crate::store::{Order, Selection};

const DEFAULT_LIMIT: u64 = 100;
const MAX_LIMIT: u64 = 1000;

/// Which profiles are wanted: `?search=mike&start=0&limit=100&order=city&descending=true`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    #[serde(default)]
    search: String,
    #[serde(default)]
    pub(super) start: u64,
    limit: Option<u64>,
    /// `id`, `modified` or the name of a field.
    order: Option<String>,
    #[serde(default)]
    descending: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = CallError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, CallError> {
        let query: Result<Query<Self>, QueryRejection> = Query::from_request_parts(parts, state).await;
        let Query(listing) = query?;
        Ok(listing)
    }
}

impl Listing {
    pub(super) fn selection(&self) -> Selection {
        let order = match self.order.as_deref() {
            None | Some("id") => Order::Id,
            Some("modified") => Order::Modified,
            Some(field) => Order::Field(field.to_owned()),
        };
        Selection {
            search: self.search.trim().to_owned(),
            order,
            descending: self.descending,
            start: self.start,
            limit: self.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT),
            ..Selection::default()
        }
    }
}
