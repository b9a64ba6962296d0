use std::process::ExitCode;

use serde_json::json;

use super::args::RedeliverArgs;
use super::running::Running;
use crate::output::print;

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
