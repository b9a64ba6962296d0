use std::error::Error as _;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use super::CallError;
use crate::excerpt::excerpt;
use crate::platform::Id;

const DEFAULT_LIMIT: u16 = 100;
const MAX_LIMIT: u16 = 1000;

/// What the query of a call says. What is unknown in it should be refused, so that nothing is misspelt.
pub(crate) struct Queried<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Queried<T> {
    type Rejection = CallError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, CallError> {
        let given = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        // Tokens of the platform's API may stand there, too. They have been checked.
        let others = given.filter(|(name, _)| name != "access_token");
        let query = form_urlencoded::Serializer::for_suffix("/?".to_owned(), 2).extend_pairs(others).finish();
        let query: Uri = query.parse().map_err(|_| CallError::BadRequest("the query is too long".to_owned()))?;
        match Query::try_from_uri(&query) {
            Ok(Query(wanted)) => Ok(Self(wanted)),
            Err(rejection) => Err(CallError::BadRequest(told(&rejection))),
        }
    }
}

/// What is wrong, behind the name of the parameter that it is about. (The framework would say first that it has deserialised a
/// query.)
fn told(rejection: &QueryRejection) -> String {
    let reason = rejection.source().map_or_else(|| rejection.body_text(), ToString::to_string);
    match reason.split_once(": ") {
        Some((name, reason)) if !name.contains(' ') => format!("`{name}`: {reason}"),
        _ => reason,
    }
}

/// Which part of a list: what follows the row `after`, at most `limit` rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    #[serde(default, deserialize_with = "whole")]
    pub(crate) after: Id,
    #[serde(default)]
    pub(crate) limit: Limit,
}

/// How many rows somebody gets: those who ask for more than there are at a time get that many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(u16);

impl Limit {
    pub(crate) fn rows<N: From<u16>>(self) -> N {
        self.0.into()
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted: Id = whole(deserializer)?;
        Ok(Self(u16::try_from(wanted).unwrap_or(MAX_LIMIT).min(MAX_LIMIT)))
    }
}

/// A number such as that of a row.
pub(crate) fn whole<'de, D: Deserializer<'de>, N: TryFrom<Id>>(value: D) -> Result<N, D::Error> {
    let text = String::deserialize(value)?;
    // The store counts no further than an `Id` can.
    let number = text.parse().ok().filter(|number: &Id| *number >= 0).and_then(|number| number.try_into().ok());
    number.ok_or_else(|| Error::custom(format!("expected a whole number from 0, got `{}`", excerpt(&text, 40))))
}

/// Likewise, where there need not be one.
pub(crate) fn some_whole<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Id>, D::Error> {
    whole(value).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn part(query: &str) -> Result<Part, String> {
        let request = axum::http::Request::get(format!("/mock/v1/changes{query}")).body(()).unwrap();
        let part = Queried::from_request_parts(&mut request.into_parts().0, &()).await;
        part.map(|Queried(part)| part).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_part_has_bounds_and_the_token_may_stand_beside_it() {
        for (query, after, limit) in [
            ("", 0, 100),
            ("?access_token=a%26b&after=7", 7, 100),
            ("?limit=0", 0, 0),
            ("?limit=1000&after=9223372036854775807", Id::MAX, 1000),
            ("?limit=70000&access%5Ftoken=x", 0, 1000),
        ] {
            let part = part(query).await.unwrap();
            assert_eq!((part.after, part.limit.rows::<usize>()), (after, limit), "{query}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_with_the_name_of_the_parameter_and_in_our_words() {
        for (query, expected) in [
            ("?limit=-1", "`limit`: expected a whole number from 0, got `-1`"),
            ("?after=x&limit=2", "`after`: expected a whole number from 0, got `x`"),
            ("?after=", "`after`: expected a whole number from 0, got ``"),
            ("?after=a:%20b", "`after`: expected a whole number from 0, got `a: b`"),
            ("?limit=9223372036854775808", "`limit`: expected a whole number from 0, got `9223372036854775808`"),
            ("?callback=1", "`callback`: unknown field `callback`, expected `after` or `limit`"),
            ("?limit=1&limit=2", "duplicate field `limit`"),
        ] {
            assert_eq!(part(query).await.unwrap_err(), expected, "{query}");
        }
    }
}
