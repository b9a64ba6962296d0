//! The demonstration's receiver: what an integrator would write, and a channel that tells the verdicts.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use callback_verifier::{DnsKeys, Rejection, RequestHead, Verifier};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// What the receiver found.
pub(super) type Verdict = Result<(), Rejection>;

pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    verdicts: mpsc::UnboundedReceiver<(String, Verdict)>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

#[derive(Clone)]
struct Shared {
    verifier: Verifier,
    verdicts: mpsc::UnboundedSender<(String, Verdict)>,
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
        let router = Router::new().fallback(receive).with_state(Shared { verifier, verdicts: sender });
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

async fn receive(State(shared): State<Shared>, request: Request) -> StatusCode {
    let path = request.uri().path().to_owned();
    let verdict = verify(&shared.verifier, request).await;
    let status = match &verdict {
        Ok(()) => StatusCode::OK,
        Err(rejection) => StatusCode::from_u16(rejection.class().status()).unwrap_or(StatusCode::UNAUTHORIZED),
    };
    // Nobody listens any more when the demonstration is over.
    let _ = shared.verdicts.send((path, verdict));
    status
}

/// The head first, so that a forgery is refused before its body is read.
async fn verify(verifier: &Verifier, request: Request) -> Verdict {
    let (parts, mut body) = request.into_parts();
    let head = verifier.verify_head(&RequestHead::from(&parts), SystemTime::now()).await?;
    let mut verifying = head.body();
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            verifying.update(data)?;
        }
    }
    verifying.finish().map(drop)
}
