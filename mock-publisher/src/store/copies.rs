use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::apply::{Applied, Work};
use super::batch::{Batch, TURN};
use super::databases::{from_json, to_json};
use super::error::StoreError;
use super::{Store, callbacks, databases, entities, terms};
use crate::callback::{Callback, Scope};
use crate::clock::Millis;
use crate::platform::{Database, Entity, EntityInput, EntityRef, Home, Id, Kind, Trigger, Within};

/// How many copies may wait for their profiles at a time.
const MAX_OPEN: u64 = 100;

/// What is copied besides fields and interests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CopyParts {
    pub(crate) collections: bool,
    pub(crate) profiles: bool,
    pub(crate) subprofiles: bool,
}

/// A copy that has not got all its profiles yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenCopy {
    /// The number of the new database.
    pub(crate) target: Id,
    /// How many profiles it has got.
    pub(crate) copied: u64,
    source: Id,
    pairs: Pairs,
    last: Id,
    newest: Id,
}

/// What became of what, by numbers: names may change before the last profile is copied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pairs {
    /// The collections whose subprofiles are copied.
    collections: BTreeMap<Id, Id>,
    /// The fields of the database and of those collections.
    fields: BTreeMap<Id, Id>,
    interests: BTreeMap<Id, Id>,
}

/// What came of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyTurn {
    /// Whether a callback fired.
    pub(crate) fired: bool,
    pub(crate) state: CopyState,
}

/// Where a copy stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CopyState {
    /// There are profiles left.
    Open,
    Complete,
    /// It has ended without the rest, and why.
    Broken(String),
}

impl Store {
    /// Adds a database with the same fields, interests and, if they are wanted, collections; with the same callbacks too if a
    /// switch says so. If profiles are wanted, the copy is open then. Returns its number.
    pub(crate) async fn copy_structure(
        &self,
        source: Id,
        name: String,
        parts: CopyParts,
        now: Millis,
    ) -> Result<Id, StoreError> {
        let copy_callbacks = self.switches().copy_callbacks;
        self.write(move |transaction| {
            let mut original = databases::find(transaction, source)?;
            if !parts.collections {
                original.collections.clear();
            }
            let copy = Database { name, created: now, ..original };
            let target = databases::insert(transaction, &copy)?;
            let copied = databases::find(transaction, target)?;
            if copy_callbacks {
                let pairs = copy.collections.iter().zip(&copied.collections);
                let scopes = pairs.map(|(old, new)| (Scope::Collection(old.id), Scope::Collection(new.id)));
                for (old, new) in [(Scope::Database(source), Scope::Database(target))].into_iter().chain(scopes) {
                    for callback in callbacks::of_scope(transaction, old)? {
                        let of_original = terms::of(transaction, callback.id)?;
                        let copy = callbacks::insert(transaction, &Callback { scope: new, ..callback })?;
                        terms::put(transaction, copy, &of_original)?;
                    }
                }
            }
            if parts.profiles {
                open(transaction, source, target, &Pairs::of(&copy, &copied, parts.subprofiles))?;
            }
            Ok(target)
        })
        .await
    }

    /// The copies that have not got all their profiles yet, oldest first.
    pub(crate) async fn open_copies(&self) -> Result<Vec<OpenCopy>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("{OPEN} ORDER BY target"))?;
            let mut rows = statement.query([])?;
            let mut copies = Vec::new();
            while let Some(row) = rows.next()? {
                copies.push(from_row(row)?);
            }
            Ok(copies)
        })
        .await
    }

    /// Copies the next profiles of an open copy, each with its subprofiles if they are wanted: as many as one turn allows.
    pub(crate) async fn copy_profiles(&self, target: Id, now: Millis) -> Result<CopyTurn, StoreError> {
        let switches = self.switches();
        self.write(move |transaction| {
            let begun = Instant::now();
            let found = transaction.query_row(&format!("{OPEN} WHERE target = ?1"), [target], |row| Ok(from_row(row)));
            let Some(mut copy) = found.optional()?.transpose()? else {
                return Ok(CopyTurn { fired: false, state: CopyState::Complete });
            };
            let batch = Batch::new(transaction, switches, now);
            let mut work = Work { batch: &batch, trigger: Trigger::Copy, applied: Applied::default() };
            let (from, to) = (batch.database(copy.source)?, batch.database(copy.target)?);
            let mut state = copy.pairs.missing(&from, &to).map_or(CopyState::Open, CopyState::Broken);
            while state == CopyState::Open && begun.elapsed() < TURN {
                match copy.next(transaction)? {
                    Some(profile) => {
                        work.copy_profile(&copy, profile)?;
                        (copy.last, copy.copied) = (profile, copy.copied + 1);
                    }
                    None => state = CopyState::Complete,
                }
            }
            copy.note(transaction, &state)?;
            Ok(CopyTurn { fired: work.applied.fired > 0, state })
        })
        .await
    }
}

const OPEN: &str = "SELECT target, copied, source, pairs, last, newest FROM copies";

/// Notes that profiles are to be copied.
fn open(transaction: &Transaction<'_>, source: Id, target: Id, pairs: &Pairs) -> Result<(), StoreError> {
    let open: u64 = transaction.query_row("SELECT count(*) FROM copies", [], |row| row.get(0))?;
    if open >= MAX_OPEN {
        return Err(StoreError::Full(format!("{MAX_OPEN} copies are on their way already; wait for one to end")));
    }
    let newest = entities::next_id(transaction, Kind::Profile)? - 1;
    let sql = "INSERT INTO copies (target, source, pairs, newest) VALUES (?1, ?2, ?3, ?4)";
    transaction.execute(sql, params![target, source, to_json(pairs)?, newest])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> Result<OpenCopy, StoreError> {
    Ok(OpenCopy {
        target: row.get(0)?,
        copied: row.get(1)?,
        source: row.get(2)?,
        pairs: from_json(&row.get::<_, String>(3)?)?,
        last: row.get(4)?,
        newest: row.get(5)?,
    })
}

impl OpenCopy {
    /// The profile that is to be copied next.
    fn next(&self, connection: &Connection) -> Result<Option<Id>, StoreError> {
        let sql = "SELECT id FROM profiles WHERE database = ?1 AND removed IS NULL AND id > ?2 AND id <= ?3 \
                   ORDER BY id LIMIT 1";
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query_row(params![self.source, self.last, self.newest], |row| row.get(0)).optional()?)
    }

    /// Notes how far it is.
    fn note(&self, connection: &Connection, state: &CopyState) -> Result<(), StoreError> {
        if *state == CopyState::Open {
            let sql = "UPDATE copies SET last = ?2, copied = ?3 WHERE target = ?1";
            connection.execute(sql, params![self.target, self.last, self.copied])?;
        } else {
            connection.execute("DELETE FROM copies WHERE target = ?1", [self.target])?;
        }
        Ok(())
    }
}

impl Pairs {
    /// The parts of a database and of its copy, which has just been made.
    fn of(old: &Database, new: &Database, subprofiles: bool) -> Self {
        let collections = || old.collections.iter().zip(&new.collections).filter(|_| subprofiles);
        let of_collections = collections().flat_map(|(old, new)| old.fields.iter().zip(&new.fields));
        Self {
            collections: collections().map(|(old, new)| (old.id, new.id)).collect(),
            fields: old
                .fields
                .iter()
                .zip(&new.fields)
                .chain(of_collections)
                .map(|(old, new)| (old.id, new.id))
                .collect(),
            interests: old.interests.iter().zip(&new.interests).map(|(old, new)| (old.id, new.id)).collect(),
        }
    }

    /// Tells of something that only one of the two still has, so that the profiles that are left would not become what the first
    /// ones did.
    fn missing(&self, from: &Database, to: &Database) -> Option<String> {
        let fields = self.fields.iter().map(|(old, new)| ("field", field_name(from, *old), field_name(to, *new)));
        let interest = |database: &Database, id| {
            database.interests.iter().find(|interest| interest.id == id).map(|interest| interest.name.clone())
        };
        let interests = self.interests.iter().map(|(old, new)| ("interest", interest(from, *old), interest(to, *new)));
        fields.chain(interests).find_map(|(what, old, new)| match (old, new) {
            (None, Some(name)) => Some(format!("the original of the {what} `{name}` was removed meanwhile")),
            (Some(name), None) => Some(format!("the copy of the {what} `{name}` was removed meanwhile")),
            _ => None,
        })
    }
}

/// The name of a field of a database or of one of its collections.
fn field_name(database: &Database, id: Id) -> Option<String> {
    let of_collections = database.collections.iter().flat_map(|collection| &collection.fields);
    database.fields.iter().chain(of_collections).find(|field| field.id == id).map(|field| field.name.clone())
}

impl Work<'_, '_> {
    fn copy_profile(&mut self, copy: &OpenCopy, id: Id) -> Result<(), StoreError> {
        let original = self.batch.entity(EntityRef::profile(id))?;
        let profile = self.copy_entity(copy, &original, Home::Database(copy.target))?;
        for (&old, &new) in &copy.pairs.collections {
            let mut originals = Vec::new();
            let within = Within::CollectionOfProfile { collection: old, profile: id };
            entities::scan(self.batch.transaction, within, &[], &mut |subprofile| {
                originals.push(subprofile);
                Ok(ControlFlow::Continue(()))
            })?;
            let home = Home::Collection { collection: new, profile, database: copy.target };
            for original in originals {
                self.copy_entity(copy, &original, home)?;
            }
        }
        Ok(())
    }

    /// Values are copied as they are, also those that their field would not take now: it had another type when it got them.
    fn copy_entity(&mut self, copy: &OpenCopy, original: &Entity, home: Home) -> Result<Id, StoreError> {
        let (from, to) = (self.batch.database(copy.source)?, self.batch.database(copy.target)?);
        let (from, to) = (from.layout_of(original.home), to.layout_of(home));
        let mut entity = self.new_entity(home, &EntityInput::default())?;
        for (field, (_, value)) in from.fields.iter().zip(&original.fields) {
            let new = copy.pairs.fields.get(&field.id);
            if let Some(index) = to.fields.iter().position(|field| Some(&field.id) == new) {
                entity.fields[index].1.clone_from(value);
            }
        }
        let has = |id| {
            from.interests.iter().any(|known| {
                copy.pairs.interests.get(&known.id) == Some(&id) && original.interests.contains(&known.name)
            })
        };
        entity.interests = to.interests.iter().filter(|known| has(known.id)).map(|known| known.name.clone()).collect();
        let id = entity.id;
        self.add(entity)?;
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Owner;
    use super::*;
    use crate::platform::{Command, Field, FieldKind, InterestsInput, Switches};

    #[tokio::test]
    async fn a_copy_goes_on_where_it_was_when_the_program_ended() {
        const COUNT: u64 = 4000;
        let folder = tempfile::tempdir().unwrap();
        let open = || Store::open(folder.path(), Switches::default()).unwrap();
        let store = open();
        let input = |number| EntityInput::of_fields(json!({"name": number}).as_object().unwrap().clone());
        let profiles = (1..=COUNT).map(|number| Command::CreateProfile { database: 1, input: input(number) }).collect();
        store.apply_all(profiles, Trigger::Rest, 1).await.unwrap();
        let order = Command::CreateSubprofile { profile: 1, collection: 1, input: EntityInput::default() };
        store.apply(order, Trigger::Rest, 1).await.unwrap();
        let target = store.copy_structure(1, "copy".to_owned(), ALL, 1).await.unwrap();
        let mut state = CopyState::Open;
        for _ in 0..3 {
            state = store.copy_profiles(target, 1).await.unwrap().state;
        }
        let copied = store.open_copies().await.unwrap()[0].copied;
        assert!(state == CopyState::Open && (3..COUNT).contains(&copied), "{copied}");
        drop(store);

        let store = open();
        while store.copy_profiles(target, 1).await.unwrap().state == CopyState::Open {}
        assert_eq!(store.open_copies().await.unwrap(), []);
        let all = store.entity_ids(Within::Database(target), Vec::new()).await.unwrap();
        assert_eq!(all.len() as u64, COUNT);
        let last = store.entity(EntityRef::profile(all[all.len() - 1])).await.unwrap();
        assert_eq!(last.field("name"), Some("4000"));
        assert_eq!(store.entity_ids(Within::Collection(2), Vec::new()).await.unwrap(), [2]);
    }

    const ALL: CopyParts = CopyParts { collections: true, profiles: true, subprofiles: true };

    /// A store with a profile and a subprofile that are about to be copied; the number of the copy.
    async fn about_to_copy() -> (Store, Id) {
        let store = Store::in_memory(Switches::default()).unwrap();
        let input = |fields: Value, interests: &[&str]| EntityInput {
            interests: Some(InterestsInput::Exactly(interests.iter().map(|&name| name.to_owned()).collect())),
            ..EntityInput::of_fields(fields.as_object().unwrap().clone())
        };
        let profile = input(json!({"name": "Mike", "city": "Breda", "score": 7}), &["golf"]);
        let subprofile = input(json!({"product": "shoe", "amount": 2}), &[]);
        let commands = vec![
            Command::CreateProfile { database: 1, input: profile },
            Command::CreateSubprofile { profile: 1, collection: 1, input: subprofile },
        ];
        store.apply_all(commands, Trigger::Rest, 1).await.unwrap();
        let target = store.copy_structure(1, "copy".to_owned(), ALL, 1).await.unwrap();
        (store, target)
    }

    async fn alter(store: &Store, owner: Owner, name: &str, alter: impl Fn(&mut Field)) {
        let fields = match owner {
            Owner::Database(id) => store.database(&id.to_string()).await.unwrap().fields,
            Owner::Collection(id) => store.collection(id).await.unwrap().fields,
        };
        let mut field = fields.into_iter().find(|field| field.name == name).unwrap();
        alter(&mut field);
        store.update_field(owner, field).await.unwrap();
    }

    #[tokio::test]
    async fn values_reach_fields_that_got_another_name_or_type_meanwhile() {
        let (store, target) = about_to_copy().await;
        let database = store.database(&target.to_string()).await.unwrap();
        alter(&store, Owner::Database(1), "name", |field| field.name = "nickname".to_owned()).await;
        alter(&store, Owner::Database(target), "city", |field| field.name = "town".to_owned()).await;
        alter(&store, Owner::Database(target), "name", |field| field.kind = FieldKind::Integer).await;
        alter(&store, Owner::Collection(2), "product", |field| field.name = "thing".to_owned()).await;
        // This one has nothing to do with the field of that name that was copied.
        store.create_field(Owner::Database(target), Field::new("city", FieldKind::Text)).await.unwrap();
        store.update_interest(database.interests[1].id, Some("croquet".to_owned()), None).await.unwrap();

        assert_eq!(store.copy_profiles(target, 1).await.unwrap().state, CopyState::Complete);
        let profile = store.entity(EntityRef::profile(2)).await.unwrap();
        let values = ["name", "town", "score", "city"].map(|name| profile.field(name).unwrap().to_owned());
        assert_eq!(
            (values, profile.interests),
            (["Mike", "Breda", "7", ""].map(str::to_owned), vec!["croquet".to_owned()])
        );
        let subprofile = store.entity(EntityRef::subprofile(2)).await.unwrap();
        assert_eq!((subprofile.field("thing"), subprofile.field("amount")), (Some("shoe"), Some("2")));
    }

    #[tokio::test]
    async fn a_copy_ends_and_says_why_when_a_field_or_interest_is_removed_on_one_side() {
        for (on_source, on_target, expected) in [
            (true, false, Some("the original of the field `city` was removed meanwhile")),
            (false, true, Some("the copy of the field `city` was removed meanwhile")),
            (true, true, None),
        ] {
            let (store, target) = about_to_copy().await;
            for database in [1, target].into_iter().zip([on_source, on_target]).filter_map(|(id, on)| on.then_some(id))
            {
                let field = store.database(&database.to_string()).await.unwrap().fields[2].id;
                store.remove_field(Owner::Database(database), field).await.unwrap();
            }
            let state = store.copy_profiles(target, 1).await.unwrap().state;
            assert_eq!(state, expected.map_or(CopyState::Complete, |why| CopyState::Broken(why.to_owned())));
            assert_eq!(store.open_copies().await.unwrap(), []);
            assert_eq!(store.entity(EntityRef::profile(2)).await.is_ok(), expected.is_none());
        }
        let (store, target) = about_to_copy().await;
        let golf = store.database("1").await.unwrap().interests[1].id;
        store.remove_interest(golf).await.unwrap();
        let state = store.copy_profiles(target, 1).await.unwrap().state;
        assert_eq!(state, CopyState::Broken("the original of the interest `golf` was removed meanwhile".to_owned()));
    }

    #[tokio::test]
    async fn no_more_copies_wait_than_there_is_place_for() {
        let store = Store::in_memory(Switches::default()).unwrap();
        let parts = CopyParts { collections: false, profiles: true, subprofiles: false };
        for number in 0..MAX_OPEN {
            store.copy_structure(1, format!("copy {number}"), parts, 1).await.unwrap();
        }
        let refused = store.copy_structure(1, "one more".to_owned(), parts, 1).await;
        assert!(matches!(refused, Err(StoreError::Full(_))));
        assert_eq!(store.databases().await.unwrap().len() as u64, 1 + MAX_OPEN);
        let without = CopyParts { profiles: false, ..parts };
        store.copy_structure(1, "one more".to_owned(), without, 1).await.unwrap();
    }
}
