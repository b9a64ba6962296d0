//! Callbacks: what the owner of a database or collection wants to be told, and whether a change is to be told.

mod budget;
mod condition;
mod decision;
mod shown;
mod world;

use serde::{Deserialize, Deserializer, de};

use crate::emit::{PayloadMethod, TargetUrl};
use crate::platform::{Action, Dialect, Home, Id, TriggerSet};
use crate::wire_profile::WireProfile;

pub(crate) use budget::Budget;
pub(crate) use condition::{Condition, ConditionDraft, ConditionError};
pub(crate) use decision::{Look, Reason};
pub(crate) use shown::ShownCallback;
pub(crate) use world::{World, WorldError};

/// A callback as it was set up.
#[derive(Debug, Clone)]
pub(crate) struct Callback {
    pub(crate) id: Id,
    pub(crate) scope: Scope,
    pub(crate) url: TargetUrl,
    pub(crate) method: PayloadMethod,
    /// What payloads are made of; `None` for what the server says.
    pub(crate) dialect: Option<Dialect>,
    /// How headers are spelled; `None` for what the server says.
    pub(crate) wire: Option<WireProfile>,
    pub(crate) action: ActionType,
    pub(crate) triggers: TriggerSet,
    pub(crate) condition: Condition,
    pub(crate) active: bool,
}

/// What a callback watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// The profiles of a database.
    Database(Id),
    /// The subprofiles of a collection.
    Collection(Id),
}

impl Scope {
    /// The scope that an entity is in.
    pub(crate) const fn of(home: Home) -> Self {
        match home {
            Home::Database(database) => Self::Database(database),
            Home::Collection { collection, .. } => Self::Collection(collection),
        }
    }

    /// The number of the database, if that is what it is.
    pub(crate) const fn database(self) -> Option<Id> {
        match self {
            Self::Database(id) => Some(id),
            Self::Collection(_) => None,
        }
    }

    /// The number of the collection, if that is what it is.
    pub(crate) const fn collection(self) -> Option<Id> {
        match self {
            Self::Collection(id) => Some(id),
            Self::Database(_) => None,
        }
    }
}

/// Which actions a callback tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionType {
    All,
    Only(Action),
}

impl ActionType {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Only(action) => action.name(),
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "all" => Some(Self::All),
            name => Action::from_name(name).map(Self::Only),
        }
    }

    fn includes(self, action: Action) -> bool {
        self == Self::All || self == Self::Only(action)
    }
}

/// Read from its name.
impl<'de> Deserialize<'de> for ActionType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || format!("unknown action `{name}`, expected `create`, `update`, `delete` or `all`");
        Self::from_name(&name).ok_or_else(|| de::Error::custom(unknown()))
    }
}
