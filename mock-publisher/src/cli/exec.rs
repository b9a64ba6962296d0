use std::process::{ExitCode, ExitStatus};

use anyhow::Context;
use tokio::process::Command;

use super::args::ExecArgs;
use super::interrupts::Interrupts;
use super::run::config;
use super::serve::start_logging;
use crate::scenario::Scenario;
use crate::scenario::run::{Started, start};
use crate::server::{Publisher, ReadyFile};

pub(super) async fn exec(args: ExecArgs) -> anyhow::Result<ExitCode> {
    start_logging("warn");
    let scenario = args.scenario.as_deref().map(Scenario::read).transpose()?;
    let mut config = config(args.publisher);
    let mut interrupts = Interrupts::catch()?;
    let (publisher, receiver) = match scenario {
        None => (Publisher::start(&config).await?, None),
        Some(scenario) => {
            let Started { publisher, receiver, .. } = start(&mut config, scenario).await?;
            (publisher, receiver)
        }
    };
    let ready = ReadyFile::of(&publisher, &config);
    let (name, arguments) = args.command.split_first().context("there is no command")?;
    let mut command = Command::new(name);
    command.args(arguments).kill_on_drop(true).envs([
        ("MOCK_PUBLISHER_SERVER", format!("http://{}", ready.http)),
        ("MOCK_PUBLISHER_HTTP", ready.http),
        ("MOCK_PUBLISHER_DNS", ready.dns),
        ("MOCK_PUBLISHER_TOKEN", ready.access_token),
        ("MOCK_PUBLISHER_ACCOUNT", ready.account.to_string()),
        ("MOCK_PUBLISHER_KEY_ID", ready.key_id),
    ]);
    let spawned = command.spawn().with_context(|| format!("cannot run `{}`", name.display()));
    let ended = match spawned {
        Err(error) => Err(error),
        Ok(mut child) => tokio::select! {
            status = child.wait() => status.map(Some).map_err(Into::into),
            // Ctrl-C reaches the command, too. Whoever ends only this program wants both to end.
            interrupted = interrupts.next() => match interrupted {
                Err(error) => Err(error.into()),
                Ok(()) => child.kill().await.map(|()| None).map_err(Into::into),
            },
        },
    };
    publisher.stop().await;
    if let Some(receiver) = receiver {
        receiver.stop().await;
    }
    Ok(ended?.map_or(ExitCode::FAILURE, exit_code))
}

/// The exit status of the command, as a shell would tell it.
fn exit_code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    let code = status.code().or(signal.map(|signal: i32| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
