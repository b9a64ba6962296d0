use serde_json::Map;

use super::apply::Work;
use super::error::StoreError;
use super::snapshots::is_at_rest;
use crate::platform::{Entity, EntityInput, EntityRef, Home, Id, InterestsInput};

impl Work<'_, '_> {
    /// Takes a profile into another database. Assumption: the platform does not document what becomes of it. It keeps its number
    /// and its secret, and the values of fields and interests that have the same name there; its subprofiles go along into
    /// collections of the same name. What has no counterpart is lost. Where they were they are removed, where they come they are
    /// new.
    pub(super) fn move_profile(&mut self, id: Id, database: Id) -> Result<(), StoreError> {
        let profile = EntityRef::profile(id);
        let present = self.batch.entity(profile)?;
        let (from, to) = (self.batch.database(present.home.database())?, self.batch.database(database)?);
        if from.id == to.id {
            return Err(StoreError::Invalid(format!("{profile} is in `{}` already", to.name)));
        }
        // They rely on it that who is in their database stays there, and that who comes there has a new number.
        for database in [from.id, to.id] {
            is_at_rest(self.batch.transaction, Some(database))?;
        }
        let mut moved = vec![(present, Home::Database(database))];
        for collection in &from.collections {
            let Some(counterpart) = to.collection(&collection.name) else { continue };
            let home = Home::Collection { collection: counterpart.id, profile: id, database };
            let subprofiles = self.batch.subprofiles(id, collection.id, usize::MAX)?;
            moved.extend(subprofiles.into_iter().map(|subprofile| (subprofile, home)));
        }
        let touched = self.applied.touched + 1;
        self.remove(profile, false)?;
        for (before, home) in moved {
            let (input, layout) = (all_of(&before), to.layout_of(home));
            self.add(Entity::create(home, layout, before.id, before.secret, &input, self.batch.now))?;
        }
        self.applied.touched = touched;
        self.applied.created = Some(profile);
        Ok(())
    }
}

/// What creates an entity with the same values.
fn all_of(entity: &Entity) -> EntityInput {
    let fields: Map<_, _> = entity.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let interests = Some(InterestsInput::Exactly(entity.interests.clone()));
    EntityInput { interests, ..EntityInput::of_fields(fields) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{CallbackDraft, Store};
    use super::*;
    use crate::callback::Scope;
    use crate::emit::TargetUrl;
    use crate::platform::{
        Collection, Command, Database, Field, FieldKind, ImportAction, Interest, Switches, Trigger, Within,
    };

    /// A store with a profile that has two subprofiles in `orders` and one in `visits`, and a database that knows half of that.
    async fn with_two_databases() -> (Store, Id) {
        let store = Store::in_memory(Switches::default()).unwrap();
        let visits = Collection { fields: vec![Field::new("page", FieldKind::Text)], ..Collection::new("visits") };
        let visits = store.create_collection(1, visits).await.unwrap();
        let orders = vec![Field::new("Amount", FieldKind::Integer), Field::new("paid", FieldKind::Text)];
        let other = Database {
            fields: vec![Field::new("CITY", FieldKind::Text), Field::new("name", FieldKind::Integer)],
            interests: vec![Interest { id: 0, name: "Golf".to_owned(), group: String::new() }],
            collections: vec![Collection { fields: orders, ..Collection::new("Orders") }],
            ..Database::new("other")
        };
        let other = store.create_database(other).await.unwrap();
        let input = |fields: serde_json::Value| EntityInput::of_fields(fields.as_object().unwrap().clone());
        let interests = Some(InterestsInput::Exactly(vec!["tennis".to_owned(), "golf".to_owned()]));
        let profile = EntityInput { interests, ..input(json!({"name": "3 Mike", "city": "Breda", "score": 7})) };
        let subprofile =
            |collection, fields| Command::CreateSubprofile { profile: 1, collection, input: input(fields) };
        let commands = vec![
            Command::CreateProfile { database: 1, input: profile },
            subprofile(1, json!({"product": "lamp", "amount": 2})),
            subprofile(visits, json!({"page": "/"})),
            subprofile(1, json!({"product": "shoe"})),
        ];
        store.apply_all(commands, Trigger::Rest, 1).await.unwrap();
        (store, other)
    }

    #[tokio::test]
    async fn what_has_a_counterpart_goes_along_and_the_rest_is_lost() {
        let (store, other) = with_two_databases().await;
        let orders = store.database("other").await.unwrap().collections[0].id;
        let before = store.entity(EntityRef::profile(1)).await.unwrap();
        let url = TargetUrl::parse("http://127.0.0.1:9/").unwrap();
        for scope in [Scope::Database(1), Scope::Collection(1), Scope::Database(other), Scope::Collection(orders)] {
            store.create_callback(scope, url.clone(), CallbackDraft::default()).await.unwrap();
        }
        let applied = store.apply(Command::Move { profile: 1, database: other }, Trigger::Soap, 2).await.unwrap();
        assert_eq!((applied.touched, applied.created), (1, Some(EntityRef::profile(1))));
        assert_eq!((applied.changes.len(), applied.fired), (7, 6), "nobody watches `visits`");

        let pairs = |entity: &Entity| entity.fields.clone();
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let profile = store.entity(EntityRef::profile(1)).await.unwrap();
        assert_eq!((profile.home, &profile.secret), (Home::Database(other), &before.secret));
        assert_eq!(pairs(&profile), [text("CITY", "Breda"), text("name", "3")]);
        assert_eq!((profile.interests, profile.removed), (vec!["Golf".to_owned()], None));
        let lamp = store.entity(EntityRef::subprofile(1)).await.unwrap();
        assert_eq!(lamp.home, Home::Collection { collection: orders, profile: 1, database: other });
        assert_eq!((pairs(&lamp), lamp.removed), (vec![text("Amount", "2"), text("paid", "")], None));
        assert_eq!(store.entity(EntityRef::subprofile(2)).await.unwrap().removed, Some(2));

        let within = |within| store.entity_ids(within, Vec::new());
        assert_eq!(within(Within::Database(1)).await.unwrap(), [0; 0]);
        assert_eq!(within(Within::Database(other)).await.unwrap(), [1]);
        assert_eq!(within(Within::Collection(1)).await.unwrap(), [0; 0]);
        assert_eq!(within(Within::CollectionOfProfile { collection: orders, profile: 1 }).await.unwrap(), [1, 3]);

        let told: Vec<_> = store.changes(applied.changes[0] - 1, 100).await.unwrap();
        let told: Vec<_> = told.iter().map(|change| (change.action.as_str(), change.entity, change.database)).collect();
        let (profile, subprofile) = (EntityRef::profile(1), EntityRef::subprofile);
        let expected = [
            ("delete", subprofile(1), 1),
            ("delete", subprofile(3), 1),
            ("delete", subprofile(2), 1),
            ("delete", profile, 1),
            ("create", profile, other),
            ("create", subprofile(1), other),
            ("create", subprofile(3), other),
        ];
        assert_eq!(told, expected);
    }

    #[tokio::test]
    async fn what_cannot_move_stays_as_it_is() {
        let (store, other) = with_two_databases().await;
        let before = store.entity(EntityRef::profile(1)).await.unwrap();
        let to = |profile, database| store.apply(Command::Move { profile, database }, Trigger::Soap, 2);
        assert!(matches!(to(1, 1).await, Err(StoreError::Invalid(_))));
        assert!(matches!(to(1, 99).await, Err(StoreError::NoDatabase(_))));
        assert!(matches!(to(99, other).await, Err(StoreError::NoEntity(_))));
        // An import into either of the two would take it for one of its own, or for one that is missing.
        for database in [1, other] {
            store.create_import(database, "file".to_owned(), ImportAction::Add).await.unwrap();
            assert!(matches!(to(1, other).await, Err(StoreError::Busy(_))), "an import into {database}");
            store.interrupt_imports(1).await.unwrap();
        }
        assert_eq!(store.entity(EntityRef::profile(1)).await.unwrap(), before);
        let remove = Command::Remove { entity: EntityRef::profile(1), completely: false };
        store.apply(remove, Trigger::Soap, 2).await.unwrap();
        assert!(matches!(to(1, other).await, Err(StoreError::Removed(_))));
    }
}
