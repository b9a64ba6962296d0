//! JavaScript in a sandbox: conditions of callbacks and handlers of clicks and opens are scripts that somebody else
//! wrote.
//!
//! To an engine, a script is a function from data to data: it sees what a trusted [`Prelude`] makes of the input, and
//! the prelude tells what came of it. Nothing of the publisher can be reached from inside; a script that needs what it
//! was not given is run again with it ([`Ran::needs`]). Each run is bounded in time, memory and stack, and sees nothing
//! of the runs before it.

mod error;
mod limits;
mod pool;
mod realm;
mod syntax;

pub(crate) use error::ScriptError;
pub(crate) use realm::{Prelude, Ran};

use serde::Serialize;
use std::sync::Arc;

use crate::clock::Millis;

/// The source of a script that compiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    source: Arc<str>,
}

impl Script {
    /// Checks that a source is not too long, and compiles.
    pub(crate) fn compile(source: &str) -> Result<Self, ScriptError> {
        syntax::check(source)?;
        Ok(Self { source: source.into() })
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Runs the script for an input; `now` is what time it is for it. What it throws is in [`Ran::result`]; an error here means that the engine could
    /// not even begin.
    pub(crate) fn run(&self, prelude: Prelude, now: Millis, input: &impl Serialize) -> Result<Ran, ScriptError> {
        pool::with_realm(prelude, |realm| realm.run(self, now, input))
    }
}

#[cfg(test)]
mod tests;
