//! The secret that a caller of the REST and control APIs must show: a page in the same browser does not have it.

use std::fmt;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AccessToken(String);

impl AccessToken {
    /// 192 random bits.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 24];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// A token of somebody's choice: visible ASCII, so that it can be a header's value.
    pub(crate) fn chosen(text: &str) -> Option<Self> {
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request carries the token: `Authorization: Bearer ...`, or `access_token` in the query.
    pub(crate) fn is_in(&self, request: &Parts) -> bool {
        bearer(&request.headers).is_some_and(|token| self.matches(token)) || self.is_in_query(request)
    }

    fn is_in_query(&self, request: &Parts) -> bool {
        let query = request.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "access_token" && self.matches(&value))
    }

    /// Compares digests, so that the time it takes tells nothing of the token.
    pub(crate) fn matches(&self, candidate: &str) -> bool {
        Sha256::digest(candidate) == Sha256::digest(&self.0)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}
