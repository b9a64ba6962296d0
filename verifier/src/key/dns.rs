use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::{KeyError, KeyName, KeySet, KeyStore, Lookup};
use crate::wire::Excerpt;

/// Keys are kept at least this long, whatever their time to live.
const TTL_FLOOR: Duration = Duration::from_secs(60);
/// Keys are kept at most this long, whatever their time to live.
const TTL_CEILING: Duration = Duration::from_secs(24 * 60 * 60);
/// A lookup is given up after this long.
const DEADLINE: Duration = Duration::from_secs(3);
/// A key is published at most this many aliases away from its name.
const MAX_ALIASES: usize = 8;
/// How many names are kept. A name is kept only if it has a key, so strangers cannot fill it.
const MAX_NAMES: usize = 1024;

/// Keys that are looked up in DNS, and kept for their time to live (at least a minute, at most a day).
///
/// Lookups need a running tokio runtime. The resolver's own cache is off, so that what is kept expires by the `now` that
/// the verifier is handed.
pub struct DnsKeys {
    resolver: TokioResolver,
    kept: RwLock<HashMap<KeyName, Kept>>,
}

struct Kept {
    keys: Arc<KeySet>,
    until: SystemTime,
}

/// The resolver could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the DNS resolver could not be set up: {0}")]
pub struct DnsSetupError(String);

impl DnsKeys {
    /// Asks the name servers that the system is configured with.
    ///
    /// # Errors
    /// [`DnsSetupError`] if the system's configuration cannot be read.
    pub fn system() -> Result<Self, DnsSetupError> {
        let (config, options) = hickory_resolver::system_conf::read_system_conf().map_err(setup_error)?;
        Self::with_config(config, options)
    }

    /// Asks these name servers only, by UDP and, where an answer is truncated, by TCP.
    ///
    /// # Errors
    /// [`DnsSetupError`] if there is none.
    pub fn with_name_servers(name_servers: &[SocketAddr]) -> Result<Self, DnsSetupError> {
        if name_servers.is_empty() {
            return Err(DnsSetupError("no name server was given".to_owned()));
        }
        let servers = name_servers.iter().map(|address| {
            let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            connections.iter_mut().for_each(|connection| connection.port = address.port());
            NameServerConfig::new(address.ip(), true, connections)
        });
        Self::with_config(ResolverConfig::from_name_servers(servers.collect()), ResolverOpts::default())
    }

    fn with_config(config: ResolverConfig, mut options: ResolverOpts) -> Result<Self, DnsSetupError> {
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.case_randomization = true;
        options.preserve_intermediates = true; // aliases are followed once more, below
        options.timeout = DEADLINE / 2;
        options.attempts = 1;
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        let resolver = builder.build().map_err(setup_error)?;
        Ok(Self { resolver, kept: RwLock::default() })
    }

    async fn resolve(&self, name: &KeyName) -> Result<KeySet, KeyError> {
        // The trailing dot keeps the resolver from trying the system's search list.
        // What DNS cannot name (a label that begins with a hyphen) it has no key for.
        let absolute = Name::from_ascii(format!("{name}.")).map_err(|_| KeyError::NotFound)?;
        let lookup = tokio::time::timeout(DEADLINE, self.resolver.lookup(absolute.clone(), RecordType::TXT))
            .await
            .map_err(|_| KeyError::Temporary(format!("no answer within {} s", DEADLINE.as_secs())))?
            .map_err(lookup_error)?;
        let owner = end_of_aliases(&absolute, lookup.answers());
        let mut records = Vec::new();
        let mut time_to_live = TTL_CEILING;
        for record in lookup.answers() {
            time_to_live = time_to_live.min(Duration::from_secs(record.ttl.into()));
            // The resolver hands over an answer as it is, with records that nobody asked for.
            if let RData::TXT(txt) = &record.data
                && record.name == *owner
            {
                records.push(txt.txt_data.concat());
            }
        }
        KeySet::from_records(records.iter().map(Vec::as_slice), time_to_live)
    }

    fn keep(&self, name: &KeyName, keys: &Arc<KeySet>, now: SystemTime) {
        let time_to_live = keys.time_to_live().unwrap_or_default().clamp(TTL_FLOOR, TTL_CEILING);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_NAMES {
            kept.retain(|_, entry| entry.until > now);
        }
        if let Some(until) = now.checked_add(time_to_live)
            && kept.len() < MAX_NAMES
        {
            kept.insert(name.clone(), Kept { keys: keys.clone(), until });
        }
    }
}

impl KeyStore for DnsKeys {
    fn cached(&self, name: &KeyName, now: SystemTime) -> Option<Arc<KeySet>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.get(name).filter(|entry| entry.until > now).map(|entry| entry.keys.clone())
    }

    fn lookup<'a>(&'a self, name: &'a KeyName, now: SystemTime) -> Lookup<'a> {
        Box::pin(async move {
            let keys = Arc::new(self.resolve(name).await?);
            self.keep(name, &keys, now);
            Ok(keys)
        })
    }
}

impl std::fmt::Debug for DnsKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DnsKeys").finish_non_exhaustive()
    }
}

/// The name that the aliases of an answer lead to, from the name that was asked for.
fn end_of_aliases<'a>(asked: &'a Name, answers: &'a [Record]) -> &'a Name {
    let alias = |name: &Name| {
        answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == *name => Some(&target.0),
            _ => None,
        })
    };
    (0..MAX_ALIASES).try_fold(asked, |name, _| alias(name).ok_or(name)).unwrap_or_else(|end| end)
}

fn setup_error(error: impl std::fmt::Display) -> DnsSetupError {
    DnsSetupError(error.to_string())
}

fn temporary(error: impl std::fmt::Display) -> KeyError {
    // It may quote the name, which is a stranger's.
    KeyError::Temporary(Excerpt::from(error.to_string().as_str()).as_str().to_owned())
}

/// Only an answer that says "there is none" is permanent; everything else may pass.
fn lookup_error(error: NetError) -> KeyError {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none))
            if matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
        {
            KeyError::NotFound
        }
        other => temporary(other),
    }
}
