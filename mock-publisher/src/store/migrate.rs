use rusqlite::{Connection, Transaction};

use super::databases;
use super::error::StoreError;
use crate::platform::Database;

/// Each takes the store from the format of its index to the next one. Never change one that has been released.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_platform.sql"),
    include_str!("migrations/0003_tracking.sql"),
    include_str!("migrations/0004_imports.sql"),
    include_str!("migrations/0005_copies.sql"),
    include_str!("migrations/0006_outcomes.sql"),
    include_str!("migrations/0007_ignored_columns.sql"),
    include_str!("migrations/0008_lanes.sql"),
    include_str!("migrations/0009_attempts.sql"),
    include_str!("migrations/0010_terms.sql"),
    include_str!("migrations/0011_repeats.sql"),
    include_str!("migrations/0012_statistics.sql"),
    include_str!("migrations/0013_phases.sql"),
    include_str!("migrations/0014_tls.sql"),
    include_str!("migrations/0015_repeated.sql"),
];

/// Brings a store to the present format. A new one gets the sample database.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    // A migration may replace a table that others refer to.
    connection.pragma_update(None, "foreign_keys", false)?;
    let known = MIGRATIONS.len() as u32;
    let transaction = connection.transaction()?;
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for migration in &MIGRATIONS[found as usize..] {
        transaction.execute_batch(migration)?;
    }
    if found == 0 {
        fill(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

fn fill(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    databases::insert(transaction, &Database { created: crate::clock::real_now(), ..Database::sample() }).map(drop)
}
