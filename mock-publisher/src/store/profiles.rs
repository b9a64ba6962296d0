use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::{Store, databases};
use crate::platform::{Id, Profile};

const COLUMNS: &str = "id, database, fields, interests, secret, created, modified, removed";

impl Store {
    /// One profile, also a removed one.
    pub(crate) async fn profile(&self, id: Id) -> Result<Profile, StoreError> {
        self.read(move |connection| find(connection, id)).await
    }

    /// Some profiles of a database that are not removed, by number, and how many there are in all.
    pub(crate) async fn profiles(
        &self,
        database: Id,
        start: u64,
        limit: u64,
    ) -> Result<(Vec<Profile>, u64), StoreError> {
        self.read(move |connection| {
            databases::find(connection, database)?;
            let sql = format!(
                "SELECT {COLUMNS} FROM profiles WHERE database = ?1 AND removed IS NULL ORDER BY id LIMIT ?2 OFFSET ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![database, limit, start])?;
            let mut profiles = Vec::new();
            while let Some(row) = rows.next()? {
                profiles.push(from_row(row)?);
            }
            let sql = "SELECT count(*) FROM profiles WHERE database = ?1 AND removed IS NULL";
            let total = connection.query_row(sql, [database], |row| row.get(0))?;
            Ok((profiles, total))
        })
        .await
    }
}

pub(super) fn find(connection: &Connection, id: Id) -> Result<Profile, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM profiles WHERE id = ?1"))?;
    statement.query_row([id], |row| Ok(from_row(row))).optional()?.ok_or(StoreError::NoProfile(id))?
}

/// Writes a profile, whether it is there already or not.
pub(super) fn put(connection: &Connection, profile: &Profile) -> Result<(), StoreError> {
    let sql = format!("INSERT OR REPLACE INTO profiles ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    let json = |value: serde_json::Result<String>| value.map_err(|error| StoreError::Damaged(error.to_string()));
    connection.prepare_cached(&sql)?.execute(params![
        profile.id,
        profile.database,
        json(serde_json::to_string(&profile.fields))?,
        json(serde_json::to_string(&profile.interests))?,
        profile.secret,
        profile.created,
        profile.modified,
        profile.removed,
    ])?;
    Ok(())
}

/// The number that the next profile gets. Numbers are not given twice.
pub(super) fn next_id(connection: &Connection) -> Result<Id, StoreError> {
    let sql = "SELECT seq + 1 FROM sqlite_sequence WHERE name = 'profiles'";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?.unwrap_or(1))
}

fn from_row(row: &Row<'_>) -> Result<Profile, StoreError> {
    let (fields, interests): (String, String) = (row.get(2)?, row.get(3)?);
    Ok(Profile {
        id: row.get(0)?,
        database: row.get(1)?,
        fields: serde_json::from_str(&fields).map_err(|_| StoreError::row("list of fields", &fields))?,
        interests: serde_json::from_str(&interests).map_err(|_| StoreError::row("list of interests", &interests))?,
        secret: row.get(4)?,
        created: row.get(5)?,
        modified: row.get(6)?,
        removed: row.get(7)?,
    })
}
