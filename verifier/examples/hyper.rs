//! A receiver on plain hyper, without the layer: the stages one by one, as in any HTTP server.
//!
//! Its settings: `ACCOUNT`, `PUBLIC_HOST`, `NAMESERVER`, `LISTEN`.

use std::convert::Infallible;
use std::{env, error::Error, time::Duration, time::SystemTime};

use callback_verifier::{Callback, DnsKeys, Rejection, RequestHead, Verified, Verifier};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::RETRY_AFTER;
use hyper::{Request, Response, StatusCode, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::timeout;

const BODY_DEADLINE: Duration = Duration::from_secs(30);

type Answer = Response<Empty<Bytes>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name, default: &str| env::var(name).unwrap_or(default.to_owned());
    let account = setting("ACCOUNT", "1234").parse()?;
    let mut verifier = Verifier::builder(account).host(&setting("PUBLIC_HOST", "hooks.example.com"));
    if let Ok(name_server) = env::var("NAMESERVER") {
        verifier = verifier.keys(DnsKeys::with_name_servers(&[name_server.parse()?])?);
    }
    let verifier = verifier.build()?;
    let listener = tokio::net::TcpListener::bind(setting("LISTEN", "127.0.0.1:8080")).await?;
    loop {
        let connection = match listener.accept().await {
            Ok((connection, _)) => connection,
            Err(error) => {
                eprintln!("{error}"); // too many open files, for example: not for ever
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let verifier = verifier.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&verifier, request));
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
            if let Err(error) = server.serve_connection(TokioIo::new(connection), service).await {
                eprintln!("{error}");
            }
        });
    }
}

async fn answer(verifier: &Verifier, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let mut answer = Answer::default();
    *answer.status_mut() = match receive(verifier, request).await {
        Ok(status) => status,
        Err(rejection) => {
            eprintln!("refused: {}: {rejection}", rejection.code()); // for the log; a stranger sees the status only
            if let Some(seconds) = rejection.retry_after() {
                answer.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            StatusCode::from_u16(rejection.class().status()).unwrap_or(StatusCode::UNAUTHORIZED)
        }
    };
    Ok(answer)
}

async fn receive(verifier: &Verifier, request: Request<Incoming>) -> Result<StatusCode, Rejection> {
    let (parts, body) = request.into_parts();
    // Steps 1 to 10. A forgery ends here, its body unread.
    let head = verifier.verify_head(&RequestHead::from(&parts), SystemTime::now()).await?;
    // Step 11. What is read has a limit and a time.
    let limit = verifier.policy().max_body;
    let body = Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX));
    let body = timeout(BODY_DEADLINE, body.collect()).await;
    let body = body.map_err(|_| Rejection::BodyTooSlow { limit: BODY_DEADLINE.as_secs() })?;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => Rejection::BodyTooLarge { limit },
        false => Rejection::BodyUnreadable,
    })?;
    let verified = head.verify_body(body.to_bytes())?;
    // Step 12. Dropped before it is committed, the claim lets the same request in again.
    let claim = verifier.claim(&verified, SystemTime::now()).await?;
    let handled = handle(&verified);
    if handled.is_success()
        && let Err(error) = claim.commit().await
    {
        eprintln!("a handled callback could not be remembered: {error}");
    }
    Ok(handled)
}

fn handle(verified: &Verified<Bytes>) -> StatusCode {
    match verified.callback() {
        Ok(callback) => print(&callback),
        Err(error) => {
            eprintln!("the payload cannot be decoded: {error}");
            return StatusCode::UNPROCESSABLE_ENTITY;
        }
    }
    StatusCode::NO_CONTENT
}

fn print(callback: &Callback) {
    println!("{} {} {} {:?}", callback.action(), callback.entity(), callback.id(), callback.fields().get("city"));
}
