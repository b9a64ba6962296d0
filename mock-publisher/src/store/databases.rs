use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::{Store, collections, fields};
use crate::platform::{Database, Id, Intentions, Interest, Unsubscribe};

/// What a database is to be, as far as somebody said.
#[derive(Debug, Clone, Default)]
pub(crate) struct DatabaseDraft {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) archived: Option<bool>,
    pub(crate) unsubscribe: Option<Unsubscribe>,
    pub(crate) intentions: Option<Intentions>,
}

impl Store {
    /// Finds a database by its number or, in any case, its name.
    pub(crate) async fn database(&self, number_or_name: &str) -> Result<Database, StoreError> {
        let wanted = number_or_name.to_owned();
        self.read(move |connection| named(connection, &wanted)).await
    }

    /// Every database, by number.
    pub(crate) async fn databases(&self) -> Result<Vec<Database>, StoreError> {
        self.read(|connection| {
            let ids: Vec<Id> = connection
                .prepare_cached("SELECT id FROM databases ORDER BY id")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            ids.into_iter().map(|id| find(connection, id)).collect()
        })
        .await
    }

    /// Adds a database with everything in it. The numbers in it are not looked at. Returns its number.
    pub(crate) async fn create_database(&self, database: Database) -> Result<Id, StoreError> {
        self.write(move |transaction| insert(transaction, &database)).await
    }

    /// Changes what the draft says, and leaves the rest.
    pub(crate) async fn update_database(&self, id: Id, draft: DatabaseDraft) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let present = find(transaction, id)?;
            let name = draft.name.unwrap_or_else(|| present.name.clone());
            check_name(transaction, &name, Some(id))?;
            let sql = "UPDATE databases SET name = ?2, description = ?3, archived = ?4, unsubscribe = ?5, \
                       intentions = ?6 WHERE id = ?1";
            transaction.execute(
                sql,
                params![
                    id,
                    name,
                    draft.description.unwrap_or(present.description),
                    draft.archived.unwrap_or(present.archived),
                    to_json(&draft.unsubscribe.unwrap_or(present.unsubscribe))?,
                    to_json(&draft.intentions.unwrap_or(present.intentions))?,
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// Adds an interest to a database. Returns its number.
    pub(crate) async fn create_interest(&self, database: Id, interest: Interest) -> Result<Id, StoreError> {
        self.write(move |transaction| {
            find(transaction, database)?;
            insert_interest(transaction, database, &interest)
        })
        .await
    }

    /// An interest by its number.
    pub(crate) async fn interest(&self, id: Id) -> Result<Interest, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT id, name, group_name FROM interests WHERE id = ?1";
            connection.query_row(sql, [id], interest_from_row).optional()?.ok_or(StoreError::NoInterest(id))
        })
        .await
    }

    /// Gives an interest another name or group.
    pub(crate) async fn update_interest(
        &self,
        id: Id,
        name: Option<String>,
        group: Option<String>,
    ) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let find = "SELECT database, name, group_name FROM interests WHERE id = ?1";
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let (database, old_name, old_group): (Id, String, String) =
                transaction.query_row(find, [id], read).optional()?.ok_or(StoreError::NoInterest(id))?;
            let name = name.unwrap_or_else(|| old_name.clone());
            check_interest_name(transaction, database, &name, Some(id))?;
            let sql = "UPDATE interests SET name = ?2, group_name = ?3 WHERE id = ?1";
            transaction.execute(sql, params![id, name, group.unwrap_or(old_group)])?;
            replace_interest(transaction, database, &old_name, Some(&name))
        })
        .await
    }

    /// Removes an interest; no profile has it any more. Nothing is told of that.
    pub(crate) async fn remove_interest(&self, id: Id) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let sql = "DELETE FROM interests WHERE id = ?1 RETURNING database, name";
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let (database, name): (Id, String) =
                transaction.query_row(sql, [id], read).optional()?.ok_or(StoreError::NoInterest(id))?;
            replace_interest(transaction, database, &name, None)
        })
        .await
    }
}

/// A database by its number or, in any case, its name.
pub(super) fn named(connection: &Connection, wanted: &str) -> Result<Database, StoreError> {
    let sql = "SELECT id FROM databases WHERE id = ?1 OR name = ?2 ORDER BY id = ?1 DESC LIMIT 1";
    let id = connection.query_row(sql, params![wanted.parse::<Id>().ok(), wanted], |row| row.get(0)).optional()?;
    find(connection, id.ok_or_else(|| StoreError::NoDatabase(wanted.to_owned()))?)
}

pub(super) fn insert(connection: &Connection, database: &Database) -> Result<Id, StoreError> {
    check_name(connection, &database.name, None)?;
    let sql = "INSERT INTO databases (name, description, archived, created, unsubscribe, intentions) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let Database { name, description, archived, created, unsubscribe, intentions, .. } = database;
    connection
        .execute(sql, params![name, description, archived, created, to_json(unsubscribe)?, to_json(intentions)?])?;
    let id = connection.last_insert_rowid();
    for field in &database.fields {
        fields::insert(connection, fields::Owner::Database(id), field)?;
    }
    for interest in &database.interests {
        insert_interest(connection, id, interest)?;
    }
    for collection in &database.collections {
        collections::insert(connection, id, collection)?;
    }
    Ok(id)
}

pub(super) fn find(connection: &Connection, id: Id) -> Result<Database, StoreError> {
    let sql = "SELECT name, description, archived, created, unsubscribe, intentions FROM databases WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([id])?;
    let row = rows.next()?.ok_or_else(|| StoreError::NoDatabase(id.to_string()))?;
    let mut database = Database {
        id,
        name: row.get(0)?,
        description: row.get(1)?,
        archived: row.get(2)?,
        created: row.get(3)?,
        unsubscribe: from_json(&row.get::<_, String>(4)?)?,
        intentions: from_json(&row.get::<_, String>(5)?)?,
        ..Database::new("")
    };
    database.fields = fields::of(connection, fields::Owner::Database(id))?;
    let sql = "SELECT id, name, group_name FROM interests WHERE database = ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    database.interests = statement.query_map([id], interest_from_row)?.collect::<Result<_, _>>()?;
    database.collections = collections::of_database(connection, id)?;
    Ok(database)
}

fn check_name(connection: &Connection, name: &str, except: Option<Id>) -> Result<(), StoreError> {
    if name.trim().is_empty() {
        return Err(StoreError::Invalid("a database needs a name".to_owned()));
    }
    let sql = "SELECT count(*) FROM databases WHERE name = ?1 AND id IS NOT ?2";
    match connection.query_row(sql, params![name, except], |row| row.get::<_, u64>(0))? {
        0 => Ok(()),
        _ => Err(StoreError::Invalid(format!("there is a database `{name}` already"))),
    }
}

fn interest_from_row(row: &Row<'_>) -> rusqlite::Result<Interest> {
    Ok(Interest { id: row.get(0)?, name: row.get(1)?, group: row.get(2)? })
}

fn insert_interest(connection: &Connection, database: Id, interest: &Interest) -> Result<Id, StoreError> {
    check_interest_name(connection, database, &interest.name, None)?;
    let sql = "INSERT INTO interests (database, name, group_name) VALUES (?1, ?2, ?3)";
    connection.execute(sql, params![database, interest.name, interest.group])?;
    Ok(connection.last_insert_rowid())
}

fn check_interest_name(
    connection: &Connection,
    database: Id,
    name: &str,
    except: Option<Id>,
) -> Result<(), StoreError> {
    if name.trim().is_empty() {
        return Err(StoreError::Invalid("an interest needs a name".to_owned()));
    }
    let sql = "SELECT count(*) FROM interests WHERE database = ?1 AND name = ?2 AND id IS NOT ?3";
    match connection.query_row(sql, params![database, name, except], |row| row.get::<_, u64>(0))? {
        0 => Ok(()),
        _ => Err(StoreError::Invalid(format!("there is an interest `{name}` already"))),
    }
}

/// Puts another name into the interests of every profile, or takes the old one out.
fn replace_interest(connection: &Connection, database: Id, old: &str, new: Option<&str>) -> Result<(), StoreError> {
    let sql = "UPDATE profiles SET interests = (SELECT json_group_array(name) FROM (\
                   SELECT CASE WHEN value = ?2 THEN ?3 ELSE value END AS name FROM json_each(profiles.interests)\
               ) WHERE name IS NOT NULL) \
               WHERE database = ?1 AND EXISTS (SELECT 1 FROM json_each(profiles.interests) WHERE value = ?2)";
    connection.execute(sql, params![database, old, new])?;
    Ok(())
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::row("JSON of this program", text))
}
