use std::io::{self, IsTerminal};
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use anyhow::Context;
use tokio::process::{Child, Command};

use super::args::ExecArgs;
use super::interrupts::{Interrupt, Interrupts};
use super::run::config;
use super::serve::start_logging;
use crate::scenario::Scenario;
use crate::scenario::run::{Started, start};
use crate::server::{Publisher, ReadyFile};

/// How long a command that is to end may take to clean up.
const GRACE: Duration = Duration::from_secs(10);

pub(super) async fn exec(args: ExecArgs) -> anyhow::Result<ExitCode> {
    start_logging("warn", &args.publisher.log);
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
        ("MOCK_PUBLISHER_SERVER", ready.url),
        ("MOCK_PUBLISHER_HTTP", ready.http),
        ("MOCK_PUBLISHER_DNS", ready.dns),
        ("MOCK_PUBLISHER_TOKEN", ready.access_token),
        ("MOCK_PUBLISHER_ACCOUNT", ready.account.to_string()),
        ("MOCK_PUBLISHER_KEY_ID", ready.key_id),
    ]);
    if let Some(ca) = ready.ca {
        command.env("MOCK_PUBLISHER_CA", ca);
    }
    // It may be that of another publisher.
    command.env_remove("MOCK_PUBLISHER_READY_FILE");
    let spawned = command.spawn().with_context(|| format!("cannot run `{}`", name.display()));
    let ended = match spawned {
        Err(error) => Err(error),
        Ok(mut child) => ended(&mut child, &mut interrupts).await.map_err(Into::into),
    };
    publisher.stop().await;
    if let Some(receiver) = receiver {
        receiver.stop().await;
    }
    ended.map(exit_code)
}

/// Waits for the end of the command. Whoever interrupts this program wants both to end, and the command may have something to
/// clean up, with the help of the publisher.
async fn ended(child: &mut Child, interrupts: &mut Interrupts) -> io::Result<ExitStatus> {
    let interrupt = tokio::select! {
        status = child.wait() => return status,
        interrupt = interrupts.next() => interrupt?,
    };
    pass_on(interrupt, child)?;
    tokio::select! {
        status = child.wait() => return status,
        again = interrupts.next() => drop(again?),
        () = tokio::time::sleep(GRACE) => {
            tracing::warn!("the command has not ended within {} s and is killed", GRACE.as_secs());
        }
    }
    child.start_kill()?;
    child.wait().await
}

#[cfg(unix)]
fn pass_on(interrupt: Interrupt, child: &Child) -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    // A terminal tells all that it runs of a Ctrl-C; who is told twice may take that for a wish not to wait.
    let is_told = interrupt == Interrupt::CtrlC && on_terminal();
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    match (id, interrupt) {
        (Some(id), Interrupt::CtrlC) if !is_told => Ok(kill_process(id, Signal::INT)?),
        (Some(id), Interrupt::Terminate) => Ok(kill_process(id, Signal::TERM)?),
        _ => Ok(()),
    }
}

/// The console tells the command of a Ctrl-C by itself.
#[cfg(not(unix))]
fn pass_on(_: Interrupt, _: &Child) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn on_terminal() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
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
