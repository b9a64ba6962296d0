use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Config, Publisher};

/// What a running publisher tells other programs: where it is, and how to get in. The file is readable by its owner only,
/// appears whole once everything is ready, and is removed when the publisher stops.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ReadyFile {
    /// `host:port` of the HTTP server.
    pub(crate) http: String,
    /// `host:port` of the name server, UDP and TCP.
    pub(crate) dns: String,
    pub(crate) access_token: String,
    pub(crate) account: u64,
    /// The name of the key that signs.
    pub(crate) key_id: String,
    /// The data folder; `null` if nothing is kept.
    pub(crate) data: Option<PathBuf>,
}

impl ReadyFile {
    pub(crate) fn of(publisher: &Publisher, config: &Config) -> Self {
        Self {
            http: publisher.http.to_string(),
            dns: publisher.dns.to_string(),
            access_token: publisher.token.as_str().to_owned(),
            account: config.account,
            key_id: publisher.keyring.signing().name.to_string(),
            data: config.data.clone(),
        }
    }

    /// Where a publisher with this data folder leaves the file.
    pub(crate) fn path_in(data: &Path) -> PathBuf {
        data.join("ready.json")
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        write_private(path, &format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }
}

/// Writes a file whole or not at all, with mode 0600.
pub(super) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file is created with mode 0600, and keeps it when it is renamed.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
