use std::ops::ControlFlow;
use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::apply::{Applied, Work};
use super::batch::{Batch, TURN};
use super::databases::{from_json, to_json};
use super::error::StoreError;
use super::{Store, callbacks, databases, entities};
use crate::callback::{Callback, Scope};
use crate::clock::Millis;
use crate::platform::{Database, Entity, EntityInput, EntityRef, Home, Id, InterestsInput, Kind, Trigger, Within};

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
    /// Each collection whose subprofiles are copied, and its copy.
    collections: Vec<(Id, Id)>,
    last: Id,
    newest: Id,
}

/// What came of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CopyTurn {
    /// Whether a callback fired.
    pub(crate) fired: bool,
    /// Whether there is nothing left to copy.
    pub(crate) done: bool,
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
            let collections: Vec<(Id, Id)> =
                copy.collections.iter().map(|old| old.id).zip(copied.collections.iter().map(|new| new.id)).collect();
            if copy_callbacks {
                let scopes = collections.iter().map(|&(old, new)| (Scope::Collection(old), Scope::Collection(new)));
                for (old, new) in [(Scope::Database(source), Scope::Database(target))].into_iter().chain(scopes) {
                    for callback in callbacks::of_scope(transaction, old)? {
                        callbacks::insert(transaction, &Callback { scope: new, ..callback })?;
                    }
                }
            }
            if parts.profiles {
                let collections = if parts.subprofiles { collections } else { Vec::new() };
                open(transaction, source, target, &collections)?;
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
                return Ok(CopyTurn { fired: false, done: true });
            };
            let batch = Batch::new(transaction, switches, now);
            let mut work = Work { batch: &batch, trigger: Trigger::Copy, applied: Applied::default() };
            let mut done = false;
            while !done && begun.elapsed() < TURN {
                match copy.next(transaction)? {
                    Some(profile) => {
                        work.copy_profile(&copy, profile)?;
                        (copy.last, copy.copied) = (profile, copy.copied + 1);
                    }
                    None => done = true,
                }
            }
            copy.note(transaction, done)?;
            Ok(CopyTurn { fired: work.applied.fired > 0, done })
        })
        .await
    }
}

const OPEN: &str = "SELECT target, copied, source, collections, last, newest FROM copies";

/// Notes that profiles are to be copied.
fn open(transaction: &Transaction<'_>, source: Id, target: Id, collections: &[(Id, Id)]) -> Result<(), StoreError> {
    let open: u64 = transaction.query_row("SELECT count(*) FROM copies", [], |row| row.get(0))?;
    if open >= MAX_OPEN {
        return Err(StoreError::Busy(format!("{MAX_OPEN} copies are on their way already; wait for one to end")));
    }
    let newest = entities::next_id(transaction, Kind::Profile)? - 1;
    let sql = "INSERT INTO copies (target, source, collections, newest) VALUES (?1, ?2, ?3, ?4)";
    transaction.execute(sql, params![target, source, to_json(&collections)?, newest])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> Result<OpenCopy, StoreError> {
    Ok(OpenCopy {
        target: row.get(0)?,
        copied: row.get(1)?,
        source: row.get(2)?,
        collections: from_json(&row.get::<_, String>(3)?)?,
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
    fn note(&self, connection: &Connection, done: bool) -> Result<(), StoreError> {
        if done {
            connection.execute("DELETE FROM copies WHERE target = ?1", [self.target])?;
        } else {
            let sql = "UPDATE copies SET last = ?2, copied = ?3 WHERE target = ?1";
            connection.execute(sql, params![self.target, self.last, self.copied])?;
        }
        Ok(())
    }
}

impl Work<'_, '_> {
    fn copy_profile(&mut self, copy: &OpenCopy, id: Id) -> Result<(), StoreError> {
        let original = self.batch.entity(EntityRef::profile(id))?;
        self.create(Home::Database(copy.target), &input(original))?;
        let Some(created) = self.applied.created else { return Ok(()) };
        for &(old, new) in &copy.collections {
            let mut originals = Vec::new();
            let within = Within::CollectionOfProfile { collection: old, profile: id };
            entities::scan(self.batch.transaction, within, &[], &mut |subprofile| {
                originals.push(subprofile);
                Ok(ControlFlow::Continue(()))
            })?;
            let home = Home::Collection { collection: new, profile: created.id, database: copy.target };
            originals.into_iter().try_for_each(|original| self.create(home, &input(original)))?;
        }
        Ok(())
    }
}

/// The values of something, for one that is to be as it is.
fn input(original: Entity) -> EntityInput {
    let fields = original.fields.into_iter().map(|(name, value)| (name, value.into())).collect();
    EntityInput { fields, interests: Some(InterestsInput::Exactly(original.interests)), secret: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::platform::{Command, Switches};

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
        let parts = CopyParts { collections: true, profiles: true, subprofiles: true };
        let target = store.copy_structure(1, "copy".to_owned(), parts, 1).await.unwrap();
        let mut done = false;
        for _ in 0..3 {
            done = store.copy_profiles(target, 1).await.unwrap().done;
        }
        let copied = store.open_copies().await.unwrap()[0].copied;
        assert!(!done && (3..COUNT).contains(&copied), "{copied}");
        drop(store);

        let store = open();
        while !store.copy_profiles(target, 1).await.unwrap().done {}
        assert_eq!(store.open_copies().await.unwrap(), []);
        let all = store.entity_ids(Within::Database(target), Vec::new()).await.unwrap();
        assert_eq!(all.len() as u64, COUNT);
        let last = store.entity(EntityRef::profile(all[all.len() - 1])).await.unwrap();
        assert_eq!(last.field("name"), Some("4000"));
        assert_eq!(store.entity_ids(Within::Collection(2), Vec::new()).await.unwrap(), [2]);
    }

    #[tokio::test]
    async fn no_more_copies_wait_than_there_is_place_for() {
        let store = Store::in_memory(Switches::default()).unwrap();
        let parts = CopyParts { collections: false, profiles: true, subprofiles: false };
        for number in 0..MAX_OPEN {
            store.copy_structure(1, format!("copy {number}"), parts, 1).await.unwrap();
        }
        let refused = store.copy_structure(1, "one more".to_owned(), parts, 1).await;
        assert!(matches!(refused, Err(StoreError::Busy(_))));
        assert_eq!(store.databases().await.unwrap().len() as u64, 1 + MAX_OPEN);
        let without = CopyParts { profiles: false, ..parts };
        store.copy_structure(1, "one more".to_owned(), without, 1).await.unwrap();
    }
}
