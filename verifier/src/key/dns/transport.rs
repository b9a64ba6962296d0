//! UDP sockets that belong to one name server.
//!
//! The resolver's own sockets take packets from anybody and look at the sender afterwards. Connected ones leave that to the
//! system, and they are told when nobody listens at the name server's port: a lookup then fails at once and the next server
//! is asked, where it would otherwise wait for its deadline.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioHandle, TokioRuntimeProvider, TokioTime};
use tokio::io::{Interest, ReadBuf};
use tokio::net::UdpSocket;

/// How one lookup reaches name servers. What it starts in the background ends with it.
#[derive(Clone, Default)]
pub(super) struct Transport(TokioRuntimeProvider);

impl RuntimeProvider for Transport {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = ConnectedUdp;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        bind: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        self.0.connect_tcp(server, bind, timeout)
    }

    fn bind_udp(
        &self,
        local: SocketAddr,
        server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Udp>>>> {
        Box::pin(async move {
            let socket = UdpSocket::bind(local).await?;
            socket.connect(server).await?;
            Ok(ConnectedUdp { socket, server })
        })
    }
}

type Receiving<'a> = Pin<Box<dyn Future<Output = io::Result<(usize, SocketAddr)>> + Send + 'a>>;

/// A socket that sends to one address and hears from no other.
pub(super) struct ConnectedUdp {
    socket: UdpSocket,
    server: SocketAddr,
}

impl DnsUdpSocket for ConnectedUdp {
    type Time = TokioTime;

    fn poll_recv_from(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(self.socket.poll_recv(cx, &mut buffer))?;
        Poll::Ready(Ok((buffer.filled().len(), self.server)))
    }

    /// The same as polling, but an error wakes it: by itself a socket that is told of one is not readable.
    fn recv_from<'socket, 'buffer, 'both>(&'socket self, buffer: &'buffer mut [u8]) -> Receiving<'both>
    where
        'socket: 'both,
        'buffer: 'both,
    {
        Box::pin(async move {
            loop {
                let ready = self.socket.ready(Interest::READABLE | Interest::ERROR).await?;
                if ready.is_error() {
                    if let Some(error) = self.socket.take_error()? {
                        return Err(error);
                    }
                    // Somebody else has taken it; to wait for the next one the mark must go.
                    let _ = self.socket.try_io(Interest::ERROR, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
                }
                match self.socket.try_recv(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    received => return Ok((received?, self.server)),
                }
            }
        })
    }

    /// The target is always the server that the socket was made for; a connected socket takes no other.
    fn poll_send_to(&self, cx: &mut Context<'_>, packet: &[u8], _target: SocketAddr) -> Poll<io::Result<usize>> {
        self.socket.poll_send(cx, packet)
    }
}
