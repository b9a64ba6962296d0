use serde::{Deserialize, Serialize};

use super::{Entity, Trigger};

/// What happened to a profile or subprofile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// The entity as its callbacks tell of it: after a creation or an update, and before a removal.
    ///
    /// Assumption: the platform does not document which values a removal tells; the last ones are of some use.
    pub(crate) entity: Entity,
    /// What it was before an update.
    pub(crate) before: Option<Entity>,
}

impl Change {
    /// The fields whose value is another one than before, with both values: every field of something new, none of something
    /// removed.
    pub(crate) fn changed_fields(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let told = if self.action == Action::Delete { &[] } else { self.entity.fields.as_slice() };
        told.iter().filter_map(|(name, new)| {
            let old = self.before.as_ref().map(|before| before.field(name).unwrap_or_default());
            (old != Some(new)).then(|| (name.as_str(), old.unwrap_or_default(), new.as_str()))
        })
    }
}
