use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::xml::{XmlError, element};
use crate::platform::{EntityRef, Kind};
use crate::store::StoreError;

/// Why a call failed, as SOAP 1.1 section 4.4 tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    code: FaultCode,
    /// The `faultstring`.
    pub(super) message: String,
    /// What to do about it, in `detail`, where the message is one that clients compare.
    hint: Option<&'static str>,
    status: StatusCode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FaultCode {
    Client,
    Server,
    MustUnderstand,
    VersionMismatch,
}

impl FaultCode {
    const fn name(self) -> &'static str {
        match self {
            Self::Client => "Client",
            Self::Server => "Server",
            Self::MustUnderstand => "MustUnderstand",
            Self::VersionMismatch => "VersionMismatch",
        }
    }
}

impl Fault {
    /// The caller has to change something.
    pub(super) fn client(message: impl Into<String>) -> Self {
        // SOAP 1.1 section 6.2: a fault has this status, whoever is to blame.
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        // What came in can be quoted in it, and can be long.
        let message = message.into().chars().take(MAX_MESSAGE).collect();
        Self { code: FaultCode::Client, message, hint: None, status }
    }

    /// What came is no XML, or did not come whole.
    pub(super) fn unreadable(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, ..Self::client(message) }
    }

    pub(super) fn must_understand(header: &str) -> Self {
        let message = format!("the header `{header}` must be understood, and is not known here; leave it out");
        Self { code: FaultCode::MustUnderstand, ..Self::client(message) }
    }

    pub(super) fn version_mismatch() -> Self {
        let message = "this is SOAP 1.2; use SOAP 1.1, whose envelope has the name space \
                       `http://schemas.xmlsoap.org/soap/envelope/`";
        Self { code: FaultCode::VersionMismatch, ..Self::client(message) }
    }

    /// The platform's own words: clients look for them.
    pub(super) fn not_logged_on() -> Self {
        let hint = "send the parameter `access_token` with every call, or call `login` first, with the token as its \
                    password, and send back the cookie; the program prints the token when it starts";
        Self { hint: Some(hint), ..Self::client("Not logged on") }
    }

    pub(super) fn invalid_token() -> Self {
        let hint = "the program prints the token when it starts, and keeps it in the file `access_token`";
        Self { hint: Some(hint), ..Self::client("Invalid access token") }
    }

    pub(super) fn wrong_password() -> Self {
        let hint = "give the access token as the password; any user name and account will do";
        Self { hint: Some(hint), ..Self::client("Invalid username or password") }
    }

    /// The whole envelope.
    fn envelope(&self) -> String {
        let mut inside = String::new();
        element(&mut inside, "faultcode", &format!("soap:{}", self.code.name()));
        element(&mut inside, "faultstring", &self.message);
        if let Some(hint) = self.hint {
            inside.push_str("<detail>");
            element(&mut inside, "hint", hint);
            inside.push_str("</detail>");
        }
        envelope(&format!("<soap:Fault>{inside}</soap:Fault>"))
    }
}

impl From<XmlError> for Fault {
    fn from(error: XmlError) -> Self {
        Self::unreadable(error.to_string())
    }
}

/// The first words are the REST API's, since the platform documents no others.
impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let message = match &error {
            StoreError::NoDatabase(_) => format!("No database with supplied ID: {error}"),
            StoreError::NoCollection(_) => format!("No collection with given ID: {error}"),
            StoreError::NoField(_) => format!("Failed to get the field: {error}"),
            StoreError::NoCallback(_) => format!("No callback with supplied ID: {error}"),
            StoreError::NoInterest(_) => format!("No interest with supplied ID: {error}"),
            StoreError::NoEntity(EntityRef { kind: Kind::Profile, .. }) => {
                format!("No entity with supplied ID: {error}")
            }
            StoreError::NoEntity(EntityRef { kind: Kind::Subprofile, .. }) => {
                format!("No subprofile with supplied ID: {error}")
            }
            StoreError::Removed(entity) => format!("This {} has already been removed", entity.kind.name()),
            StoreError::Busy(reason) | StoreError::Full(reason) => reason.clone(),
            StoreError::Invalid(reason) => format!("Invalid data provided: {reason}"),
            _ => {
                tracing::error!(%error, "a SOAP call failed");
                return Self { code: FaultCode::Server, ..Self::client(format!("Internal error: {error}")) };
            }
        };
        Self::client(message)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.status, [(header::CONTENT_TYPE, CONTENT_TYPE)], self.envelope()).into_response()
    }
}

/// How many characters a `faultstring` has at most.
const MAX_MESSAGE: usize = 500;

pub(super) const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// An envelope round what its body holds.
pub(super) fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}
