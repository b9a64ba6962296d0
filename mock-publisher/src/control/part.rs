use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::error::ControlError;
use crate::excerpt::excerpt;
use crate::platform::Id;

const DEFAULT_LIMIT: Id = 100;
const MAX_LIMIT: usize = 1000;

/// Which part of a log: what follows the row `after`, at most `limit` rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    #[serde(default, deserialize_with = "whole")]
    pub(super) after: Id,
    #[serde(default = "default_limit", deserialize_with = "whole")]
    limit: Id,
    /// Where tokens of the platform's API may stand, too. It has been checked.
    #[serde(rename = "access_token")]
    _access_token: Option<String>,
}

impl Part {
    pub(super) fn limit(&self) -> usize {
        part_limit(self.limit)
    }
}

pub(super) const fn default_limit() -> Id {
    DEFAULT_LIMIT
}

/// How many rows somebody gets who wants so many.
pub(super) fn part_limit(wanted: Id) -> usize {
    usize::try_from(wanted).unwrap_or(MAX_LIMIT).min(MAX_LIMIT)
}

/// The query of a call. What is unknown in it is refused, so that nothing is misspelt.
pub(super) fn queried<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ControlError> {
    query.map(|Query(wanted)| wanted).map_err(|error| ControlError::BadRequest(error.body_text()))
}

/// A number such as that of a row.
pub(super) fn whole<'de, D: Deserializer<'de>>(value: D) -> Result<Id, D::Error> {
    let text = String::deserialize(value)?;
    let number = text.parse().ok().filter(|number| *number >= 0);
    number.ok_or_else(|| Error::custom(format!("expected a whole number from 0, got `{}`", excerpt(&text, 40))))
}

/// Likewise, where there need not be one.
pub(super) fn some_whole<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Id>, D::Error> {
    whole(value).map(Some)
}

/// The number in a path, of what `what` says.
pub(super) fn number(id: Result<Path<Id>, PathRejection>, what: &str) -> Result<Id, ControlError> {
    id.map(|Path(id)| id).map_err(|_| ControlError::BadRequest(format!("expected the number of a {what}")))
}
