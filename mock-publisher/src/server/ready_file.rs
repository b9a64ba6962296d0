use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Config, Publisher};
use crate::private_file::write_private;
use crate::tls::{TlsError, Trust};

/// What a running publisher tells other programs: where it is, and how to get in. The file is readable by its owner only,
/// appears whole once everything is ready, and is removed when the publisher stops.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ReadyFile {
    /// The HTTP server, such as `http://127.0.0.1:7070`.
    pub(crate) url: String,
    /// `host:port` of it.
    pub(crate) http: String,
    /// `host:port` of the name server, UDP and TCP.
    pub(crate) dns: String,
    pub(crate) access_token: String,
    pub(crate) account: u64,
    /// The name of the key that signs.
    pub(crate) key_id: String,
    /// The data folder; `null` if nothing is kept.
    pub(crate) data: Option<PathBuf>,
    /// The certificate of the authority that the server has its own from; `null` without TLS.
    pub(crate) ca: Option<PathBuf>,
}

impl ReadyFile {
    pub(crate) fn of(publisher: &Publisher, config: &Config) -> Self {
        Self {
            url: publisher.url.clone(),
            http: publisher.http.to_string(),
            dns: publisher.dns.to_string(),
            access_token: publisher.token.as_str().to_owned(),
            account: config.account,
            key_id: publisher.keyring.signing().name.to_string(),
            data: config.data.clone(),
            ca: publisher.authority.as_ref().map(|authority| authority.file().to_owned()),
        }
    }

    /// Whom to believe when calling the publisher.
    pub(crate) fn trust(&self) -> Result<Trust, TlsError> {
        self.ca.as_deref().map_or_else(|| Ok(Trust::nobody()), Trust::only)
    }

    /// Where a publisher with this data folder leaves the file.
    pub(crate) fn path_in(data: &Path) -> PathBuf {
        data.join("ready.json")
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        write_private(path, &format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let ready: Self = serde_json::from_slice(&std::fs::read(path)?)?;
        // Whoever calls it shows a token, and the file may have come with a folder that somebody else made.
        let is_near = |uri: http::Uri| {
            let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
            Some(host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()))
        };
        match ready.url.parse().ok().and_then(is_near) {
            Some(true) => Ok(ready),
            _ => Err(io::Error::other("it names a server that is not on this machine")),
        }
    }
}
