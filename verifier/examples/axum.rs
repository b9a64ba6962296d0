//! A receiver of callbacks on axum. Its settings: `ACCOUNT`, `PUBLIC_HOST`, `NAMESERVER`, `LISTEN`.

use std::{env, error::Error, time::SystemTime};

use axum::extract::{Request, State};
use axum::{Router, body, http::StatusCode, routing::post};
use callback_verifier::{DnsKeys, Rejection, RequestHead, Verifier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name, default: &str| env::var(name).unwrap_or(default.to_owned());
    let account = setting("ACCOUNT", "1234").parse()?;
    let mut verifier = Verifier::builder(account).host(&setting("PUBLIC_HOST", "hooks.example.com"));
    if let Ok(name_server) = env::var("NAMESERVER") {
        verifier = verifier.keys(DnsKeys::with_name_servers(&[name_server.parse()?])?); // default: the system's
    }
    let router = Router::new().route("/hook", post(hook)).with_state(verifier.build()?);
    let listener = tokio::net::TcpListener::bind(setting("LISTEN", "127.0.0.1:8080")).await?;
    Ok(axum::serve(listener, router).await?)
}

async fn hook(State(verifier): State<Verifier>, request: Request) -> Result<&'static str, StatusCode> {
    let (parts, body) = request.into_parts();
    // A forgery ends here, its body unread.
    let head = verifier.verify_head(&RequestHead::from(&parts), SystemTime::now()).await.map_err(refused)?;
    let limit = usize::try_from(verifier.policy().max_body).unwrap_or(usize::MAX);
    let body = body::to_bytes(body, limit).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let verified = head.verify_body(body).map_err(refused)?;
    println!("{} {}", verified.account(), String::from_utf8_lossy(verified.body()));
    Ok("ok")
}

/// The reason is for the log. A stranger gets the status of its class and learns nothing; 503 asks to try again.
fn refused(rejection: Rejection) -> StatusCode {
    eprintln!("{}: {rejection}", rejection.code());
    StatusCode::from_u16(rejection.class().status()).unwrap_or(StatusCode::UNAUTHORIZED)
}
