use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::store::StoreError;

/// An error of the control API: a status, a stable code, and a message that says what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum ControlError {
    #[error("the access token is missing or wrong: send `Authorization: Bearer TOKEN`")]
    Unauthorized,
    #[error("there is nothing at this path")]
    NotFound,
    #[error("this path does not know that method")]
    MethodNotAllowed,
    #[error("{0}")]
    BadRequest(String),
    #[error("delivery {0} has not been attempted yet")]
    NotAttempted(i64),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::NotFound
            | Self::Store(
                StoreError::NoCallback(_)
                | StoreError::NoChange(_)
                | StoreError::NoDelivery(_)
                | StoreError::NoSnapshot(_),
            ) => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::BadRequest(_) | Self::Store(StoreError::Invalid(_)) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::NotAttempted(_) => (StatusCode::CONFLICT, "not_attempted"),
            Self::Store(StoreError::Busy(_)) => (StatusCode::CONFLICT, "busy"),
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
