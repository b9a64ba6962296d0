//! Deliveries that are made again.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::batch::TURN;
use super::deliveries::DeliveryState;
use super::error::StoreError;
use super::{Store, outbox};
use crate::platform::{Action, Id};

/// How a delivery is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// With a date, a nonce and a signature of its own; to the URL that the callback has by now.
    SignedAnew,
    /// Byte for byte as its last attempt was.
    SameBytes,
}

/// Which deliveries are made again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RepeatFilter {
    pub(crate) callback: Option<Id>,
    /// What they came to; `None` for whatever.
    pub(crate) state: Option<DeliveryState>,
    pub(crate) action: Option<Action>,
}

impl Store {
    /// Puts a delivery into the outbox once more. The number of the new one; `None` if its bytes are wanted and it was never
    /// sent.
    pub(crate) async fn repeat(&self, id: Id, repeat: Repeat) -> Result<Option<Id>, StoreError> {
        self.write(move |transaction| again(transaction, id, repeat)).await
    }

    /// Puts all deliveries that are in the log now and match into the outbox once more, oldest first, in turns: `fired` is
    /// called after each. How many. Of what was made again already only the latest is, or each call would make twice as many;
    /// those that were never sent have no bytes, and are left out where these are wanted.
    pub(crate) async fn repeat_all(
        &self,
        filter: RepeatFilter,
        repeat: Repeat,
        fired: impl Fn() + Send + Sync,
    ) -> Result<u64, StoreError> {
        let last = self.read(|connection| Ok(last(connection)?)).await?;
        let (mut after, mut count) = (0, 0);
        loop {
            let (done, until) = self.write(move |transaction| turn(transaction, filter, repeat, after, last)).await?;
            count += done;
            if done > 0 {
                fired();
            }
            let Some(until) = until else { return Ok(count) };
            after = until;
        }
    }
}

fn last(connection: &Connection) -> rusqlite::Result<Id> {
    connection.query_row("SELECT coalesce(max(id), 0) FROM deliveries", [], |row| row.get(0))
}

/// As many as a turn has time for: how many, and the last one that was looked at if there may be more.
fn turn(
    transaction: &Transaction<'_>,
    filter: RepeatFilter,
    repeat: Repeat,
    after: Id,
    last: Id,
) -> Result<(u64, Option<Id>), StoreError> {
    let begun = std::time::Instant::now();
    let sql = "SELECT d.id FROM deliveries d JOIN changes c ON c.id = d.change \
               WHERE d.id > ?1 AND d.id <= ?2 AND d.state <> 'pending' AND (?3 IS NULL OR d.callback = ?3) \
               AND NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.repeats = d.id) \
               AND (?4 IS NULL OR d.state = ?4) AND (?5 IS NULL OR c.action = ?5) ORDER BY d.id";
    let (state, action) = (filter.state.map(DeliveryState::name), filter.action.map(Action::name));
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query(params![after, last, filter.callback, state, action])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        count += u64::from(again(transaction, id, repeat)?.is_some());
        if begun.elapsed() >= TURN {
            return Ok((count, Some(id)));
        }
    }
    Ok((count, None))
}

/// Puts one into the outbox once more, behind all others of its lane.
pub(super) fn again(transaction: &Transaction<'_>, id: Id, repeat: Repeat) -> Result<Option<Id>, StoreError> {
    let head = match repeat {
        Repeat::SignedAnew => None,
        Repeat::SameBytes => {
            let sql = "SELECT a.request_head FROM deliveries d LEFT JOIN attempts a ON a.delivery = d.id AND a.number = d.attempts \
                       WHERE d.id = ?1";
            let found =
                transaction.prepare_cached(sql)?.query_row([id], |row| row.get::<_, Option<String>>(0)).optional()?;
            match found.ok_or(StoreError::NoDelivery(id))?.filter(|head| !head.is_empty()) {
                Some(head) => Some(head),
                None => return Ok(None),
            }
        }
    };
    let sql = "INSERT INTO deliveries (change, callback, lane, url, method, content_type, body, wire, state, repeats, head) \
               SELECT d.change, d.callback, d.lane, iif(?2 IS NULL, coalesce(c.url, d.url), d.url), d.method, d.content_type, \
               d.body, d.wire, 'pending', d.id, ?2 FROM deliveries d LEFT JOIN callbacks c ON c.id = d.callback WHERE d.id = ?1";
    if transaction.prepare_cached(sql)?.execute(params![id, head])? == 0 {
        return Err(StoreError::NoDelivery(id));
    }
    let new = transaction.last_insert_rowid();
    outbox::open_lane(transaction, new)?;
    Ok(Some(new))
}
