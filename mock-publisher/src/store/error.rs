use std::io;
use std::path::PathBuf;

use crate::platform::Id;

/// What the store could not do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("no database `{0}`")]
    NoDatabase(String),
    #[error("no profile {0}")]
    NoProfile(Id),
    #[error("profile {0} has already been removed")]
    ProfileRemoved(Id),
    #[error("no callback {0}")]
    NoCallback(Id),
    #[error("no delivery {0}")]
    NoDelivery(Id),
    #[error("cannot use `{}`: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
    #[error("another publisher is using `{}`; stop it, or choose another folder with `--data`", folder.display())]
    Locked { folder: PathBuf },
    #[error(
        "the data was written by a newer version of this program (its format is {found}, this one knows {known}); \
         use that version, or choose another folder with `--data`"
    )]
    Newer { found: u32, known: u32 },
    #[error("the data is damaged: {0}; move it away, or choose another folder with `--data`")]
    Damaged(String),
    #[error("the database failed: {0}")]
    Sqlite(rusqlite::Error),
    #[error("no random numbers are to be had: {0}")]
    Random(#[from] getrandom::Error),
    #[error("the publisher is stopping")]
    Stopped,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

impl StoreError {
    /// A row that no version of this program wrote.
    pub(super) fn row(what: &str, value: &str) -> Self {
        Self::Damaged(format!("`{value}` is no {what}"))
    }
}
