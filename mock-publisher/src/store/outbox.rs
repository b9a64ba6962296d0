//! The outbox: what is to be delivered, in lanes.
//!
//! Each step costs the same however much is in it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Row, Transaction, params};

use super::batch::Batch;
use super::deliveries::DeliveryState;
use super::error::StoreError;
use super::repeats::{self, Repeat};
use super::statistics::Subject;
use super::{Store, terms};
use crate::callback::Callback;
use crate::clock::Millis;
use crate::emit::{Payload, TargetUrl};
use crate::metrics::Stock;
use crate::platform::{Action, Id, LaneOrder};
use crate::terms::OwnTerms;
use crate::wire_profile::WireProfile;

/// What is delivered in order: what one callback is told of one profile or subprofile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) callback: Id,
    /// The number of a profile or of a subprofile, for a callback tells of one or the other. Where nothing is to be in order, the
    /// number of the change, with a minus.
    pub(crate) number: Id,
}

/// The first delivery of a lane.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) id: Id,
    pub(crate) lane: Lane,
    /// The number of the attempt that is due, from 1.
    pub(crate) number: u32,
    pub(crate) subject: Subject,
    pub(crate) terms: Arc<OwnTerms>,
    /// The faults that have touched it, each with the number of the attempt.
    pub(crate) faults: Vec<(u32, String)>,
    /// Whether the next one of its lane is there.
    pub(crate) is_followed: bool,
    /// Whether it is one that is made again.
    pub(crate) is_repeat: bool,
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
    /// The head of the request, if it is one that is sent as it was before.
    pub(crate) head: Option<String>,
}

/// What is to go out now, and when there will be more if nothing else happens.
#[derive(Debug, Default)]
pub(crate) struct Due {
    pub(crate) outgoing: Vec<Outgoing>,
    /// When the next attempt is due, by the publisher's clock.
    pub(crate) next_due: Option<Millis>,
    /// How long until a rate allows more.
    pub(crate) wait: Option<Duration>,
    /// Whether there may be more that is due, for which there was no room.
    pub(crate) is_cut: bool,
}

/// What an attempt came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempt {
    pub(crate) number: u32,
    /// In real time.
    pub(crate) started: Millis,
    pub(crate) micros: u64,
    /// How many microseconds the name took, the connection, and TLS, if one was made and TLS was wanted.
    pub(crate) dns: Option<u64>,
    pub(crate) connect: Option<u64>,
    pub(crate) tls: Option<u64>,
    /// After how many microseconds the head of the answer was there.
    pub(crate) answered: Option<u64>,
    pub(crate) request_head: String,
    pub(crate) status: Option<u16>,
    pub(crate) response_head: Option<String>,
    pub(crate) answer: Option<Vec<u8>>,
    /// A class and a detail, if it was no success.
    pub(crate) error: Option<(&'static str, String)>,
}

/// What became of a delivery that was under way.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) id: Id,
    pub(crate) lane: Lane,
    pub(crate) subject: Subject,
    pub(crate) step: Step,
    /// The faults that touched it, each with the number of the attempt.
    pub(crate) faults: Vec<(u32, &'static str)>,
    /// How it is to be made again.
    pub(crate) repeats: Vec<Repeat>,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Attempted {
        attempt: Box<Attempt>,
        /// When it is attempted again, by the publisher's clock. `None` if this was its outcome.
        again: Option<Millis>,
    },
    /// It waits until then, by the publisher's clock.
    Deferred(Millis),
    /// The next one of its lane goes first.
    Overtaken,
}

/// How much more of a callback may be under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Share {
    pub(crate) room: usize,
    /// How much is.
    pub(crate) attempts: usize,
    /// The lanes whose delivery has come to no outcome that is noted.
    pub(crate) closed: HashSet<Id>,
    /// How long to wait for more, if there is so little because of a rate.
    pub(crate) wait: Option<Duration>,
}

impl Attempt {
    /// One that came to nothing before anything was sent.
    pub(crate) fn failed(number: u32, class: &'static str, detail: String) -> Self {
        Self { number, started: crate::clock::real_now(), error: Some((class, detail)), ..Self::default() }
    }

    /// Whether the receiver is not there any more, and wants no more callbacks.
    pub(crate) fn says_gone(&self) -> bool {
        self.status == Some(410)
    }

    pub(crate) fn outcome(&self) -> DeliveryState {
        if self.error.is_none() { DeliveryState::Delivered } else { DeliveryState::Failed }
    }
}

impl Store {
    /// The first deliveries of lanes that are not under way, as far as they are due and there is room: `most` of them, those of
    /// callbacks first that have the least under way. `share` is asked how much room a callback has.
    pub(crate) async fn outgoing(
        &self,
        most: usize,
        mut share: impl FnMut(Id, &OwnTerms) -> Share + Send + 'static,
    ) -> Result<Due, StoreError> {
        let now = self.clock().now();
        self.read(move |connection| {
            let (mut heads, mut next_due, mut wait, mut is_cut) = (Vec::new(), None, None, false);
            for callback in waiting_callbacks(connection)? {
                let terms = Arc::new(terms::of(connection, callback)?);
                if terms.paused {
                    continue;
                }
                let share = share(callback, &terms);
                is_cut |= share.room == 0;
                if share.room > 0 {
                    let free = free_heads(connection, callback, &share, now)?;
                    is_cut |= free.len() >= share.room;
                    let turns = share.attempts..;
                    heads.extend(turns.zip(free).map(|(turn, (id, lane))| (turn, id, lane, terms.clone())));
                }
                next_due = [next_due, due_after(connection, callback, now)?].into_iter().flatten().min();
                wait = [wait, share.wait].into_iter().flatten().min();
            }
            heads.sort_by_key(|(turn, id, ..)| (*turn, *id));
            is_cut |= heads.len() > most;
            heads.truncate(most);
            let outgoing = heads.into_iter().map(|(_, id, lane, terms)| outgoing(connection, id, lane, terms));
            Ok(Due { outgoing: outgoing.collect::<Result<_, StoreError>>()?, next_due, wait, is_cut })
        })
        .await
    }

    /// How much there is, for the metrics.
    pub(crate) async fn stock(&self) -> Result<Stock, StoreError> {
        self.read(|connection| {
            let sql = "SELECT (SELECT count(*) FROM deliveries WHERE state = 'pending'), \
                       (SELECT coalesce(max(id), 0) FROM changes)";
            Ok(connection.query_row(sql, [], |row| Ok(Stock { outbox: row.get(0)?, changes: row.get(1)? }))?)
        })
        .await
    }

    /// Notes what became of some deliveries, all at once, and opens their lanes for the next ones. For each, whether its lane has
    /// something to be delivered now or later.
    pub(crate) async fn finish(&self, finished: Arc<Vec<Finished>>) -> Result<Vec<bool>, StoreError> {
        let now = self.clock().now();
        let tally = Arc::new(self.0.statistics.due());
        let noted = self.write({
            let (finished, tally) = (finished.clone(), tally.clone());
            move |transaction| {
                tally.write(transaction)?;
                finished.iter().map(|one| note(transaction, one, now)).collect()
            }
        });
        let more = noted.await.inspect_err(|_| self.0.statistics.give_back(&tally))?;
        self.0.statistics.count(&finished);
        self.0.outcomes.send_replace(());
        Ok(more)
    }
}

/// Puts what a callback is told of a change into the outbox.
pub(super) fn put(
    batch: &Batch<'_>,
    change: Id,
    entity: Id,
    callback: &Callback,
    payload: Payload,
) -> Result<(), StoreError> {
    let transaction = batch.transaction;
    let order = terms::of(transaction, callback.id)?.order.unwrap_or(batch.switches.order);
    let sql = "INSERT INTO deliveries (change, callback, lane, url, method, content_type, body, wire, state) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'pending')";
    transaction.prepare_cached(sql)?.execute(params![
        change,
        callback.id,
        match order {
            LaneOrder::Entity => entity,
            LaneOrder::None => -change,
        },
        callback.url.as_str(),
        callback.method.name(),
        payload.content_type,
        payload.bytes,
        callback.wire.map(WireProfile::name),
    ])?;
    open_lane(transaction, transaction.last_insert_rowid())
}

/// Opens the lane of a delivery that has come into the outbox, if it is the first one in it.
pub(super) fn open_lane(transaction: &Transaction<'_>, delivery: Id) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO lanes (callback, lane, delivery) SELECT callback, lane, id FROM deliveries WHERE id = ?1";
    transaction.prepare_cached(sql)?.execute([delivery])?;
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

/// The oldest heads of a callback's lanes that are due and not under way. What is attempted again comes first, so that it does
/// not wait for as long as there is something new.
fn free_heads(
    connection: &Connection,
    callback: Id,
    share: &Share,
    now: Millis,
) -> Result<Vec<(Id, Lane)>, StoreError> {
    let sql = "SELECT delivery, lane FROM lanes WHERE callback = ?1 AND due BETWEEN ?2 AND ?3 ORDER BY due, delivery LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let mut heads = Vec::new();
    for (from, to) in [(1, now), (0, 0)] {
        // What is under way is among them until its outcome is noted.
        let mut rows = statement.query(params![callback, from, to, share.closed.len() + share.room])?;
        while let Some(row) = rows.next()? {
            let number = row.get(1)?;
            if heads.len() < share.room && !share.closed.contains(&number) {
                heads.push((row.get(0)?, Lane { callback, number }));
            }
        }
    }
    Ok(heads)
}

/// When the next attempt of a callback is due that is not due yet.
fn due_after(connection: &Connection, callback: Id, now: Millis) -> Result<Option<Millis>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT min(due) FROM lanes WHERE callback = ?1 AND due > ?2")?;
    Ok(statement.query_row([callback, now], |row| row.get(0))?)
}

fn outgoing(connection: &Connection, id: Id, lane: Lane, terms: Arc<OwnTerms>) -> Result<Outgoing, StoreError> {
    let sql = "SELECT url, content_type, body, wire, head, attempts, faults, repeats IS NOT NULL, \
               EXISTS (SELECT 1 FROM deliveries n WHERE n.state = 'pending' AND n.callback = ?2 AND n.lane = ?3 AND n.id > ?1), \
               c.action, c.trigger_name FROM deliveries d JOIN changes c ON c.id = d.change WHERE d.id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([id, lane.callback, lane.number])?;
    let row = rows.next()?.ok_or(StoreError::NoDelivery(id))?;
    Ok(Outgoing {
        id,
        lane,
        number: row.get::<_, u32>(5)? + 1,
        subject: subject(row)?,
        terms,
        faults: faults_of(&row.get::<_, String>(6)?)?,
        is_followed: row.get(8)?,
        is_repeat: row.get(7)?,
        message: read_message(row),
    })
}

fn subject(row: &Row<'_>) -> Result<Subject, StoreError> {
    let (action, trigger): (String, String) = (row.get(9)?, row.get(10)?);
    Ok(Subject {
        action: Action::from_name(&action).ok_or_else(|| StoreError::row("action", &action))?,
        trigger: trigger.parse().map_err(|_| StoreError::row("trigger", &trigger))?,
    })
}

fn read_message(row: &Row<'_>) -> Result<Message, StoreError> {
    let (url, content_type, bytes): (String, _, _) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let url = TargetUrl::parse(&url).map_err(|_| StoreError::row("URL", &url))?;
    let wire: Option<String> = row.get(3)?;
    let wire = wire.map(|name| WireProfile::from_name(&name).ok_or_else(|| StoreError::row("spelling", &name)));
    Ok(Message { url, payload: Payload { content_type, bytes }, wire: wire.transpose()?, head: row.get(4)? })
}

/// The faults that have touched a delivery, from how they are kept.
pub(super) fn faults_of(kept: &str) -> Result<Vec<(u32, String)>, StoreError> {
    serde_json::from_str(kept).map_err(|_| StoreError::row("list of faults", kept))
}

/// Whether the lane has something then.
fn note(transaction: &Transaction<'_>, finished: &Finished, now: Millis) -> Result<bool, StoreError> {
    let (id, lane) = (finished.id, finished.lane);
    if !finished.faults.is_empty() {
        mark(transaction, id, &finished.faults)?;
    }
    let is_followed = match &finished.step {
        Step::Attempted { attempt, again } => note_attempt(transaction, finished, attempt, *again, now)?,
        Step::Deferred(until) => defer(transaction, lane, *until).map(|()| true)?,
        Step::Overtaken => overtake(transaction, lane, id).map(|()| true)?,
    };
    finished.repeats.iter().try_for_each(|repeat| repeats::again(transaction, id, *repeat).map(drop))?;
    Ok(is_followed || !finished.repeats.is_empty())
}

fn mark(transaction: &Transaction<'_>, id: Id, faults: &[(u32, &'static str)]) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "UPDATE deliveries SET faults = json_insert(faults, '$[#]', json_array(?2, ?3)) WHERE id = ?1",
    )?;
    for (attempt, name) in faults {
        statement.execute(params![id, attempt, name])?;
    }
    Ok(())
}

fn defer(transaction: &Transaction<'_>, lane: Lane, until: Millis) -> Result<(), StoreError> {
    let sql = "UPDATE lanes SET due = ?3 WHERE callback = ?1 AND lane = ?2";
    transaction.prepare_cached(sql)?.execute([lane.callback, lane.number, until])?;
    Ok(())
}

/// Opens a lane for what comes behind a delivery; that one is its first again once the other has come to its outcome.
fn overtake(transaction: &Transaction<'_>, lane: Lane, id: Id) -> Result<(), StoreError> {
    let sql = "UPDATE lanes SET due = 0, delivery = (SELECT coalesce(min(d.id), ?3) FROM deliveries d \
               WHERE d.state = 'pending' AND d.callback = ?1 AND d.lane = ?2 AND d.id > ?3) WHERE callback = ?1 AND lane = ?2";
    transaction.prepare_cached(sql)?.execute([lane.callback, lane.number, id])?;
    Ok(())
}

fn note_attempt(
    transaction: &Transaction<'_>,
    Finished { id, lane, .. }: &Finished,
    attempt: &Attempt,
    again: Option<Millis>,
    now: Millis,
) -> Result<bool, StoreError> {
    let (id, lane) = (*id, *lane);
    let is_followed = match again {
        Some(due) => {
            transaction
                .prepare_cached("UPDATE deliveries SET attempts = ?2 WHERE id = ?1")?
                .execute(params![id, attempt.number])?;
            defer(transaction, lane, due)?;
            true
        }
        None => {
            let sql = "UPDATE deliveries SET attempts = ?2, state = ?3, finished = ?4, sequence = \
                       (SELECT coalesce(max(sequence), 0) + 1 FROM deliveries WHERE sequence IS NOT NULL) WHERE id = ?1";
            transaction.prepare_cached(sql)?.execute(params![id, attempt.number, attempt.outcome().name(), now])?;
            let is_followed = advance(transaction, lane)?;
            if attempt.says_gone() {
                // Unless it has another URL by now.
                let sql = "UPDATE callbacks SET active = 0 WHERE id = ?1 AND url = (SELECT url FROM deliveries WHERE id = ?2)";
                if transaction.execute(sql, [lane.callback, id])? > 0 {
                    terms::pause(transaction, lane.callback)?;
                }
            }
            is_followed
        }
    };
    let sql = "INSERT INTO attempts (delivery, number, started, micros, answered, request_head, status, response_head, answer, \
               error, error_detail, dns, connect, tls) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let (error, detail) = attempt.error.as_ref().map(|(class, detail)| (*class, detail)).unzip();
    transaction.prepare_cached(sql)?.execute(params![
        id,
        attempt.number,
        attempt.started,
        attempt.micros,
        attempt.answered,
        attempt.request_head,
        attempt.status,
        attempt.response_head,
        attempt.answer,
        error,
        detail,
        attempt.dns,
        attempt.connect,
        attempt.tls,
    ])?;
    Ok(is_followed)
}

/// Opens a lane for its next delivery, or closes it if there is none. Whether there is one.
fn advance(transaction: &Transaction<'_>, Lane { callback, number }: Lane) -> Result<bool, StoreError> {
    let sql = "SELECT min(id) FROM deliveries WHERE state = 'pending' AND callback = ?1 AND lane = ?2";
    let next: Option<Id> = transaction.prepare_cached(sql)?.query_row([callback, number], |row| row.get(0))?;
    match next {
        Some(next) => {
            let sql = "UPDATE lanes SET delivery = ?3, due = 0 WHERE callback = ?1 AND lane = ?2";
            transaction.prepare_cached(sql)?.execute([callback, number, next])?;
        }
        None => {
            let sql = "DELETE FROM lanes WHERE callback = ?1 AND lane = ?2";
            transaction.prepare_cached(sql)?.execute([callback, number])?;
        }
    }
    Ok(next.is_some())
}
