use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::Store;
use super::error::StoreError;
use super::outbox::faults_of;
use crate::clock::Millis;
use crate::platform::{EntityRef, Id, Kind};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeliveryState {
    /// In the outbox.
    Pending,
    /// The receiver answered with a status between 200 and 299.
    Delivered,
    /// It did not.
    Failed,
}

impl DeliveryState {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|state| state.name() == name)
    }
}

/// A row of the delivery log, as the control API shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Delivery {
    pub(crate) id: Id,
    /// The how-manieth outcome it was; `None` while it is in the outbox.
    pub(crate) sequence: Option<Id>,
    pub(crate) change: Id,
    pub(crate) callback: Id,
    /// What it tells of: the number of a profile or of a subprofile.
    #[serde(flatten)]
    pub(crate) entity: EntityRef,
    pub(crate) trigger: String,
    pub(crate) action: String,
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) state: DeliveryState,
    /// How many attempts there were. What follows is of the last one.
    pub(crate) attempts: u32,
    /// When the next one is due, by the publisher's clock.
    pub(crate) due: Option<Millis>,
    /// When it began, in real time.
    pub(crate) started: Option<Millis>,
    /// How long it took, in microseconds.
    pub(crate) micros: Option<u64>,
    pub(crate) status: Option<u16>,
    pub(crate) answer: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_detail: Option<String>,
    /// The number of the delivery that it makes again.
    pub(crate) repeats: Option<Id>,
    /// Whether it does so byte for byte.
    pub(crate) exact: bool,
    /// The faults that touched it: the number of the attempt, and the name of the fault.
    pub(crate) faults: Vec<(u32, String)>,
}

/// One attempt of a delivery, as the control API shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotedAttempt {
    /// From 1.
    pub(crate) number: u32,
    /// In real time.
    pub(crate) started: Millis,
    /// How long it took, in microseconds.
    pub(crate) micros: u64,
    /// How many of them the name took, the connection, and TLS; `None` if there was one already, or for the last, none was wanted.
    pub(crate) dns: Option<u64>,
    pub(crate) connect: Option<u64>,
    pub(crate) tls: Option<u64>,
    /// After how many of them the head of the answer was there.
    pub(crate) answered: Option<u64>,
    pub(crate) status: Option<u16>,
    /// The status line and the headers.
    pub(crate) response_head: Option<String>,
    pub(crate) answer: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_detail: Option<String>,
}

const LOG: &str = "SELECT d.id, d.change, d.callback, c.kind, c.entity, c.trigger_name, c.action, d.url, d.method, d.state, \
                   a.started, a.micros, a.status, a.answer, a.error, a.error_detail, d.sequence, d.attempts, l.due, d.repeats, d.head IS NOT NULL, d.faults \
                   FROM deliveries d JOIN changes c ON c.id = d.change \
                   LEFT JOIN attempts a ON a.delivery = d.id AND a.number = d.attempts \
                   LEFT JOIN lanes l ON l.callback = d.callback AND l.lane = d.lane AND l.delivery = d.id AND l.due > 0";

impl Store {
    /// The first delivery that came to an outcome after a given one, of one callback or of any, with one outcome or any.
    pub(crate) async fn next_outcome(
        &self,
        after: Id,
        callback: Option<Id>,
        state: Option<DeliveryState>,
    ) -> Result<Option<Delivery>, StoreError> {
        self.read(move |connection| {
            let of_callback = if callback.is_some() { "AND d.callback = ?2" } else { "AND ?2 IS NULL" };
            let sql = format!(
                "{LOG} WHERE d.sequence > ?1 {of_callback} AND (?3 IS NULL OR d.state = ?3) ORDER BY d.sequence LIMIT 1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let params = params![after, callback, state.map(DeliveryState::name)];
            statement.query_row(params, |row| Ok(from_row(row))).optional()?.transpose()
        })
        .await
    }

    /// Makes sure that there is, or was, a callback: one that was removed may still have deliveries.
    pub(crate) async fn expect_callback(&self, id: Id) -> Result<(), StoreError> {
        self.read(move |connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM callbacks WHERE id = ?1) \
                       OR EXISTS (SELECT 1 FROM deliveries WHERE callback = ?1)";
            if connection.query_row(sql, [id], |row| row.get(0))? { Ok(()) } else { Err(StoreError::NoCallback(id)) }
        })
        .await
    }

    /// The request of an attempt as it was sent: head and body. Without a number, of the last one. `None` if it has not been
    /// sent.
    pub(crate) async fn sent_request(&self, id: Id, attempt: Option<Id>) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT a.request_head, d.body FROM deliveries d \
                       LEFT JOIN attempts a ON a.delivery = d.id AND a.number = coalesce(?2, d.attempts) WHERE d.id = ?1";
            let read = |row: &Row<'_>| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Vec<u8>>(1)?));
            let found = connection.query_row(sql, params![id, attempt], read).optional()?;
            let (head, body) = found.ok_or(StoreError::NoDelivery(id))?;
            Ok(head.filter(|head| !head.is_empty()).map(|head| [head.into_bytes(), body].concat()))
        })
        .await
    }

    pub(crate) async fn delivery(&self, id: Id) -> Result<Delivery, StoreError> {
        self.read(move |connection| find(connection, id)).await
    }

    /// All attempts of a delivery so far.
    pub(crate) async fn attempts(&self, delivery: Id) -> Result<Vec<NotedAttempt>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT number, started, micros, answered, status, response_head, answer, error, error_detail, dns, connect, tls \
                       FROM attempts WHERE delivery = ?1 ORDER BY number";
            let mut statement = connection.prepare_cached(sql)?;
            let attempts = statement.query_map([delivery], |row| {
                Ok(NotedAttempt {
                    number: row.get(0)?,
                    started: row.get(1)?,
                    micros: row.get(2)?,
                    dns: row.get(9)?,
                    connect: row.get(10)?,
                    tls: row.get(11)?,
                    answered: row.get(3)?,
                    status: row.get(4)?,
                    response_head: row.get(5)?,
                    answer: text(row.get(6)?),
                    error: row.get(7)?,
                    error_detail: row.get(8)?,
                })
            })?;
            Ok(attempts.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Some rows of the delivery log behind a given one, of one callback or of any, oldest first.
    pub(crate) async fn deliveries(
        &self,
        after: Id,
        callback: Option<Id>,
        state: Option<DeliveryState>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read(move |connection| {
            let of_callback = if callback.is_some() { "AND d.callback = ?2" } else { "AND ?2 IS NULL" };
            let of_state = if state.is_some() { "AND d.state = ?4" } else { "AND ?4 IS NULL" };
            let sql = format!("{LOG} WHERE d.id > ?1 {of_callback} {of_state} ORDER BY d.id LIMIT ?3");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![after, callback, limit, state.map(DeliveryState::name)])?;
            let mut deliveries = Vec::new();
            while let Some(row) = rows.next()? {
                deliveries.push(from_row(row)?);
            }
            Ok(deliveries)
        })
        .await
    }
}

fn find(connection: &Connection, id: Id) -> Result<Delivery, StoreError> {
    connection
        .query_row(&format!("{LOG} WHERE d.id = ?1"), [id], |row| Ok(from_row(row)))
        .optional()?
        .ok_or(StoreError::NoDelivery(id))?
}

fn from_row(row: &Row<'_>) -> Result<Delivery, StoreError> {
    let state: String = row.get(9)?;
    let kind: String = row.get(3)?;
    Ok(Delivery {
        id: row.get(0)?,
        change: row.get(1)?,
        callback: row.get(2)?,
        entity: EntityRef {
            kind: Kind::from_name(&kind).ok_or_else(|| StoreError::row("kind", &kind))?,
            id: row.get(4)?,
        },
        trigger: row.get(5)?,
        action: row.get(6)?,
        url: row.get(7)?,
        method: row.get(8)?,
        state: DeliveryState::from_name(&state).ok_or_else(|| StoreError::row("state", &state))?,
        started: row.get(10)?,
        micros: row.get(11)?,
        status: row.get(12)?,
        answer: text(row.get(13)?),
        error: row.get(14)?,
        error_detail: row.get(15)?,
        sequence: row.get(16)?,
        attempts: row.get(17)?,
        due: row.get(18)?,
        repeats: row.get(19)?,
        exact: row.get(20)?,
        faults: faults_of(&row.get::<_, String>(21)?)?,
    })
}

/// What a receiver answered need not be text.
fn text(answer: Option<Vec<u8>>) -> Option<String> {
    answer.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
