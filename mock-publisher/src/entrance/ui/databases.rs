use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::collections::ShownCollection;
use super::extract::{Named, created};
use super::fields::ShownField;
use super::interests::ShownInterest;
use crate::clock::Millis;
use crate::entrance::Entry;
use crate::mock_api::{CallError, Posted};
use crate::platform::{Database, Id, Unsubscribe};
use crate::store::DatabaseDraft;

#[derive(Serialize)]
pub(super) struct ShownDatabase {
    id: Id,
    name: String,
    description: String,
    archived: bool,
    created: Millis,
    fields: Vec<ShownField>,
    interests: Vec<ShownInterest>,
    collections: Vec<ShownCollection>,
    unsubscribe: Unsubscribe,
}

impl From<Database> for ShownDatabase {
    fn from(database: Database) -> Self {
        let Database { id, name, description, archived, created, unsubscribe, .. } = database;
        let fields = database.fields.into_iter().map(ShownField::from).collect();
        let interests = database.interests.into_iter().map(ShownInterest::from).collect();
        let collections = database.collections.into_iter().map(ShownCollection::from).collect();
        Self { id, name, description, archived, created, fields, interests, collections, unsubscribe }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatabaseBody {
    name: Option<String>,
    description: Option<String>,
    archived: Option<bool>,
    unsubscribe: Option<Unsubscribe>,
}

pub(super) async fn list(State(state): State<Entry>) -> Result<Json<Value>, CallError> {
    let databases: Vec<_> = state.store.databases().await?.into_iter().map(ShownDatabase::from).collect();
    Ok(Json(json!({"databases": databases})))
}

pub(super) async fn create(
    State(state): State<Entry>,
    Posted(body): Posted<DatabaseBody>,
) -> Result<Response, CallError> {
    let database = Database {
        description: body.description.unwrap_or_default(),
        archived: body.archived.unwrap_or_default(),
        unsubscribe: body.unsubscribe.unwrap_or_default(),
        created: state.store.clock().now(),
        ..Database::new(body.name.unwrap_or_default())
    };
    let id = state.store.create_database(database).await?;
    Ok(created(&ShownDatabase::from(state.store.database(&id.to_string()).await?)))
}

pub(super) async fn show(State(state): State<Entry>, Named(database): Named) -> Result<Json<ShownDatabase>, CallError> {
    Ok(Json(state.store.database(&database).await?.into()))
}

pub(super) async fn update(
    State(state): State<Entry>,
    Named(database): Named,
    Posted(body): Posted<DatabaseBody>,
) -> Result<Json<ShownDatabase>, CallError> {
    let id = state.store.database(&database).await?.id;
    let DatabaseBody { name, description, archived, unsubscribe } = body;
    state
        .store
        .update_database(id, DatabaseDraft { name, description, archived, unsubscribe, ..DatabaseDraft::default() })
        .await?;
    Ok(Json(state.store.database(&id.to_string()).await?.into()))
}
