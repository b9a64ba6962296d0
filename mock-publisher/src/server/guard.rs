//! Keeps web pages out: a page in a browser on the same machine can send requests here, and a name of its own that it has
//! pointed at 127.0.0.1 would make them same-origin (DNS rebinding). So every request must name this server as a loopback
//! address or `localhost`, in `Host` and, if there is one, in `Origin`.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What this server is called by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard {
    /// `http` or `https`
    pub(super) scheme: &'static str,
    pub(super) port: u16,
}

pub(super) async fn same_machine(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    // In HTTP/1 only a request to a proxy has an authority in its target, and this is none.
    if request.uri().authority().is_some() {
        return refused("the request target is not a path");
    }
    let headers = request.headers();
    if !only(headers, header::HOST).is_some_and(|host| guard.is_this_server(host)) {
        return refused("`Host` does not name this server by a loopback address or `localhost`");
    }
    if headers.contains_key(header::ORIGIN)
        && !only(headers, header::ORIGIN)
            .and_then(|origin| origin.strip_prefix(guard.scheme)?.strip_prefix("://"))
            .is_some_and(|origin| guard.is_this_server(origin))
    {
        return refused("`Origin` is another site");
    }
    next.run(request).await
}

/// The value of a header that is there exactly once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

impl Guard {
    fn is_this_server(self, authority: &str) -> bool {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => (host, digits.parse().ok()),
            _ => (authority, Some(if self.scheme == "https" { 443 } else { 80 })),
        };
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_local = host.eq_ignore_ascii_case("localhost")
            || literal.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        is_local && port == Some(self.port)
    }
}

fn refused(message: &str) -> Response {
    (StatusCode::FORBIDDEN, Json(json!({"error": {"message": message}}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::Guard;

    fn at(port: u16) -> Guard {
        Guard { scheme: "http", port }
    }

    #[test]
    fn only_this_machines_own_names_are_this_server() {
        for good in ["127.0.0.1:7070", "localhost:7070", "LOCALHOST:7070", "[::1]:7070", "127.0.0.2:7070"] {
            assert!(at(7070).is_this_server(good), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1",
            "127.0.0.1:7071",
            "evil.test:7070",
            "localhost.evil.test:7070",
            "10.0.0.1:7070",
            "127.0.0.1:7070@evil.test",
            "localhost:+7070",
            "127.0.0.1:",
            "[::1]",
            "null",
        ] {
            assert!(!at(7070).is_this_server(bad), "{bad}");
        }
        assert!(at(80).is_this_server("localhost") && at(80).is_this_server("[::1]"));
        let https = Guard { scheme: "https", port: 443 };
        assert!(https.is_this_server("localhost") && !https.is_this_server("localhost:80"));
    }
}
