use rusqlite::{Connection, OptionalExtension, Row, params};

use super::databases::{from_json, to_json};
use super::error::StoreError;
use super::{Store, databases, fields};
use crate::platform::{Collection, Id, Intentions, Unsubscribe};

/// What a collection is to be, as far as somebody said.
#[derive(Debug, Clone, Default)]
pub(crate) struct CollectionDraft {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) unsubscribe: Option<Unsubscribe>,
    pub(crate) intentions: Option<Intentions>,
}

impl Store {
    /// A collection by its number.
    pub(crate) async fn collection(&self, id: Id) -> Result<Collection, StoreError> {
        self.read(move |connection| find(connection, id)).await
    }

    /// A collection by its number or, in any case, its name. Assumption: of several databases that have one of that name, the
    /// oldest one's; the platform does not document it.
    pub(crate) async fn named_collection(&self, number_or_name: &str) -> Result<Collection, StoreError> {
        let wanted = number_or_name.to_owned();
        self.read(move |connection| {
            let sql = "SELECT id FROM collections WHERE id = ?1 OR name = ?2 ORDER BY id = ?1 DESC, id LIMIT 1";
            let number = wanted.parse::<Id>().ok();
            let id = connection.query_row(sql, params![number, wanted], |row| row.get(0)).optional()?;
            find(connection, id.ok_or(StoreError::NoCollection(wanted))?)
        })
        .await
    }

    /// Adds a collection, with its fields, to a database. Returns its number.
    pub(crate) async fn create_collection(&self, database: Id, collection: Collection) -> Result<Id, StoreError> {
        self.write(move |transaction| {
            databases::find(transaction, database)?;
            insert(transaction, database, &collection)
        })
        .await
    }

    /// Changes what the draft says, and leaves the rest.
    pub(crate) async fn update_collection(&self, id: Id, draft: CollectionDraft) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let present = find(transaction, id)?;
            let name = draft.name.unwrap_or(present.name);
            check_name(transaction, present.database, &name, Some(id))?;
            let sql = "UPDATE collections SET name = ?2, description = ?3, unsubscribe = ?4, intentions = ?5 \
                       WHERE id = ?1";
            transaction.execute(
                sql,
                params![
                    id,
                    name,
                    draft.description.unwrap_or(present.description),
                    to_json(&draft.unsubscribe.unwrap_or(present.unsubscribe))?,
                    to_json(&draft.intentions.unwrap_or(present.intentions))?,
                ],
            )?;
            Ok(())
        })
        .await
    }
}

pub(super) fn insert(connection: &Connection, database: Id, collection: &Collection) -> Result<Id, StoreError> {
    check_name(connection, database, &collection.name, None)?;
    let sql = "INSERT INTO collections (database, name, description, unsubscribe, intentions) \
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let Collection { name, description, unsubscribe, intentions, .. } = collection;
    connection.execute(sql, params![database, name, description, to_json(unsubscribe)?, to_json(intentions)?])?;
    let id = connection.last_insert_rowid();
    for field in &collection.fields {
        fields::insert(connection, fields::Owner::Collection(id), field)?;
    }
    Ok(id)
}

const COLUMNS: &str = "id, database, name, description, unsubscribe, intentions";

pub(super) fn find(connection: &Connection, id: Id) -> Result<Collection, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM collections WHERE id = ?1"))?;
    let found = statement.query_row([id], |row| Ok(from_row(row))).optional()?;
    let mut collection = found.ok_or_else(|| StoreError::NoCollection(id.to_string()))??;
    collection.fields = fields::of(connection, fields::Owner::Collection(id))?;
    Ok(collection)
}

pub(super) fn of_database(connection: &Connection, database: Id) -> Result<Vec<Collection>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM collections WHERE database = ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([database])?;
    let mut collections = Vec::new();
    while let Some(row) = rows.next()? {
        let mut collection = from_row(row)?;
        collection.fields = fields::of(connection, fields::Owner::Collection(collection.id))?;
        collections.push(collection);
    }
    Ok(collections)
}

/// A collection without its fields.
fn from_row(row: &Row<'_>) -> Result<Collection, StoreError> {
    Ok(Collection {
        id: row.get(0)?,
        database: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        unsubscribe: from_json(&row.get::<_, String>(4)?)?,
        intentions: from_json(&row.get::<_, String>(5)?)?,
        fields: Vec::new(),
    })
}

/// The platform has letters and underscores in the name of a collection; digits are let through.
fn check_name(connection: &Connection, database: Id, name: &str, except: Option<Id>) -> Result<(), StoreError> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(StoreError::Invalid(format!("`{name}` is no name of a collection: use letters and underscores")));
    }
    let sql = "SELECT count(*) FROM collections WHERE database = ?1 AND name = ?2 AND id IS NOT ?3";
    match connection.query_row(sql, params![database, name, except], |row| row.get::<_, u64>(0))? {
        0 => Ok(()),
        _ => Err(StoreError::Invalid(format!("there is a collection `{name}` already"))),
    }
}
