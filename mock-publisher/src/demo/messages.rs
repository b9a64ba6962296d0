//! What becomes of a message that was sent to a profile: it is opened, a link in it is clicked, it fails, it bounces. Each has a
//! script run that changes the profile.

use anyhow::{Context, ensure};
use http::Method;
use serde_json::{Value, json};

use super::{RestCalls, Score, show_deliveries};
use crate::local_client::LocalClient;
use crate::receiver::Receiver;

const SCRIPT: &str = "profile.fields.score++";

pub(super) async fn show(
    rest: &RestCalls,
    profile: &str,
    receiver: &mut Receiver,
    score: &mut Score,
) -> anyhow::Result<()> {
    let profile: u64 = profile.parse()?;
    for kind in ["open", "click"] {
        follow(&rest.0, &json!({"profile": profile, "kind": kind, "script": SCRIPT})).await?;
        show_deliveries(rest, receiver, score).await?;
    }
    for kind in ["failure", "bounce"] {
        let handler = format!("/mock/v1/database/customers/handlers/{kind}");
        rest.call(Method::PUT, &handler, &json!({"script": SCRIPT})).await?;
        let report = json!({"type": kind, "profile": profile, "code": "5.1.1", "description": "no such mailbox"});
        rest.call(Method::POST, "/mock/v1/reports", &report).await?;
        show_deliveries(rest, receiver, score).await?;
    }
    Ok(())
}

/// Makes a link and follows it as a mail reader does: with nothing but its address.
async fn follow(server: &LocalClient, link: &Value) -> anyhow::Result<()> {
    let answer = server.call(Method::POST, "/mock/v1/links", Some(link)).await?;
    let made: Value = serde_json::from_slice(&answer.body)?;
    let address = made["link"].as_str().context("no link was made")?;
    let answer = server.follow(address).await?;
    ensure!(answer.status.is_success(), "a link answered {}", answer.status);
    Ok(())
}
