//! The document against the routes. That answers look as it says is tested with the program.

use axum::body::Body;
use axum::http::Method;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::faults::Faults;
use crate::keyring::rotation::{Plan, Rotator};
use crate::metrics::Metrics;
use crate::platform::Switches;
use crate::wire_profile::WireProfile;

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

fn api() -> Router {
    let zone = callback_verifier::Zone::parse("example.org").unwrap();
    let store = Store::in_memory(Switches::default()).unwrap();
    let keyring = Keyring::in_memory(zone, WireProfile::default(), std::time::SystemTime::now()).unwrap();
    router(ControlState {
        rotator: Rotator::new(keyring.clone(), store.clock().clone(), Plan::default()),
        store,
        token: AccessToken::chosen("token").unwrap(),
        keyring,
        bell: Bell::default(),
        metrics: Metrics::new(),
        faults: Faults::default(),
        health: crate::health::Health::default(),
        stopping: watch::channel(false).1,
    })
}

#[test]
fn the_document_has_the_paths_that_there_are() {
    let document = document();
    let described: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut there: Vec<&str> = routes().into_iter().map(|(path, _)| path).collect();
    there.sort_unstable();
    let mut sorted = described.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, there);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_the_methods_that_there_are() {
    let api = api();
    for (path, item) in document()["paths"].as_object().unwrap() {
        let concrete = path.replace("{snapshot}", "x").replace("wait", "wait?timeout=0");
        let concrete =
            ["{callback}", "{change}", "{delivery}"].into_iter().fold(concrete, |path, name| path.replace(name, "1"));
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::PATCH] {
            let request =
                axum::http::Request::builder().method(&method).uri(&concrete).header("authorization", "Bearer token");
            let response = api.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let is_described = item.get(method.as_str().to_lowercase()).is_some();
            assert_eq!(response.status() != StatusCode::METHOD_NOT_ALLOWED, is_described, "{method} {path}");
        }
    }
}
