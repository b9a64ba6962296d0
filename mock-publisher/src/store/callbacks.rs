use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::{Store, collections, databases};
use crate::callback::{ActionType, Callback, Condition, ConditionDraft, Scope};
use crate::emit::{PayloadMethod, TargetUrl};
use crate::platform::{Dialect, Id, TriggerSet};
use crate::wire_profile::WireProfile;

const COLUMNS: &str =
    "id, database, collection, url, method, action, triggers, expression, rules, dialect, wire, active";

/// What a callback is to be, as far as somebody said.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallbackDraft {
    pub(crate) url: Option<TargetUrl>,
    pub(crate) method: Option<PayloadMethod>,
    pub(crate) dialect: Option<Dialect>,
    pub(crate) wire: Option<WireProfile>,
    pub(crate) action: Option<ActionType>,
    pub(crate) triggers: Option<TriggerSet>,
    pub(crate) condition: ConditionDraft,
    pub(crate) active: Option<bool>,
}

impl Store {
    /// Sets a callback up. Assumption: one that says nothing else is `json`, `all`, with every trigger.
    pub(crate) async fn create_callback(
        &self,
        scope: Scope,
        url: TargetUrl,
        draft: CallbackDraft,
    ) -> Result<Id, StoreError> {
        self.write(move |transaction| insert(transaction, &from_draft(scope, url, draft))).await
    }

    /// Changes what the draft says, and leaves the rest.
    pub(crate) async fn update_callback(&self, id: Id, draft: CallbackDraft) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let present = find(transaction, id)?;
            let condition = present.condition.with(draft.condition);
            let sql = "UPDATE callbacks SET url = ?2, method = ?3, action = ?4, triggers = ?5, expression = ?6, \
                       rules = ?7, dialect = ?8, wire = ?9, active = ?10 WHERE id = ?1";
            transaction.execute(
                sql,
                params![
                    id,
                    draft.url.unwrap_or(present.url).as_str(),
                    draft.method.unwrap_or(present.method).name(),
                    draft.action.unwrap_or(present.action).name(),
                    draft.triggers.unwrap_or(present.triggers).to_string(),
                    condition.expression(),
                    condition.rules_as_json(),
                    draft.dialect.or(present.dialect).map(Dialect::name),
                    draft.wire.or(present.wire).map(WireProfile::name),
                    draft.active.unwrap_or(present.active),
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// Removes a callback. What is already in the outbox is still delivered.
    pub(crate) async fn remove_callback(&self, id: Id) -> Result<(), StoreError> {
        self.write(move |transaction| {
            if transaction.execute("DELETE FROM callbacks WHERE id = ?1", [id])? == 0 {
                return Err(StoreError::NoCallback(id));
            }
            // Nobody could resume it any more.
            transaction.execute("UPDATE terms SET paused = 0 WHERE callback = ?1", [id])?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn callback(&self, id: Id) -> Result<Callback, StoreError> {
        self.read(move |connection| find(connection, id)).await
    }

    /// Every callback there is, by number.
    pub(crate) async fn all_callbacks(&self) -> Result<Vec<Callback>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM callbacks ORDER BY id");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([])?;
            let mut callbacks = Vec::new();
            while let Some(row) = rows.next()? {
                callbacks.push(from_row(row)?);
            }
            Ok(callbacks)
        })
        .await
    }

    /// Every callback of a database or collection, by number.
    pub(crate) async fn callbacks(&self, scope: Scope) -> Result<Vec<Callback>, StoreError> {
        self.read(move |connection| {
            check_scope(connection, scope)?;
            of_scope(connection, scope)
        })
        .await
    }
}

/// A callback that has no number yet.
pub(super) fn from_draft(scope: Scope, url: TargetUrl, draft: CallbackDraft) -> Callback {
    Callback {
        id: 0,
        scope,
        url,
        method: draft.method.unwrap_or(PayloadMethod::Json),
        dialect: draft.dialect,
        wire: draft.wire,
        action: draft.action.unwrap_or(ActionType::All),
        triggers: draft.triggers.unwrap_or(TriggerSet::ALL),
        condition: Condition::default().with(draft.condition),
        active: draft.active.unwrap_or(true),
    }
}

/// Stores a callback under a new number.
pub(super) fn insert(connection: &Connection, callback: &Callback) -> Result<Id, StoreError> {
    check_scope(connection, callback.scope)?;
    let sql = "INSERT INTO callbacks (database, collection, url, method, action, triggers, expression, rules, dialect, \
               wire, active) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    connection.execute(
        sql,
        params![
            callback.scope.database(),
            callback.scope.collection(),
            callback.url.as_str(),
            callback.method.name(),
            callback.action.name(),
            callback.triggers.to_string(),
            callback.condition.expression(),
            callback.condition.rules_as_json(),
            callback.dialect.map(Dialect::name),
            callback.wire.map(WireProfile::name),
            callback.active,
        ],
    )?;
    Ok(connection.last_insert_rowid())
}

fn check_scope(connection: &Connection, scope: Scope) -> Result<(), StoreError> {
    match scope {
        Scope::Database(id) => databases::find(connection, id).map(drop),
        Scope::Collection(id) => collections::find(connection, id).map(drop),
    }
}

pub(super) fn of_scope(connection: &Connection, scope: Scope) -> Result<Vec<Callback>, StoreError> {
    let (column, id) = match scope {
        Scope::Database(id) => ("database", id),
        Scope::Collection(id) => ("collection", id),
    };
    let sql = format!("SELECT {COLUMNS} FROM callbacks WHERE {column} = ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([id])?;
    let mut callbacks = Vec::new();
    while let Some(row) = rows.next()? {
        callbacks.push(from_row(row)?);
    }
    Ok(callbacks)
}

pub(super) fn find(connection: &Connection, id: Id) -> Result<Callback, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM callbacks WHERE id = ?1");
    connection.query_row(&sql, [id], |row| Ok(from_row(row))).optional()?.ok_or(StoreError::NoCallback(id))?
}

fn from_row(row: &Row<'_>) -> Result<Callback, StoreError> {
    let (url, method, action, triggers): (String, String, String, String) =
        (row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
    let (dialect, wire): (Option<String>, Option<String>) = (row.get(9)?, row.get(10)?);
    let dialect = dialect.map(|name| Dialect::from_name(&name).ok_or_else(|| StoreError::row("dialect", &name)));
    let wire = wire.map(|name| WireProfile::from_name(&name).ok_or_else(|| StoreError::row("spelling", &name)));
    let scope = match row.get(1)? {
        Some(database) => Scope::Database(database),
        None => Scope::Collection(row.get(2)?),
    };
    Ok(Callback {
        id: row.get(0)?,
        scope,
        url: TargetUrl::parse(&url).map_err(|_| StoreError::row("URL", &url))?,
        method: PayloadMethod::from_name(&method).ok_or_else(|| StoreError::row("method", &method))?,
        action: ActionType::from_name(&action).ok_or_else(|| StoreError::row("action type", &action))?,
        triggers: triggers.parse().map_err(|_| StoreError::row("set of triggers", &triggers))?,
        condition: Condition::kept(row.get(7)?, row.get(8)?),
        dialect: dialect.transpose()?,
        wire: wire.transpose()?,
        active: row.get(11)?,
    })
}
