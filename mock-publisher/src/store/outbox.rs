//! The outbox: what is to be delivered, in lanes.
//!
//! Each step costs the same however much is in it.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Row, Transaction, params};

use super::Store;
use super::deliveries::DeliveryState;
use super::error::StoreError;
use crate::callback::Callback;
use crate::clock::Millis;
use crate::emit::{Payload, TargetUrl};
use crate::platform::Id;
use crate::wire_profile::WireProfile;

/// What is delivered in order: what one callback is told of one profile or subprofile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) callback: Id,
    /// The number of a profile or of a subprofile: a callback tells of one or the other.
    pub(crate) entity: Id,
}

/// The first delivery of a lane.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) id: Id,
    pub(crate) lane: Lane,
    /// What is to be sent. A row that cannot be read must not hold up the others.
    pub(crate) message: Result<Message, StoreError>,
}

/// What an attempt sends.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) url: TargetUrl,
    pub(crate) payload: Payload,
    /// How headers are spelled, if the callback chose it.
    pub(crate) wire: Option<WireProfile>,
}

/// What an attempt came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempt {
    pub(crate) started: Millis,
    pub(crate) micros: u64,
    pub(crate) request_head: String,
    pub(crate) status: Option<u16>,
    pub(crate) answer: Option<Vec<u8>>,
    /// A class and a detail, if there was no answer.
    pub(crate) error: Option<(&'static str, String)>,
}

/// What became of a delivery.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) id: Id,
    pub(crate) lane: Lane,
    pub(crate) attempt: Attempt,
}

/// How much more may be under way.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    pub(crate) in_all: usize,
    /// Of a callback that has nothing under way.
    pub(crate) of_callback: usize,
    pub(crate) taken: HashMap<Id, Taken>,
}

/// What a callback has under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken {
    /// The lanes whose delivery has come to no outcome that is noted.
    pub(crate) entities: HashSet<Id>,
    /// How many more attempts it may have.
    pub(crate) room: usize,
}

impl Attempt {
    /// One that came to nothing before anything was sent.
    pub(crate) fn failed(class: &'static str, detail: String) -> Self {
        Self { started: crate::clock::real_now(), error: Some((class, detail)), ..Self::default() }
    }

    pub(crate) fn outcome(&self) -> DeliveryState {
        let success = self.status.is_some_and(|status| (200..300).contains(&status));
        if success { DeliveryState::Delivered } else { DeliveryState::Failed }
    }
}

impl Store {
    /// The first deliveries of lanes that are not under way: the oldest ones, as far as there is room.
    pub(crate) async fn outgoing(&self, room: Room) -> Result<Vec<Outgoing>, StoreError> {
        self.read(move |connection| {
            let nothing = Taken { room: room.of_callback, ..Taken::default() };
            let mut heads = Vec::new();
            for callback in waiting_callbacks(connection)? {
                let taken = room.taken.get(&callback).unwrap_or(&nothing);
                if taken.room > 0 {
                    heads.extend(free_heads(connection, callback, taken)?);
                }
            }
            heads.sort_by_key(|(id, _)| *id);
            heads.truncate(room.in_all);
            heads.into_iter().map(|(id, lane)| outgoing(connection, id, lane)).collect()
        })
        .await
    }

    /// Notes what became of some deliveries, all at once, and opens their lanes for the next ones.
    pub(crate) async fn finish(&self, finished: Vec<Finished>) -> Result<(), StoreError> {
        self.write(move |transaction| finished.into_iter().try_for_each(|one| note(transaction, one))).await?;
        self.0.outcomes.send_replace(());
        Ok(())
    }
}

/// Puts what a callback is told of a change into the outbox.
pub(super) fn put(
    transaction: &Transaction<'_>,
    change: Id,
    entity: Id,
    callback: &Callback,
    payload: Payload,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO deliveries (change, callback, entity, url, method, content_type, body, wire, state) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'pending')";
    transaction.prepare_cached(sql)?.execute(params![
        change,
        callback.id,
        entity,
        callback.url.as_str(),
        callback.method.name(),
        payload.content_type,
        payload.bytes,
        callback.wire.map(WireProfile::name),
    ])?;
    let sql = "INSERT OR IGNORE INTO lanes (callback, entity, delivery) VALUES (?1, ?2, ?3)";
    transaction.prepare_cached(sql)?.execute(params![callback.id, entity, transaction.last_insert_rowid()])?;
    Ok(())
}

/// The callbacks that have something in the outbox. From one to the next is one step in the index, however much each has.
fn waiting_callbacks(connection: &Connection) -> Result<Vec<Id>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT min(callback) FROM lanes WHERE callback > ?1")?;
    let mut callbacks = Vec::new();
    let mut last = 0;
    while let Some(next) = statement.query_row([last], |row| row.get::<_, Option<Id>>(0))? {
        callbacks.push(next);
        last = next;
    }
    Ok(callbacks)
}

/// The oldest heads of a callback's lanes that are not under way.
fn free_heads(connection: &Connection, callback: Id, taken: &Taken) -> Result<Vec<(Id, Lane)>, StoreError> {
    let sql = "SELECT delivery, entity FROM lanes WHERE callback = ?1 ORDER BY delivery LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    // What is under way is among them until its outcome is noted.
    let mut rows = statement.query(params![callback, taken.entities.len() + taken.room])?;
    let mut heads = Vec::new();
    while let Some(row) = rows.next()? {
        let entity = row.get(1)?;
        if heads.len() < taken.room && !taken.entities.contains(&entity) {
            heads.push((row.get(0)?, Lane { callback, entity }));
        }
    }
    Ok(heads)
}

fn outgoing(connection: &Connection, id: Id, lane: Lane) -> Result<Outgoing, StoreError> {
    let sql = "SELECT url, content_type, body, wire FROM deliveries WHERE id = ?1";
    let message = connection.prepare_cached(sql)?.query_row([id], |row| Ok(read_message(row)))?;
    Ok(Outgoing { id, lane, message })
}

fn read_message(row: &Row<'_>) -> Result<Message, StoreError> {
    let (url, content_type, bytes): (String, _, _) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let url = TargetUrl::parse(&url).map_err(|_| StoreError::row("URL", &url))?;
    let wire: Option<String> = row.get(3)?;
    let wire = wire.map(|name| WireProfile::from_name(&name).ok_or_else(|| StoreError::row("spelling", &name)));
    Ok(Message { url, payload: Payload { content_type, bytes }, wire: wire.transpose()? })
}

fn note(transaction: &Transaction<'_>, Finished { id, lane, attempt }: Finished) -> Result<(), StoreError> {
    let state = attempt.outcome();
    let sql = "UPDATE deliveries SET state = ?2, started = ?3, micros = ?4, request_head = ?5, status = ?6, \
               answer = ?7, error = ?8, error_detail = ?9, \
               sequence = (SELECT coalesce(max(sequence), 0) + 1 FROM deliveries WHERE sequence IS NOT NULL) WHERE id = ?1";
    let (error, detail) = attempt.error.unzip();
    transaction.prepare_cached(sql)?.execute(params![
        id,
        state.name(),
        attempt.started,
        attempt.micros,
        attempt.request_head,
        attempt.status,
        attempt.answer,
        error,
        detail,
    ])?;
    let Lane { callback, entity } = lane;
    let sql = "SELECT min(id) FROM deliveries WHERE state = 'pending' AND callback = ?1 AND entity = ?2";
    let next: Option<Id> = transaction.prepare_cached(sql)?.query_row([callback, entity], |row| row.get(0))?;
    match next {
        Some(next) => {
            let sql = "UPDATE lanes SET delivery = ?3 WHERE callback = ?1 AND entity = ?2";
            transaction.prepare_cached(sql)?.execute([callback, entity, next])?;
        }
        None => {
            let sql = "DELETE FROM lanes WHERE callback = ?1 AND entity = ?2";
            transaction.prepare_cached(sql)?.execute([callback, entity])?;
        }
    }
    Ok(())
}
