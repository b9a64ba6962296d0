use std::collections::BTreeSet;
use std::fmt;

use anyhow::Context;
use http::Method;
use serde::Deserialize;

use crate::local_client::LocalClient;
use crate::platform::{EntityRef, Id};

/// What is known of the deliveries so far.
pub(super) struct Ledger {
    server: LocalClient,
    /// How a URL of the receiver begins that comes with the program.
    receiver: Option<String>,
    /// Everything up to this delivery has been attempted and shown.
    after: Id,
    /// Beyond that, these have been.
    shown: BTreeSet<Id>,
    /// All that were attempted.
    pub(super) all: Count,
    /// Those of them since the last expectation.
    pub(super) since: Count,
}

/// How many deliveries came to what.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// By the receiver that comes with the program.
    pub(super) verified: usize,
    pub(super) refused: usize,
    /// By another.
    pub(super) delivered: usize,
    pub(super) failed: usize,
}

impl Count {
    pub(super) const fn total(&self) -> usize {
        self.verified + self.refused + self.delivered + self.failed
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verified, refused, delivered, failed } = *self;
        write!(f, "{} {}", self.total(), if self.total() == 1 { "delivery" } else { "deliveries" })?;
        let parts = [(verified, "verified"), (refused, "refused"), (delivered, "delivered"), (failed, "failed")];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}

#[derive(Deserialize)]
struct Log {
    deliveries: Vec<Row>,
}

/// A row of the delivery log, as far as it is of interest here.
#[derive(Deserialize)]
struct Row {
    id: Id,
    #[serde(flatten)]
    entity: EntityRef,
    trigger: String,
    action: String,
    url: String,
    method: String,
    state: String,
    micros: Option<u64>,
    status: Option<u16>,
    error: Option<String>,
}

impl Ledger {
    pub(super) fn new(server: LocalClient, receiver: Option<&str>) -> Self {
        let receiver = receiver.map(|url| format!("{url}/"));
        Self { server, receiver, after: 0, shown: BTreeSet::new(), all: Count::default(), since: Count::default() }
    }

    /// A line for each delivery that has been attempted since the last look, and how many are still to be.
    pub(super) async fn look(&mut self) -> anyhow::Result<(Vec<String>, usize)> {
        let (mut lines, mut pending, mut from) = (Vec::new(), 0, self.after);
        loop {
            let path = format!("/mock/v1/deliveries?after={from}&limit=1000");
            let answer = self.server.call(Method::GET, &path, None).await?;
            let log: Log = serde_json::from_slice(&answer.body).context("the delivery log cannot be read")?;
            let Some(last) = log.deliveries.last() else { break };
            from = last.id;
            for row in log.deliveries {
                if row.state == "pending" {
                    pending += 1;
                } else if self.shown.insert(row.id) {
                    lines.push(self.line(&row));
                }
            }
        }
        while self.shown.remove(&(self.after + 1)) {
            self.after += 1;
        }
        Ok((lines, pending))
    }

    fn line(&mut self, row: &Row) -> String {
        let ours = self.receiver.as_ref().is_some_and(|receiver| row.url.starts_with(receiver));
        let well = row.state == "delivered";
        let verdict = match (ours, well, row.status) {
            (true, true, _) => "verified",
            (true, false, Some(_)) => "refused",
            (_, true, _) => "delivered",
            (_, false, _) => "failed",
        };
        for count in [&mut self.all, &mut self.since] {
            match verdict {
                "verified" => count.verified += 1,
                "refused" => count.refused += 1,
                "delivered" => count.delivered += 1,
                _ => count.failed += 1,
            }
        }
        let Row { id, entity, trigger, action, method, micros, status, error, url, .. } = row;
        let answer = match (status, error) {
            (Some(status), _) => status.to_string(),
            (None, error) => error.clone().unwrap_or_else(|| "-".to_owned()),
        };
        let time = micros.map(|micros| format!("   {}.{} ms", micros / 1000, micros % 1000 / 100)).unwrap_or_default();
        let place = if ours { String::new() } else { format!("   {url}") };
        format!("delivery {id}   {trigger}   {action}   {entity}   {method}   {answer}   {verdict}{time}{place}")
    }
}
