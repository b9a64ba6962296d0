//! Key pairs in files: `<selector>.pem`, PKCS#8, readable by their owner only.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use callback_verifier::sign::{PrivateKey, PrivateKeyError};

use crate::private_file::create_private_folder;

/// A key file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    #[error("cannot read or write `{}`: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
    #[error("`{}` is not usable: {cause}; move it away to have a new key pair made", path.display())]
    Key { path: PathBuf, cause: PrivateKeyError },
}

/// The pair of the last selector in alphabetical order, which for months is the newest.
pub(super) fn newest(folder: &Path) -> Result<Option<(String, PrivateKey)>, KeyFileError> {
    let io = |cause| KeyFileError::Io { path: folder.to_owned(), cause };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let mut newest: Option<PathBuf> = None;
    for entry in entries {
        let path = entry.map_err(io)?.path();
        let is_key = path.extension().is_some_and(|extension| extension == "pem");
        if is_key && newest.as_ref().is_none_or(|newest| *newest < path) {
            newest = Some(path);
        }
    }
    newest.map(read).transpose()
}

fn read(path: PathBuf) -> Result<(String, PrivateKey), KeyFileError> {
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(cause) => return Err(KeyFileError::Io { path, cause }),
    };
    let selector = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match PrivateKey::from_pem(&text) {
        Ok(private) => Ok((selector, private)),
        Err(cause) => Err(KeyFileError::Key { path, cause }),
    }
}

/// Writes a new pair. The file appears whole or not at all; if another process was faster, its pair is the one.
pub(super) fn keep(folder: &Path, selector: &str, pem: &str) -> Result<(String, PrivateKey), KeyFileError> {
    let path = folder.join(format!("{selector}.pem"));
    let written = (|| {
        create_private_folder(folder)?;
        // A temporary file is created with mode 0600, and keeps it when it is renamed.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(pem.as_bytes())?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(&path) {
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
            _ => Ok(()),
        }
    })();
    match written {
        Ok(()) => read(path),
        Err(cause) => Err(KeyFileError::Io { path, cause }),
    }
}
