//! Key pairs in files: `<selector>.pem`, PKCS#8, readable by their owner only.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use callback_verifier::sign::{PrivateKey, PrivateKeyError};
use serde::{Deserialize, Serialize};

use super::ring::{Entry, Ring};
use super::{KeyPair, generate};
use crate::clock::Millis;
use crate::private_file::{create_private_folder, write_private};

/// A key file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    #[error("cannot read or write `{}`: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
    #[error("`{}` is not usable: {cause}; move it away to have a new key pair made", path.display())]
    Key { path: PathBuf, cause: PrivateKeyError },
    #[error("`{}` cannot be read: {cause}; remove it, and the newest key signs alone", path.display())]
    Ring { path: PathBuf, cause: String },
}

/// The pair of the newest selector, and when it was written: months come in order, and so do the numbers behind them.
pub(super) fn newest(folder: &Path) -> Result<Option<(String, PrivateKey, SystemTime)>, KeyFileError> {
    let io = |cause| KeyFileError::Io { path: folder.to_owned(), cause };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let mut newest: Option<String> = None;
    for entry in entries {
        let path = entry.map_err(io)?.path();
        let selector = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_key = path.extension().is_some_and(|extension| extension == "pem");
        if is_key && newest.as_ref().is_none_or(|newest| age(newest) < age(&selector)) {
            newest = Some(selector);
        }
    }
    let Some(selector) = newest else { return Ok(None) };
    let path = path_of(folder, &selector);
    let private = read(&path)?;
    let made = fs::metadata(&path).and_then(|metadata| metadata.modified()).map_err(io)?;
    Ok(Some((selector, private, made)))
}

/// What selectors are put in order by: `2026-9`, `2026-11`, `2026-11-2`, `2026-11-10`, and then those that are no months.
fn age(selector: &str) -> Vec<(bool, Option<u64>, &str)> {
    let of = |part: &'_ str| part.parse().ok();
    selector.split('-').map(|part| (of(part).is_none(), of(part), part)).collect()
}

pub(super) fn path_of(folder: &Path, selector: &str) -> PathBuf {
    folder.join(format!("{selector}.pem"))
}

pub(super) fn read(path: &Path) -> Result<PrivateKey, KeyFileError> {
    let text = fs::read_to_string(path).map_err(|cause| KeyFileError::Io { path: path.to_owned(), cause })?;
    generate::read(&text).map_err(|cause| KeyFileError::Key { path: path.to_owned(), cause })
}

/// How a key is remembered beside its file. Times are by the publisher's clock, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) selector: String,
    made: Millis,
    from: Millis,
    until: Option<Millis>,
    revoked: bool,
}

impl Kept {
    /// The clock may have been ahead when it was kept, and is not kept with it: nothing was made later than now, and whether a key
    /// of the future was in DNS already nobody knows, so that it is.
    pub(super) fn entry(self, pair: Arc<KeyPair>, now: Millis) -> Entry {
        let Self { selector, made, from, until, revoked } = self;
        let ahead = made.saturating_sub(now).max(0);
        let (made, from) = (made - ahead, if ahead > 0 { from.min(now) } else { from });
        let until = until.map(|until| until.saturating_sub(ahead));
        Entry { selector, pair, made, from, until, revoked }
    }
}

/// Where it is kept what becomes of each key. Without it, the newest one signs and is in DNS, and no other.
const RING: &str = "ring.json";

/// The keys that are remembered, oldest first; `None` if there has never been a second one.
pub(super) fn kept(folder: &Path) -> Result<Option<Vec<Kept>>, KeyFileError> {
    let path = folder.join(RING);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(KeyFileError::Io { path, cause }),
    };
    match serde_json::from_slice::<Vec<Kept>>(&text) {
        Ok(kept) if !kept.is_empty() => Ok(Some(kept)),
        Ok(_) => Err(KeyFileError::Ring { path, cause: "it has no key".to_owned() }),
        Err(error) => Err(KeyFileError::Ring { path, cause: error.to_string() }),
    }
}

/// Remembers all keys, or leaves what was there.
pub(super) fn keep_ring(folder: &Path, ring: &Ring) -> Result<(), KeyFileError> {
    let path = folder.join(RING);
    let mut kept: Vec<Kept> = ring
        .newest_first()
        .map(|Entry { selector, made, from, until, revoked, .. }| Kept {
            selector: selector.clone(),
            made: *made,
            from: *from,
            until: *until,
            revoked: *revoked,
        })
        .collect();
    kept.reverse();
    let written =
        serde_json::to_string_pretty(&kept).map_err(io::Error::from).and_then(|text| write_private(&path, &text));
    written.map_err(|cause| KeyFileError::Io { path, cause })
}

/// Writes a new pair; whether it could, which it cannot if there is a file of that name. The file appears whole or not at all.
pub(super) fn keep(folder: &Path, selector: &str, pem: &str) -> Result<bool, KeyFileError> {
    let path = path_of(folder, selector);
    let written = (|| {
        create_private_folder(folder)?;
        // A temporary file is created with mode 0600, and keeps it when it is renamed.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(pem.as_bytes())?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(&path) {
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
            Ok(_) => Ok(true),
        }
    })();
    written.map_err(|cause| KeyFileError::Io { path, cause })
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn the_newest_selector_is_that_of_the_last_month_with_the_highest_number() {
        let mut selectors = ["2026-11-10", "2026-11", "2027-01", "2026-11-2", "2026-09", "chosen"];
        selectors.sort_by(|a, b| age(a).cmp(&age(b)));
        assert_eq!(selectors, ["2026-09", "2026-11", "2026-11-2", "2026-11-10", "2027-01", "chosen"]);
    }
}
