use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::extract::{Named, Number, created};
use crate::entrance::Entry;
use crate::mock_api::{CallError, Posted};
use crate::platform::{Id, Interest};

#[derive(Serialize)]
pub(super) struct ShownInterest {
    id: Id,
    name: String,
    group: String,
}

impl From<Interest> for ShownInterest {
    fn from(Interest { id, name, group }: Interest) -> Self {
        Self { id, name, group }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InterestBody {
    name: Option<String>,
    group: Option<String>,
}

pub(super) async fn list(State(state): State<Entry>, Named(database): Named) -> Result<Json<Value>, CallError> {
    let interests = state.store.database(&database).await?.interests;
    Ok(Json(json!({"interests": interests.into_iter().map(ShownInterest::from).collect::<Vec<_>>()})))
}

pub(super) async fn create(
    State(state): State<Entry>,
    Named(database): Named,
    Posted(body): Posted<InterestBody>,
) -> Result<Response, CallError> {
    let database = state.store.database(&database).await?.id;
    let (name, group) = (body.name.unwrap_or_default(), body.group.unwrap_or_default());
    let id =
        state.store.create_interest(database, Interest { id: 0, name: name.clone(), group: group.clone() }).await?;
    Ok(created(&ShownInterest { id, name, group }))
}

pub(super) async fn update(
    State(state): State<Entry>,
    Number(id): Number,
    Posted(body): Posted<InterestBody>,
) -> Result<StatusCode, CallError> {
    state.store.update_interest(id, body.name, body.group).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove(State(state): State<Entry>, Number(id): Number) -> Result<StatusCode, CallError> {
    state.store.remove_interest(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
