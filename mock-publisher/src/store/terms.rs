use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::{Store, callbacks};
use crate::platform::{Id, LaneOrder};
use crate::terms::{OwnTerms, Rate, TermsDraft};

impl Store {
    /// The terms of delivery that a callback has of its own.
    pub(crate) async fn terms(&self, callback: Id) -> Result<OwnTerms, StoreError> {
        self.read(move |connection| {
            callbacks::find(connection, callback)?;
            of(connection, callback)
        })
        .await
    }

    /// Changes what the draft says of a callback's terms. What they are then.
    pub(crate) async fn change_terms(&self, callback: Id, draft: TermsDraft) -> Result<OwnTerms, StoreError> {
        self.write(move |transaction| {
            callbacks::find(transaction, callback)?;
            let terms = of(transaction, callback)?.with(draft);
            put(transaction, callback, &terms)?;
            Ok(terms)
        })
        .await
    }
}

pub(super) fn of(connection: &Connection, callback: Id) -> Result<OwnTerms, StoreError> {
    let sql = "SELECT paused, schedule, concurrency, rate, ordering, timeout_ms FROM terms WHERE callback = ?1";
    let found = connection.prepare_cached(sql)?.query_row([callback], |row| Ok(from_row(row))).optional()?;
    found.unwrap_or_else(|| Ok(OwnTerms::default()))
}

fn from_row(row: &Row<'_>) -> Result<OwnTerms, StoreError> {
    let (schedule, rate): (Option<String>, Option<f64>) = (row.get(1)?, row.get(3)?);
    let order: Option<String> = row.get(4)?;
    let order = order.map(|name| LaneOrder::from_name(&name).ok_or_else(|| StoreError::row("order", &name)));
    let schedule = schedule.map(|text| text.parse().map_err(|_| StoreError::row("schedule", &text)));
    let rate = rate.map(|rate| Rate::new(rate).ok_or_else(|| StoreError::row("rate", &rate.to_string())));
    Ok(OwnTerms {
        paused: row.get(0)?,
        schedule: schedule.transpose()?,
        concurrency: row.get(2)?,
        rate: rate.transpose()?,
        order: order.transpose()?,
        timeout_ms: row.get(5)?,
    })
}

pub(super) fn put(connection: &Connection, callback: Id, terms: &OwnTerms) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO terms (callback, paused, schedule, concurrency, rate, ordering, timeout_ms) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    connection.prepare_cached(sql)?.execute(params![
        callback,
        terms.paused,
        terms.schedule.as_ref().map(ToString::to_string),
        terms.concurrency,
        terms.rate.map(Rate::per_second),
        terms.order.map(LaneOrder::name),
        terms.timeout_ms,
    ])?;
    Ok(())
}

/// Nothing of a callback is attempted until its terms say otherwise.
pub(super) fn pause(connection: &Connection, callback: Id) -> Result<(), StoreError> {
    let terms = of(connection, callback)?;
    put(connection, callback, &OwnTerms { paused: true, ..terms })
}
