use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::Store;
use super::batch::Batch;
use super::databases::{from_json, to_json};
use super::deliveries::DeliveryState;
use super::error::StoreError;
use super::outbox;
use crate::callback::{Callback, Look, Reason, Scope};
use crate::clock::Millis;
use crate::emit::Payload;
use crate::platform::{Change, EntityRef, Id, Kind, PayloadStyle};

/// A change as it was noted, and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NotedChange {
    pub(crate) id: Id,
    pub(crate) time: Millis,
    pub(crate) trigger: String,
    pub(crate) action: String,
    /// What changed: the number of a profile or of a subprofile.
    #[serde(flatten)]
    pub(crate) entity: EntityRef,
    pub(crate) database: Id,
    /// What the database is called today; `None` if it has been removed since.
    pub(crate) database_name: Option<String>,
    /// Of a subprofile.
    pub(crate) collection: Option<Id>,
    pub(crate) collection_name: Option<String>,
    /// Of an update: names with their old and new values.
    pub(crate) changed: Vec<(String, String, String)>,
}

/// What was decided about a change for one callback.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotedDecision {
    pub(crate) callback: Id,
    /// Where the callback goes today; `None` if it has been removed since.
    pub(crate) url: Option<String>,
    pub(crate) reason: Reason,
    pub(crate) looks: Vec<Look>,
    pub(crate) error: Option<String>,
    /// What came of it.
    pub(crate) delivery: Option<NotedDelivery>,
}

/// Where the delivery of a change stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NotedDelivery {
    pub(crate) id: Id,
    pub(crate) state: DeliveryState,
    pub(crate) status: Option<u16>,
    /// How long the attempt took, in microseconds.
    pub(crate) micros: Option<u64>,
    pub(crate) error: Option<String>,
}

impl Store {
    /// A change, and what was decided about it for each callback that watched where it happened.
    pub(crate) async fn change(&self, id: Id) -> Result<(NotedChange, Vec<NotedDecision>), StoreError> {
        self.read(move |connection| Ok((find(connection, id)?, decisions(connection, id)?))).await
    }

    /// Some changes behind a given one, oldest first.
    pub(crate) async fn changes(&self, after: Id, limit: usize) -> Result<Vec<NotedChange>, StoreError> {
        self.read(move |connection| {
            let sql = format!("{CHANGES} WHERE c.id > ?1 ORDER BY c.id LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![after, limit])?;
            let mut changes = Vec::new();
            while let Some(row) = rows.next()? {
                changes.push(from_row(row)?);
            }
            Ok(changes)
        })
        .await
    }
}

/// Notes a change, decides for each callback, and fills the outbox. Returns its number and how many callbacks fired.
pub(super) fn record(batch: &Batch<'_>, change: &Change) -> Result<(Id, usize), StoreError> {
    let entity = &change.entity;
    let collection = Scope::of(entity.home).collection();
    let changed: Vec<_> = change.before.iter().flat_map(|_| change.changed_fields()).collect();
    let changed = if changed.is_empty() { None } else { Some(to_json(&changed)?) };
    let sql = "INSERT INTO changes (time, trigger_name, action, kind, entity, database, collection, changed) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    batch.transaction.prepare_cached(sql)?.execute(params![
        batch.now,
        change.trigger.name(),
        change.action.name(),
        entity.home.kind().name(),
        entity.id,
        entity.home.database(),
        collection,
        changed,
    ])?;
    let id = batch.transaction.last_insert_rowid();
    let mut fired = 0;
    for callback in batch.callbacks(Scope::of(entity.home))?.iter() {
        fired += usize::from(decide(batch, id, change, callback)?);
    }
    Ok((id, fired))
}

/// Whether a callback fires; if it does, its delivery is in the outbox.
fn decide(batch: &Batch<'_>, id: Id, change: &Change, callback: &Callback) -> Result<bool, StoreError> {
    let decision = callback.decide(change, batch, &batch.budget);
    if let Some(error) = &decision.error {
        let counts_as = decision.reason == Reason::Fired;
        tracing::warn!(change = id, callback = callback.id, error, counts_as, "a condition could not be evaluated");
    }
    let looks = if decision.looks.is_empty() { None } else { Some(to_json(&decision.looks)?) };
    let sql = "INSERT INTO decisions (change, callback, reason, looks, error) VALUES (?1, ?2, ?3, ?4, ?5)";
    batch.transaction.prepare_cached(sql)?.execute(params![
        id,
        callback.id,
        decision.reason.name(),
        looks,
        decision.error
    ])?;
    if decision.reason != Reason::Fired {
        return Ok(false);
    }
    let style = batch.switches.payload;
    let style = PayloadStyle { dialect: callback.dialect.unwrap_or(style.dialect), ..style };
    let payload = Payload::of(change, callback.method, style, batch.now);
    outbox::put(batch, id, change.entity.id, callback, payload)?;
    Ok(true)
}

const CHANGES: &str = "SELECT c.id, c.time, c.trigger_name, c.action, c.kind, c.entity, c.database, c.collection, \
                       c.changed, d.name, l.name FROM changes c LEFT JOIN databases d ON d.id = c.database \
                       LEFT JOIN collections l ON l.id = c.collection";

fn find(connection: &Connection, id: Id) -> Result<NotedChange, StoreError> {
    let sql = format!("{CHANGES} WHERE c.id = ?1");
    connection.query_row(&sql, [id], |row| Ok(from_row(row))).optional()?.ok_or(StoreError::NoChange(id))?
}

fn from_row(row: &Row<'_>) -> Result<NotedChange, StoreError> {
    let kind: String = row.get(4)?;
    Ok(NotedChange {
        id: row.get(0)?,
        time: row.get(1)?,
        trigger: row.get(2)?,
        action: row.get(3)?,
        entity: EntityRef {
            kind: Kind::from_name(&kind).ok_or_else(|| StoreError::row("kind", &kind))?,
            id: row.get(5)?,
        },
        database: row.get(6)?,
        collection: row.get(7)?,
        database_name: row.get(9)?,
        collection_name: row.get(10)?,
        changed: row.get::<_, Option<String>>(8)?.map_or_else(|| Ok(Vec::new()), |json| from_json(&json))?,
    })
}

fn decisions(connection: &Connection, change: Id) -> Result<Vec<NotedDecision>, StoreError> {
    let sql = "SELECT c.callback, c.reason, c.looks, c.error, b.url, d.id, d.state, a.status, a.micros, a.error \
               FROM decisions c LEFT JOIN callbacks b ON b.id = c.callback \
               LEFT JOIN deliveries d ON d.change = c.change AND d.callback = c.callback AND d.repeats IS NULL \
               LEFT JOIN attempts a ON a.delivery = d.id AND a.number = d.attempts \
               WHERE c.change = ?1 ORDER BY c.callback";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([change])?;
    let mut decisions = Vec::new();
    while let Some(row) = rows.next()? {
        let reason: String = row.get(1)?;
        decisions.push(NotedDecision {
            callback: row.get(0)?,
            reason: Reason::from_name(&reason).ok_or_else(|| StoreError::row("reason", &reason))?,
            looks: row.get::<_, Option<String>>(2)?.map_or_else(|| Ok(Vec::new()), |json| from_json(&json))?,
            error: row.get(3)?,
            url: row.get(4)?,
            delivery: row.get::<_, Option<Id>>(5)?.map(|id| delivery(id, row)).transpose()?,
        });
    }
    Ok(decisions)
}

fn delivery(id: Id, row: &Row<'_>) -> Result<NotedDelivery, StoreError> {
    let state: String = row.get(6)?;
    Ok(NotedDelivery {
        id,
        state: DeliveryState::from_name(&state).ok_or_else(|| StoreError::row("state", &state))?,
        status: row.get(7)?,
        micros: row.get(8)?,
        error: row.get(9)?,
    })
}
