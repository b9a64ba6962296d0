//! A receiver of callbacks on axum. Its settings: `ACCOUNT`, `PUBLIC_HOST`, `NAMESERVER`, `LISTEN`.

use std::{env, error::Error};

use axum::{Router, routing::post};
use callback_verifier::{DnsKeys, Verifier, axum::VerifiedCallback};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init(); // says why a request was refused
    let setting = |name, default: &str| env::var(name).unwrap_or(default.to_owned());
    let account = setting("ACCOUNT", "1234").parse()?;
    let mut verifier = Verifier::builder(account).host(&setting("PUBLIC_HOST", "hooks.example.com"));
    if let Ok(name_server) = env::var("NAMESERVER") {
        verifier = verifier.keys(DnsKeys::with_name_servers(&[name_server.parse()?])?); // default: the system's
    }
    let router = Router::new().route("/hook", post(hook)).layer(verifier.build()?.layer());
    let listener = tokio::net::TcpListener::bind(setting("LISTEN", "127.0.0.1:8080")).await?;
    Ok(axum::serve(listener, router).await?)
}

/// Called once for each genuine callback. Any answer but 2xx lets the sender try again.
async fn hook(VerifiedCallback(callback): VerifiedCallback) -> &'static str {
    println!("{} {} {} {:?}", callback.action(), callback.entity(), callback.id(), callback.fields().get("city"));
    "ok"
}
