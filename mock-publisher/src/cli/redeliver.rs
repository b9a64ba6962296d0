use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::args::{RunningArgs, action};
use super::running::Running;
use crate::output::print;
use crate::platform::Action;

const REDELIVER_HELP: &str = "\
Examples:
  mock-publisher redeliver 9001              once more, with a date, a nonce and a signature of its own
  mock-publisher redeliver 9001 --exact      the same bytes: a receiver should refuse the replay
  mock-publisher redeliver                   all that failed
  mock-publisher redeliver --callback 3 --state any

Exit status: 0 they are in the outbox, 1 there is no such delivery or no publisher, 2 wrong usage";

/// Deliver something once more, signed anew or byte for byte
///
/// Puts deliveries into the outbox once more: those that are named, or all in the log that match. They go to the URL that their
/// callback has by now, behind what waits for the same profile.
#[derive(Debug, Args)]
#[command(after_long_help = REDELIVER_HELP)]
pub(super) struct RedeliverArgs {
    /// The numbers of deliveries [default: all that match]
    #[arg(value_name = "DELIVERY", conflicts_with_all = ["callback", "state", "action"])]
    deliveries: Vec<i64>,
    /// Those of one callback only
    #[arg(long, value_name = "N")]
    callback: Option<i64>,
    /// What they came to
    #[arg(long, value_enum, default_value_t)]
    state: RedeliveredState,
    /// What they tell of
    #[arg(long, value_parser = action, value_name = "create|update|delete")]
    action: Option<Action>,
    /// Send the same bytes as the last attempt did, to the same URL
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    running: RunningArgs,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum RedeliveredState {
    #[default]
    Failed,
    Delivered,
    Any,
}

impl RedeliveredState {
    const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Any => "any",
        }
    }
}

pub(super) async fn redeliver(args: RedeliverArgs) -> anyhow::Result<ExitCode> {
    let running = Running::find(args.running)?;
    for id in &args.deliveries {
        let new = running.post(&format!("/mock/v1/deliveries/{id}/redeliver"), &json!({"exact": args.exact})).await?;
        print(format!("delivery {id} is made again as delivery {}", new["id"]))?;
    }
    if args.deliveries.is_empty() {
        let mut body = json!({"state": args.state.name(), "exact": args.exact});
        if let Some(callback) = args.callback {
            body["callback"] = json!(callback);
        }
        if let Some(action) = args.action {
            body["action"] = json!(action.name());
        }
        let done = running.post("/mock/v1/deliveries/redeliver", &body).await?;
        print(format!("deliveries made again: {}", done["redelivered"]))?;
    }
    Ok(ExitCode::SUCCESS)
}
