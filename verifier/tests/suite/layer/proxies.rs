//! What a proxy has changed is undone where it is configured, and nothing is guessed.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ConnectInfo;
use callback_verifier::tower::{PeerAddress, Proxy, VerifyLayer};
use callback_verifier::{Rejection, Transport, TransportPolicy};
use http::{Request, StatusCode};

use super::{Handler, builder, code, request, strict};
use crate::support::{Forge, HttpServer, Message, now};

const PROXY: &str = "10.0.0.7:4711";
const STRANGER: &str = "203.0.113.9:4711";

fn code_from(layer: &VerifyLayer, peer: Option<&str>, message: &Message) -> Option<&'static str> {
    let mut request = request(message);
    if let Some(peer) = peer {
        request.extensions_mut().insert(PeerAddress(peer.parse().unwrap()));
    }
    code_of(layer, request)
}

fn code_of(layer: &VerifyLayer, request: Request<http_body_util::Full<bytes::Bytes>>) -> Option<&'static str> {
    let response = Handler::default().answer(layer, request, StatusCode::OK);
    response.extensions().get::<Rejection>().map(Rejection::code)
}

#[test]
fn a_prefix_that_the_proxy_adds_is_stripped() {
    let message = Forge::new().target("/hook?x=1").sign();
    let through_the_proxy = message.clone().target("/internal/hook?x=1");
    assert_eq!(code(&strict(), &through_the_proxy), Some("bad_signature"));
    assert_eq!(code(&strict().strip_prefix("/internal").unwrap(), &through_the_proxy), None);
    // Past the proxy: the path that was signed is another one than the path that is handled.
    assert_eq!(code(&strict().strip_prefix("/internal").unwrap(), &message), Some("target_outside_prefix"));
}

#[test]
fn a_prefix_that_the_proxy_strips_is_added() {
    let message = Forge::new().target("/public/hook?x=1").sign();
    let through_the_proxy = message.clone().target("/hook?x=1");
    assert_eq!(code(&strict(), &through_the_proxy), Some("bad_signature"));
    assert_eq!(code(&strict().add_prefix("/public").unwrap(), &through_the_proxy), None);
    assert_eq!(code(&strict().add_prefix("/public").unwrap(), &message), Some("bad_signature"));
}

#[test]
fn the_host_is_believed_to_the_proxy_only() {
    let message = Forge::new().sign();
    let host = message.text("Host").to_owned();
    let rewritten = message.set("Host", "backend:8080").add("X-Forwarded-Host", host);
    let believing = |proxy: Proxy| builder().build().unwrap().layer().clock(now).behind(proxy.forwards_host());
    let proxy = || Proxy::at(["10.0.0.0/8"]).unwrap();
    assert_eq!(code_from(&strict(), Some(PROXY), &rewritten), Some("wrong_host"));
    assert_eq!(code_from(&believing(proxy()), Some(PROXY), &rewritten), None);
    assert_eq!(code_from(&believing(proxy()), Some(STRANGER), &rewritten), Some("wrong_host"));
    assert_eq!(code_from(&believing(proxy()), None, &rewritten), Some("peer_unknown"));
    assert_eq!(code_from(&believing(Proxy::trusting_every_peer()), None, &rewritten), None);
    let silent = builder().build().unwrap().layer().clock(now).behind(proxy());
    assert_eq!(code_from(&silent, Some(PROXY), &rewritten), Some("wrong_host"));
}

#[test]
fn a_forwarded_host_that_leaves_open_which_one_is_meant_is_refused() {
    let layer = strict().behind(Proxy::at(["10.0.0.7"]).unwrap().forwards_host());
    let message = Forge::new().sign();
    let host = message.text("Host").to_owned();
    let list = format!("{host}, other.example");
    for ambiguous in [
        message.clone(),
        message.clone().add("X-Forwarded-Host", host.as_str()).add("X-Forwarded-Host", host.as_str()),
        message.clone().add("X-Forwarded-Host", list),
    ] {
        assert_eq!(code_from(&layer, Some(PROXY), &ambiguous), Some("forwarded_malformed"));
    }
    let empty = message.clone().add("X-Forwarded-Host", "");
    assert_eq!(code_from(&layer, Some(PROXY), &empty), Some("wrong_host"));
    // A stranger's header is not even looked at.
    let twice = message.add("X-Forwarded-Host", "a").add("X-Forwarded-Host", "b");
    assert_eq!(code_from(&layer, Some(STRANGER), &twice), None);
}

#[test]
fn the_scheme_is_believed_to_the_proxy_only() {
    let https = || builder().transport(TransportPolicy::RequireHttps).build().unwrap().layer().clock(now);
    let behind = || https().behind(Proxy::at(["10.0.0.7"]).unwrap().forwards_scheme());
    let says = |scheme: &str| Forge::new().sign().add("X-Forwarded-Proto", scheme);
    assert_eq!(code_from(&behind(), Some(PROXY), &says("https")), None);
    assert_eq!(code_from(&behind(), Some(PROXY), &says("HTTPS")), None);
    for other in ["http", "", "https,http", "https, https", "wss"] {
        assert_eq!(code_from(&behind(), Some(PROXY), &says(other)), Some("https_required"), "{other}");
    }
    let twice = says("https").add("X-Forwarded-Proto", "https");
    assert_eq!(code_from(&behind(), Some(PROXY), &twice), Some("https_required"));
    assert_eq!(code_from(&behind(), Some(STRANGER), &says("https")), Some("https_required"));
    assert_eq!(code_from(&https(), Some(PROXY), &says("https")), Some("https_required"));
}

#[test]
fn a_server_that_does_tls_itself_says_so() {
    let https = || builder().transport(TransportPolicy::RequireHttps).build().unwrap().layer().clock(now);
    let message = Forge::new().sign();
    assert_eq!(code(&https(), &message), Some("https_required"));
    assert_eq!(code(&https().transport(Transport::Https), &message), None);
    let mut per_connection = request(&message);
    per_connection.extensions_mut().insert(Transport::Https);
    assert_eq!(code_of(&https(), per_connection), None);
    let mut plain = request(&message);
    plain.extensions_mut().insert(Transport::Http);
    assert_eq!(code_of(&https().transport(Transport::Https), plain), Some("https_required"));
}

#[test]
fn the_peer_of_axum_is_known() {
    let layer = strict().behind(Proxy::at(["10.0.0.7"]).unwrap().forwards_host());
    let message = Forge::new().sign();
    let host = message.text("Host").to_owned();
    let mut request = request(&message.set("Host", "backend").add("X-Forwarded-Host", host));
    request.extensions_mut().insert(ConnectInfo::<SocketAddr>(PROXY.parse().unwrap()));
    assert_eq!(code_of(&layer, request), None);
}

#[test]
fn the_path_is_the_one_that_came_in_wherever_the_layer_is() {
    let handler = || axum::routing::any(|| async { "ok" });
    let nested = Router::new().route("/hook", handler()).layer(strict());
    let outer = Router::new().route("/a/b/hook", handler()).layer(strict());
    for router in [outer, Router::new().nest("/a", Router::new().nest("/b", nested))] {
        let server = HttpServer::serve(router);
        let message = Forge::new().target("/a/b/hook?x=%7E").sign();
        assert_eq!(server.answer(&message).unwrap().status, 200);
        let cut = Forge::new().target("/hook?x=%7E").set("X-Nonce", "n2").sign().target("/a/b/hook?x=%7E");
        assert_eq!(server.answer(&cut).unwrap().status, 401);
    }
}

#[test]
fn a_real_connection_has_a_peer() {
    let handler = || axum::routing::any(|| async { "ok" });
    let behind = |network| strict().behind(Proxy::at([network]).unwrap().forwards_host());
    let message = Forge::new().sign();
    let host = message.text("Host").to_owned();
    let rewritten = message.set("Host", "backend").add("X-Forwarded-Host", host);
    for (network, status) in [("127.0.0.0/8", 200), ("10.0.0.0/8", 401)] {
        let server = HttpServer::serve(Router::new().fallback(handler()).layer(behind(network)));
        assert_eq!(server.answer(&rewritten).unwrap().status, status, "{network}");
    }
}
