//! How the receiver asks for keys.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

use super::receiver::{LATER, NO, Refusal};

const PATIENCE: Duration = Duration::from_millis(1500);

/// The TXT records of a name, or of the one that its alias leads to.
pub(super) async fn records(name: &str, server: SocketAddr) -> Result<(Vec<String>, Duration), Refusal> {
    let answers = answers(name, server).await?;
    let mut wanted = vec![absolute(name)?];
    for record in &answers {
        if let RData::CNAME(alias) = &record.data
            && wanted.contains(&record.name)
        {
            wanted.push(alias.0.clone());
        }
    }
    let own: Vec<Record> = answers.into_iter().filter(|record| wanted.contains(&record.name)).collect();
    Ok(texts(&own))
}

/// All TXT records of an answer that is one. (A mistake.)
pub(super) async fn records_of_any_name(name: &str, server: SocketAddr) -> Result<(Vec<String>, Duration), Refusal> {
    datagram(name, server, |question, answer| {
        answer.metadata.id == question.metadata.id
            && answer.metadata.message_type == MessageType::Response
            && answer.queries == question.queries
    })
    .await
}

/// The TXT records of whatever comes back first. (A mistake.)
pub(super) async fn first_datagram(name: &str, server: SocketAddr) -> Result<(Vec<String>, Duration), Refusal> {
    datagram(name, server, |_, _| true).await
}

async fn datagram(
    name: &str,
    server: SocketAddr,
    is_answer: impl Fn(&Message, &Message) -> bool,
) -> Result<(Vec<String>, Duration), Refusal> {
    let mut question = Message::query();
    question.add_query(Query::query(absolute(name)?, RecordType::TXT));
    let mut edns = Edns::new();
    edns.set_max_payload(4096);
    question.set_edns(edns);
    let exchange = async {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.ok()?;
        socket.send_to(&question.to_vec().ok()?, server).await.ok()?;
        loop {
            let mut bytes = vec![0; 4096];
            let (length, _) = socket.recv_from(&mut bytes).await.ok()?;
            let answer = Message::from_vec(&bytes[..length]).ok()?;
            if is_answer(&question, &answer) {
                return Some(answer);
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, exchange).await.ok().flatten().ok_or(LATER)?;
    if ![ResponseCode::NoError, ResponseCode::NXDomain].contains(&answer.metadata.response_code)
        || answer.metadata.truncation
    {
        return Err(LATER);
    }
    Ok(texts(&answer.answers))
}

async fn answers(name: &str, server: SocketAddr) -> Result<Vec<Record>, Refusal> {
    let connection = |mut config: ConnectionConfig| {
        config.port = server.port();
        config
    };
    let connections = vec![connection(ConnectionConfig::udp()), connection(ConnectionConfig::tcp())];
    let servers = vec![NameServerConfig::new(server.ip(), true, connections)];
    let mut options = ResolverOpts::default();
    (options.cache_size, options.attempts, options.timeout) = (0, 1, PATIENCE);
    let resolver = TokioResolver::builder_with_config(
        ResolverConfig::from_parts(None, Vec::new(), servers),
        TokioRuntimeProvider::default(),
    )
    .with_options(options)
    .build()
    .map_err(|_| LATER)?;
    match resolver.lookup(absolute(name)?, RecordType::TXT).await {
        Ok(found) => Ok(found.answers().to_vec()),
        Err(error) if error.is_no_records_found() || error.is_nx_domain() => Err(NO),
        Err(_) => Err(LATER),
    }
}

fn absolute(name: &str) -> Result<Name, Refusal> {
    Name::from_ascii(format!("{name}.")).map_err(|_| NO)
}

/// And how long they may be kept.
fn texts(records: &[Record]) -> (Vec<String>, Duration) {
    let lives = records.iter().map(|record| record.ttl).min().unwrap_or_default();
    (records.iter().filter_map(text).collect(), Duration::from_secs(lives.into()))
}

fn text(record: &Record) -> Option<String> {
    let RData::TXT(text) = &record.data else { return None };
    let bytes: Vec<u8> = text.txt_data.iter().flat_map(|part| part.to_vec()).collect();
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
