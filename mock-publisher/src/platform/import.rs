use serde_json::{Map, Value};

use super::{EntityInput, Id, Kind};

/// What an import does with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportAction {
    Add,
    Update,
    UpdateOrAdd,
    IgnoreOrAdd,
    Delete,
}

impl ImportAction {
    pub(crate) const ALL: [Self; 5] = [Self::Add, Self::Update, Self::UpdateOrAdd, Self::IgnoreOrAdd, Self::Delete];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::UpdateOrAdd => "update or add",
            Self::IgnoreOrAdd => "ignore or add",
            Self::Delete => "delete",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Whether it looks for what is there already, and so needs key fields.
    pub(crate) const fn matches(self) -> bool {
        !matches!(self, Self::Add)
    }
}

/// How the rows of one import are carried out.
#[derive(Debug, Clone)]
pub(crate) struct ImportRules {
    pub(crate) database: Id,
    pub(crate) action: ImportAction,
    /// The collection that rows have subprofiles for.
    pub(crate) collection: Option<Id>,
    /// The fields by which a profile is found.
    pub(crate) profile_keys: Vec<String>,
    /// The fields by which a subprofile of it is found.
    pub(crate) subprofile_keys: Vec<String>,
    /// Whether an empty value leaves a field as it is.
    pub(crate) ignore_empty: bool,
    /// Whether what the file does not name is removed at the end.
    pub(crate) remove_missing: bool,
    /// What is removed.
    pub(crate) delete_target: Kind,
}

impl ImportRules {
    /// The values of a row as they are given to a profile or subprofile.
    pub(crate) fn input(&self, mut fields: Map<String, Value>) -> EntityInput {
        if self.ignore_empty {
            fields.retain(|_, value| !is_empty(value));
        }
        EntityInput::of_fields(fields)
    }
}

/// One row: the values of the columns that are linked to a field.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImportRow {
    pub(crate) profile: Map<String, Value>,
    pub(crate) subprofile: Map<String, Value>,
}

impl ImportRow {
    /// Whether the row has a subprofile. Assumption: one whose values are all empty is none.
    pub(crate) fn has_subprofile(&self) -> bool {
        self.subprofile.values().any(|value| !is_empty(value))
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}
