//! Every operation of the OpenAPI document, with whatever a broken or hostile client may send.

use axum::body::{Body as HttpBody, to_bytes};
use axum::http::{Method, header};
use serde_json::{Map, json};
use tower::ServiceExt;

use super::*;
use crate::access_token::AccessToken;
use crate::bell::Bell;
use crate::platform::Switches;
use crate::store::Store;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A publisher with profiles 1 and 2, subprofile 1 and callback 1.
struct Publisher {
    router: Router,
    token: String,
    /// All that a call could have changed, as it was in the beginning.
    state: Vec<serde_json::Value>,
}

struct Answered {
    status: u16,
    content: serde_json::Value,
}

/// A documented operation.
struct Documented {
    method: Method,
    path: String,
    query: Vec<String>,
    /// The members of its body.
    members: Vec<String>,
    statuses: Vec<String>,
}

impl Publisher {
    async fn start() -> Self {
        let token = AccessToken::chosen("token").unwrap();
        let store = Store::in_memory(Switches::default()).unwrap();
        let base_url = "http://127.0.0.1:7070".to_owned();
        let entry = Entry { store, bell: Bell::default(), token, base_url, account: 1234 };
        let (_, stopping) = tokio::sync::watch::channel(false);
        let (imports, _) = Imports::start(entry.clone(), 1 << 20, stopping.clone());
        let (copies, _) = Copies::start(entry.clone(), stopping);
        let router = router(entry, imports, copies);
        let mut publisher = Self { router, token: "Bearer token".to_owned(), state: Vec::new() };
        for (path, body) in [
            ("/v4/database/1/profiles", json!({"fields": {"name": "Mike"}, "interests": ["golf"]})),
            ("/v4/database/1/profiles", json!({"fields": {"name": "Jess"}})),
            ("/v4/profile/1/subprofiles/1", json!({"product": "ball"})),
            ("/v4/database/1/callbacks", json!({"url": "http://127.0.0.1:9/"})),
        ] {
            let answered = publisher.send(&Method::POST, path, JSON, body.to_string().as_bytes()).await;
            assert_eq!(answered.status, 201, "{path}");
        }
        publisher.state = publisher.read_state().await;
        publisher
    }

    async fn send(&self, method: &Method, path: &str, content_type: &str, body: &[u8]) -> Answered {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, &self.token)
            .header(header::CONTENT_TYPE, content_type)
            .body(HttpBody::from(body.to_vec()))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let content = if bytes.is_empty() { json!(null) } else { serde_json::from_slice(&bytes).unwrap() };
        Answered { status, content }
    }

    async fn read_state(&self) -> Vec<serde_json::Value> {
        let mut state = Vec::new();
        for path in [
            "databases",
            "database/1/profiles",
            "collection/1/subprofiles",
            "database/1/callbacks",
            "database/1/unsubscribe",
            "collection/1/unsubscribe",
        ] {
            state.push(self.send(&Method::GET, &format!("/v4/{path}"), JSON, b"").await.content);
        }
        state
    }
}

fn operations(version: Version) -> Vec<Documented> {
    let document = openapi::document("http://127.0.0.1:7070", &[version]);
    let names = |object: &serde_json::Value| {
        object.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            let query = operation["parameters"].as_array().cloned().unwrap_or_default();
            operations.push(Documented {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                query: query.iter().map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect(),
                members: names(&operation["requestBody"]["content"][JSON]["schema"]["properties"]),
                statuses: names(&operation["responses"]),
            });
        }
    }
    assert!(operations.len() > 40, "{}", operations.len());
    operations
}

/// A documented path with something in place of its names.
fn filled(path: &str, name: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { name } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Sends something, and checks that the answer is a documented one and that a refusal changed nothing.
async fn check(publisher: &mut Publisher, operation: &Documented, target: &str, content_type: &str, body: &[u8]) {
    let what = || {
        let body: String = String::from_utf8_lossy(body).chars().take(200).collect();
        let target: String = target.chars().take(200).collect();
        format!("{} {target} {content_type} {body}", operation.method)
    };
    let writes = operation.method != Method::GET;
    let answered = publisher.send(&operation.method, target, content_type, body).await;
    assert!(operation.statuses.contains(&answered.status.to_string()), "{}: {}", what(), answered.status);
    if answered.status == 400 {
        assert!(answered.content["error"]["message"].is_string(), "{}: {}", what(), answered.content);
        assert!(
            !writes || publisher.read_state().await == publisher.state,
            "{} was refused, and changed something",
            what()
        );
    } else if writes {
        *publisher = Publisher::start().await;
    }
}

#[tokio::test]
async fn a_path_can_have_anything_in_it() {
    let mut publisher = Publisher::start().await;
    let long = "a".repeat(5000);
    let names = [
        "0",
        "-1",
        "9223372036854775807",
        "99999999999999999999",
        "word",
        "%FF",
        "%00",
        "1%2F2",
        "'",
        "1.5",
        "",
        &long,
    ];
    for operation in operations(Version::V4) {
        for name in names {
            check(&mut publisher, &operation, &filled(&operation.path, name), JSON, b"{}").await;
        }
        let path = filled(&operation.path, "1");
        check(&mut publisher, &operation, &format!("{path}/"), JSON, b"{}").await;
        let shorter = path.rsplit_once('/').unwrap().0.to_owned();
        for other in [format!("{path}/more"), format!("{path}/more/and%20more"), shorter] {
            let answered = publisher.send(&operation.method, &other, JSON, b"{").await;
            assert!(answered.status < 500, "{} {other}", operation.method);
        }
    }
}

#[tokio::test]
async fn a_query_can_have_anything_in_it() {
    let mut publisher = Publisher::start().await;
    let values =
        ["", "x", "-1", "9223372036854775807", "1e999", "%00", "%FF", "==", "id==", "id%3D%3D99999999999999999999"];
    for operation in operations(Version::V3) {
        for name in &operation.query {
            for value in values {
                let target = format!("{}?{name}={value}", filled(&operation.path, "1"));
                check(&mut publisher, &operation, &target, JSON, b"{}").await;
            }
        }
    }
}

#[tokio::test]
async fn a_body_can_be_anything() {
    let mut publisher = Publisher::start().await;
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 14] = [
        b"",
        b"{",
        b"[]",
        b"[[]]",
        b"null",
        b"7",
        b"\"x\"",
        b"{} {}",
        b"\xff",
        b"{\"a\":1e999}",
        b"{\"a\":\"\\u0000\"}",
        b"{\"\":{\"\":[]}}",
        b"{\"fields\":{\"name\":{\"a\":[1]}}}",
        deep.as_bytes(),
    ];
    let forms: [&[u8]; 9] =
        [b"=", b"&&", b"%", b"a=1&a[]=2", b"a[]=1&a[b]=2", b"a[b", b"a]=1", b"a[b][c]=d", b"fields[name]=%FF%00"];
    for version in [Version::V1, Version::V4] {
        for operation in operations(version) {
            let target = sensible(&operation);
            for body in bodies {
                check(&mut publisher, &operation, &target, JSON, body).await;
            }
            for body in forms {
                check(&mut publisher, &operation, &target, FORM, body).await;
            }
        }
    }
}

#[tokio::test]
async fn members_of_a_body_can_be_of_any_type() {
    let mut publisher = Publisher::start().await;
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("\0"),
        json!([]),
        json!([[1]]),
        json!({}),
        json!({"a": {"b": null}}),
    ];
    for operation in operations(Version::V4) {
        for member in &operation.members {
            for value in &values {
                let others = operation.members.iter().filter(|other| *other != member);
                let mut body: Map<String, serde_json::Value> =
                    others.map(|other| (other.clone(), json!("remove"))).collect();
                body.insert(member.clone(), value.clone());
                for body in [json!({member: value}), body.into()] {
                    check(&mut publisher, &operation, &sensible(&operation), JSON, body.to_string().as_bytes()).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_text_can_be_ten_megabytes_long() {
    let mut publisher = Publisher::start().await;
    let long = "x".repeat(10 << 20);
    for operation in operations(Version::V4).into_iter().filter(|operation| operation.method != Method::GET) {
        let name = operation.members.first().map_or("name", String::as_str);
        let body = json!({name: long, "fields": {"name": long, "email": long}, "product": long});
        check(&mut publisher, &operation, &sensible(&operation), JSON, body.to_string().as_bytes()).await;
    }
    let database = operations(Version::V4).into_iter().find(|operation| operation.method == Method::POST).unwrap();
    let body = json!({"name": "x".repeat(17 << 20)});
    check(&mut publisher, &database, &sensible(&database), JSON, body.to_string().as_bytes()).await;
}

#[tokio::test]
async fn nothing_is_done_without_the_token() {
    for version in Version::ALL {
        let stranger = Publisher { token: "Bearer other".to_owned(), ..Publisher::start().await };
        for operation in operations(version) {
            let answered = stranger.send(&operation.method, &sensible(&operation), JSON, b"{}").await;
            assert_eq!(answered.status, 400, "{} {}", operation.method, operation.path);
            assert_eq!(answered.content["error"]["message"], "Invalid access token");
        }
    }
}

/// A call of an operation that the publisher can understand, but for its body.
fn sensible(operation: &Documented) -> String {
    let path = filled(&operation.path, "1");
    if operation.query.iter().any(|name| name == "fields[]") { format!("{path}?fields[]=id==1") } else { path }
}
