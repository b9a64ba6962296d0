use axum::Json;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::platform::Id;
use crate::store::StoreError;

/// Why a call below `/mock/v1` failed: a status, a stable code, and a message that says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("the access token is missing or wrong: send `Authorization: Bearer TOKEN`")]
    Unauthorized,
    #[error("there is nothing at this path")]
    NotFound,
    /// Something that was named is not there.
    #[error("{0}")]
    Unknown(String),
    #[error("this path does not know that method")]
    MethodNotAllowed,
    #[error("{0}")]
    BadRequest(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("{0}")]
    UnsupportedMediaType(String),
    #[error("delivery {0} has not been attempted yet, or not so often")]
    NotAttempted(Id),
    /// It cannot be as things stand, and why.
    #[error("{0}")]
    Conflict(String),
    /// Something of ours failed.
    #[error("{0}")]
    Failed(String),
    /// A mail message, but no report that could be read; and why.
    #[error("{0}")]
    NoDeliveryStatus(String),
    #[error("no profile has the address {0}; nothing was changed")]
    UnknownRecipient(String),
    /// A script has changed nothing, and why.
    #[error("{0}")]
    ScriptFailed(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<PathRejection> for CallError {
    fn from(_: PathRejection) -> Self {
        Self::BadRequest("expected a number at the end of the path".to_owned())
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
        let (status, code) = match &self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::NotFound
            | Self::Unknown(_)
            | Self::Store(
                StoreError::NoDatabase(_)
                | StoreError::NoCollection(_)
                | StoreError::NoField(_)
                | StoreError::NoInterest(_)
                | StoreError::NoEntity(_)
                | StoreError::NoCallback(_)
                | StoreError::NoDelivery(_)
                | StoreError::NoChange(_)
                | StoreError::NoImport(_)
                | StoreError::NoLink(_)
                | StoreError::NoSnapshot(_),
            ) => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::BadRequest(_) | Self::Store(StoreError::Invalid(_)) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedMediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::Failed(error) => {
                tracing::error!(error, "a control call failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::NotAttempted(_) => (StatusCode::CONFLICT, "not_attempted"),
            Self::NoDeliveryStatus(_) => (StatusCode::UNPROCESSABLE_ENTITY, "no_delivery_status"),
            Self::UnknownRecipient(_) => (StatusCode::NOT_FOUND, "unknown_recipient"),
            Self::ScriptFailed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "script_failed"),
            Self::Store(StoreError::Removed(_)) => (StatusCode::CONFLICT, "removed"),
            Self::Store(StoreError::Busy(_)) => (StatusCode::CONFLICT, "busy"),
            Self::Store(StoreError::Full(_)) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Store(StoreError::NoRoom) => (StatusCode::INSUFFICIENT_STORAGE, "no_room"),
            Self::Store(error) => {
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
