//! Callbacks: what a database's owner wants to be told, and whether a change is to be told.

use crate::emit::{PayloadMethod, TargetUrl};
use crate::platform::{Action, Change, Id, TriggerSet};

/// A callback as it was set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) id: Id,
    pub(crate) database: Id,
    pub(crate) url: TargetUrl,
    pub(crate) method: PayloadMethod,
    pub(crate) action: ActionType,
    pub(crate) triggers: TriggerSet,
    pub(crate) active: bool,
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

/// Whether a change is told to a callback, and if not, why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Fires,
    OtherDatabase,
    NotActive,
    ActionNotSelected,
    TriggerNotSelected,
}

impl Callback {
    pub(crate) fn decide(&self, change: &Change) -> Decision {
        if self.database != change.profile.database {
            Decision::OtherDatabase
        } else if !self.active {
            Decision::NotActive
        } else if !self.action.includes(change.action) {
            Decision::ActionNotSelected
        } else if !self.triggers.contains(change.trigger) {
            Decision::TriggerNotSelected
        } else {
            Decision::Fires
        }
    }
}
