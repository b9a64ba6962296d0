//! Profiles and subprofiles: the calls whose changes fire callbacks.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::extract::{Named, Number, created};
use super::listing::Listing;
use crate::clock::Millis;
use crate::entrance::Entry;
use crate::mock_api::{CallError, Posted, Queried};
use crate::platform::{
    Command, Entity, EntityInput, EntityRef, Home, Id, InterestsInput, Kind, Layout, Trigger, Within,
};
use crate::store::StoreError;

#[derive(Serialize)]
struct ShownEntity {
    id: Id,
    database: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Id>,
    fields: Map<String, Value>,
    /// Of a profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    interests: Option<Vec<String>>,
    secret: String,
    created: Millis,
    modified: Millis,
    removed: Option<Millis>,
}

impl From<Entity> for ShownEntity {
    fn from(entity: Entity) -> Self {
        let (collection, profile) = match entity.home {
            Home::Database(_) => (None, None),
            Home::Collection { collection, profile, .. } => (Some(collection), Some(profile)),
        };
        Self {
            id: entity.id,
            database: entity.home.database(),
            collection,
            profile,
            fields: entity.fields.into_iter().map(|(name, value)| (name, value.into())).collect(),
            interests: profile.is_none().then_some(entity.interests),
            secret: entity.secret,
            created: entity.created,
            modified: entity.modified,
            removed: entity.removed,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntityBody {
    #[serde(default)]
    fields: Map<String, Value>,
    /// A list of all that it has, or an object that switches some on or off.
    interests: Option<Value>,
    secret: Option<String>,
}

impl EntityBody {
    /// The values, if every name in them is one. (By hand nobody fills in a field that is not there.)
    fn input(self, layout: Layout<'_>) -> Result<EntityInput, CallError> {
        for name in self.fields.keys() {
            if layout.field(name).is_none() {
                let known: Vec<_> = layout.fields.iter().map(|field| format!("`{}`", field.name)).collect();
                return Err(CallError::BadRequest(format!("no field `{name}`; {}", these("fields", &known))));
            }
        }
        let interests = match &self.interests {
            None => None,
            Some(value) => Some(EntityInput::read_interests(value).ok_or_else(|| {
                CallError::BadRequest("`interests`: expected a list of names, or an object of names and truths".into())
            })?),
        };
        let unknown = interests.iter().flat_map(InterestsInput::names).find(|name| !layout.has_interest(name));
        if let Some(name) = unknown {
            let known: Vec<_> = layout.interests.iter().map(|interest| format!("`{}`", interest.name)).collect();
            return Err(CallError::BadRequest(format!("no interest `{name}`; {}", these("interests", &known))));
        }
        Ok(EntityInput { fields: self.fields, interests, secret: self.secret })
    }
}

/// What there is instead.
fn these(what: &str, known: &[String]) -> String {
    let list = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
    format!("{what} are: {list}")
}

pub(super) async fn profiles(
    State(state): State<Entry>,
    Named(database): Named,
    Queried(listing): Queried<Listing>,
) -> Result<Json<Value>, CallError> {
    let database = state.store.database(&database).await?.id;
    listed(&state, "profiles", Within::Database(database), &listing).await
}

pub(super) async fn subprofiles(
    State(state): State<Entry>,
    Number(collection): Number,
    Queried(listing): Queried<Listing>,
) -> Result<Json<Value>, CallError> {
    listed(&state, "subprofiles", Within::Collection(collection), &listing).await
}

pub(super) async fn subprofiles_of_profile(
    State(state): State<Entry>,
    path: Result<Path<(Id, String)>, PathRejection>,
    Queried(listing): Queried<Listing>,
) -> Result<Json<Value>, CallError> {
    let (profile, collection) = profile_and_collection(&state, path).await?;
    listed(&state, "subprofiles", Within::CollectionOfProfile { collection, profile }, &listing).await
}

pub(super) async fn create_profile(
    State(state): State<Entry>,
    Named(database): Named,
    Posted(body): Posted<EntityBody>,
) -> Result<Response, CallError> {
    let database = state.store.database(&database).await?;
    create(&state, Command::CreateProfile { database: database.id, input: body.input(database.layout())? }).await
}

pub(super) async fn create_subprofile(
    State(state): State<Entry>,
    path: Result<Path<(Id, String)>, PathRejection>,
    Posted(body): Posted<EntityBody>,
) -> Result<Response, CallError> {
    let (profile, collection) = profile_and_collection(&state, path).await?;
    let input = body.input(state.store.collection(collection).await?.layout())?;
    create(&state, Command::CreateSubprofile { profile, collection, input }).await
}

pub(super) async fn show_profile(state: State<Entry>, Number(id): Number) -> Result<Json<Value>, CallError> {
    show(&state, EntityRef::profile(id)).await
}

pub(super) async fn show_subprofile(state: State<Entry>, Number(id): Number) -> Result<Json<Value>, CallError> {
    show(&state, EntityRef::subprofile(id)).await
}

pub(super) async fn update_profile(
    state: State<Entry>,
    Number(id): Number,
    Posted(body): Posted<EntityBody>,
) -> Result<Json<Value>, CallError> {
    update(&state, EntityRef::profile(id), body).await
}

pub(super) async fn update_subprofile(
    state: State<Entry>,
    Number(id): Number,
    Posted(body): Posted<EntityBody>,
) -> Result<Json<Value>, CallError> {
    update(&state, EntityRef::subprofile(id), body).await
}

pub(super) async fn remove_profile(state: State<Entry>, Number(id): Number) -> Result<StatusCode, CallError> {
    remove(&state, EntityRef::profile(id)).await
}

pub(super) async fn remove_subprofile(state: State<Entry>, Number(id): Number) -> Result<StatusCode, CallError> {
    remove(&state, EntityRef::subprofile(id)).await
}

async fn listed(state: &Entry, name: &str, within: Within, listing: &Listing) -> Result<Json<Value>, CallError> {
    let (entities, total) = state.store.entities(within, listing.selection()).await?;
    let entities: Vec<_> = entities.into_iter().map(ShownEntity::from).collect();
    Ok(Json(json!({name: entities, "start": listing.start, "total": total})))
}

async fn create(state: &Entry, command: Command) -> Result<Response, CallError> {
    let applied = state.apply(command, Trigger::Publisher).await?;
    let entity = applied.created.ok_or(StoreError::Stopped)?;
    Ok(created(&ShownEntity::from(state.store.entity(entity).await?)))
}

async fn show(state: &Entry, entity: EntityRef) -> Result<Json<Value>, CallError> {
    Ok(Json(json!(ShownEntity::from(state.store.entity(entity).await?))))
}

async fn update(state: &Entry, entity: EntityRef, body: EntityBody) -> Result<Json<Value>, CallError> {
    let present = state.store.entity(entity).await?;
    // The APIs of the platform take such an update and do nothing. By hand, nobody finds what was removed.
    if present.removed.is_some() {
        return Err(StoreError::Removed(entity).into());
    }
    let database = state.store.database(&present.home.database().to_string()).await?;
    let input = body.input(database.layout_of(present.home))?;
    state.apply(Command::Update { entity, input }, Trigger::Publisher).await?;
    show(state, entity).await
}

async fn remove(state: &Entry, entity: EntityRef) -> Result<StatusCode, CallError> {
    state.apply(Command::Remove { entity, completely: false }, Trigger::Publisher).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The profile and the collection that a path names: the one by its number, the other by its number or name.
async fn profile_and_collection(
    state: &Entry,
    path: Result<Path<(Id, String)>, PathRejection>,
) -> Result<(Id, Id), CallError> {
    let expected = "expected `profiles/NUMBER/subprofiles/COLLECTION` in the path";
    let Path((profile, wanted)) = path.map_err(|_| CallError::BadRequest(expected.to_owned()))?;
    let home = state.store.entity(EntityRef { kind: Kind::Profile, id: profile }).await?.home;
    let database = state.store.database(&home.database().to_string()).await?;
    let numbered = wanted.parse().ok();
    let collection = database.collections.iter().find(|collection| Some(collection.id) == numbered);
    let collection = collection.or_else(|| database.collection(&wanted));
    Ok((profile, collection.ok_or(StoreError::NoCollection(wanted))?.id))
}
