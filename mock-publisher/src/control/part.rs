use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::Deserialize;

use super::error::ControlError;
use crate::platform::Id;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// Which part of a log: what follows the row `after`, at most `limit` rows.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    pub(super) after: Id,
    limit: Option<usize>,
}

impl Part {
    pub(super) fn of(query: Result<Query<Self>, QueryRejection>) -> Result<Self, ControlError> {
        query.map(|Query(part)| part).map_err(|error| ControlError::BadRequest(error.body_text()))
    }

    pub(super) fn limit(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT)
    }
}

/// The number in a path, of what `what` says.
pub(super) fn number(id: Result<Path<Id>, PathRejection>, what: &str) -> Result<Id, ControlError> {
    id.map(|Path(id)| id).map_err(|_| ControlError::BadRequest(format!("expected the number of a {what}")))
}
