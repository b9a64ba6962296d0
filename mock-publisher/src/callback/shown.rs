use serde::Serialize;
use serde_json::Value;

use super::Callback;
use crate::emit::PayloadMethod;
use crate::platform::{Dialect, Id};
use crate::wire_profile::WireProfile;

/// A callback as our own APIs show it.
#[derive(Serialize)]
pub(crate) struct ShownCallback {
    id: Id,
    /// Of one that watches profiles.
    database: Option<Id>,
    /// Of one that watches subprofiles.
    collection: Option<Id>,
    url: String,
    method: PayloadMethod,
    dialect: Option<Dialect>,
    wire: Option<WireProfile>,
    action: &'static str,
    triggers: Vec<&'static str>,
    expression: String,
    conditions: Option<Value>,
    active: bool,
}

impl From<Callback> for ShownCallback {
    fn from(callback: Callback) -> Self {
        Self {
            id: callback.id,
            database: callback.scope.database(),
            collection: callback.scope.collection(),
            url: callback.url.as_str().to_owned(),
            method: callback.method,
            dialect: callback.dialect,
            wire: callback.wire,
            action: callback.action.name(),
            triggers: callback.triggers.names().collect(),
            expression: callback.condition.expression().to_owned(),
            conditions: callback.condition.rules(),
            active: callback.active,
        }
    }
}
