use std::process::ExitCode;

use super::args::{PassingArgs, RunArgs};
use super::interrupts::Interrupts;
use super::serve::start_logging;
use crate::output::print;
use crate::scenario::run::{Started, play, start};
use crate::scenario::{SHIPPED, Scenario, about};
use crate::server::Config;

pub(super) async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let Some(name) = args.scenario else {
        for (name, text) in SHIPPED {
            print(format!("{name:<12} {}", about(text)))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    // Each delivery has a line of its own already.
    start_logging("warn", &args.publisher.log);
    let scenario = Scenario::read(&name)?;
    let mut config = config(args.publisher);
    let mut interrupts = Interrupts::catch()?;
    print(format!("scenario   {}   seed {}   {} steps", scenario.name, scenario.seed, scenario.step_count()))?;
    let Started { publisher, receiver, script } = start(&mut config, scenario).await?;
    print(publisher.introduction(config.account))?;
    print(receiver.as_ref().map(|receiver| receiver.introduction()).unwrap_or_default())?;
    let played = tokio::select! {
        played = play(&publisher, receiver.as_ref(), script) => Some(played),
        interrupted = interrupts.next() => {
            interrupted?;
            None
        }
    };
    tokio::select! {
        () = publisher.stop() => {}
        // Somebody does not want to wait for what is under way.
        again = interrupts.next() => drop(again?),
    }
    if let Some(receiver) = receiver {
        receiver.stop().await;
    }
    let Some(summary) = played.transpose()? else {
        print("\ninterrupted")?;
        return Ok(ExitCode::FAILURE);
    };
    print(format!("\n{summary}"))?;
    Ok(if summary.held() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) fn config(args: PassingArgs) -> Config {
    Config {
        listen: args.listen,
        dns: args.dns,
        data: args.data,
        account: args.identity.account,
        zone: args.identity.zone,
        wire: args.identity.wire,
        coverage: args.identity.cover,
        switches: args.switches.switches(),
        terms: args.deliveries.terms(),
        access_token: args.access_token,
        allow_targets: args.targets.allow_target,
        ca_files: args.targets.ca,
        tls: args.tls.tls,
        max_import: args.limits.max_import(),
        max_store: args.limits.max_store,
        rotation: args.keys.plan(),
        retention: args.limits.retention(),
    }
}
