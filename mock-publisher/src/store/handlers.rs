use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::{Store, databases};
use crate::platform::{Id, Occasion};

/// The script of a database for an occasion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handler {
    pub(crate) occasion: Occasion,
    /// `None` if nobody has set one.
    pub(crate) script: Option<String>,
}

impl Store {
    /// The handlers of a database, one for each occasion.
    pub(crate) async fn handlers(&self, database: Id) -> Result<Vec<Handler>, StoreError> {
        self.read(move |connection| {
            databases::find(connection, database)?;
            let of = |occasion| Ok(Handler { occasion, script: script(connection, database, occasion)? });
            Occasion::ALL.into_iter().map(of).collect()
        })
        .await
    }

    /// Sets the script of a database for an occasion, or takes it away.
    pub(crate) async fn set_handler(&self, database: Id, handler: Handler) -> Result<(), StoreError> {
        self.write(move |transaction| {
            databases::find(transaction, database)?;
            put(transaction, database, handler)
        })
        .await
    }
}

/// Sets a script, or takes it away.
pub(super) fn put(connection: &Connection, database: Id, handler: Handler) -> Result<(), StoreError> {
    let Handler { occasion, script } = handler;
    match script {
        Some(script) => {
            let sql = "INSERT OR REPLACE INTO handlers (database, occasion, script) VALUES (?1, ?2, ?3)";
            connection.execute(sql, params![database, occasion.name(), script])?;
        }
        None => {
            let sql = "DELETE FROM handlers WHERE database = ?1 AND occasion = ?2";
            connection.execute(sql, params![database, occasion.name()])?;
        }
    }
    Ok(())
}

/// The script that has been set, if one has.
pub(super) fn script(connection: &Connection, database: Id, occasion: Occasion) -> Result<Option<String>, StoreError> {
    let sql = "SELECT script FROM handlers WHERE database = ?1 AND occasion = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![database, occasion.name()], |row| row.get(0)).optional()?)
}
