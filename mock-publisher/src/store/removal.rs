//! The removal of a whole database.

use rusqlite::Connection;

use super::apply::{Applied, Work};
use super::batch::Batch;
use super::error::StoreError;
use super::masses::Mass;
use super::snapshots::is_at_rest;
use super::{Store, databases};
use crate::clock::Millis;
use crate::platform::{EntityRef, Id, Kind, Trigger};

/// Where profiles and subprofiles are; profiles first, since their subprofiles go with them.
const TABLES: [(Kind, &str); 2] = [(Kind::Profile, "profiles"), (Kind::Subprofile, "subprofiles")];

impl Store {
    /// Removes a database: its profiles and subprofiles in turns, told as others that are removed, and then all that is left of
    /// it. `fired` is called whenever there is something new in the outbox. If the program ends on the way, or an import or a
    /// copy begins, the database is there with those that are left, and can be removed again.
    ///
    /// Assumption: the platform does not document whether each profile is told.
    pub(crate) async fn remove_database(
        &self,
        id: Id,
        trigger: Trigger,
        now: Millis,
        fired: impl Fn() + Send + Sync,
    ) -> Result<(), StoreError> {
        self.write(move |transaction| {
            databases::find(transaction, id)?;
            is_at_rest(transaction, Some(id))
        })
        .await?;
        // Some may come while others go.
        loop {
            let entities = self.read(move |connection| entities_of(connection, id)).await?;
            if entities.is_empty() {
                break;
            }
            self.turns(Mass::erasing(id, entities), trigger, now, &fired).await?;
        }
        let switches = self.switches();
        let last = self.write(move |transaction| {
            let batch = Batch::new(transaction, switches, now);
            let mut work = Work { batch: &batch, trigger, applied: Applied::default() };
            // An import may have begun meanwhile, and a few profiles may have come.
            is_at_rest(transaction, Some(id))?;
            for late in entities_of(transaction, id)? {
                work.erase_in(id, late)?;
            }
            erase(transaction, id)?;
            Ok(work.applied)
        });
        if last.await?.fired > 0 {
            fired();
        }
        Ok(())
    }
}

/// All that is in a database, also what has been removed.
fn entities_of(connection: &Connection, database: Id) -> Result<Vec<EntityRef>, StoreError> {
    let mut entities = Vec::new();
    for (kind, table) in TABLES {
        let mut statement =
            connection.prepare_cached(&format!("SELECT id FROM {table} WHERE database = ?1 ORDER BY id"))?;
        let mut rows = statement.query([database])?;
        while let Some(row) = rows.next()? {
            entities.push(EntityRef { kind, id: row.get(0)? });
        }
    }
    Ok(entities)
}

/// Leaves nothing of an empty database. What changed in it stays in the log, and what is in the outbox is still delivered.
fn erase(connection: &Connection, id: Id) -> Result<(), StoreError> {
    for sql in [
        // Nobody could resume them any more.
        "UPDATE terms SET paused = 0 WHERE callback IN (SELECT id FROM callbacks WHERE database = ?1 OR collection IN \
         (SELECT id FROM collections WHERE database = ?1))",
        "DELETE FROM callbacks WHERE database = ?1 OR collection IN (SELECT id FROM collections WHERE database = ?1)",
        "DELETE FROM fields WHERE database = ?1 OR collection IN (SELECT id FROM collections WHERE database = ?1)",
        "DELETE FROM collections WHERE database = ?1",
        "DELETE FROM interests WHERE database = ?1",
        "DELETE FROM handlers WHERE database = ?1",
        "DELETE FROM imports WHERE database = ?1",
        "DELETE FROM databases WHERE id = ?1",
    ] {
        connection.execute(sql, [id])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::super::{CallbackDraft, CopyParts, Handler, LinkDraft};
    use super::*;
    use crate::callback::Scope;
    use crate::emit::TargetUrl;
    use crate::platform::{Command, Database, EntityInput, ImportAction, Occasion, Switches, Within};

    const COUNT: usize = 3000;

    /// A store with a database of each kind of thing, and another one of which nothing may be missed afterwards.
    async fn filled() -> Store {
        let store = Store::in_memory(Switches::default()).unwrap();
        store.create_database(Database { name: "other".to_owned(), ..Database::sample() }).await.unwrap();
        let create = |database| Command::CreateProfile { database, input: EntityInput::default() };
        let mut commands = vec![create(1); COUNT];
        commands.push(create(2));
        let subprofile = |profile, collection| {
            let input = EntityInput::of_fields(json!({"product": "lamp"}).as_object().unwrap().clone());
            Command::CreateSubprofile { profile, collection, input }
        };
        commands.extend([subprofile(1, 1), subprofile(1, 1), subprofile(2, 1), subprofile(COUNT as Id + 1, 2)]);
        // Those that have been removed before are not told again.
        commands.extend([1, 3].map(|id| Command::Remove { entity: EntityRef::subprofile(id), completely: false }));
        commands.push(Command::Remove { entity: EntityRef::profile(2), completely: false });
        store.apply_all(commands, Trigger::Rest, 1).await.unwrap();
        for (database, collection, profile) in [(1, 1, 1), (2, 2, COUNT as Id + 1)] {
            for scope in [Scope::Database(database), Scope::Collection(collection)] {
                let url = TargetUrl::parse("http://127.0.0.1:9/").unwrap();
                store.create_callback(scope, url, CallbackDraft::default()).await.unwrap();
            }
            let handler = Handler { occasion: Occasion::Click, script: Some("1".to_owned()) };
            store.set_handler(database, handler).await.unwrap();
            let entity = EntityRef::profile(profile);
            let (url, script, about) = (None, None, serde_json::Map::new());
            store.create_link(LinkDraft { occasion: Occasion::Open, entity, url, script, about }, 1).await.unwrap();
        }
        store
    }

    async fn rows(store: &Store) -> Vec<(&'static str, u64)> {
        store
            .read(|connection| {
                let tables = ["databases", "collections", "fields", "interests", "callbacks", "handlers", "imports"];
                let entities = ["profiles", "subprofiles", "links", "keepsakes"];
                let count = |table| {
                    let sql = format!("SELECT count(*) FROM {table}");
                    Ok((table, connection.query_row(&sql, [], |row| row.get(0))?))
                };
                tables.into_iter().chain(entities).map(count).collect()
            })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_database_and_what_was_there_is_told_once() {
        let store = filled().await;
        let (before, noted) = (rows(&store).await, store.changes(0, usize::MAX >> 1).await.unwrap().len());
        let turns = AtomicUsize::new(0);
        let fired = || _ = turns.fetch_add(1, Ordering::Relaxed);
        store.remove_database(1, Trigger::Soap, 2, fired).await.unwrap();
        assert!(turns.into_inner() > 1, "others can write in between");
        let half: Vec<_> = before
            .iter()
            .map(|&(table, count)| (table, if matches!(table, "profiles" | "subprofiles") { 1 } else { count / 2 }))
            .collect();
        assert_eq!(rows(&store).await, half);
        assert_eq!(store.entity_ids(Within::Collection(2), Vec::new()).await.unwrap(), [4]);
        assert!(matches!(store.database("1").await, Err(StoreError::NoDatabase(_))));

        // The log keeps all of it: the profiles but for the one that had gone before, and one subprofile.
        let log = store.changes(0, usize::MAX >> 1).await.unwrap();
        let told = &log[noted..];
        assert_eq!(told.len(), COUNT);
        assert!(told.iter().all(|change| change.action == "delete" && change.database_name.is_none()));
        assert_eq!((told[0].entity, told[1].entity), (EntityRef::subprofile(2), EntityRef::profile(1)));
        let outbox = store.deliveries(0, None, None, usize::MAX >> 1).await.unwrap();
        assert_eq!(outbox.len(), COUNT, "the callbacks are gone, and what they tell is not");
    }

    #[tokio::test]
    async fn what_comes_and_goes_meanwhile_is_removed_and_left_alone() {
        let store = filled().await;
        let (first, meanwhile) = (AtomicUsize::new(0), Mutex::new(None));
        let last = COUNT as Id;
        let fired = || {
            if first.fetch_add(1, Ordering::Relaxed) == 0 {
                let store = store.clone();
                *meanwhile.lock().unwrap() = Some(tokio::spawn(async move {
                    let create = Command::CreateProfile { database: 1, input: EntityInput::default() };
                    let commands = vec![create, Command::Move { profile: last, database: 2 }];
                    store.apply_all(commands, Trigger::Rest, 2).await
                }));
            }
        };
        store.remove_database(1, Trigger::Soap, 2, fired).await.unwrap();
        meanwhile.into_inner().unwrap().unwrap().await.unwrap().unwrap();
        assert_eq!(store.entity_ids(Within::Database(2), Vec::new()).await.unwrap(), [last, last + 1]);
        assert!(store.entity(EntityRef::profile(last + 2)).await.is_err());
    }

    #[tokio::test]
    async fn a_database_stays_while_an_import_or_a_copy_needs_it() {
        let store = filled().await;
        let parts = CopyParts { collections: false, profiles: true, subprofiles: false };
        let copy = store.copy_structure(1, "copy".to_owned(), parts, 1).await.unwrap();
        let import = store.create_import(2, "file".to_owned(), ImportAction::Add).await.unwrap();
        let before = rows(&store).await;
        for database in [1, copy, 2] {
            let refused = store.remove_database(database, Trigger::Soap, 2, || ()).await;
            assert!(matches!(refused, Err(StoreError::Busy(_))), "{refused:?}");
        }
        assert_eq!(rows(&store).await, before);
        while store.copy_profiles(copy, 1).await.unwrap().state == super::super::CopyState::Open {}
        store.begin_import(import, 1).await.unwrap();
        assert!(store.remove_database(2, Trigger::Soap, 2, || ()).await.is_err());
        for database in [1, copy] {
            store.remove_database(database, Trigger::Soap, 2, || ()).await.unwrap();
        }
        let refused = store.remove_database(1, Trigger::Soap, 2, || ()).await;
        assert!(matches!(refused, Err(StoreError::NoDatabase(_))));
    }
}
