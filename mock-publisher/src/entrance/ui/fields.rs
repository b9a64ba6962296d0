use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::extract::{Named, Number, created};
use crate::entrance::Entry;
use crate::mock_api::{CallError, Posted};
use crate::platform::{Field, FieldKind, Id};
use crate::store::Owner;

#[derive(Serialize)]
pub(super) struct ShownField {
    id: Id,
    name: String,
    #[serde(rename = "type")]
    kind: FieldKind,
    value: String,
    displayed: bool,
    ordered: bool,
    length: u32,
    textlines: u32,
    hidden: bool,
    index: bool,
}

impl From<Field> for ShownField {
    fn from(field: Field) -> Self {
        let Field { id, name, kind, value, displayed, ordered, length, textlines, hidden, index } = field;
        Self { id, name, kind, value, displayed, ordered, length, textlines, hidden, index }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldBody {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<FieldKind>,
    value: Option<String>,
    displayed: Option<bool>,
    ordered: Option<bool>,
    length: Option<u32>,
    textlines: Option<u32>,
    hidden: Option<bool>,
    index: Option<bool>,
}

impl FieldBody {
    /// What becomes of a field.
    fn over(self, field: Field) -> Field {
        Field {
            id: field.id,
            name: self.name.unwrap_or(field.name),
            kind: self.kind.unwrap_or(field.kind),
            value: self.value.unwrap_or(field.value),
            displayed: self.displayed.unwrap_or(field.displayed),
            ordered: self.ordered.unwrap_or(field.ordered),
            length: self.length.unwrap_or(field.length),
            textlines: self.textlines.unwrap_or(field.textlines),
            hidden: self.hidden.unwrap_or(field.hidden),
            index: self.index.unwrap_or(field.index),
        }
    }
}

pub(super) async fn list_of_database(
    State(state): State<Entry>,
    Named(database): Named,
) -> Result<Json<Value>, CallError> {
    Ok(listed(state.store.database(&database).await?.fields))
}

pub(super) async fn list_of_collection(
    State(state): State<Entry>,
    Number(collection): Number,
) -> Result<Json<Value>, CallError> {
    Ok(listed(state.store.collection(collection).await?.fields))
}

pub(super) async fn create_in_database(
    State(state): State<Entry>,
    Named(database): Named,
    Posted(body): Posted<FieldBody>,
) -> Result<Response, CallError> {
    let owner = Owner::Database(state.store.database(&database).await?.id);
    create(&state, owner, body).await
}

pub(super) async fn create_in_collection(
    State(state): State<Entry>,
    Number(collection): Number,
    Posted(body): Posted<FieldBody>,
) -> Result<Response, CallError> {
    create(&state, Owner::Collection(collection), body).await
}

async fn create(state: &Entry, owner: Owner, body: FieldBody) -> Result<Response, CallError> {
    let id = state.store.create_field(owner, body.over(Field::new("", FieldKind::Text))).await?;
    Ok(created(&ShownField::from(state.store.field(id).await?.1)))
}

pub(super) async fn show(State(state): State<Entry>, Number(id): Number) -> Result<Json<ShownField>, CallError> {
    Ok(Json(state.store.field(id).await?.1.into()))
}

pub(super) async fn update(
    State(state): State<Entry>,
    Number(id): Number,
    Posted(body): Posted<FieldBody>,
) -> Result<Json<ShownField>, CallError> {
    let (owner, present) = state.store.field(id).await?;
    state.store.update_field(owner, body.over(present)).await?;
    Ok(Json(state.store.field(id).await?.1.into()))
}

pub(super) async fn remove(State(state): State<Entry>, Number(id): Number) -> Result<StatusCode, CallError> {
    let (owner, _) = state.store.field(id).await?;
    state.store.remove_field(owner, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn listed(fields: Vec<Field>) -> Json<Value> {
    Json(json!({"fields": fields.into_iter().map(ShownField::from).collect::<Vec<_>>()}))
}
