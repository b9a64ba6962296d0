//! SQLite: state, outbox and delivery log.
//!
//! One connection writes; in a file, others read and are not held up by it. Whatever belongs together is one transaction:
//! a change commits together with the outbox rows of every callback that it fires, so that a crash loses none.

mod apply;
mod batch;
mod callbacks;
mod changes;
mod collections;
mod contents;
mod copies;
mod crowds;
mod databases;
mod deliveries;
mod entities;
mod error;
mod fields;
mod handlers;
mod imports;
mod links;
mod masses;
mod migrate;
mod moves;
mod outbox;
mod plan;
mod removal;
mod repeats;
mod retention;
mod snapshots;
mod statistics;
mod terms;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{OwnedRwLockReadGuard, RwLock, watch};

use crate::clock::{self, Clock};
use crate::platform::Switches;
use crate::private_file::{create_private_folder, is_open_to_others, open_private};

pub(crate) use apply::Applied;
pub(crate) use callbacks::CallbackDraft;
pub(crate) use changes::NotedChange;
pub(crate) use collections::CollectionDraft;
pub(crate) use contents::{CallbackContents, Contents, DatabaseContents, ProfileContents};
pub(crate) use copies::{CopyParts, CopyState};
pub(crate) use databases::DatabaseDraft;
pub(crate) use deliveries::DeliveryState;
pub(crate) use entities::{Order, Selection};
pub(crate) use error::StoreError;
pub(crate) use fields::Owner;
pub(crate) use handlers::Handler;
pub(crate) use imports::{Import, ImportStatus, Matcher};
pub(crate) use links::{Link, LinkDraft};
pub(crate) use outbox::{Attempt, Due, Finished, Lane, Message, Outgoing, Share, Step};
pub(crate) use plan::{Plan, View};
pub(crate) use repeats::{Repeat, RepeatFilter};
pub(crate) use retention::Retention;
use snapshots::Shelf;
pub(crate) use snapshots::{Snapshot, SnapshotName};
pub(crate) use statistics::{Period, Statistics};

/// So many statements stay prepared on a connection: more than a change with all that follows from it needs.
const STATEMENTS: usize = 64;
/// After so many pages in the write-ahead log they are folded into the file: 16 MiB.
const CHECKPOINT: u32 = 4096;
/// Up to this many idle connections are kept for reading.
const IDLE_READERS: usize = 4;

/// A handle of the store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store(Arc<Inner>);

struct Inner {
    /// Without a file the writer reads too. They are closed before the writer, so that it is the last one and folds the
    /// write-ahead log into the file.
    readers: Option<Arc<Readers>>,
    /// Whoever wants to write gets it in the order of asking, so that nobody who writes a lot keeps others out.
    writer: Arc<tokio::sync::Mutex<Connection>>,
    switches: Switches,
    /// Whoever attempts deliveries has a share of it; whoever puts other contents into the place of these has it alone.
    delivering: Arc<RwLock<()>>,
    /// Tells that deliveries have come to an outcome.
    outcomes: watch::Sender<()>,
    statistics: statistics::Counter,
    shelf: Shelf,
    clock: Clock,
    /// When there was no room for something.
    full: Mutex<Option<Instant>>,
    /// Keeps other publishers out of the folder for as long as the store is open.
    _lock: Option<File>,
}

/// The file, and idle connections that read it.
struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    fn open(&self) -> Result<Connection, StoreError> {
        // Only one thread at a time uses a connection, so it needs no locks of its own.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        keep_statements(&connection)?;
        Ok(connection)
    }
}

impl Store {
    /// A store that is gone when the program ends.
    pub(crate) fn in_memory(switches: Switches) -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        migrate::migrate(&mut connection)?;
        keep_statements(&connection)?;
        crowds::prepare(&connection)?;
        Ok(Self::new(connection, None, switches, None))
    }

    /// The store in a folder, which is made if there is none.
    pub(crate) fn open(folder: &Path, switches: Switches) -> Result<Self, StoreError> {
        let io = |cause| StoreError::Io { path: folder.to_owned(), cause };
        create_private_folder(folder).map_err(io)?;
        if is_open_to_others(folder).map_err(io)? {
            // It may be a folder that has other things in it, so it stays as it is; what is ours in it is private all the same.
            let folder = folder.display();
            tracing::warn!("others can look into the data folder `{folder}`; `chmod 700` keeps them out");
        }
        let lock = lock(folder)?;
        let file = folder.join("publisher.sqlite");
        // SQLite gives the files beside it the same mode.
        open_private(&file).map_err(|cause| StoreError::Io { path: file.clone(), cause })?;
        let mut connection = Connection::open(&file)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // A commit that was reported survives a power cut.
        connection.pragma_update(None, "synchronous", "FULL")?;
        // A page that many transactions change is folded into the file once, not for each few of them.
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
        migrate::migrate(&mut connection)?;
        imports::interrupt(&connection, clock::real_now())?;
        keep_statements(&connection)?;
        crowds::prepare(&connection)?;
        Ok(Self::new(connection, Some(file), switches, Some(lock)))
    }

    fn new(connection: Connection, file: Option<PathBuf>, switches: Switches, lock: Option<File>) -> Self {
        let shelf = Shelf::of(file.as_deref().and_then(Path::parent));
        Self(Arc::new(Inner {
            writer: Arc::new(tokio::sync::Mutex::new(connection)),
            readers: file.map(|file| Arc::new(Readers { file, idle: Mutex::default() })),
            switches,
            delivering: Arc::default(),
            outcomes: watch::Sender::new(()),
            statistics: statistics::Counter::default(),
            shelf,
            clock: Clock::default(),
            full: Mutex::default(),
            _lock: lock,
        }))
    }

    /// A share of the deliveries: while somebody has one, the contents of the store are not replaced by others.
    pub(crate) async fn delivering(&self) -> OwnedRwLockReadGuard<()> {
        self.0.delivering.clone().read_owned().await
    }

    /// Hears of every outcome of a delivery.
    pub(crate) fn outcomes(&self) -> watch::Receiver<()> {
        self.0.outcomes.subscribe()
    }

    /// The folder that everything is kept in, if it is kept.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.0.readers.as_ref().and_then(|readers| readers.file.parent())
    }

    /// How the questions are answered that the platform's documentation leaves open.
    pub(crate) fn switches(&self) -> Switches {
        self.0.switches
    }

    /// Lets it become so large, in MiB, and no larger. (One that is larger already stays as it is.)
    pub(crate) async fn limit(&self, max: u32) -> Result<(), StoreError> {
        let writer = self.0.writer.clone().lock_owned().await;
        run_blocking(move || {
            let page: u32 = writer.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let pages = (u64::from(max) << 20) / u64::from(page.max(1));
            Ok(writer.pragma_update(None, "max_page_count", i64::try_from(pages).unwrap_or(i64::MAX))?)
        })
        .await
    }

    /// What time it is for everything that the store keeps.
    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Whether the store can be read.
    pub(crate) async fn probe(&self) -> Result<(), StoreError> {
        self.read(|connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?)).await
    }

    /// Runs a transaction; it is rolled back if it fails.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut writer = self.0.writer.clone().lock_owned().await;
        let inner = self.0.clone();
        run_blocking(move || {
            let write = || -> Result<T, StoreError> {
                let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let result = work(&transaction)?;
                transaction.commit()?;
                Ok(result)
            };
            let result = write();
            if matches!(result, Err(StoreError::NoRoom)) {
                *inner.full.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            }
            result
        })
        .await
    }

    /// Whether there was no room for something within the last minute. (There may be for something smaller.)
    pub(crate) fn is_full(&self) -> bool {
        let full = *self.0.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.is_some_and(|since| since.elapsed() < Duration::from_secs(60))
    }

    /// Reads one consistent state.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(readers) = self.0.readers.clone() else {
            let writer = self.0.writer.clone().lock_owned().await;
            return run_blocking(move || work(&writer)).await;
        };
        let inner = self.0.clone();
        run_blocking(move || {
            let (_open, readers) = (inner, readers);
            let kept = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match kept {
                Some(connection) => connection,
                None => readers.open()?,
            };
            let result = {
                let snapshot = connection.transaction()?;
                work(&snapshot)
            };
            let mut idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_READERS {
                idle.push(connection);
            }
            result
        })
        .await
    }
}

/// Statements stay prepared, and are not prepared again whenever a parameter has another value, in the hope of a better plan.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// SQLite blocks, so it has threads of its own.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Stopped),
    }
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let file = open_private(&path).map_err(|cause| StoreError::Io { path: path.clone(), cause })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Locked { folder: folder.to_owned() }),
        Err(std::fs::TryLockError::Error(cause)) => Err(StoreError::Io { path, cause }),
    }
}
