use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::error::StoreError;
use crate::platform::{Database, Field, FieldKind, Id};

impl Store {
    /// Finds a database by its number or, in any case, its name.
    pub(crate) async fn database(&self, number_or_name: &str) -> Result<Database, StoreError> {
        let wanted = number_or_name.to_owned();
        self.read(move |connection| {
            let sql = "SELECT id FROM databases WHERE id = ?1 OR name = ?2 ORDER BY id = ?1 DESC LIMIT 1";
            let id =
                connection.query_row(sql, params![wanted.parse::<Id>().ok(), wanted], |row| row.get(0)).optional()?;
            find(connection, id.ok_or(StoreError::NoDatabase(wanted))?)
        })
        .await
    }
}

pub(super) fn insert(connection: &Connection, database: &Database) -> Result<(), StoreError> {
    connection.execute("INSERT INTO databases (id, name) VALUES (?1, ?2)", params![database.id, database.name])?;
    for Field { name, kind, default } in &database.fields {
        let sql = "INSERT INTO fields (database, name, kind, default_value) VALUES (?1, ?2, ?3, ?4)";
        connection.execute(sql, params![database.id, name, kind.name(), default])?;
    }
    for interest in &database.interests {
        let sql = "INSERT INTO interests (database, name) VALUES (?1, ?2)";
        connection.execute(sql, params![database.id, interest])?;
    }
    Ok(())
}

pub(super) fn find(connection: &Connection, id: Id) -> Result<Database, StoreError> {
    let name = connection
        .prepare_cached("SELECT name FROM databases WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::NoDatabase(id.to_string()))?;
    let mut statement =
        connection.prepare_cached("SELECT name, kind, default_value FROM fields WHERE database = ?1 ORDER BY id")?;
    let mut rows = statement.query([id])?;
    let mut fields = Vec::new();
    while let Some(row) = rows.next()? {
        let kind: String = row.get(1)?;
        let kind = FieldKind::from_name(&kind).ok_or_else(|| StoreError::row("field type", &kind))?;
        fields.push(Field { name: row.get(0)?, kind, default: row.get(2)? });
    }
    let mut statement = connection.prepare_cached("SELECT name FROM interests WHERE database = ?1 ORDER BY id")?;
    let interests = statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(Database { id, name, fields, interests })
}
