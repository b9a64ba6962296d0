use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use http::Method;

use super::args::ReadyArgs;
use super::running::base_url;
use crate::local_client::LocalClient;
use crate::output::print;
use crate::server::ReadyFile;
use crate::tls::Trust;

/// How often a publisher that is not ready is asked again.
const PERIOD: Duration = Duration::from_millis(50);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(2);

pub(super) async fn ready(args: ReadyArgs) -> anyhow::Result<ExitCode> {
    let whom = match (args.at.ready_file, args.at.server) {
        (Some(path), _) => Whom::In(path),
        (None, Some(server)) => Whom::At(base_url(&server)?, Trust::system_and(&args.at.ca)?),
        (None, None) => Whom::In(ReadyFile::path_in(&args.at.data.data)),
    };
    let begun = Instant::now();
    loop {
        match whom.ask().await {
            Ok(url) => {
                print(format!("ready   {url}"))?;
                return Ok(ExitCode::SUCCESS);
            }
            Err(reason) if !args.wait => return Err(reason.context("not ready")),
            Err(reason) if begun.elapsed() > args.timeout => {
                bail!("not ready after {} s: {reason:#}", args.timeout.as_secs_f64());
            }
            Err(_) => tokio::time::sleep(PERIOD).await,
        }
    }
}

/// The publisher that is asked.
enum Whom {
    At(String, Trust),
    /// The one that left its addresses in this file.
    In(PathBuf),
}

impl Whom {
    /// The URL of the publisher, if it is ready.
    async fn ask(&self) -> anyhow::Result<String> {
        let (url, trust) = match self {
            Self::At(url, trust) => (url.clone(), trust.clone()),
            Self::In(path) => {
                let nobody = || format!("no publisher has left its addresses in `{}`", path.display());
                let ready = ReadyFile::read(path).with_context(nobody)?;
                let trust = ready.trust()?;
                (ready.url, trust)
            }
        };
        let client = LocalClient::new(url.as_str(), trust, None);
        let answer = tokio::time::timeout(ANSWER, client.call(Method::GET, "/readyz", None));
        let status = answer.await.context("no answer in time")??.status;
        ensure!(status.is_success(), "it answers {status}");
        Ok(url)
    }
}
