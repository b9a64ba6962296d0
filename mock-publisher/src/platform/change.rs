use serde::Serialize;

use super::{Profile, Trigger};

/// What happened to a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    pub(crate) const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// A change that a command made, and through which entrance it came.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) action: Action,
    pub(crate) trigger: Trigger,
    /// The profile as its callbacks tell of it: after a creation or an update, and before a removal.
    ///
    /// Assumption: the platform does not document which values a removal tells; the last ones are of some use.
    pub(crate) profile: Profile,
}
