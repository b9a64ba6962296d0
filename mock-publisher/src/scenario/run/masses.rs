//! Imports and copies, which go on when the call has been answered.

use std::fmt::Write;
use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use super::super::step::{Copy, Import};
use super::calls::{Calls, Outcome, created, judged, segment};

/// How long something may go on.
const LONGEST: Duration = Duration::from_secs(600);
/// How often it is asked how far it is.
const PERIOD: Duration = Duration::from_millis(10);

impl Calls {
    pub(super) async fn import(&self, import: Import) -> anyhow::Result<Outcome> {
        let Import { database, keys, rows } = import;
        let mut path = format!("/mock/v1/imports?database={}", segment(&database));
        if !keys.is_empty() {
            path.push_str("&action=update%20or%20add");
        }
        for key in &keys {
            write!(path, "&keyFields%5B%5D={}", segment(key))?;
        }
        let rows: Vec<Value> = rows.map(Value::from).collect();
        let (count, body) = (rows.len(), Value::from(rows).to_string());
        let answer = self.0.send(Method::POST, &path, "application/json", body.into()).await?;
        if let Err(reason) = judged(&answer) {
            return Ok(Err(reason));
        }
        let id = created(&answer.headers)?;
        let done = self.until(&format!("/mock/v1/imports/{id}"), |import| import["done"] == true).await?;
        let Some(import) = done else { return Ok(Err(format!("import {id} has not ended"))) };
        if import["status"] != "finished" {
            let reason = import["error"].as_str().unwrap_or_default();
            return Ok(Err(format!("import {id} {}: {reason}", import["status"].as_str().unwrap_or_default())));
        }
        let tally = ["created", "updated", "unchanged"].map(|name| format!("{} {name}", import[name]));
        Ok(Ok(format!("import   {count} rows into `{database}`: {}", tally.join(", "))))
    }

    pub(super) async fn copy(&self, copy: Copy) -> anyhow::Result<Outcome> {
        let Copy { database, name, profiles, options } = copy;
        let total = |name: &str| format!("/v4/database/{}/profiles?limit=0&total=true", segment(name));
        let all = self.0.call(Method::GET, &total(&database), None).await?;
        let all = serde_json::from_slice::<Value>(&all.body)?["total"].clone();
        let options: Value = options.into_iter().map(|(name, given)| (name.to_owned(), Value::Bool(given))).collect();
        let body = json!({"name": name, "options": options});
        let answer =
            self.0.call(Method::POST, &format!("/v4/database/{}/copy", segment(&database)), Some(&body)).await?;
        if let Err(reason) = judged(&answer) {
            return Ok(Err(reason));
        }
        let text = format!("copy     `{database}` as `{name}`");
        if !profiles {
            return Ok(Ok(text));
        }
        match self.until(&total(&name), |page| page["total"] == all).await? {
            Some(_) => Ok(Ok(format!("{text}, {all} profiles"))),
            None => Ok(Err(format!("{text} is not complete"))),
        }
    }

    /// Asks again and again until the answer is as it should be; `None` if it takes too long.
    async fn until(&self, path: &str, is_done: impl Fn(&Value) -> bool) -> anyhow::Result<Option<Value>> {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST {
            let answer = self.0.call(Method::GET, path, None).await?;
            let answer: Value = serde_json::from_slice(&answer.body)?;
            if is_done(&answer) {
                return Ok(Some(answer));
            }
            tokio::time::sleep(PERIOD).await;
        }
        Ok(None)
    }
}
