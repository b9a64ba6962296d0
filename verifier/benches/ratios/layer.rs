//! What the layer costs a receiver on axum, on a real connection.

use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::signature::ParsedPublicKey;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::post;
use callback_verifier::Verifier;
use callback_verifier::wire::SigningString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::measure::{median, microseconds, raw_key, rounded, seconds_each, thread_seconds};
use crate::support::{Callback, TARGET};

const BATCH: usize = 40;
const ROUNDS: usize = 250;
/// How many requests are sent before the answers are read.
const AT_ONCE: usize = 20;

/// The processor time that a request costs a server with the layer, less that without it, against what a bare RSA
/// verification and a bare SHA-256 of the same body cost in a handler of that server.
///
/// In a loop the bare ones take less, with the processor's caches to themselves and no system call in between. The ratio to
/// that is told besides; and what a layer costs that reads the body, passes it on, and does nothing else.
pub(crate) fn layer_overhead(verifier: &Verifier, callback: &Callback) -> Value {
    let requests: Vec<Vec<u8>> =
        (0..ROUNDS * BATCH).map(|n| raw(&Callback::with_nonce(&format!("layer-{n:012}")))).collect();
    let mut with = Server::start(router().layer(verifier.layer()));
    let mut without = Server::start(router());
    let (signing_string, signature) = callback.signed();
    let key = raw_key(callback);
    let mut idle = Server::start(router().layer(axum::middleware::from_fn(read_and_pass_on)));
    let mut bare_inside = Server::start(bare_router(raw_key(callback), callback.signed()));
    let mut rounds = Vec::new();
    for batch in requests.chunks(BATCH) {
        let layered = with.seconds_each(batch);
        let plain = without.seconds_each(batch);
        let idle = idle.seconds_each(batch);
        let inside = bare_inside.seconds_each(batch);
        let bare = seconds_each(BATCH as u32, || {
            key.verify_sig(black_box(signing_string.as_bytes()), &signature).expect("a good signature");
            black_box(Sha256::digest(black_box(&callback.body)));
        });
        rounds.push(Round { layered, plain, idle, inside, bare });
    }
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    json!({
        "ratio": rounded(of(|round| (round.layered - round.plain) / (round.inside - round.plain)), 3),
        "ratio_to_a_loop": rounded(of(|round| (round.layered - round.plain) / round.bare), 3),
        "with_us": microseconds(of(|round| round.layered)),
        "without_us": microseconds(of(|round| round.plain)),
        "bare_us": microseconds(of(|round| round.inside - round.plain)),
        "bare_in_a_loop_us": microseconds(of(|round| round.bare)),
        "layer_that_does_nothing_us": microseconds(of(|round| round.idle - round.plain)),
    })
}

/// Seconds per request.
struct Round {
    layered: f64,
    plain: f64,
    idle: f64,
    inside: f64,
    bare: f64,
}

fn router() -> Router {
    Router::new().route("/hook", post(|body: Bytes| async move { body.len().to_string() }))
}

async fn read_and_pass_on(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Does with each request what no verifier can do without.
fn bare_router(key: ParsedPublicKey, (signing_string, signature): (SigningString, Vec<u8>)) -> Router {
    let (key, signing_string) = (Arc::new(key), Arc::new(signing_string));
    let handler = move |body: Bytes| async move {
        key.verify_sig(black_box(signing_string.as_bytes()), &signature).expect("a good signature");
        black_box(Sha256::digest(black_box(&body)));
        body.len().to_string()
    };
    Router::new().route("/hook", post(handler))
}

/// A callback as it stands on the wire.
fn raw(callback: &Callback) -> Vec<u8> {
    let mut raw = format!("POST {TARGET} HTTP/1.1\r\n").into_bytes();
    for (name, value) in &callback.headers {
        raw.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    raw.extend([b"\r\n", &callback.body[..]].concat());
    raw
}

/// A server, and one connection to it from the same thread: a client on another processor would wake up for each answer, and
/// the server would pay for that.
struct Server {
    runtime: Runtime,
    connection: TcpStream,
}

impl Server {
    fn start(router: Router) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let connection = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tokio::spawn(async move { axum::serve(listener, router).await });
            TcpStream::connect(address).await.expect("a connection")
        });
        connection.set_nodelay(true).expect("a connection");
        Self { runtime, connection }
    }

    /// The processor time per request, with what the client takes. Some are sent at a time, as a server under load finds
    /// them: one that sleeps between two requests pays more for that than for the rest.
    fn seconds_each(&mut self, requests: &[Vec<u8>]) -> f64 {
        let before = thread_seconds();
        for some in requests.chunks(AT_ONCE) {
            self.runtime.block_on(exchange(&mut self.connection, some));
        }
        (thread_seconds() - before) / requests.len() as f64
    }
}

async fn exchange(connection: &mut TcpStream, requests: &[Vec<u8>]) {
    connection.write_all(&requests.concat()).await.expect("sent");
    let mut answers = Vec::new();
    while count(&answers) < requests.len() {
        let length = connection.read_buf(&mut answers).await.expect("answers");
        assert!(length > 0, "{}", answers.escape_ascii());
    }
}

/// How many requests were answered. All must be genuine.
fn count(answers: &[u8]) -> usize {
    let statuses = answers.windows(9).filter(|window| *window == b"HTTP/1.1 ").count();
    let accepted = answers.windows(13).filter(|window| *window == b"HTTP/1.1 200 ").count();
    assert!(statuses - accepted <= 1, "{}", answers.escape_ascii());
    // The last one is there when its body is: a length in three digits.
    if answers.ends_with(b"\r\n\r\n400") { accepted } else { accepted.saturating_sub(1) }
}
