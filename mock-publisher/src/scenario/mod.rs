//! Scenarios: TOML files that say what a publisher holds when it starts, and what happens then.
//!
//! [`document`] is the format, [`plan`] checks what refers to what, [`people`] invents profiles, [`run`] carries the steps out.
//! The same file and seed make the same profiles, secrets and numbers, and the same steps make the same JSON and XML bodies.
//! What is different each time: dates, nonces, signatures, and the secrets of profiles that steps create.

mod document;
mod people;
mod plan;
pub(crate) mod run;
mod shipped;
mod source;
mod step;
mod values;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::platform::Switches;
use crate::store::{CallbackContents, CallbackDraft, Contents, DatabaseContents};
use crate::terms::OwnTerms;
use document::{Document, SwitchTable};
use source::Source;

pub(crate) use shipped::SHIPPED;
pub(crate) use source::ScenarioError;
use step::Step;
use values::CallbackUrl;

/// How long a file may be, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// A scenario that makes sense.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) seed: u64,
    switches: SwitchTable,
    databases: Vec<DatabaseContents>,
    callbacks: Vec<CallbackPlan>,
    steps: Vec<Step>,
    /// Names that the file gives to profiles and subprofiles that are there from the start.
    names: step::Names,
}

/// A callback whose URL may be that of a receiver that has no address yet.
struct CallbackPlan {
    database: String,
    collection: Option<String>,
    url: CallbackUrl,
    draft: CallbackDraft,
    terms: OwnTerms,
}

/// What is left of a scenario once the publisher has its contents.
pub(crate) struct Script {
    steps: Vec<Step>,
    names: step::Names,
}

impl Scenario {
    /// Reads one that comes with the program, by its name, or a file. (A file of such a name is `./shop`.)
    pub(crate) fn read(name_or_file: &str) -> Result<Self, ScenarioError> {
        match SHIPPED.iter().find(|(name, _)| *name == name_or_file) {
            Some((name, text)) => Self::parse(name, text),
            None => Self::parse(name_or_file, &read_file(Path::new(name_or_file))?),
        }
    }

    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let source = Source { name, text };
        let document: Document = toml::from_str(text).map_err(|error| source.error(error.span(), error.message()))?;
        plan::checked(document, &source)
    }

    /// What the file says of the questions that the platform's documentation leaves open; what was said otherwise, such as by
    /// a flag, counts more.
    pub(crate) fn switches(&self, otherwise: Switches) -> Switches {
        self.switches.under(otherwise)
    }

    /// Whether a callback goes to the receiver that comes with the program.
    pub(crate) fn needs_receiver(&self) -> bool {
        self.callbacks.iter().any(|callback| matches!(callback.url, CallbackUrl::Receiver(_)))
    }

    /// How many steps there are.
    pub(crate) fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// What the store is filled with, and the rest. `receiver` is the URL of the receiver, without a path, if one is needed.
    pub(crate) fn unpack(self, receiver: Option<&str>) -> Result<(Contents, Script), ScenarioError> {
        let callbacks = self.callbacks.into_iter().map(|plan| {
            let CallbackPlan { database, collection, url, draft, terms } = plan;
            Ok(CallbackContents { database, collection, url: url.resolve(receiver)?, draft, terms })
        });
        let callbacks = callbacks.collect::<Result<_, crate::emit::TargetError>>().map_err(ScenarioError::Receiver)?;
        let contents = Contents { databases: self.databases, callbacks, seed: self.seed };
        Ok((contents, Script { steps: self.steps, names: self.names }))
    }
}

/// What a scenario that comes with the program is about: its first line.
pub(crate) fn about(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
}

fn read_file(path: &Path) -> Result<String, ScenarioError> {
    let failed = |cause| ScenarioError::File { path: path.to_owned(), cause };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(ScenarioError::TooLong { path: path.to_owned(), most: MAX_FILE >> 20 });
    }
    String::from_utf8(bytes).map_err(|_| ScenarioError::NotText(path.to_owned()))
}
