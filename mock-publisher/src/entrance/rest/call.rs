use axum::body::Body as HttpBody;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;

use super::Rest;
use super::body::{Body, MAX_BODY};
use super::error::RestError;
use super::query::Query;
use super::version::Version;
use crate::entrance::Entry;
use crate::entrance::copy::Copies;
use crate::entrance::import::Imports;
use crate::platform::{Collection, Command, Database, Entity, EntityRef, Id, Trigger};
use crate::store::{Applied, Store};

/// One call of the API, and all that came with it.
pub(super) struct Call {
    pub(super) entry: Entry,
    pub(super) imports: Imports,
    pub(super) copies: Copies,
    pub(super) version: Version,
    pub(super) query: Query,
    /// What the path has where the route has names.
    names: Vec<String>,
    is_form: bool,
    /// Not looked at before a call asks for it: whether that exists which a call is about is said first.
    content: Result<Bytes, String>,
}

impl Call {
    pub(super) async fn read(
        Rest { entry, imports, copies }: Rest,
        version: Version,
        names: Vec<String>,
        parts: &Parts,
        body: HttpBody,
    ) -> Self {
        // The limit of the body stands in the extensions.
        let mut request = Request::new(body);
        *request.extensions_mut() = parts.extensions.clone();
        let content =
            Bytes::from_request(request, &()).await.map_err(|rejection: BytesRejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => format!("the body is larger than {} MiB", MAX_BODY >> 20),
                _ => rejection.body_text(),
            });
        let query = Query::read(parts.uri.query());
        Self { entry, imports, copies, version, query, names, is_form: Body::is_form(&parts.headers), content }
    }

    pub(super) fn store(&self) -> &Store {
        &self.entry.store
    }

    /// What the path has for the name at this place.
    pub(super) fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("", String::as_str)
    }

    /// The same as a number. On the platform a word is simply the number of nothing.
    pub(super) fn number(&self, index: usize) -> Id {
        self.name(index).parse().unwrap_or(0)
    }

    pub(super) fn body(&self) -> Result<Body, RestError> {
        match &self.content {
            Ok(bytes) => Body::read(bytes, self.is_form),
            Err(reason) => Err(RestError::InvalidData(reason.clone())),
        }
    }

    /// The database that the path begins with.
    pub(super) async fn database(&self) -> Result<Database, RestError> {
        Ok(self.store().database(self.name(0)).await?)
    }

    /// The collection that the path begins with.
    pub(super) async fn collection(&self) -> Result<Collection, RestError> {
        Ok(self.store().named_collection(self.name(0)).await?)
    }

    /// The profile that the path begins with.
    pub(super) async fn profile(&self) -> Result<Entity, RestError> {
        Ok(self.store().entity(EntityRef::profile(self.number(0))).await?)
    }

    /// The subprofile that the path begins with.
    pub(super) async fn subprofile(&self) -> Result<Entity, RestError> {
        Ok(self.store().entity(EntityRef::subprofile(self.number(0))).await?)
    }

    pub(super) async fn apply(&self, command: Command) -> Result<Applied, RestError> {
        Ok(self.entry.apply(command, Trigger::Rest).await?)
    }
}
