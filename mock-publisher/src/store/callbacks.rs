use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::{Store, databases};
use crate::callback::{ActionType, Callback};
use crate::emit::{PayloadMethod, TargetUrl};
use crate::platform::{Id, TriggerSet};

const COLUMNS: &str = "id, database, url, method, action, triggers, active";

/// What a callback is to be, as far as somebody said.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallbackDraft {
    pub(crate) url: Option<TargetUrl>,
    pub(crate) method: Option<PayloadMethod>,
    pub(crate) action: Option<ActionType>,
    pub(crate) triggers: Option<TriggerSet>,
    pub(crate) active: Option<bool>,
}

impl Store {
    /// Sets a callback up. Assumption: one that says nothing else is `json`, `all`, with every trigger.
    pub(crate) async fn create_callback(
        &self,
        database: Id,
        url: TargetUrl,
        draft: CallbackDraft,
    ) -> Result<Id, StoreError> {
        self.write(move |transaction| {
            databases::find(transaction, database)?;
            let sql = "INSERT INTO callbacks (database, url, method, action, triggers, active) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            transaction.execute(
                sql,
                params![
                    database,
                    url.as_str(),
                    draft.method.unwrap_or(PayloadMethod::Json).name(),
                    draft.action.unwrap_or(ActionType::All).name(),
                    draft.triggers.unwrap_or(TriggerSet::ALL).to_string(),
                    draft.active.unwrap_or(true),
                ],
            )?;
            Ok(transaction.last_insert_rowid())
        })
        .await
    }

    /// Changes what the draft says, and leaves the rest.
    pub(crate) async fn update_callback(&self, id: Id, draft: CallbackDraft) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let present = find(transaction, id)?;
            let sql =
                "UPDATE callbacks SET url = ?2, method = ?3, action = ?4, triggers = ?5, active = ?6 WHERE id = ?1";
            transaction.execute(
                sql,
                params![
                    id,
                    draft.url.unwrap_or(present.url).as_str(),
                    draft.method.unwrap_or(present.method).name(),
                    draft.action.unwrap_or(present.action).name(),
                    draft.triggers.unwrap_or(present.triggers).to_string(),
                    draft.active.unwrap_or(present.active),
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// Removes a callback. What is already in the outbox is still delivered.
    pub(crate) async fn remove_callback(&self, id: Id) -> Result<(), StoreError> {
        self.write(move |transaction| match transaction.execute("DELETE FROM callbacks WHERE id = ?1", [id])? {
            0 => Err(StoreError::NoCallback(id)),
            _ => Ok(()),
        })
        .await
    }

    pub(crate) async fn callback(&self, id: Id) -> Result<Callback, StoreError> {
        self.read(move |connection| find(connection, id)).await
    }

    /// Every callback of a database, by number.
    pub(crate) async fn callbacks(&self, database: Id) -> Result<Vec<Callback>, StoreError> {
        self.read(move |connection| {
            databases::find(connection, database)?;
            of_database(connection, database)
        })
        .await
    }
}

pub(super) fn of_database(connection: &Connection, database: Id) -> Result<Vec<Callback>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM callbacks WHERE database = ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([database])?;
    let mut callbacks = Vec::new();
    while let Some(row) = rows.next()? {
        callbacks.push(from_row(row)?);
    }
    Ok(callbacks)
}

fn find(connection: &Connection, id: Id) -> Result<Callback, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM callbacks WHERE id = ?1");
    connection.query_row(&sql, [id], |row| Ok(from_row(row))).optional()?.ok_or(StoreError::NoCallback(id))?
}

fn from_row(row: &Row<'_>) -> Result<Callback, StoreError> {
    let (url, method, action, triggers): (String, String, String, String) =
        (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
    Ok(Callback {
        id: row.get(0)?,
        database: row.get(1)?,
        url: TargetUrl::parse(&url).map_err(|_| StoreError::row("URL", &url))?,
        method: PayloadMethod::from_name(&method).ok_or_else(|| StoreError::row("method", &method))?,
        action: ActionType::from_name(&action).ok_or_else(|| StoreError::row("action type", &action))?,
        triggers: triggers.parse().map_err(|_| StoreError::row("set of triggers", &triggers))?,
        active: row.get(6)?,
    })
}
