//! What happens to those who unsubscribe, as far as SOAP tells it: the values that their fields get.

use serde_json::{Map, Value};

use super::super::reply::Reply;
use crate::platform::{Unsubscribe, text};

/// The values; none if something else happens.
pub(super) fn values(unsubscribe: &Unsubscribe) -> Reply {
    match unsubscribe {
        Unsubscribe::Update(fields) => {
            Reply::Map(fields.iter().map(|(name, value)| (name.clone(), text(value))).collect())
        }
        Unsubscribe::Nothing | Unsubscribe::Remove => Reply::Map(Vec::new()),
    }
}

/// Assumption: with values to set, they are set; without any, nothing happens.
pub(super) fn with_values(fields: Map<String, Value>) -> Unsubscribe {
    if fields.is_empty() { Unsubscribe::Nothing } else { Unsubscribe::Update(fields) }
}
