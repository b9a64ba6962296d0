//! The log of deliveries forgets what is too old, or too much.

use rusqlite::params;

use super::Store;
use super::batch::TURN;
use super::error::StoreError;
use crate::clock::Millis;
use crate::platform::Id;

/// How much of the log is kept. What has come to no outcome always is, and the last outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    /// So many deliveries.
    pub(crate) count: u64,
    /// Those whose outcome is not older, in milliseconds by the publisher's clock.
    pub(crate) age: Option<Millis>,
}

impl Store {
    /// Forgets some deliveries, the oldest outcomes first, for as long as a turn takes. Whether there may be more to forget.
    pub(crate) async fn forget(&self, retention: Retention) -> Result<bool, StoreError> {
        let now = self.clock().now();
        self.write(move |transaction| {
            let begun = std::time::Instant::now();
            let last: Option<Id> =
                transaction.query_row("SELECT max(sequence) FROM deliveries WHERE sequence IS NOT NULL", [], |row| row.get(0))?;
            let Some(last) = last else { return Ok(false) };
            let too_many = last.saturating_sub_unsigned(retention.count.max(1));
            let too_old = retention.age.map_or(Millis::MIN, |age| now.saturating_sub(age));
            let mut oldest = transaction.prepare_cached(
                "SELECT id, sequence, coalesce(finished, 0) FROM deliveries WHERE sequence IS NOT NULL ORDER BY sequence LIMIT 1",
            )?;
            while begun.elapsed() < TURN {
                let (id, sequence, finished): (Id, Id, Millis) =
                    oldest.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                if sequence == last || (sequence > too_many && finished >= too_old) {
                    return Ok(false);
                }
                transaction.prepare_cached("DELETE FROM attempts WHERE delivery = ?1")?.execute(params![id])?;
                transaction.prepare_cached("DELETE FROM deliveries WHERE id = ?1")?.execute(params![id])?;
            }
            Ok(true)
        })
        .await
    }
}
