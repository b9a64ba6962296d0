//! Calls of a publisher that runs already.

use std::fs::File;

use anyhow::{Context, bail};
use http::Method;
use serde_json::Value;

use super::args::RunningArgs;
use crate::excerpt::excerpt;
use crate::local_client::{LocalAnswer, LocalClient};
use crate::server::ReadyFile;
use crate::tls::Trust;

/// The control API of a running publisher.
pub(super) struct Running(LocalClient);

impl Running {
    /// Finds it by what was said on the command line, and for the rest by its ready file.
    pub(super) fn find(args: RunningArgs) -> anyhow::Result<Self> {
        let chosen = args.at.server.as_deref().map(base_url).transpose()?;
        let token = args.token.map(|token| token.as_str().to_owned());
        if let (Some(server), Some(token)) = (&chosen, &token) {
            let trust = Trust::system_and(&args.at.ca)?;
            return Ok(Self(LocalClient::new(server.as_str(), trust, Some(token.clone()))));
        }
        let path = args.at.ready_file.unwrap_or_else(|| ReadyFile::path_in(&args.at.data.data));
        let ready = ReadyFile::read(&path).with_context(|| {
            format!(
                "no publisher has left its addresses in `{}`; name it with `--server` and `--token`",
                path.display()
            )
        })?;
        // The token of one publisher is not shown to another.
        if let Some(server) = chosen.filter(|server| *server != ready.url) {
            bail!("`{}` tells of `{}`, not of `{server}`; give its token with `--token`", path.display(), ready.url);
        }
        let trust = ready.trust()?;
        Ok(Self(LocalClient::new(ready.url, trust, Some(token.unwrap_or(ready.access_token)))))
    }

    /// Asks for something; an error that the publisher answers is one of ours.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks for something; `None` if nobody is there to answer.
    pub(super) async fn get_if_there(&self, path: &str) -> anyhow::Result<Option<Value>> {
        match self.0.call(Method::GET, path, None).await {
            Ok(answer) => understood(&answer).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Tells it to do something.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        understood(&self.0.call(method, path, body).await?)
    }

    /// Asks for something to be ended.
    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.0.call(Method::DELETE, path, None).await.map(drop)
    }

    /// Sends a file as it is; `sent` is told how many bytes of it have gone.
    pub(super) async fn upload(
        &self,
        path: &str,
        content_type: &str,
        file: File,
        sent: impl Fn(u64) + Send + Unpin + 'static,
    ) -> anyhow::Result<LocalAnswer> {
        self.0.upload(path, content_type, file, sent).await
    }
}

/// What an answer says, if it is no refusal.
fn understood(answer: &LocalAnswer) -> anyhow::Result<Value> {
    let body: Value = serde_json::from_slice(&answer.body).with_context(|| {
        let said = excerpt(String::from_utf8_lossy(&answer.body).trim(), 200);
        format!("the answer is no JSON; is it a publisher? It says: {said:?}")
    })?;
    if !answer.status.is_success() {
        bail!("{}", refusal(&body));
    }
    Ok(body)
}

/// Why the publisher did not do what it was asked for.
pub(super) fn refusal(body: &Value) -> &str {
    body["error"]["message"].as_str().unwrap_or("the publisher refused the call")
}

/// Scheme, host and port of a publisher, where `http` need not be said.
pub(super) fn base_url(url: &str) -> anyhow::Result<String> {
    let (scheme, server) = url.split_once("://").unwrap_or(("http", url));
    let server = server.trim_end_matches('/');
    let valid = server.parse::<http::uri::Authority>().is_ok_and(|authority| authority.port_u16().is_some());
    if !valid || server.contains('@') || !["http", "https"].contains(&scheme) {
        bail!("`{url}` is no address of a publisher, expected `http://host:port` or `https://host:port`");
    }
    Ok(format!("{scheme}://{server}"))
}
