use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::{Value, json};

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1000;

/// `start` and `limit` of a list. What is no number is the default; what is negative is nothing; of two, the last counts.
#[derive(Debug, Default)]
pub(super) struct Paging {
    start: Option<String>,
    limit: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Paging {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut paging = Self::default();
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "start" => paging.start = Some(value.into_owned()),
                "limit" => paging.limit = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(paging)
    }
}

impl Paging {
    pub(super) fn start(&self) -> u64 {
        let start = self.start.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
        u64::try_from(start.max(0_i64)).unwrap_or(0)
    }

    pub(super) fn limit(&self) -> u64 {
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<i64>().ok());
        if number(&self.start).is_some_and(i64::is_negative) {
            return 0;
        }
        u64::try_from(number(&self.limit).unwrap_or(DEFAULT_LIMIT).clamp(0, MAX_LIMIT)).unwrap_or(0)
    }

    /// The platform's wrapper of a list.
    pub(super) fn wrap(&self, data: Vec<Value>, total: u64) -> Value {
        json!({"start": self.start(), "limit": self.limit(), "count": data.len(), "data": data, "total": total})
    }
}
