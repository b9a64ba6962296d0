//! Files that an import waits in.

use std::fs::File;
use std::io;

use crate::entrance::Entry;
use crate::store::StoreError;

/// A file that is gone when nobody uses it any more; where the data is, so that it need not fit into memory.
pub(super) fn file(entry: &Entry) -> Result<File, StoreError> {
    let made = match entry.store.folder() {
        Some(folder) => tempfile::tempfile_in(folder),
        None => tempfile::tempfile(),
    };
    made.map_err(|cause| unwritable(entry, cause))
}

pub(super) fn unwritable(entry: &Entry, cause: io::Error) -> StoreError {
    StoreError::Io { path: entry.store.folder().map_or_else(std::env::temp_dir, Into::into), cause }
}
