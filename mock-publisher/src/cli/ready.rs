use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use http::Method;

use super::args::ReadyArgs;
use crate::local_client::LocalClient;
use crate::output::print;
use crate::server::ReadyFile;

/// How often a publisher that is not ready is asked again.
const PERIOD: Duration = Duration::from_millis(50);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(2);

pub(super) async fn ready(args: ReadyArgs) -> anyhow::Result<ExitCode> {
    let path = args.ready_file.unwrap_or_else(|| ReadyFile::path_in(&args.data.data));
    let begun = Instant::now();
    loop {
        match ask(&path).await {
            Ok(address) => {
                print(format!("ready   http://{address}"))?;
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

/// The address of the publisher, if it is ready.
async fn ask(path: &Path) -> anyhow::Result<String> {
    let ready = ReadyFile::read(path)
        .with_context(|| format!("no publisher has left its addresses in `{}`", path.display()))?;
    let client = LocalClient::new(ready.http.as_str(), None);
    let answer = tokio::time::timeout(ANSWER, client.call(Method::GET, "/readyz", None));
    let status = answer.await.context("no answer in time")??.status;
    ensure!(status.is_success(), "it answers {status}");
    Ok(ready.http)
}
