//! What the layer costs a receiver on axum, on a real connection.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};

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

use crate::measure::{median, microseconds, raw_key, rounded, seconds_each, thread_seconds};
use crate::support::{Callback, TARGET};

const BATCH: usize = 200;
const ROUNDS: usize = 40;
/// How many requests are sent before the answers are read.
const AT_ONCE: usize = 20;

/// The processor time that a request costs a server with the layer, less that without it, against a bare RSA verification
/// and a bare SHA-256 of the same body.
///
/// The bare ones run in a tight loop, with the processor's caches to themselves. What they take in a handler of the same
/// server, between its other work, is told besides; and what a layer costs that reads the body, passes it on, and does
/// nothing else.
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
        "ratio": rounded(of(|round| (round.layered - round.plain) / round.bare), 3),
        "with_us": microseconds(of(|round| round.layered)),
        "without_us": microseconds(of(|round| round.plain)),
        "layer_that_does_nothing_us": microseconds(of(|round| round.idle - round.plain)),
        "bare_us": microseconds(of(|round| round.bare)),
        "bare_in_a_server_us": microseconds(of(|round| round.inside - round.plain)),
        "ratio_in_a_server": rounded(of(|round| (round.layered - round.plain) / (round.inside - round.plain)), 3),
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

/// A server on a thread of its own, which tells how long it has run, and one connection to it.
struct Server {
    ask: tokio::sync::mpsc::UnboundedSender<mpsc::Sender<f64>>,
    connection: TcpStream,
}

impl Server {
    fn start(router: Router) -> Self {
        let (ask, mut asked) = tokio::sync::mpsc::unbounded_channel::<mpsc::Sender<f64>>();
        let (started, address) = mpsc::channel::<SocketAddr>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
                started.send(listener.local_addr().expect("an address")).expect("somebody waits");
                tokio::spawn(async move { axum::serve(listener, router).await });
                while let Some(answer) = asked.recv().await {
                    let _ = answer.send(thread_seconds());
                }
            });
        });
        let connection = TcpStream::connect(address.recv().expect("an address")).expect("a connection");
        connection.set_nodelay(true).expect("a connection");
        Self { ask, connection }
    }

    fn has_run(&self) -> f64 {
        let (answer, answered) = mpsc::channel();
        self.ask.send(answer).expect("the server runs");
        answered.recv().expect("an answer")
    }

    /// The processor time per request. Some are sent at a time, as a server under load finds them: one that sleeps between
    /// two requests, or has to wake its client, pays more for that than for the rest.
    fn seconds_each(&mut self, requests: &[Vec<u8>]) -> f64 {
        let before = self.has_run();
        for some in requests.chunks(AT_ONCE) {
            self.connection.write_all(&some.concat()).expect("sent");
            let mut answers = Vec::new();
            while count(&answers) < some.len() {
                let mut part = [0; 4096];
                let length = self.connection.read(&mut part).expect("answers");
                assert!(length > 0, "{}", answers.escape_ascii());
                answers.extend_from_slice(&part[..length]);
            }
        }
        (self.has_run() - before) / requests.len() as f64
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
