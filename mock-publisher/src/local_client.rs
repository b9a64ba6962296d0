//! Calls the APIs of a publisher on this machine: what a user's own program would do.

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

pub(crate) struct LocalClient {
    http: Client<HttpConnector, Full<Bytes>>,
    /// `host:port`
    server: String,
    token: Option<String>,
}

pub(crate) struct LocalAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl LocalClient {
    pub(crate) fn new(server: impl Into<String>, token: Option<String>) -> Self {
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self { http, server: server.into(), token }
    }

    /// One call; `body` is sent as JSON.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<LocalAnswer> {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.server));
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let response = self.http.request(request.body(Full::new(body))?).await;
        let response = response.with_context(|| format!("nobody answers at `{}`", self.server))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(LocalAnswer { status: parts.status, headers: parts.headers, body })
    }
}
