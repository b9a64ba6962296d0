//! Everything that the store keeps, copied under a name and brought back.
//!
//! A store that is kept in a folder has its snapshots in there, and one in memory has them in memory. They are copied page by
//! page (SQLite's backup), so that a snapshot is one consistent state, and bringing one back is one transaction.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use serde::Serialize;

use super::error::StoreError;
use super::{Store, crowds, migrate, run_blocking};
use crate::clock::{self, Millis};
use crate::platform::Id;
use crate::private_file::{create_private_folder, open_private};

/// How many snapshots are kept.
const MOST: usize = 100;
/// For how long the deliveries under way are waited for. An attempt takes ten seconds at most.
const ATTEMPTS_END: Duration = Duration::from_secs(15);
/// What a store that was filled when it began is reset to.
const START: &str = "start";
const SUFFIX: &str = ".sqlite";

/// The name of a snapshot: letters, digits, `-` and `_`, so that it is a file name too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SnapshotName(String);

impl SnapshotName {
    const LONGEST: usize = 64;

    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(is_part) {
            return Ok(Self(text.to_owned()));
        }
        let most = Self::LONGEST;
        Err(StoreError::Invalid(format!(
            "the name of a snapshot has 1 to {most} letters, digits, `-` and `_`, such as `before-import`"
        )))
    }
}

/// A snapshot that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) name: String,
    /// How much room it takes.
    pub(crate) bytes: u64,
    pub(crate) taken: Millis,
}

/// Where snapshots are kept.
pub(super) enum Shelf {
    Memory(Mutex<BTreeMap<String, (Connection, Millis)>>),
    Folder(PathBuf),
}

impl Store {
    /// The snapshots that there are, by name.
    pub(crate) async fn snapshots(&self) -> Result<Vec<Snapshot>, StoreError> {
        let inner = self.0.clone();
        run_blocking(move || inner.shelf.list()).await
    }

    /// Keeps all there is now under a name, in the place of what had the name before.
    pub(crate) async fn take_snapshot(&self, name: SnapshotName) -> Result<Snapshot, StoreError> {
        if name.0 == START {
            return Err(StoreError::Invalid(format!("`{START}` is the name of what a reset brings back")));
        }
        self.keep(name).await
    }

    /// Keeps what a reset brings back.
    pub(super) async fn keep_start(&self) -> Result<(), StoreError> {
        self.keep(SnapshotName(START.to_owned())).await.map(drop)
    }

    async fn keep(&self, name: SnapshotName) -> Result<Snapshot, StoreError> {
        let writer = self.0.writer.clone().lock_owned().await;
        let inner = self.0.clone();
        run_blocking(move || {
            is_at_rest(&writer, None)?;
            inner.shelf.put(&name.0, &writer)
        })
        .await
    }

    /// Removes a snapshot.
    pub(crate) async fn remove_snapshot(&self, name: SnapshotName) -> Result<(), StoreError> {
        let inner = self.0.clone();
        run_blocking(move || inner.shelf.remove(&name.0)).await
    }

    /// Brings back what was kept under a name. Numbers are given again from there on.
    pub(crate) async fn restore(&self, name: SnapshotName) -> Result<(), StoreError> {
        self.replace(move |shelf| shelf.get(&name.0)?.ok_or(StoreError::NoSnapshot(name.0))).await
    }

    /// Brings back the contents that the store was filled with when it began, or makes it as a new one is.
    pub(crate) async fn reset(&self) -> Result<(), StoreError> {
        self.replace(|shelf| match shelf.get(START)? {
            Some(start) => Ok(start),
            None => {
                let mut new = Connection::open_in_memory()?;
                migrate::migrate(&mut new)?;
                Ok(new)
            }
        })
        .await
    }

    /// Puts other contents into the place of all there is. No delivery is under way meanwhile: its outcome would be noted for
    /// another one with its number.
    async fn replace(
        &self,
        find: impl FnOnce(&Shelf) -> Result<Connection, StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let gate = self.0.delivering.clone().write_owned();
        let Ok(gate) = tokio::time::timeout(ATTEMPTS_END, gate).await else {
            return Err(StoreError::Busy("deliveries are under way; try again when they have ended".to_owned()));
        };
        let mut writer = self.0.writer.clone().lock_owned().await;
        let inner = self.0.clone();
        run_blocking(move || {
            let _gate = gate;
            is_at_rest(&writer, None)?;
            let mut contents = find(&inner.shelf)?;
            // Written by an earlier version of this program perhaps, or by a later one, which is refused.
            migrate::migrate(&mut contents)?;
            copy(&contents, &mut writer)?;
            crowds::forget(&writer)?;
            // What it is about is gone.
            drop(inner.statistics.all());
            inner.outcomes.send_replace(());
            Ok(())
        })
        .await
    }
}

/// Imports and copies, those of one database or all of them, go on from what they have noted, so they must not find something
/// else there.
pub(super) fn is_at_rest(connection: &Connection, database: Option<Id>) -> Result<(), StoreError> {
    let sql = "SELECT (SELECT count(*) FROM imports WHERE status IN ('ready', 'running') \
                       AND (?1 IS NULL OR database = ?1)), \
                      (SELECT count(*) FROM copies WHERE ?1 IS NULL OR ?1 IN (source, target))";
    let (imports, copies): (u64, u64) = connection.query_row(sql, [database], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if imports + copies == 0 {
        return Ok(());
    }
    Err(StoreError::Busy(format!(
        "{imports} imports and {copies} copies have not ended; try again when they have, or stop the imports"
    )))
}

fn copy(from: &Connection, to: &mut Connection) -> Result<(), StoreError> {
    // All pages in one step, so that nobody sees a part of them.
    match Backup::new(from, to)?.step(-1)? {
        StepResult::Done => Ok(()),
        // Somebody else has opened the file.
        _ => Err(StoreError::Busy("the store is in use by another program; try again when it has ended".to_owned())),
    }
}

impl Shelf {
    /// The one of a store in a folder, or in memory.
    pub(super) fn of(folder: Option<&Path>) -> Self {
        folder.map_or_else(|| Self::Memory(Mutex::default()), |folder| Self::Folder(folder.join("snapshots")))
    }

    fn put(&self, name: &str, contents: &Connection) -> Result<Snapshot, StoreError> {
        if self.list()?.iter().filter(|kept| kept.name != name).count() >= MOST {
            return Err(StoreError::Busy(format!("{MOST} snapshots are kept already; remove one")));
        }
        match self {
            Self::Memory(kept) => {
                let mut copied = Connection::open_in_memory()?;
                copy(contents, &mut copied)?;
                let snapshot = Snapshot { name: name.to_owned(), bytes: size(&copied)?, taken: clock::real_now() };
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.insert(name.to_owned(), (copied, snapshot.taken));
                Ok(snapshot)
            }
            Self::Folder(folder) => {
                create_private_folder(folder).map_err(at(folder))?;
                // Whole or not at all.
                let unfinished = tempfile::TempDir::with_prefix_in(".unfinished-", folder).map_err(at(folder))?;
                let file = unfinished.path().join("snapshot");
                open_private(&file).map_err(at(&file))?;
                let mut copied = Connection::open(&file)?;
                copy(contents, &mut copied)?;
                // One file, with nothing beside it.
                copied.pragma_update(None, "journal_mode", "DELETE")?;
                copied.close().map_err(|(_, error)| error)?;
                let path = folder.join(format!("{name}{SUFFIX}"));
                fs::rename(&file, &path).map_err(at(&path))?;
                snapshot_of(&path)?.ok_or_else(|| StoreError::NoSnapshot(name.to_owned()))
            }
        }
    }

    /// A copy in memory, or the file; whoever gets it may change the one and the other.
    fn get(&self, name: &str) -> Result<Option<Connection>, StoreError> {
        match self {
            Self::Memory(kept) => {
                let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let Some((contents, _)) = kept.get(name) else { return Ok(None) };
                let mut copied = Connection::open_in_memory()?;
                copy(contents, &mut copied)?;
                Ok(Some(copied))
            }
            Self::Folder(folder) => {
                let path = folder.join(format!("{name}{SUFFIX}"));
                if snapshot_of(&path)?.is_none() {
                    return Ok(None);
                }
                Ok(Some(Connection::open(&path)?))
            }
        }
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        let missing = || StoreError::NoSnapshot(name.to_owned());
        match self {
            Self::Memory(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.remove(name).map(drop).ok_or_else(missing)
            }
            Self::Folder(folder) => {
                let path = folder.join(format!("{name}{SUFFIX}"));
                match fs::remove_file(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing()),
                    result => result.map_err(at(&path)),
                }
            }
        }
    }

    fn list(&self) -> Result<Vec<Snapshot>, StoreError> {
        match self {
            Self::Memory(kept) => {
                let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let snapshot = |(name, (contents, taken)): (&String, &(Connection, Millis))| {
                    Ok(Snapshot { name: name.clone(), bytes: size(contents)?, taken: *taken })
                };
                kept.iter().map(snapshot).collect()
            }
            Self::Folder(folder) => {
                let entries = match fs::read_dir(folder) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                    entries => entries.map_err(at(folder))?,
                };
                let mut snapshots = Vec::new();
                for entry in entries {
                    snapshots.extend(snapshot_of(&entry.map_err(at(folder))?.path())?);
                }
                snapshots.sort_by(|one, other| one.name.cmp(&other.name));
                Ok(snapshots)
            }
        }
    }
}

/// How many bytes a database in memory has.
fn size(contents: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    Ok(contents.query_row(sql, [], |row| row.get(0))?)
}

/// The snapshot that a file is, if it is one.
fn snapshot_of(path: &Path) -> Result<Option<Snapshot>, StoreError> {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(SUFFIX));
    let Some(Ok(SnapshotName(name))) = name.map(SnapshotName::parse) else { return Ok(None) };
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(at(path))?,
    };
    let taken = clock::millis(metadata.modified().map_err(at(path))?);
    Ok(metadata.is_file().then_some(Snapshot { name, bytes: metadata.len(), taken }))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    |cause| StoreError::Io { path, cause }
}
