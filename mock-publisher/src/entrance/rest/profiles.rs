use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use super::body::Body;
use super::error::RestError;
use super::paging::Paging;
use super::{Named, RestState, number};
use crate::clock;
use crate::platform::{Command, Profile, ProfileInput, Trigger};

/// `GET /v4/database/$id/profiles`
pub(super) async fn list(
    State(state): State<RestState>,
    Named(database): Named,
    paging: Paging,
) -> Result<Json<Value>, RestError> {
    let database = state.store.database(&database).await?;
    let (profiles, total) = state.store.profiles(database.id, paging.start(), paging.limit()).await?;
    Ok(Json(paging.wrap(profiles.iter().map(shown).collect(), total)))
}

/// `POST /v4/database/$id/profiles`
pub(super) async fn create(
    State(state): State<RestState>,
    Named(database): Named,
    body: Result<Body, RestError>,
) -> Result<impl IntoResponse, RestError> {
    // Whether the database exists is said before anything of the body.
    let database = state.store.database(&database).await?;
    let input = ProfileInput { secret: None, ..profile_input(&body?.0, true)? };
    let command = Command::Create { database: database.id, input };
    let applied = state.store.apply(command, Trigger::Rest, clock::now()).await?;
    state.bell.ring();
    let location = format!("{}/v4/profile/{}", state.base_url, applied.profile);
    Ok((StatusCode::CREATED, [("X-Created", applied.profile.to_string()), ("X-location", location)]))
}

/// `GET /v4/profile/$id`
pub(super) async fn show(State(state): State<RestState>, Named(profile): Named) -> Result<Json<Value>, RestError> {
    Ok(Json(shown(&state.store.profile(number(&profile)).await?)))
}

/// `PUT /v4/profile/$id`
pub(super) async fn update(
    State(state): State<RestState>,
    Named(profile): Named,
    body: Result<Body, RestError>,
) -> Result<StatusCode, RestError> {
    let profile = state.store.profile(number(&profile)).await?.id;
    let command = Command::Update { profile, input: profile_input(&body?.0, false)? };
    state.store.apply(command, Trigger::Rest, clock::now()).await?;
    state.bell.ring();
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v4/profile/$id`
pub(super) async fn remove(
    State(state): State<RestState>,
    Named(profile): Named,
) -> Result<impl IntoResponse, RestError> {
    let command = Command::Remove { profile: number(&profile) };
    let applied = state.store.apply(command, Trigger::Rest, clock::now()).await?;
    state.bell.ring();
    Ok((StatusCode::NO_CONTENT, [("X-deleted", format!("profile {}", applied.profile))]))
}

/// Values of a call. `fields` that are no object are an error when a profile is created, and ignored when one is updated:
/// that is what the platform was observed to do. PHP knows no difference between an empty list and an empty object.
fn profile_input(body: &Map<String, Value>, strict: bool) -> Result<ProfileInput, RestError> {
    let fields = match body.get("fields") {
        Some(Value::Object(fields)) => fields.clone(),
        Some(Value::Array(items)) if items.is_empty() => Map::new(),
        None => Map::new(),
        Some(_) if !strict => Map::new(),
        Some(_) => return Err(RestError::InvalidData("`fields` is no object of names and values".to_owned())),
    };
    Ok(ProfileInput {
        fields,
        interests: body.get("interests").and_then(ProfileInput::read_interests),
        secret: body.get("secret").and_then(Value::as_str).map(str::to_owned),
    })
}

fn shown(profile: &Profile) -> Value {
    let fields: Map<String, Value> =
        profile.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({
        "ID": profile.id.to_string(),
        "fields": fields,
        "interests": profile.interests,
        "database": profile.database.to_string(),
        "secret": profile.secret,
        "created": clock::stamp(profile.created),
        "modified": clock::stamp(profile.modified),
        "removed": profile.removed.map_or(Value::Bool(false), |time| clock::stamp(time).into()),
    })
}
