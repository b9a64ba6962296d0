//! An authoritative name server for a zone of keys, on UDP and TCP.
//!
//! It answers for the zone and nothing else: what is outside is `REFUSED`, what does not exist `NXDOMAIN`, and a name that
//! exists without the type that was asked for has no data.

mod forgery;
mod names;
mod spoilt;
mod zone;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::proto::ProtoError;
use hickory_server::proto::op::{Edns, LowerQuery, MessageType, Metadata, OpCode, ResponseCode};
use hickory_server::proto::rr::RecordType;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};

use super::{Keyring, Stranger};
use crate::clock::Clock;
use crate::faults::Faults;
pub(crate) use forgery::{Forgery, Guess};
pub(crate) use names::{Names, Told};
use spoilt::Delivery;
pub(crate) use zone::zone_file_line;
use zone::{Answer, Zone};

/// How long a TCP connection may be idle.
const TCP_TIMEOUT: Duration = Duration::from_secs(5);
/// How many answers may wait on a TCP connection.
const TCP_BUFFER: usize = 32;
/// No larger answer goes out by UDP, so that none is fragmented (DNS flag day 2020).
const MAX_UDP_PAYLOAD: u16 = 1232;
/// How often a free port is looked for that is free for UDP and TCP alike.
const PORT_ATTEMPTS: u32 = 16;

/// A running name server.
pub(crate) struct DnsServer {
    server: Server<Handler>,
    address: SocketAddr,
}

impl DnsServer {
    /// Begins to serve the keys of a keyring. Port 0 means any port that is free for both transports.
    pub(crate) async fn start(address: SocketAddr, keyring: Keyring, clock: Clock, faults: Faults) -> io::Result<Self> {
        Self::serve(address, Contents::Keys { keyring, clock, faults, stranger: Stranger::default() }).await
    }

    /// Begins to serve names that somebody sets.
    pub(crate) async fn start_with(address: SocketAddr, names: Names) -> io::Result<Self> {
        Self::serve(address, Contents::Names(names)).await
    }

    async fn serve(address: SocketAddr, contents: Contents) -> io::Result<Self> {
        let (udp, tcp) = bind(address).await?;
        let address = udp.local_addr()?;
        // What cannot be a zone is found out before anybody asks.
        contents.zone().map_err(io::Error::other)?;
        let udp = udp.into_std()?;
        let mut server = Server::new(Handler { contents, datagrams: udp.try_clone()? });
        server.register_socket(UdpSocket::from_std(udp)?);
        server.register_listener(tcp, TCP_TIMEOUT, TCP_BUFFER);
        Ok(Self { server, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops; what is being answered is answered.
    pub(crate) async fn stop(mut self) {
        if let Err(error) = self.server.shutdown_gracefully().await {
            tracing::warn!(%error, "the name server did not stop cleanly");
        }
    }
}

/// Both sockets on one port.
async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut attempt = 1;
    loop {
        let udp = UdpSocket::bind(address).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            // The port that UDP was given may be taken for TCP; another one may not.
            Err(error) if address.port() != 0 || attempt == PORT_ATTEMPTS => return Err(error),
            Err(_) => attempt += 1,
        }
    }
}

/// What is served.
enum Contents {
    Keys { keyring: Keyring, clock: Clock, faults: Faults, stranger: Stranger },
    Names(Names),
}

impl Contents {
    /// As it is now.
    fn zone(&self) -> Result<Zone, ProtoError> {
        match self {
            Self::Keys { keyring, clock, .. } => {
                let records = keyring.records(clock.now()).into_iter();
                let told = |text: String| Told { records: vec![text.into_bytes()], ..Told::default() };
                Zone::of(keyring.zone().as_str(), records.map(|(name, text)| (name.to_string(), told(text))))
            }
            Self::Names(names) => Zone::of(names.zone.as_str(), names.all().into_iter()),
        }
    }
}

struct Handler {
    contents: Contents,
    /// Where answers by UDP come from.
    datagrams: std::net::UdpSocket,
}

impl Handler {
    /// Lets an answer be as somebody has made it up, and sends what he lets come before it.
    fn forge(&self, forgery: &Forgery, answer: &mut Answer, request: &Request, query: &LowerQuery) -> io::Result<()> {
        forgery.mixed_into(answer).map_err(io::Error::other)?;
        if request.protocol() == Protocol::Udp
            && let Some(datagram) = forgery.sent_before(request.metadata.id, query).map_err(io::Error::other)?
        {
            self.datagrams.send_to(&datagram, request.src())?;
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        let (mut answers, mut authority) = (Vec::new(), None);
        metadata.response_code = match request.request_info() {
            Err(_) => ResponseCode::FormErr,
            Ok(_) if request.metadata.message_type != MessageType::Query => ResponseCode::FormErr,
            // RFC 6891 section 6.1.3
            Ok(_) if request.edns.as_ref().is_some_and(|edns| edns.version() > 0) => ResponseCode::BADVERS,
            Ok(_) if request.metadata.op_code != OpCode::Query => ResponseCode::NotImp,
            Ok(info) => {
                self.contents.count(info.query);
                let mut answer = match self.contents.zone() {
                    Ok(zone) => zone.answer(info.query),
                    Err(_) => Answer { code: ResponseCode::ServFail, records: Vec::new(), authority: None },
                };
                if info.query.query_type() == RecordType::TXT && !answer.records.is_empty() {
                    let is_udp = request.protocol() == Protocol::Udp;
                    match self.contents.spoil(&mut answer, is_udp).await {
                        Delivery::Whole => {}
                        Delivery::Truncated => metadata.truncation = true,
                        Delivery::Never => {
                            return hickory_server::proto::op::Header { metadata, counts: Default::default() }.into();
                        }
                    }
                    if let Some(forgery) = self.contents.forgery(&info.query.name().to_string())
                        && let Err(error) = self.forge(&forgery, &mut answer, request, info.query)
                    {
                        tracing::error!(%error, "a DNS answer could not be forged");
                    }
                }
                metadata.authoritative = answer.code != ResponseCode::Refused;
                answers = answer.records;
                authority = answer.authority;
                answer.code
            }
        };
        // Who asks with EDNS is answered with EDNS, and by UDP with no more than both sides take (RFC 6891 section 6.1.1).
        let edns = request.edns.as_ref().map(|asked| {
            let mut edns = Edns::new();
            edns.set_max_payload(asked.max_payload().min(MAX_UDP_PAYLOAD));
            edns
        });
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &edns {
            builder.edns(edns);
        }
        let response = builder.build(metadata, answers.iter(), [], authority.as_ref(), []);
        match response_handle.send_response(response).await {
            Ok(info) => info,
            Err(error) => {
                tracing::debug!(%error, "a DNS answer could not be sent");
                hickory_server::proto::op::Header { metadata, counts: Default::default() }.into()
            }
        }
    }
}
