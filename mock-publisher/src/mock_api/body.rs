use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::CallError;

/// The body of a call: an object in JSON. (A list would be read as one, too, its elements as members in their order.)
pub(crate) struct Posted<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Posted<T> {
    type Rejection = CallError;

    async fn from_request(request: Request, state: &S) -> Result<Self, CallError> {
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await?;
        // Nothing at all is an object without members, so that what needs none can be called with no body.
        if bytes.trim_ascii().is_empty() {
            let none = serde_json::from_str("{}");
            return none.map(Self).map_err(|error: serde_json::Error| CallError::BadRequest(error.to_string()));
        }
        let is_list = bytes.trim_ascii_start().starts_with(b"[");
        let Json(body) = Json::from_request(Request::from_parts(parts, bytes.into()), state).await?;
        if is_list {
            return Err(CallError::BadRequest("expected an object in JSON, got a list".to_owned()));
        }
        Ok(Self(body))
    }
}
