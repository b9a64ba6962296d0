use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::platform::{EntityRef, Kind};
use crate::store::StoreError;

/// An error as the platform answers it: status 400 whatever it is, and a message.
///
/// The messages are the platform's own, since clients compare them; `detail` is ours, and says what to do.
#[derive(Debug)]
pub(in crate::entrance) enum RestError {
    InvalidToken,
    InvalidMethod,
    /// A path ends where a name must follow; how many parts it has.
    Unfinished(usize),
    InvalidData(String),
    /// A search that would change what it finds says nothing of what to search for.
    NoFilters,
    NoFieldId,
    SubprofileNotCreated(StoreError),
    Store(StoreError),
}

impl From<StoreError> for RestError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl RestError {
    /// A member of a body that cannot be what it is.
    pub(super) fn invalid(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::InvalidData(format!("`{name}`: {reason}"))
    }

    /// The platform's message, and what we have to say; `None` if it is our fault.
    fn told(&self) -> Option<(String, Option<String>)> {
        let (message, detail) = match self {
            Self::InvalidToken => (
                "Invalid access token",
                Some(
                    "send `Authorization: Bearer TOKEN` or `?access_token=TOKEN`; the program prints it when it starts",
                ),
            ),
            Self::InvalidMethod => ("Invalid method", None),
            Self::Unfinished(parts) => {
                return Some((format!("Invalid request, element {parts} is missing in 'directory' path"), None));
            }
            Self::InvalidData(detail) => ("Invalid data provided", Some(detail.as_str())),
            Self::NoFilters => (
                "URL parameter fields is required",
                Some("say in the query which ones to update, such as `?fields[]=email==mike@example.com`"),
            ),
            Self::NoFieldId => ("No field id supplied for the field", None),
            Self::SubprofileNotCreated(error) => {
                return Some(("Subprofile could not be created".to_owned(), Some(error.to_string())));
            }
            Self::Store(error) => return told_of_store(error),
        };
        Some((message.to_owned(), detail.map(str::to_owned)))
    }
}

fn told_of_store(error: &StoreError) -> Option<(String, Option<String>)> {
    let message = match error {
        StoreError::NoDatabase(_) => "No database with supplied ID",
        StoreError::NoCollection(_) => "No collection with given ID",
        StoreError::NoField(_) => "Failed to get the field",
        StoreError::NoEntity(EntityRef { kind: Kind::Profile, .. }) => "No entity with supplied ID",
        StoreError::NoEntity(EntityRef { kind: Kind::Subprofile, .. }) => "No subprofile with supplied ID",
        StoreError::Removed(EntityRef { kind: Kind::Profile, .. }) => "This profile has already been removed",
        StoreError::Removed(EntityRef { kind: Kind::Subprofile, .. }) => "This subprofile has already been removed",
        StoreError::Invalid(reason) | StoreError::Full(reason) => {
            return Some(("Invalid data provided".to_owned(), Some(reason.clone())));
        }
        // Assumption: what the platform says of these was not observed.
        StoreError::NoInterest(_) => "No interest with supplied ID",
        StoreError::NoCallback(_) => "No callback with supplied ID",
        StoreError::NoImport(_) => "No import with supplied ID",
        _ => return None,
    };
    Some((message.to_owned(), None))
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let Some((message, detail)) = self.told() else {
            let detail = match &self {
                Self::Store(error) => error.to_string(),
                other => format!("{other:?}"),
            };
            tracing::error!(error = detail, "a REST call failed");
            let body = json!({"error": {"message": "Internal error", "detail": detail}});
            return (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response();
        };
        let mut error = json!({"message": message});
        if let Some(detail) = detail {
            error["detail"] = detail.into();
        }
        (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response()
    }
}
