//! Handlers: scripts that run when something happened to a message that was sent to a profile or subprofile, and may change
//! it. The [tracking server](super::tracking) and the [reports](super::reports) say what happened.
//!
//! A script reads and writes objects such as `profile`; what it asked for becomes commands. Reading, running and writing are
//! one transaction.

mod control;
mod objects;
mod outcome;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::{Map, Value};

use super::Entry;
use crate::clock::Millis;
use crate::mock_api::CallError;
use crate::platform::{EntityRef, Occasion};
use crate::script::{Prelude, Script, ScriptError};
use crate::stopwatch::Stopwatch;
use crate::store::{Applied, Plan, StoreError, View};
use objects::Objects;

pub(crate) use control::router;
pub(super) use control::{check_script, guarded};

/// Makes the objects that scripts see, and tells what scripts asked for.
const OBJECTS: Prelude = Prelude { name: "handler", source: include_str!("objects.js") };

/// How long the scripts of one transaction may take together: nobody else can write meanwhile.
const SCRIPTS: Duration = Duration::from_secs(1);

/// Something that happened to a message.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Whom it was sent to.
    pub(super) entity: EntityRef,
    /// The script to run; `None` for the handler of the database.
    pub(super) script: Option<String>,
    /// The mailing, message and template, as scripts see them.
    pub(super) about: Map<String, Value>,
    /// Why it was not delivered, as scripts see it; null if nobody said that.
    pub(super) report: Value,
}

/// The scripts have changed nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandlerError {
    #[error("the script for {0} failed: {1}")]
    Script(EntityRef, ScriptError),
    #[error("the scripts for all of them together took longer than {} s; nothing was changed", SCRIPTS.as_secs())]
    Slow,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HandlerError> for CallError {
    fn from(error: HandlerError) -> Self {
        match error {
            HandlerError::Store(error) => error.into(),
            HandlerError::Script(..) | HandlerError::Slow => Self::ScriptFailed(error.to_string()),
        }
    }
}

impl Entry {
    /// Runs the scripts for all that happened at once, and does what they asked for: all of it, or nothing.
    pub(super) async fn handle(&self, occasion: Occasion, events: Vec<Event>) -> Result<Applied, HandlerError> {
        let now = self.store.clock().now();
        let plan = move |view: &View<'_, '_>| {
            let mut all = Plan::default();
            let stopwatch = Stopwatch::start();
            for event in events {
                if stopwatch.elapsed() >= SCRIPTS {
                    return Err(HandlerError::Slow);
                }
                let plan = event.plan(occasion, view, now)?;
                all.commands.extend(plan.commands);
                all.keepsakes.extend(plan.keepsakes);
                all.ignored.extend(plan.ignored);
            }
            Ok::<_, HandlerError>(all)
        };
        let applied = self.store.apply_plan(occasion.trigger(), now, plan).await??;
        if applied.fired > 0 {
            self.bell.ring();
        }
        Ok(applied)
    }
}

impl Event {
    fn plan(&self, occasion: Occasion, view: &View<'_, '_>, now: Millis) -> Result<Plan, HandlerError> {
        let objects = Objects::of(self, view, now)?;
        let script = match &self.script {
            Some(script) => script.clone(),
            None => view.handler(objects.database, occasion)?.unwrap_or_else(|| default(occasion).to_owned()),
        };
        let run = || {
            let ran = Script::compile(&script)?.run(OBJECTS, now, &objects.json)?;
            ran.result?;
            outcome::plan(ran.output, &objects)
        };
        run().map_err(|error| HandlerError::Script(self.entity, error))
    }
}

macro_rules! report_into {
    ($field:literal) => {
        concat!(
            "const told = [report.code, report.description, report.time].filter(String).join(' ');\n",
            "const before = String(destination.fields.",
            $field,
            ");\n",
            "const again = before.startsWith(told + ' (') ? parseInt(before.slice(told.length + 2)) + 1 : 2;\n",
            "destination.fields.",
            $field,
            " = before.startsWith(told) ? `${told} (${again})` : told;"
        )
    };
}

/// What runs where nobody has set a handler.
///
/// Assumption: the platform does not document what its own bounce processing changes. Here a field called `failure` or `bounce`
/// gets what was reported, with a number behind what is reported again in the same second; where there is none, nothing changes.
/// Clicks and opens change nothing.
const fn default(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Click | Occasion::Open => "",
        Occasion::Failure => report_into!("failure"),
        Occasion::Bounce => report_into!("bounce"),
    }
}
