//! Calls the APIs of a publisher on this machine: what a user's own program would do.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{self, Poll};

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header, request};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::send::{Connector, SendError, TargetRules};
use crate::tls::Trust;

/// How long an answer may be, in bytes.
const MAX_ANSWER: usize = 256 << 20;

pub(crate) struct LocalClient {
    http: Client<Connector, UnsyncBoxBody<Bytes, io::Error>>,
    /// Such as `http://127.0.0.1:7070`.
    server: String,
    token: Option<String>,
}

pub(crate) struct LocalAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl LocalClient {
    /// For the publisher at an URL such as `http://127.0.0.1:7070`.
    pub(crate) fn new(server: impl Into<String>, trust: Trust, token: Option<String>) -> Self {
        let server = server.into();
        // Wherever it is, somebody has named it.
        let host = server.parse().ok().and_then(|uri: Uri| uri.host().map(str::to_owned));
        let rules = TargetRules::allowing(host.as_slice());
        let http = Client::builder(TokioExecutor::new()).build(Connector::new(rules, trust));
        Self { http, server, token }
    }

    /// One call; `body` is sent as JSON.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<LocalAnswer> {
        let (content_type, body) = match body {
            Some(body) => (Some("application/json"), body.to_string().into()),
            None => (None, Bytes::new()),
        };
        self.request(method, path, content_type, body).await
    }

    /// One call with a body of any kind.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> anyhow::Result<LocalAnswer> {
        self.request(method, path, Some(content_type), body).await
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Bytes,
    ) -> anyhow::Result<LocalAnswer> {
        let mut request = self.with_token(self.to(method, path));
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        self.exchange(request.body(whole(body))?).await
    }

    fn to(&self, method: Method, path: &str) -> request::Builder {
        Request::builder().method(method).uri(format!("{}{path}", self.server))
    }

    fn with_token(&self, request: request::Builder) -> request::Builder {
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    /// Follows a link as a mail reader does, which has no access token.
    pub(crate) async fn follow(&self, link: &str) -> anyhow::Result<LocalAnswer> {
        let path = link.strip_prefix(&self.server).context("the link leads elsewhere")?;
        self.exchange(self.to(Method::GET, path).body(whole(Bytes::new()))?).await
    }

    /// Sends a file as it is; `sent` is told how many bytes of it have gone.
    pub(crate) async fn upload(
        &self,
        path: &str,
        content_type: &str,
        file: File,
        sent: impl Fn(u64) + Send + Unpin + 'static,
    ) -> anyhow::Result<LocalAnswer> {
        let left = file.metadata()?.len();
        let request = self.with_token(self.to(Method::POST, path)).header(header::CONTENT_TYPE, content_type);
        self.exchange(request.body(FileBody { file, left, gone: 0, sent }.boxed_unsync())?).await
    }

    async fn exchange(&self, request: Request<UnsyncBoxBody<Bytes, io::Error>>) -> anyhow::Result<LocalAnswer> {
        let response = self.http.request(request).await.map_err(SendError::of);
        let response = response.with_context(|| format!("nobody answers at `{}`", self.server))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body =
            body.map_err(|error| anyhow::anyhow!("the answer of `{}` broke off: {error}", self.server))?.to_bytes();
        Ok(LocalAnswer { status: parts.status, headers: parts.headers, body })
    }
}

fn whole(body: Bytes) -> UnsyncBoxBody<Bytes, io::Error> {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

/// A file on its way. Reading a part of it is as quick as anything else that a program on its own does.
struct FileBody<S> {
    file: File,
    left: u64,
    gone: u64,
    sent: S,
}

impl<S: Fn(u64) + Unpin> Body for FileBody<S> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let mut part = Vec::with_capacity(64 << 10);
        let read = (&this.file).take(this.left.min(64 << 10)).read_to_end(&mut part);
        Poll::Ready(Some(match read {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => {
                this.left -= length as u64;
                this.gone += length as u64;
                (this.sent)(this.gone);
                Ok(Frame::data(part.into()))
            }
            Err(error) => Err(error),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
