//! SQLite: state, outbox and delivery log.
//!
//! One connection writes; in a file, others read and are not held up by it. Whatever belongs together is one transaction:
//! a change commits together with the outbox rows of every callback that it fires, so that a crash loses none.

mod apply;
mod callbacks;
mod databases;
mod deliveries;
mod error;
mod migrate;
mod profiles;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::private_file::create_private_folder;

pub(crate) use callbacks::CallbackDraft;
pub(crate) use deliveries::{Attempt, Lane, Outgoing, Pending};
pub(crate) use error::StoreError;

/// Up to this many idle connections are kept for reading.
const IDLE_READERS: usize = 4;

/// A handle of the store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store(Arc<Inner>);

struct Inner {
    /// The file, and idle connections that read it. Without a file the writer reads too. They are closed before the writer,
    /// so that it is the last one and folds the write-ahead log into the file.
    readers: Option<(PathBuf, Mutex<Vec<Connection>>)>,
    writer: Mutex<Connection>,
    /// Keeps other publishers out of the folder for as long as the store is open.
    _lock: Option<File>,
}

impl Store {
    /// A store that is gone when the program ends.
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        migrate::migrate(&mut connection)?;
        Ok(Self(Arc::new(Inner { writer: Mutex::new(connection), readers: None, _lock: None })))
    }

    /// The store in a folder, which is made if there is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let io = |cause| StoreError::Io { path: folder.to_owned(), cause };
        create_private_folder(folder).map_err(io)?;
        let lock = lock(folder)?;
        let file = folder.join("publisher.sqlite");
        let mut connection = Connection::open(&file)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // A commit that was reported survives a power cut.
        connection.pragma_update(None, "synchronous", "FULL")?;
        migrate::migrate(&mut connection)?;
        let readers = Some((file, Mutex::default()));
        Ok(Self(Arc::new(Inner { writer: Mutex::new(connection), readers, _lock: Some(lock) })))
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
        let inner = self.0.clone();
        run_blocking(move || {
            let mut writer = inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
        .await
    }

    /// Reads one consistent state.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.0.clone();
        run_blocking(move || {
            let Some((file, idle)) = &inner.readers else {
                return work(&inner.writer.lock().unwrap_or_else(PoisonError::into_inner));
            };
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match kept {
                Some(connection) => connection,
                None => Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
            };
            let result = {
                let snapshot = connection.transaction()?;
                work(&snapshot)
            };
            let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_READERS {
                idle.push(connection);
            }
            result
        })
        .await
    }
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
    let open = File::options().create(true).truncate(false).write(true).open(&path);
    let file = open.map_err(|cause| StoreError::Io { path: path.clone(), cause })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Locked { folder: folder.to_owned() }),
        Err(std::fs::TryLockError::Error(cause)) => Err(StoreError::Io { path, cause }),
    }
}
