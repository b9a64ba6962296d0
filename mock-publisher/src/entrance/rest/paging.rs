use serde_json::{Map, Value, json};

use super::query::Query;
use crate::platform::Id;

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1000;

/// `start`, `limit` and `total` of a list. What is no number is the default, and what is negative is nothing.
#[derive(Debug)]
pub(super) struct Paging {
    pub(super) start: u64,
    pub(super) limit: u64,
    /// Whether it is said how many there are in all.
    counts: bool,
}

impl Paging {
    pub(super) fn of(query: &Query) -> Self {
        let number = |name| query.text(name).and_then(|text| text.parse::<i64>().ok());
        let (start, limit) = (number("start").unwrap_or(0), number("limit").unwrap_or(DEFAULT_LIMIT));
        let limit = if start < 0 { 0 } else { limit.clamp(0, MAX_LIMIT) };
        let positive = |number: i64| u64::try_from(number).unwrap_or(0);
        Self { start: positive(start), limit: positive(limit), counts: query.truth("total").unwrap_or(true) }
    }

    /// A list of structure: those of the items that are on the page.
    pub(super) fn page<T>(&self, items: &[T], shown: impl Fn(&T) -> Value) -> Value {
        let total = items.len() as u64;
        let page = (self.start..total).zip(0..self.limit).map(|(index, _)| shown(&items[index as usize]));
        self.wrap(page.collect(), None, total)
    }

    /// The platform's wrapper of a list.
    pub(super) fn wrap(&self, data: Vec<Value>, next: Option<Id>, total: u64) -> Value {
        let mut page = Map::new();
        page.insert("start".to_owned(), self.start.into());
        page.insert("limit".to_owned(), self.limit.into());
        page.insert("count".to_owned(), data.len().into());
        page.insert("data".to_owned(), data.into());
        if let Some(next) = next {
            page.insert("nextid".to_owned(), next.into());
        }
        if self.counts {
            page.insert("total".to_owned(), total.into());
        }
        Value::Object(page)
    }
}

/// A list within something else, which has no paging of its own.
pub(super) fn whole<T>(items: &[T], shown: impl Fn(&T) -> Value) -> Value {
    let data: Vec<Value> = items.iter().map(shown).collect();
    json!({"start": 0, "limit": MAX_LIMIT, "count": data.len(), "data": data, "total": data.len()})
}
