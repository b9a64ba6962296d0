//! A publisher that runs: store, keyring, name server, dispatcher and HTTP server put together.

mod guard;
mod ready_file;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use callback_verifier::Zone;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access_token::AccessToken;
use crate::bell::Bell;
use crate::control::{self, ControlState};
use crate::dispatch::{Dispatcher, forget};
use crate::entrance::copy::Copies;
use crate::entrance::import::Imports;
use crate::entrance::{Entry, handler, import, reports, rest, soap, tracking, ui};
use crate::faults::Faults;
use crate::health::Health;
use crate::keyring::dns::DnsServer;
use crate::keyring::rotation::{Plan, Rotator};
use crate::keyring::{Keyring, KeyringError, Stranger};
use crate::local_client::LocalClient;
use crate::metrics::Metrics;
use crate::platform::Switches;
use crate::private_file;
use crate::send::{Client, TargetRules};
use crate::signers::Signers;
use crate::store::{Contents, Retention, Store, StoreError};
use crate::terms::Terms;
use crate::tls::{Authority, Listener, TlsError, Trust, scheme};
use crate::wire_profile::{Coverage, WireProfile};

use guard::Guard;
pub(crate) use ready_file::ReadyFile;

/// How long a stopping server waits for what is under way beyond what an attempt may take; a callback of its own terms may take longer.
const DRAIN: Duration = Duration::from_secs(1);

/// How a publisher is to run.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) dns: SocketAddr,
    /// Where data is kept; `None` for nowhere.
    pub(crate) data: Option<PathBuf>,
    pub(crate) account: u64,
    pub(crate) zone: Zone,
    pub(crate) wire: WireProfile,
    pub(crate) coverage: Coverage,
    pub(crate) switches: Switches,
    /// For callbacks that have none of their own.
    pub(crate) terms: Terms,
    /// The access token; `None` for the one that is kept, or a random one.
    pub(crate) access_token: Option<AccessToken>,
    pub(crate) allow_targets: Vec<String>,
    /// Whom else than the system's authorities receivers may have their certificates from.
    pub(crate) ca_files: Vec<PathBuf>,
    /// Whether the HTTP server speaks TLS, and the receiver that comes with the program.
    pub(crate) tls: bool,
    /// How long a file to be imported may be, in bytes.
    pub(crate) max_import: u64,
    /// How large the store may become, in MiB.
    pub(crate) max_store: Option<u32>,
    pub(crate) retention: Retention,
    pub(crate) rotation: Plan,
}

/// A publisher could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("`{0}` is not a loopback address; this program serves its own machine only")]
    NotLoopback(SocketAddr),
    #[error("cannot listen on `{address}`: {cause}; choose another address with `{flag}`")]
    Listen { address: SocketAddr, flag: &'static str, cause: io::Error },
    #[error("cannot use `{}`: {cause}", path.display())]
    File { path: PathBuf, cause: io::Error },
    #[error("the file `{}` holds no access token; remove it to have a new one made", .0.display())]
    Token(PathBuf),
    #[error("cannot start the threads that sign: {0}")]
    Threads(io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

/// A publisher that serves until it is stopped.
pub(crate) struct Publisher {
    pub(crate) http: SocketAddr,
    /// Such as `http://127.0.0.1:7070`.
    pub(crate) url: String,
    pub(crate) dns: SocketAddr,
    pub(crate) token: AccessToken,
    pub(crate) keyring: Keyring,
    /// With TLS.
    pub(crate) authority: Option<Authority>,
    trust: Trust,
    /// What calls receivers.
    pub(crate) caller: Client,
    stop: watch::Sender<bool>,
    /// How long what is under way is waited for.
    patience: Duration,
    dns_server: DnsServer,
    http_server: JoinHandle<()>,
    dispatcher: JoinHandle<()>,
    /// What carries out what takes longer than a call, imports and copies, and what keeps the log short.
    workers: [JoinHandle<()>; 4],
}

impl Publisher {
    pub(crate) async fn start(config: &Config) -> Result<Self, StartError> {
        Self::start_filled(config, None).await
    }

    /// Starts with a store that is filled before anybody can look at it. It must be a fresh one then.
    pub(crate) async fn start_filled(config: &Config, contents: Option<Contents>) -> Result<Self, StartError> {
        for address in [config.listen, config.dns] {
            if !address.ip().is_loopback() {
                return Err(StartError::NotLoopback(address));
            }
        }
        let now = SystemTime::now();
        let (store, keyring, token) = match &config.data {
            None => {
                let token = config.access_token.clone().map_or_else(AccessToken::random, Ok);
                let keyring = Keyring::in_memory(config.zone.clone(), config.wire, now)?;
                (Store::in_memory(config.switches)?, keyring, token.map_err(StoreError::from)?)
            }
            Some(folder) => {
                let store = Store::open(folder, config.switches)?;
                let keyring = Keyring::open(&keys_folder(folder), config.zone.clone(), config.wire, now)?;
                (store, keyring, kept_token(folder, config.access_token.clone())?)
            }
        };
        let authority = authority(config)?;
        let mut trust = Trust::system_and(&config.ca_files)?;
        if let Some(authority) = &authority {
            trust = trust.and(authority)?;
        }
        let tls = authority.as_ref().map(|authority| authority.server(config.listen.ip())).transpose()?;
        if let Some(max) = config.max_store {
            store.limit(max).await?;
        }
        let faults = Faults::default();
        let listen_error = |address, flag| move |cause| StartError::Listen { address, flag, cause };
        let listener = TcpListener::bind(config.listen).await.map_err(listen_error(config.listen, "--listen"))?;
        let http = listener.local_addr().map_err(listen_error(config.listen, "--listen"))?;
        let dns_server = DnsServer::start(config.dns, keyring.clone(), store.clock().clone(), faults.clone())
            .await
            .map_err(listen_error(config.dns, "--dns"))?;
        let signers = Signers::start().map_err(StartError::Threads)?;
        // Once nothing else can fail: who tries again must find the store as fresh as before.
        if let Some(contents) = contents {
            store.fill(contents).await?;
        }
        let waiting = store.stock().await?.outbox;
        if waiting > 0 {
            tracing::info!(waiting, "the outbox has deliveries from before, and goes on with them");
        }

        let (stop, stopping) = watch::channel(false);
        let (bell, metrics) = (Bell::default(), Metrics::new());
        let health = Health::default();
        let caller = Client::new(TargetRules::allowing(&config.allow_targets), trust.clone());
        let dispatcher = Dispatcher {
            store: store.clone(),
            keyring: keyring.clone(),
            signers,
            client: caller.clone(),
            account: config.account,
            wire: config.wire,
            coverage: config.coverage,
            terms: config.terms.clone(),
            bell: bell.clone(),
            metrics: metrics.clone(),
            faults: faults.clone(),
            health: health.clone(),
            stranger: Stranger::default(),
        };
        let dispatcher = tokio::spawn(dispatcher.run(stopping.clone()));
        let url = format!("{}://{http}", scheme(config.tls));
        let entry = Entry { store, bell, token: token.clone(), base_url: url.clone(), account: config.account };
        let (imports, importer) = Imports::start(entry.clone(), config.max_import, stopping.clone());
        let (copies, copier) = Copies::start(entry.clone(), stopping.clone());
        let housekeeper = tokio::spawn(forget(entry.store.clone(), config.retention, stopping.clone()));
        let (plan, clock) = (config.rotation.clone(), entry.store.clock().clone());
        let rotator = Rotator::new(keyring.clone(), clock, plan);
        let rotating = tokio::spawn(rotator.clone().run(stopping.clone()));
        let control = ControlState {
            store: entry.store.clone(),
            token: entry.token.clone(),
            keyring: keyring.clone(),
            rotator,
            bell: entry.bell.clone(),
            metrics,
            faults,
            health,
            stopping: stopping.clone(),
        };
        let guard = Guard { scheme: scheme(config.tls), port: http.port() };
        let router = router(entry, control, imports, copies, guard);
        let http_server = tokio::spawn(serve(Listener::new(listener, tls), router, stopping));
        let dns = dns_server.address();
        Ok(Self {
            http,
            url,
            dns,
            token,
            keyring,
            authority,
            trust,
            caller,
            stop,
            patience: config.terms.timeout.max(Duration::from_secs(10)) + DRAIN,
            dns_server,
            http_server,
            dispatcher,
            workers: [importer, copier, housekeeper, rotating],
        })
    }

    /// What a user's program would call it with.
    pub(crate) fn client(&self) -> LocalClient {
        LocalClient::new(self.url.clone(), self.trust.clone(), Some(self.token.as_str().to_owned()))
    }

    /// Where it is and how to get in, in two or three lines for people.
    pub(crate) fn introduction(&self, account: u64) -> String {
        let Self { url, dns, token, keyring, .. } = self;
        let key = keyring.signing();
        let (token, bits) = (token.as_str(), key.private.public_key().modulus_bits());
        let authority = self.authority.as_ref();
        let trusted = authority.map(|authority| format!("\ntrust      {}", authority.file().display()));
        format!(
            "publisher  {url}   account {account}   token {token}\n\
             dns        {dns}   {}   RSA-{bits}{}",
            key.name,
            trusted.unwrap_or_default()
        )
    }

    /// Stops: no new connections, no new attempts; what is under way is finished, and what is in the outbox stays there.
    pub(crate) async fn stop(self) {
        // Fails only if nobody listens any more, which is what is wanted.
        let _ = self.stop.send(true);
        let finished = async {
            let [importer, copier, housekeeper, rotator] = self.workers;
            let _ = tokio::join!(self.http_server, self.dispatcher, importer, copier, housekeeper, rotator);
        };
        if tokio::time::timeout(self.patience, finished).await.is_err() {
            tracing::warn!("gave up waiting for what is under way");
        }
        self.dns_server.stop().await;
    }
}

/// What stands where nothing else does.
const SIGNPOST: &str = "This is mock-publisher. The REST API is below /v1 to /v4 (/mock/openapi.json describes it), the SOAP API at /soap, the \
                        control API below /mock/v1 (/mock/v1/openapi.json); they want the access token that the program \
                        printed. /livez and /readyz want none.\n";

/// Where the key pairs of a data folder are.
pub(crate) fn keys_folder(data: &Path) -> PathBuf {
    data.join("keys")
}

/// With TLS: the authority that is kept in the data folder, or one for the time being.
fn authority(config: &Config) -> Result<Option<Authority>, TlsError> {
    Ok(match (&config.data, config.tls) {
        (_, false) => None,
        (Some(data), true) => Some(Authority::open(&data.join("tls"))?),
        (None, true) => Some(Authority::passing()?),
    })
}

/// All that is served.
fn router(entry: Entry, control: ControlState, imports: Imports, copies: Copies, guard: Guard) -> Router {
    let messages =
        handler::router(entry.clone()).merge(tracking::router(entry.clone())).merge(reports::router(entry.clone()));
    let uploads = import::router(entry.clone(), imports.clone());
    let rest = rest::router(entry.clone(), imports, copies);
    let (soap, ui) = (soap::router(entry.clone()), ui::router(entry));
    let control = control::router(control);
    let signposts =
        Router::new().route("/", get(async || SIGNPOST)).fallback(async || (StatusCode::NOT_FOUND, SIGNPOST));
    let all = rest.merge(soap).merge(ui).merge(messages).merge(uploads).merge(control).merge(signposts);
    all.layer(from_fn_with_state(guard, guard::same_machine)).layer(from_fn(to_its_end))
}

/// A call that has begun is carried out to its end, also if its client has gone: what it has committed must be told, and what it
/// has announced must begin.
async fn to_its_end(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a call came to no end");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn serve(listener: Listener, router: Router, mut stopping: watch::Receiver<bool>) {
    let stopped = async move {
        // An error means that the sender is gone, which means the same.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the HTTP server failed");
    }
}

/// The token that is kept in a data folder: the chosen one, the one that was kept before, or a new one.
fn kept_token(folder: &Path, chosen: Option<AccessToken>) -> Result<AccessToken, StartError> {
    let path = folder.join("access_token");
    if let Some(token) = chosen {
        return Ok(token);
    }
    match std::fs::read_to_string(&path) {
        Ok(text) => AccessToken::chosen(text.trim()).ok_or(StartError::Token(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = AccessToken::random().map_err(StoreError::from)?;
            let written = private_file::write_private(&path, token.as_str());
            written.map_err(|cause| StartError::File { path, cause })?;
            Ok(token)
        }
        Err(cause) => Err(StartError::File { path, cause }),
    }
}
