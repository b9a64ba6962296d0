//! Imports: how far each one is, and the rows of one carried out, a batch in a transaction.

mod keys;
mod rows;
#[cfg(test)]
mod tests;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::error::StoreError;
use super::{Store, databases};
use crate::clock::Millis;
use crate::platform::{Id, ImportAction};

pub(crate) use rows::Matcher;

/// An import as it stands.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Import {
    pub(crate) id: Id,
    pub(crate) database: Id,
    pub(crate) name: String,
    pub(crate) action: String,
    pub(crate) status: ImportStatus,
    pub(crate) begun: Option<Millis>,
    pub(crate) ended: Option<Millis>,
    /// Rows in the file; 0 until they have been counted.
    pub(crate) total: u64,
    /// Rows that were carried out.
    pub(crate) processed: u64,
    #[serde(flatten)]
    pub(crate) tally: Tally,
    pub(crate) error: Option<String>,
    /// Columns that have the name of no field.
    pub(crate) ignored_columns: Vec<String>,
}

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportStatus {
    /// It waits for its turn, or to be started.
    Ready,
    Running,
    Finished,
    /// It met something that it could not carry out.
    Failed,
    /// Somebody stopped it, or the publisher ended.
    Interrupted,
}

impl ImportStatus {
    const ALL: [Self; 5] = [Self::Ready, Self::Running, Self::Finished, Self::Failed, Self::Interrupted];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether nothing more will happen.
    pub(crate) const fn is_final(self) -> bool {
        !matches!(self, Self::Ready | Self::Running)
    }
}

/// What rows came to, in profiles and subprofiles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) removed: u64,
    /// Found, and left as they were.
    pub(crate) unchanged: u64,
    /// Callbacks.
    pub(crate) fired: u64,
}

const COLUMNS: &str = "id, database, name, action, status, begun, ended, total, processed, created, updated, removed, \
                       unchanged, fired, error, ignored_columns";

impl Store {
    /// Notes an import that is to come. Returns its number.
    pub(crate) async fn create_import(
        &self,
        database: Id,
        name: String,
        action: ImportAction,
    ) -> Result<Id, StoreError> {
        self.write(move |transaction| {
            databases::find(transaction, database)?;
            let sql = "INSERT INTO imports (database, name, action, status) VALUES (?1, ?2, ?3, 'ready')";
            transaction.execute(sql, params![database, name, action.name()])?;
            Ok(transaction.last_insert_rowid())
        })
        .await
    }

    pub(crate) async fn import(&self, id: Id) -> Result<Import, StoreError> {
        self.read(move |connection| find(connection, id)).await
    }

    /// Some imports behind a given one, oldest first.
    pub(crate) async fn imports(&self, after: Id, limit: usize) -> Result<Vec<Import>, StoreError> {
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM imports WHERE id > ?1 ORDER BY id LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![after, limit])?;
            let mut imports = Vec::new();
            while let Some(row) = rows.next()? {
                imports.push(from_row(row)?);
            }
            Ok(imports)
        })
        .await
    }

    /// Notes that an import has begun.
    pub(crate) async fn begin_import(&self, id: Id, now: Millis) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.execute("UPDATE imports SET status = 'running', begun = ?2 WHERE id = ?1", params![id, now])?;
            Ok(())
        })
        .await
    }

    /// Notes how many rows there are.
    pub(crate) async fn count_import(&self, id: Id, total: u64) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.execute("UPDATE imports SET total = ?2 WHERE id = ?1", params![id, total])?;
            Ok(())
        })
        .await
    }

    /// Notes which columns have the name of no field.
    pub(crate) async fn note_ignored_columns(&self, id: Id, names: Vec<String>) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let names = databases::to_json(&names)?;
            transaction.execute("UPDATE imports SET ignored_columns = ?2 WHERE id = ?1", params![id, names])?;
            Ok(())
        })
        .await
    }

    /// Notes how an import ended, and why if it did not end well.
    pub(crate) async fn end_import(
        &self,
        id: Id,
        status: ImportStatus,
        error: Option<String>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let sql = "UPDATE imports SET status = ?2, error = ?3, ended = ?4 WHERE id = ?1";
            transaction.execute(sql, params![id, status.name(), error, now])?;
            Ok(())
        })
        .await
    }

    /// Notes of every import that has not ended that it never will.
    pub(crate) async fn interrupt_imports(&self, now: Millis) -> Result<(), StoreError> {
        self.write(move |transaction| interrupt(transaction, now)).await
    }
}

/// Notes of every import that has not ended that it never will: whoever carried it out is gone, and its file too.
pub(super) fn interrupt(connection: &Connection, now: Millis) -> Result<(), StoreError> {
    let sql = "UPDATE imports SET status = 'interrupted', ended = ?1, \
               error = 'the publisher ended before the import did; the rows that it counts as processed were carried out' \
               WHERE status IN ('ready', 'running')";
    connection.execute(sql, [now])?;
    Ok(())
}

fn find(connection: &Connection, id: Id) -> Result<Import, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM imports WHERE id = ?1");
    connection.query_row(&sql, [id], |row| Ok(from_row(row))).optional()?.ok_or(StoreError::NoImport(id))?
}

fn from_row(row: &Row<'_>) -> Result<Import, StoreError> {
    let status: String = row.get(4)?;
    let known = ImportStatus::ALL.into_iter().find(|known| known.name() == status);
    Ok(Import {
        id: row.get(0)?,
        database: row.get(1)?,
        name: row.get(2)?,
        action: row.get(3)?,
        status: known.ok_or_else(|| StoreError::row("status", &status))?,
        begun: row.get(5)?,
        ended: row.get(6)?,
        total: row.get(7)?,
        processed: row.get(8)?,
        tally: Tally {
            created: row.get(9)?,
            updated: row.get(10)?,
            removed: row.get(11)?,
            unchanged: row.get(12)?,
            fired: row.get(13)?,
        },
        error: row.get(14)?,
        ignored_columns: databases::from_json(&row.get::<_, String>(15)?)?,
    })
}
