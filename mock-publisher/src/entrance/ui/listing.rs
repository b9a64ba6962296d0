use serde::Deserialize;

use crate::mock_api::{Limit, whole};
use crate::store::{Order, Selection};

/// Which profiles are wanted: `?search=mike&start=0&limit=100&order=city&descending=true`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    #[serde(default)]
    search: String,
    #[serde(default, deserialize_with = "whole")]
    pub(super) start: u64,
    #[serde(default)]
    limit: Limit,
    /// `id`, `modified` or the name of a field.
    order: Option<String>,
    #[serde(default)]
    descending: bool,
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
            limit: self.limit.rows(),
            ..Selection::default()
        }
    }
}
