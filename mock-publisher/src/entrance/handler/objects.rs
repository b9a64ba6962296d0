use serde_json::{Map, Value, json};

use super::{Event, HandlerError};
use crate::clock::{self, Millis};
use crate::platform::{Collection, Database, Entity, EntityRef, Home, Id, Unsubscribe};
use crate::store::{StoreError, View};

/// How many subprofiles of a profile are handed to a script.
const MAX_SUBPROFILES: usize = 500;

/// What a script sees, as data for `objects.js`.
pub(super) struct Objects {
    pub(super) json: Value,
    /// What the entities in it are, in their order there.
    pub(super) entities: Vec<EntityRef>,
    /// The database in which all this is.
    pub(super) database: Id,
}

impl Objects {
    pub(super) fn of(event: &Event, view: &View<'_, '_>, now: Millis) -> Result<Self, HandlerError> {
        let destination = view.entity(event.entity)?;
        let (profile, subprofile) = match destination.home {
            Home::Database(_) => (destination, None),
            Home::Collection { profile, .. } => (view.entity(EntityRef::profile(profile))?, Some(destination)),
        };
        if let Some(gone) = [Some(&profile), subprofile.as_ref()].into_iter().flatten().find(|e| e.removed.is_some()) {
            return Err(HandlerError::Store(StoreError::Removed(gone.reference())));
        }
        let database = view.database(profile.home.database())?;
        let (subprofiles, has_all) = subprofiles(view, &database, &profile, subprofile.as_ref())?;
        let shown: Vec<_> = subprofiles.iter().map(|e| shown(view, &database, e)).collect::<Result<_, _>>()?;
        let collections: Vec<_> = database.collections.iter().map(collection).collect();
        let objects = json!({
            "now": clock::stamp(now),
            "profile": self::shown(view, &database, &profile)?,
            "subprofiles": shown,
            "isForSubprofile": subprofile.is_some(),
            "hasAllSubprofiles": has_all,
            "database": {
                "ID": database.id,
                "name": database.name,
                "description": database.description,
                "archived": database.archived,
                "created": clock::stamp(database.created),
            },
            "collections": collections,
            "about": event.about,
            "report": event.report,
        });
        let entities = std::iter::once(&profile).chain(&subprofiles).map(Entity::reference).collect();
        Ok(Self { json: objects, entities, database: database.id })
    }
}

/// The subprofiles of a profile, first the one that the script runs for, and whether that is all of them.
fn subprofiles(
    view: &View<'_, '_>,
    database: &Database,
    profile: &Entity,
    first: Option<&Entity>,
) -> Result<(Vec<Entity>, bool), StoreError> {
    let mut all: Vec<Entity> = first.cloned().into_iter().collect();
    for collection in &database.collections {
        let wanted = MAX_SUBPROFILES + 1 - all.len().min(MAX_SUBPROFILES);
        let some = view.subprofiles(profile.id, collection.id, wanted)?;
        all.extend(some.into_iter().filter(|each| first.is_none_or(|first| first.id != each.id)));
    }
    let has_all = all.len() <= MAX_SUBPROFILES;
    all.truncate(MAX_SUBPROFILES);
    Ok((all, has_all))
}

fn shown(view: &View<'_, '_>, database: &Database, entity: &Entity) -> Result<Value, StoreError> {
    let keepsake = view.keepsake(entity.reference())?;
    let fields: Map<String, Value> = entity.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let mut shown = json!({
        "ID": entity.id,
        "secret": entity.secret,
        "extra": keepsake.extra,
        "created": clock::stamp(entity.created),
        "fields": fields,
        "data": keepsake.data,
    });
    let behaviour = match entity.home {
        Home::Database(_) => {
            let interest = |name: &String| (name.clone(), json!(entity.has_interest(name)));
            let interests: Map<_, _> = database.interests.iter().map(|known| interest(&known.name)).collect();
            shown["interests"] = interests.into();
            Some(&database.unsubscribe)
        }
        Home::Collection { collection, .. } => {
            shown["collection"] = collection.into();
            database.collections.iter().find(|known| known.id == collection).map(|known| &known.unsubscribe)
        }
    };
    shown["removedWhenUnsubscribed"] = matches!(behaviour, Some(Unsubscribe::Remove)).into();
    Ok(shown)
}

fn collection(collection: &Collection) -> Value {
    let field = |field: &crate::platform::Field| (field.name.clone(), json!(field.default_value()));
    let fields: Map<_, _> = collection.fields.iter().map(field).collect();
    json!({"ID": collection.id, "name": collection.name, "fields": fields})
}
