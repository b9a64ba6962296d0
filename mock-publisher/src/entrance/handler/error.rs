use axum::Json;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::HandlerError;
use crate::store::StoreError;

/// An error of a control call: a status, a stable code, and a message that says what to do.
#[derive(Debug, thiserror::Error)]
pub(in crate::entrance) enum CallError {
    #[error("the access token is missing or wrong: send `Authorization: Bearer TOKEN`")]
    Unauthorized,
    #[error("{0}")]
    BadRequest(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// A mail message, but no report that could be read; and why.
    #[error("{0}")]
    NoDeliveryStatus(String),
    #[error("no profile has the address {0}; nothing was changed")]
    UnknownRecipient(String),
    #[error("{0}")]
    Handler(HandlerError),
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self::Handler(HandlerError::Store(error))
    }
}

impl From<HandlerError> for CallError {
    fn from(error: HandlerError) -> Self {
        Self::Handler(error)
    }
}

impl From<PathRejection> for CallError {
    fn from(_: PathRejection) -> Self {
        Self::BadRequest("expected a number at the end of the path".to_owned())
    }
}

impl From<QueryRejection> for CallError {
    fn from(error: QueryRejection) -> Self {
        Self::BadRequest(error.body_text())
    }
}

impl From<JsonRejection> for CallError {
    fn from(error: JsonRejection) -> Self {
        match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge(error.body_text()),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType(error.body_text()),
            _ => Self::BadRequest(error.body_text()),
        }
    }
}

impl From<BytesRejection> for CallError {
    fn from(error: BytesRejection) -> Self {
        match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge(error.body_text()),
            _ => Self::BadRequest(error.body_text()),
        }
    }
}

impl IntoResponse for CallError {
    fn into_response(self) -> Response {
        use HandlerError::{Script, Slow, Store};
        let (status, code) = match &self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::BadRequest(_) | Self::Handler(Store(StoreError::Invalid(_))) => {
                (StatusCode::BAD_REQUEST, "bad_request")
            }
            Self::Handler(Store(StoreError::Busy(_))) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedMediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::NoDeliveryStatus(_) => (StatusCode::UNPROCESSABLE_ENTITY, "no_delivery_status"),
            Self::UnknownRecipient(_) => (StatusCode::NOT_FOUND, "unknown_recipient"),
            Self::Handler(Script(..) | Slow) => (StatusCode::UNPROCESSABLE_ENTITY, "script_failed"),
            Self::Handler(Store(StoreError::Removed(_))) => (StatusCode::CONFLICT, "removed"),
            Self::Handler(Store(
                StoreError::NoDatabase(_)
                | StoreError::NoEntity(_)
                | StoreError::NoLink(_)
                | StoreError::NoImport(_)
                | StoreError::NoCollection(_)
                | StoreError::NoField(_)
                | StoreError::NoInterest(_)
                | StoreError::NoCallback(_),
            )) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Handler(Store(error)) => {
                tracing::error!(%error, "a control call failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        };
        let body = Json(json!({"error": {"code": code, "message": self.to_string()}}));
        match status {
            StatusCode::UNAUTHORIZED => (status, [(header::WWW_AUTHENTICATE, "Bearer")], body).into_response(),
            status => (status, body).into_response(),
        }
    }
}
