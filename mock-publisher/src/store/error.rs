use std::io;
use std::path::PathBuf;

use crate::platform::{EntityRef, Id, Kind};

/// What the store could not do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("no database `{0}`")]
    NoDatabase(String),
    #[error("no collection `{0}`")]
    NoCollection(String),
    #[error("no field `{0}`")]
    NoField(String),
    #[error("no interest {0}")]
    NoInterest(Id),
    #[error("no {0}")]
    NoEntity(EntityRef),
    #[error("{0} has already been removed")]
    Removed(EntityRef),
    #[error("no callback {0}")]
    NoCallback(Id),
    #[error("no delivery {0}")]
    NoDelivery(Id),
    #[error("no change {0}")]
    NoChange(Id),
    #[error("no import {0}")]
    NoImport(Id),
    #[error("no link {0}")]
    NoLink(Id),
    #[error("no snapshot `{0}`")]
    NoSnapshot(String),
    /// What was asked for makes no sense, and why.
    #[error("{0}")]
    Invalid(String),
    /// Something else must end first.
    #[error("{0}")]
    Busy(String),
    /// Too much of the same is on its way already.
    #[error("{0}")]
    Full(String),
    #[error("cannot use `{}`: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
    #[error(
        "the store has data already, and a scenario is loaded into a fresh one; choose another folder with `--data`, or \
         `--in-memory`; to go on with the data, leave `--scenario` out and give its [switches] as flags"
    )]
    NotFresh,
    #[error("another publisher is using `{}`; stop it, or choose another folder with `--data`", folder.display())]
    Locked { folder: PathBuf },
    #[error(
        "the data was written by a newer version of this program (its format is {found}, this one knows {known}); \
         use that version, or choose another folder with `--data`"
    )]
    Newer { found: u32, known: u32 },
    #[error("the data is damaged: {0}; move it away, or choose another folder with `--data`")]
    Damaged(String),
    /// There is no room for more.
    #[error(
        "there is no room for more data: make room on the disk, or raise `--max-store`; `--keep-deliveries` and `--keep-for` \
         let the log of deliveries forget"
    )]
    NoRoom,
    #[error("the database failed: {0}")]
    Sqlite(rusqlite::Error),
    #[error("no random numbers are to be had: {0}")]
    Random(#[from] getrandom::Error),
    #[error("the publisher is stopping")]
    Stopped,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(error.to_string()),
            Some(DiskFull) => Self::NoRoom,
            _ => Self::Sqlite(error),
        }
    }
}

impl StoreError {
    /// A row that no version of this program wrote.
    pub(super) fn row(what: &str, value: &str) -> Self {
        Self::Damaged(format!("`{value}` is no {what}"))
    }

    /// Whether it says that there is no such profile or subprofile.
    pub(crate) fn is_no(&self, kind: Kind) -> bool {
        matches!(self, Self::NoEntity(entity) if entity.kind == kind)
    }
}
