//! A receiver that puts callbacks into a queue and answers at once, so that a sender never waits for what is done with them.
//!
//! The queue is bounded: when it is full, the answer is 503 and the sender's retry is let in. This one lives in memory, so a
//! crash loses what it holds; where that matters, put the bytes into a durable queue and answer when it has them.
//!
//! Its settings: `ACCOUNT`, `PUBLIC_HOST`, `NAMESERVER`, `LISTEN`, `QUEUE` (how many callbacks it holds, default 10000).

use std::{env, error::Error};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use callback_verifier::{Callback, DnsKeys, Verifier, axum::VerifiedCallback};
use tokio::sync::mpsc::{Receiver, Sender, channel};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let setting = |name, default: &str| env::var(name).unwrap_or(default.to_owned());
    let account = setting("ACCOUNT", "1234").parse()?;
    let mut verifier = Verifier::builder(account).host(&setting("PUBLIC_HOST", "hooks.example.com"));
    if let Ok(name_server) = env::var("NAMESERVER") {
        verifier = verifier.keys(DnsKeys::with_name_servers(&[name_server.parse()?])?);
    }
    let (queue, queued) = channel(setting("QUEUE", "10000").parse::<usize>()?.max(1));
    let worker = tokio::spawn(work(queued));
    let router = Router::new().route("/hook", post(enqueue)).layer(verifier.build()?.layer()).with_state(queue);
    let listener = tokio::net::TcpListener::bind(setting("LISTEN", "127.0.0.1:8080")).await?;
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    Ok(worker.await?) // the router is gone and with it the queue's other end, so the worker ends when it has done the rest
}

/// The callback was handled when the queue has it.
async fn enqueue(State(queue): State<Sender<Callback>>, VerifiedCallback(callback): VerifiedCallback) -> StatusCode {
    match queue.try_send(callback) {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn work(mut queue: Receiver<Callback>) {
    while let Some(callback) = queue.recv().await {
        println!("{} {} {} {:?}", callback.action(), callback.entity(), callback.id(), callback.fields().get("city"));
    }
}
