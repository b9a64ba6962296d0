use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::{CallbackDraft, Handler, Store, callbacks, databases, entities, handlers};
use crate::callback::Scope;
use crate::clock::{self, Millis};
use crate::emit::TargetUrl;
use crate::platform::{Database, Entity, EntityInput, EntityRef, Home, Kind};

/// What a fresh store is filled with before anybody can look at it. Nothing is told of it: it is not a change.
pub(crate) struct Contents {
    /// Instead of the sample database, unless there are none.
    pub(crate) databases: Vec<DatabaseContents>,
    pub(crate) callbacks: Vec<CallbackContents>,
    /// What the secrets of profiles and subprofiles are made from.
    pub(crate) seed: u64,
}

pub(crate) struct DatabaseContents {
    pub(crate) database: Database,
    /// Made one by one, since there may be a million of them.
    pub(crate) profiles: Box<dyn Iterator<Item = ProfileContents> + Send>,
    pub(crate) handlers: Vec<Handler>,
}

pub(crate) struct ProfileContents {
    pub(crate) input: EntityInput,
    /// Names of collections, and a subprofile for each.
    pub(crate) subprofiles: Vec<(String, EntityInput)>,
}

pub(crate) struct CallbackContents {
    pub(crate) database: String,
    /// The name of a collection, if it watches one.
    pub(crate) collection: Option<String>,
    pub(crate) url: TargetUrl,
    pub(crate) draft: CallbackDraft,
}

impl Store {
    /// Fills a fresh store, or leaves it as it was.
    pub(crate) async fn fill(&self, contents: Contents) -> Result<(), StoreError> {
        self.write(move |transaction| {
            if !is_fresh(transaction)? {
                return Err(StoreError::NotFresh);
            }
            if !contents.databases.is_empty() {
                remove_sample(transaction)?;
            }
            let now = clock::now();
            for database in contents.databases {
                fill_database(transaction, database, contents.seed, now)?;
            }
            for callback in contents.callbacks {
                let CallbackContents { database, collection, url, draft } = callback;
                let database = databases::named(transaction, &database)?;
                let scope = match collection {
                    None => Scope::Database(database.id),
                    Some(name) => match database.collection(&name) {
                        Some(collection) => Scope::Collection(collection.id),
                        None => return Err(StoreError::NoCollection(name)),
                    },
                };
                callbacks::insert(transaction, &callbacks::from_draft(scope, url, draft))?;
            }
            Ok(())
        })
        .await
    }
}

/// Whether there is nothing but the sample database, and never was.
fn is_fresh(connection: &Connection) -> Result<bool, StoreError> {
    // Whatever has ever been in one of these tables has left its number here.
    let sql = "SELECT count(*) FROM sqlite_sequence \
               WHERE name IN ('profiles', 'subprofiles', 'changes', 'callbacks', 'deliveries', 'links') \
               AND seq > 0";
    if connection.query_row(sql, [], |row| row.get::<_, u64>(0))? > 0 {
        return Ok(false);
    }
    let handlers: u64 = connection.query_row("SELECT count(*) FROM handlers", [], |row| row.get(0))?;
    let databases: u64 = connection.query_row("SELECT count(*) FROM databases", [], |row| row.get(0))?;
    Ok(handlers == 0 && databases == 1 && layout(&databases::named(connection, "1")?) == layout(&Database::sample()))
}

/// What a database is made of, whatever its numbers.
fn layout(database: &Database) -> (Vec<&str>, String) {
    let fields = database.fields.iter().chain(database.collections.iter().flat_map(|each| &each.fields));
    let names = fields.map(|field| field.name.as_str()).chain(database.interests.iter().map(|each| each.name.as_str()));
    (names.collect(), format!("{} {} {}", database.name, database.description, database.archived))
}

/// Removes the sample database. The next one gets its number.
fn remove_sample(connection: &Connection) -> Result<(), StoreError> {
    let tables = ["fields", "interests", "collections", "databases"];
    for table in tables {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    connection.execute("DELETE FROM sqlite_sequence", [])?;
    Ok(())
}

fn fill_database(
    connection: &Connection,
    contents: DatabaseContents,
    seed: u64,
    now: Millis,
) -> Result<(), StoreError> {
    let id = databases::insert(connection, &Database { created: now, ..contents.database })?;
    let database = databases::find(connection, id)?;
    for handler in contents.handlers {
        handlers::put(connection, id, handler)?;
    }
    let put = |home: Home, input: &EntityInput| {
        let layout = database.layout_of(home);
        let number = entities::next_id(connection, home.kind())?;
        let secret = secret(seed, EntityRef { kind: home.kind(), id: number });
        entities::put(connection, &Entity::create(home, layout, number, secret, input, now), layout.fields)?;
        Ok::<_, StoreError>(number)
    };
    for ProfileContents { input, subprofiles } in contents.profiles {
        let profile = put(Home::Database(id), &input)?;
        for (name, input) in subprofiles {
            let collection = database.collection(&name).ok_or(StoreError::NoCollection(name))?.id;
            put(Home::Collection { collection, profile, database: id }, &input)?;
        }
    }
    Ok(())
}

/// 28 hexadecimal digits that the same seed makes again.
fn secret(seed: u64, entity: EntityRef) -> String {
    let kind = match entity.kind {
        Kind::Profile => "profile",
        Kind::Subprofile => "subprofile",
    };
    let digest = Sha256::digest(format!("{seed} {kind} {}", entity.id));
    digest.iter().take(14).map(|byte| format!("{byte:02x}")).collect()
}
