//! One question, put to the name servers: which of them, in what order, for how long, and what their answer means.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts};
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequestOptions, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::transport::Transport;
use super::{DnsSetupError, TTL_CEILING};
use crate::key::{KeyError, KeyName, KeySet};
use crate::wire::Excerpt;

/// A question is given up after this long.
pub(super) const DEADLINE: Duration = Duration::from_secs(3);
/// The next name server is asked when the last one has been silent for this long; sooner if there are so many that the last
/// would have no time left.
const SILENCE: Duration = Duration::from_secs(1);
/// A key is published at most this many aliases away from its name.
const MAX_ALIASES: usize = 8;

/// The name servers that are asked.
///
/// Each question has sockets of its own, and nothing of it outlives the runtime that it is asked in: a store may be used
/// from several, one after the other or at once.
pub(super) struct NameServers {
    servers: Vec<NameServerConfig>,
    context: Arc<PoolContext>,
    /// The one that answered last is asked first, so that a dead one costs its [`SILENCE`] once.
    first: AtomicUsize,
}

impl NameServers {
    pub(super) fn system() -> Result<Self, DnsSetupError> {
        let (config, _) = hickory_resolver::system_conf::read_system_conf().map_err(setup_error)?;
        Self::new(config.name_servers().to_vec())
    }

    pub(super) fn at(addresses: &[SocketAddr]) -> Result<Self, DnsSetupError> {
        let servers = addresses.iter().map(|address| {
            let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            connections.iter_mut().for_each(|connection| connection.port = address.port());
            NameServerConfig::new(address.ip(), true, connections)
        });
        Self::new(servers.collect())
    }

    fn new(servers: Vec<NameServerConfig>) -> Result<Self, DnsSetupError> {
        if servers.is_empty() {
            return Err(DnsSetupError("there is no name server".to_owned()));
        }
        let mut options = ResolverOpts::default();
        options.case_randomization = true;
        options.timeout = DEADLINE;
        options.num_concurrent_reqs = 1;
        let context = PoolContext::new(options, TlsConfig::new().map_err(setup_error)?);
        Ok(Self { servers, context: Arc::new(context), first: AtomicUsize::new(0) })
    }

    /// Asks one server after the other, until one has an answer that counts: keys, or that there are none.
    pub(super) async fn ask(&self, name: &KeyName) -> Result<KeySet, KeyError> {
        // The trailing dot makes it the name itself, not one in the system's search list.
        // What DNS cannot name (a label that begins with a hyphen) it has no key for.
        let name = Name::from_ascii(format!("{name}.")).map_err(|_| KeyError::NotFound)?;
        timeout(DEADLINE, self.ask_in_turn(name)).await.unwrap_or_else(|_| Err(no_answer()))
    }

    async fn ask_in_turn(&self, name: Name) -> Result<KeySet, KeyError> {
        let count = self.servers.len();
        let silence = SILENCE.min(DEADLINE / u32::try_from(count).unwrap_or(u32::MAX));
        let first = self.first.load(Ordering::Relaxed);
        let mut turns = self.servers.iter().enumerate().cycle().skip(first).take(count);
        let mut asked = JoinSet::new();
        let mut failure = no_answer();
        loop {
            let patience = match turns.next() {
                Some((index, server)) => {
                    let pool =
                        NameServerPool::from_config([server.clone()], self.context.clone(), Transport::default());
                    let name = name.clone();
                    asked.spawn(async move { (index, resolve(&pool, name).await) });
                    silence
                }
                None => DEADLINE,
            };
            match timeout(patience, asked.join_next()).await {
                Ok(Some(Ok((_, Err(KeyError::Temporary(reason)))))) => failure = KeyError::Temporary(reason),
                Ok(Some(Ok((index, answer)))) => {
                    self.first.store(index, Ordering::Relaxed);
                    return answer;
                }
                Ok(Some(Err(lost))) => failure = temporary(lost),
                Ok(None) => return Err(failure),
                Err(_) => {}
            }
        }
    }
}

/// The keys of a name, from one server, which is asked again where an alias leads out of its answer.
async fn resolve(server: &NameServerPool<Transport>, name: Name) -> Result<KeySet, KeyError> {
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    options.recursion_desired = true;
    let mut owner = name;
    let mut time_to_live = TTL_CEILING;
    let mut aliases = 0;
    loop {
        let question = Query::query(owner.clone(), RecordType::TXT);
        let answer = server.lookup(question, options).first_answer().await.map_err(lookup_error)?;
        match answer.metadata.response_code {
            ResponseCode::NoError => {}
            // Of the last name in a chain (RFC 6604 section 3).
            ResponseCode::NXDomain => return Err(KeyError::NotFound),
            other => return Err(temporary(format!("the name server answered {other}"))),
        }
        let followed = aliases;
        while let Some((target, seconds)) = alias(&answer.answers, &owner) {
            aliases += 1;
            if aliases > MAX_ALIASES {
                return Err(temporary(format!("more than {MAX_ALIASES} aliases, or they lead in a circle")));
            }
            time_to_live = time_to_live.min(Duration::from_secs(seconds.into()));
            owner = target.clone();
        }
        let mut records = Vec::new();
        for record in &answer.answers {
            // The resolver hands over an answer as it is, with records that nobody asked for.
            if let RData::TXT(txt) = &record.data
                && record.name == owner
            {
                time_to_live = time_to_live.min(Duration::from_secs(record.ttl.into()));
                records.push(txt.txt_data.concat());
            }
        }
        if records.is_empty() && aliases == followed && !denies(&answer.authorities) {
            return Err(referral());
        }
        if !records.is_empty() || aliases == followed {
            return KeySet::from_records(records.iter().map(Vec::as_slice), time_to_live);
        }
    }
}

fn alias<'a>(answers: &'a [Record], name: &Name) -> Option<(&'a Name, u32)> {
    answers.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if record.name == *name => Some((&target.0, record.ttl)),
        _ => None,
    })
}

/// Whether an answer without the records that were asked for says that there are none (RFC 2308 section 2.2). One that only
/// names other name servers does not: it is a referral, from a server that does not know.
fn denies(authorities: &[Record]) -> bool {
    let holds = |kind| authorities.iter().any(|record| record.record_type() == kind);
    holds(RecordType::SOA) || !holds(RecordType::NS)
}

fn referral() -> KeyError {
    KeyError::Temporary("the name server sent a referral, not an answer".to_owned())
}

fn setup_error(error: impl std::fmt::Display) -> DnsSetupError {
    DnsSetupError(error.to_string())
}

pub(super) fn no_answer() -> KeyError {
    KeyError::Temporary(format!("no answer within {} s", DEADLINE.as_secs()))
}

fn temporary(error: impl std::fmt::Display) -> KeyError {
    // It may quote the name, which is a stranger's.
    KeyError::Temporary(Excerpt::from(error.to_string().as_str()).as_str().to_owned())
}

/// Only an answer that says "there is none" is permanent; everything else may pass.
fn lookup_error(error: NetError) -> KeyError {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => KeyError::NotFound,
            ResponseCode::NoError if denies(none.authorities.as_deref().unwrap_or_default()) => KeyError::NotFound,
            ResponseCode::NoError => referral(),
            other => temporary(format!("the name server answered {other}")),
        },
        NetError::Timeout => no_answer(),
        NetError::NoConnections => KeyError::Temporary("the name server cannot be reached".to_owned()),
        other => temporary(other),
    }
}
