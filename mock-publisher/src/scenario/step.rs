use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::document::ExpectTable;
use super::values::Reference;
use crate::platform::{EntityInput, EntityRef, Id, Kind, Occasion};

/// Names that the file gives to profiles and subprofiles, and their numbers.
pub(super) type Names = HashMap<String, EntityRef>;

/// What happens, and when.
pub(super) struct Step {
    /// The line of the file that it begins in.
    pub(super) line: usize,
    /// When it begins at the earliest, from the start of the first.
    pub(super) at: Option<Duration>,
    pub(super) action: Action,
}

pub(super) enum Action {
    Change(Change),
    Import(Import),
    Copy(Copy),
    Message(Message),
    /// Something goes wrong from then on, as the control API takes it.
    Fault(Value),
    /// Nothing goes wrong any more.
    NoFault,
    Wait(Duration),
    Expect(ExpectTable),
}

/// Somebody changes something.
pub(super) struct Change {
    pub(super) via: Via,
    pub(super) what: What,
}

pub(super) enum What {
    CreateProfile {
        database: String,
        values: Values,
        known_as: Option<String>,
    },
    /// Profiles of a database, one after the other.
    CreateInvented {
        database: String,
        profiles: Box<dyn Iterator<Item = EntityInput> + Send>,
    },
    CreateSubprofile {
        profile: Reference,
        collection: String,
        values: Values,
        known_as: Option<String>,
    },
    Update {
        target: Target,
        values: Values,
    },
    Remove {
        target: Target,
    },
}

/// What a call carries.
pub(super) struct Values {
    pub(super) fields: Map<String, Value>,
    pub(super) interests: Option<Vec<String>>,
}

/// A profile or subprofile, which may not exist before the step begins.
pub(super) struct Target {
    pub(super) kind: Kind,
    pub(super) reference: Reference,
}

impl Target {
    /// Its number, once it exists.
    pub(super) fn number(&self, names: &Names) -> Option<Id> {
        number(self.kind, &self.reference, names)
    }
}

/// The number of something that exists.
pub(super) fn number(kind: Kind, reference: &Reference, names: &Names) -> Option<Id> {
    match reference {
        Reference::Number(number) => Some(*number),
        Reference::Name(name) => names.get(name).filter(|entity| entity.kind == kind).map(|entity| entity.id),
    }
}

/// A file is imported.
pub(super) struct Import {
    pub(super) database: String,
    /// What a profile that is there already is found by.
    pub(super) keys: Vec<String>,
    pub(super) rows: Box<dyn Iterator<Item = Map<String, Value>> + Send>,
}

/// A database is copied.
pub(super) struct Copy {
    pub(super) database: String,
    pub(super) name: String,
    pub(super) profiles: bool,
    /// What is said of the parts to be copied.
    pub(super) options: Vec<(&'static str, bool)>,
}

/// Something happens to a message that was sent to a profile.
pub(super) struct Message {
    pub(super) occasion: Occasion,
    pub(super) to: Reference,
    pub(super) script: Option<String>,
    pub(super) code: Option<String>,
    pub(super) description: Option<String>,
}

/// The entrances that a step can create, update and remove through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Via {
    Publisher,
    Rest,
    Soap,
}

impl Via {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Rest => "rest",
            Self::Soap => "soap",
        }
    }
}
