use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use callback_verifier::{DnsKeys, Rejection, RequestHead, Verifier};
use http_body_util::BodyExt;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{PATIENCE, Publisher};

/// A receiver on a free port, as an integrator would write it: it verifies what comes in with the key from the publisher's
/// DNS, and takes nothing twice. What it answers depends on the path: `/answer/503` that status, `/first/2/503` the same to the
/// first two that come there, `/fails/20` 500 to each twentieth, `/busy/9` once that it wants to be left alone for 9 seconds, `/limited/100` the verdict to a hundred
/// a second, one after the other, `/varying/400` (or after such a limit) the verdict after anything up to 400 ms, `/redirect` a
/// redirect, `/never` nothing, and any other path the verdict.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    received: mpsc::Receiver<Received>,
    shared: Shared,
    // Ends with the receiver.
    _runtime: Runtime,
}

/// A callback that came in.
#[derive(Debug)]
pub(crate) struct Received {
    /// `POST /path?query`
    pub(crate) request: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) verdict: Result<(), Rejection>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no `{name}`"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

#[derive(Clone)]
struct Shared {
    verifier: Arc<RwLock<Option<Verifier>>>,
    /// While it is true, requests come in and wait for their answer.
    held: Arc<watch::Sender<bool>>,
    received: mpsc::Sender<Received>,
    /// How many came to each path.
    came: Arc<Mutex<HashMap<String, usize>>>,
    /// How much later its clock is.
    offset: Arc<Mutex<Duration>>,
    /// How many more are answered before all wait, if somebody has said.
    left: Arc<Mutex<Option<usize>>>,
    /// When the next one is answered that comes to a limited path.
    turn: Arc<Mutex<Option<Instant>>>,
}

impl Receiver {
    /// One that takes the callbacks of a publisher.
    pub(crate) fn of(publisher: &Publisher) -> Self {
        let receiver = Self::start();
        receiver.trust(publisher);
        receiver
    }

    /// One that does not know its publisher yet.
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::channel();
        let shared = Shared {
            verifier: Arc::default(),
            held: Arc::new(watch::Sender::new(false)),
            received: sender,
            came: Arc::default(),
            offset: Arc::default(),
            left: Arc::default(),
            turn: Arc::default(),
        };
        let router = Router::new().fallback(receive).with_state(shared.clone());
        runtime.spawn(axum::serve(listener, router).into_future());
        Self { address, received, shared, _runtime: runtime }
    }

    /// Takes the callbacks of account 1234 with the keys from a publisher's DNS.
    pub(crate) fn trust(&self, publisher: &Publisher) {
        let zone = publisher.key_id.split_once("._domainkey.").unwrap().1;
        let verifier = Verifier::builder(1234)
            .host(&self.address.to_string())
            .zone(zone)
            .keys(DnsKeys::with_name_servers(&[publisher.dns]).unwrap())
            .build();
        *self.shared.verifier.write().unwrap() = Some(verifier.unwrap());
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on its clock is so much later than it really is.
    pub(crate) fn later_by(&self, time: Duration) {
        *self.shared.offset.lock().unwrap() = time;
    }

    /// From now on requests wait for their answer.
    pub(crate) fn hold(&self) {
        self.shared.held.send_replace(true);
    }

    /// So many requests are still answered, and then they wait.
    pub(crate) fn hold_after(&self, count: usize) {
        *self.shared.left.lock().unwrap() = Some(count);
    }

    /// Answers those that wait, and whatever comes.
    pub(crate) fn release(&self) {
        self.shared.held.send_replace(false);
    }

    /// All that have come in and were not looked at.
    pub(crate) fn rest(&self) -> Vec<Received> {
        self.received.try_iter().collect()
    }

    /// The next callback that comes in.
    #[track_caller]
    pub(crate) fn next(&self) -> Received {
        self.received.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no callback came in"))
    }

    /// The next callback, if one is there already.
    pub(crate) fn next_if_there(&self) -> Option<Received> {
        self.received.try_recv().ok()
    }

    /// The next callback, which must be genuine.
    #[track_caller]
    pub(crate) fn next_verified(&self) -> Received {
        let received = self.next();
        assert_eq!(received.verdict, Ok(()), "{received:#?}");
        received
    }

    /// Checks that everything that came in was looked at.
    #[track_caller]
    pub(crate) fn expect_nothing_more(&self) {
        if let Some(received) = self.next_if_there() {
            panic!("one callback too many: {received:#?}");
        }
    }
}

async fn receive(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let verifier = shared.verifier.read().unwrap().clone();
    let now = SystemTime::now() + *shared.offset.lock().unwrap();
    let verdict = verify(&verifier.unwrap(), &RequestHead::from(&parts), &body, now).await;
    let status = match &verdict {
        Ok(()) => StatusCode::OK,
        Err(rejection) => StatusCode::from_u16(rejection.class().status()).unwrap(),
    };
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let request = format!("{} {}", parts.method, parts.uri);
    // Nobody listens any more when the test is over.
    let _ = shared.received.send(Received { request, headers, body: body.to_vec(), verdict });
    if let Some(left) = shared.left.lock().unwrap().as_mut() {
        match left.checked_sub(1) {
            Some(fewer) => *left = fewer,
            None => drop(shared.held.send_replace(true)),
        }
    }
    let _ = shared.held.subscribe().wait_for(|held| !held).await;
    let before = {
        let mut came = shared.came.lock().unwrap();
        let count = came.entry(parts.uri.path().to_owned()).or_default();
        *count += 1;
        *count - 1
    };
    if let Some(("", limit)) = parts.uri.path().split_once("/limited/") {
        let limit = limit.split('/').next().unwrap();
        let turn = {
            let mut next = shared.turn.lock().unwrap();
            let turn = next.unwrap_or_else(Instant::now).max(Instant::now());
            *next = Some(turn + Duration::from_secs_f64(1.0 / limit.parse::<f64>().unwrap()));
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
    if let Some(("", every)) = parts.uri.path().split_once("/fails/")
        && (before + 1) % every.parse::<usize>().unwrap() == 0
    {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if let Some((_, longest)) = parts.uri.path().split_once("/varying/") {
        // Anything up to the longest, as evenly as a hash is.
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(before);
        tokio::time::sleep(Duration::from_millis(hash % longest.parse::<u64>().unwrap())).await;
    }
    answer(parts.uri.path(), before, status).await
}

async fn verify(verifier: &Verifier, head: &RequestHead<'_>, body: &[u8], now: SystemTime) -> Result<(), Rejection> {
    let verified = verifier.verify_head(head, now).await?.verify_body(body)?;
    verifier.claim(&verified, now).await?.commit().await.unwrap();
    Ok(())
}

/// `before` have come to this path before.
async fn answer(path: &str, before: usize, verdict: StatusCode) -> Response {
    let status = |text: &str| StatusCode::from_bytes(text.as_bytes()).unwrap();
    match path.split('/').collect::<Vec<_>>()[..] {
        ["", "answer", always] => status(always).into_response(),
        ["", "first", count, first] if before < count.parse().unwrap() => (status(first), "not yet").into_response(),
        ["", "busy", seconds] if before == 0 => {
            (StatusCode::SERVICE_UNAVAILABLE, [("Retry-After", seconds)], Body::empty()).into_response()
        }
        ["", "redirect"] => (StatusCode::FOUND, [("Location", "/elsewhere")], Body::empty()).into_response(),
        ["", "never"] => std::future::pending().await,
        _ => (verdict, "seen").into_response(),
    }
}
