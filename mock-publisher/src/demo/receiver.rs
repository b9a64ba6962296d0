//! The demonstration's receiver: what an integrator would write, and a channel that tells the verdicts.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use callback_verifier::axum::VerifiedCallback;
use callback_verifier::{DnsKeys, Rejection, Verifier};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// What the receiver found.
pub(super) type Verdict = Result<(), Rejection>;

type Verdicts = mpsc::UnboundedSender<(String, Verdict)>;

pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    verdicts: mpsc::UnboundedReceiver<(String, Verdict)>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Receiver {
    pub(super) async fn start(account: u64, name_server: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for the receiver")?;
        let address = listener.local_addr()?;
        let verifier = Verifier::builder(account)
            .host(&address.to_string())
            .keys(DnsKeys::with_name_servers(&[name_server])?)
            .build()?;
        let (sender, verdicts) = mpsc::unbounded_channel();
        let router = Router::new()
            .fallback(|VerifiedCallback(_): VerifiedCallback| async { "ok" })
            .layer(verifier.layer())
            .layer(middleware::from_fn_with_state(sender, tell));
        let (stop, stopped) = oneshot::channel();
        let server = axum::serve(listener, router).with_graceful_shutdown(async move {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        Ok(Self { address, verdicts, stop, server })
    }

    /// The next verdict, and the path of the request.
    pub(super) async fn next_verdict(&mut self, within: Duration) -> anyhow::Result<(String, Verdict)> {
        let next = tokio::time::timeout(within, self.verdicts.recv()).await;
        next.context("the receiver was not called in time")?.context("the receiver has stopped")
    }

    pub(super) async fn stop(self) {
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
