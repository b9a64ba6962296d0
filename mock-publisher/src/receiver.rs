//! The receiver that comes with the program: what an integrator would write, and a channel that tells the verdicts.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use callback_verifier::axum::VerifiedCallback;
use callback_verifier::{DnsKeys, Rejection, Verifier, Zone};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::tls::{Authority, Listener, scheme};

/// What the receiver found.
pub(crate) type Verdict = Result<(), Rejection>;

type Verdicts = mpsc::UnboundedSender<(String, Verdict)>;

/// A receiver that has an address, and does not serve yet: the publisher that it will trust need not run.
pub(crate) struct ReceiverSocket {
    /// Such as `http://127.0.0.1:8080`.
    pub(crate) url: String,
    address: SocketAddr,
    listener: TcpListener,
}

impl ReceiverSocket {
    pub(crate) async fn bind(with_tls: bool) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for the receiver")?;
        let address = listener.local_addr()?;
        Ok(Self { url: format!("{}://{address}", scheme(with_tls)), address, listener })
    }

    /// Takes the callbacks of an account, with the keys of a zone that a name server has. A publisher with TLS lends its authority.
    pub(crate) fn serve(
        self,
        account: u64,
        zone: &Zone,
        name_server: SocketAddr,
        authority: Option<&Authority>,
    ) -> anyhow::Result<Receiver> {
        let verifier = Verifier::builder(account)
            .host(&self.address.to_string())
            .zone(zone.as_str())
            .keys(DnsKeys::with_name_servers(&[name_server])?)
            .build()?;
        let (sender, verdicts) = mpsc::unbounded_channel();
        let router = Router::new()
            .fallback(|VerifiedCallback(_): VerifiedCallback| async { "ok" })
            .layer(verifier.layer())
            .layer(middleware::from_fn_with_state(sender, tell));
        let (stop, stopped) = oneshot::channel();
        let listener =
            Listener::new(self.listener, authority.map(|authority| authority.server(self.address.ip())).transpose()?);
        let server = axum::serve(listener, router).with_graceful_shutdown(async move {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        Ok(Receiver { url: self.url, verdicts, stop, server })
    }
}

pub(crate) struct Receiver {
    /// Such as `http://127.0.0.1:8080`.
    pub(crate) url: String,
    verdicts: mpsc::UnboundedReceiver<(String, Verdict)>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Receiver {
    /// The next verdict, and the path of the request.
    pub(crate) async fn next_verdict(&mut self, within: Duration) -> anyhow::Result<(String, Verdict)> {
        let next = tokio::time::timeout(within, self.verdicts.recv()).await;
        next.context("the receiver was not called in time")?.context("the receiver has stopped")
    }

    /// Where it is, in a line for people.
    pub(crate) fn introduction(&self) -> String {
        format!("receiver   {}   verifies with the key from that DNS\n", self.url)
    }

    /// From now on refusals are logged, and no verdicts told.
    pub(crate) fn log_refusals(&mut self) {
        let (_, nothing_more) = mpsc::unbounded_channel();
        let mut verdicts = std::mem::replace(&mut self.verdicts, nothing_more);
        tokio::spawn(async move {
            while let Some((path, verdict)) = verdicts.recv().await {
                if let Err(rejection) = verdict {
                    tracing::warn!(path, code = rejection.code(), "the receiver refused a callback: {rejection}");
                }
            }
        });
    }

    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.server.await;
    }
}

/// Tells the verdict, which the layer leaves in the extensions of its answer.
async fn tell(State(verdicts): State<Verdicts>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let verdict = response.extensions().get::<Rejection>().cloned().map_or(Ok(()), Err);
    // Nobody listens any more when the demonstration is over.
    let _ = verdicts.send((path, verdict));
    response
}
