use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::store::StoreError;

/// An error as the platform answers it: status 400 whatever it is, and a message.
///
/// The messages are the platform's own, since clients compare them; `detail` is ours, and says what to do.
#[derive(Debug)]
pub(super) enum RestError {
    InvalidToken,
    InvalidMethod,
    InvalidData(String),
    Store(StoreError),
}

impl From<StoreError> for RestError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let (message, detail) = match self {
            Self::InvalidToken => (
                "Invalid access token",
                Some(
                    "send `Authorization: Bearer TOKEN` or `?access_token=TOKEN`; the program prints it when it starts"
                        .to_owned(),
                ),
            ),
            Self::InvalidMethod => ("Invalid method", None),
            Self::InvalidData(detail) => ("Invalid data provided", Some(detail)),
            Self::Store(StoreError::NoDatabase(_)) => ("No database with supplied ID", None),
            Self::Store(StoreError::NoProfile(_)) => ("No entity with supplied ID", None),
            Self::Store(StoreError::ProfileRemoved(_)) => ("This profile has already been removed", None),
            Self::Store(StoreError::NoCallback(_)) => ("No callback with supplied ID", None),
            Self::Store(error) => {
                tracing::error!(%error, "a REST call failed");
                let body = json!({"error": {"message": "Internal error", "detail": error.to_string()}});
                return (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response();
            }
        };
        let mut error = json!({"message": message});
        if let Some(detail) = detail {
            error["detail"] = detail.into();
        }
        (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response()
    }
}
