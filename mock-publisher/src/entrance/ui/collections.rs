use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::extract::{Named, Number, created};
use super::fields::ShownField;
use crate::entrance::Entry;
use crate::mock_api::{CallError, Posted};
use crate::platform::{Collection, Id, Unsubscribe};
use crate::store::CollectionDraft;

#[derive(Serialize)]
pub(super) struct ShownCollection {
    id: Id,
    database: Id,
    name: String,
    description: String,
    fields: Vec<ShownField>,
    unsubscribe: Unsubscribe,
}

impl From<Collection> for ShownCollection {
    fn from(collection: Collection) -> Self {
        let Collection { id, database, name, description, unsubscribe, .. } = collection;
        let fields = collection.fields.into_iter().map(ShownField::from).collect();
        Self { id, database, name, description, fields, unsubscribe }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CollectionBody {
    name: Option<String>,
    description: Option<String>,
    unsubscribe: Option<Unsubscribe>,
}

pub(super) async fn list(State(state): State<Entry>, Named(database): Named) -> Result<Json<Value>, CallError> {
    let collections = state.store.database(&database).await?.collections;
    let collections: Vec<_> = collections.into_iter().map(ShownCollection::from).collect();
    Ok(Json(json!({"collections": collections})))
}

pub(super) async fn create(
    State(state): State<Entry>,
    Named(database): Named,
    Posted(body): Posted<CollectionBody>,
) -> Result<Response, CallError> {
    let database = state.store.database(&database).await?.id;
    let collection = Collection {
        description: body.description.unwrap_or_default(),
        unsubscribe: body.unsubscribe.unwrap_or_default(),
        ..Collection::new(body.name.unwrap_or_default())
    };
    let id = state.store.create_collection(database, collection).await?;
    Ok(created(&ShownCollection::from(state.store.collection(id).await?)))
}

pub(super) async fn show(State(state): State<Entry>, Number(id): Number) -> Result<Json<ShownCollection>, CallError> {
    Ok(Json(state.store.collection(id).await?.into()))
}

pub(super) async fn update(
    State(state): State<Entry>,
    Number(id): Number,
    Posted(body): Posted<CollectionBody>,
) -> Result<Json<ShownCollection>, CallError> {
    let CollectionBody { name, description, unsubscribe } = body;
    state
        .store
        .update_collection(id, CollectionDraft { name, description, unsubscribe, ..CollectionDraft::default() })
        .await?;
    Ok(Json(state.store.collection(id).await?.into()))
}
