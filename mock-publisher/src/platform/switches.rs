use serde::{Deserialize, Serialize};

/// What the platform's documentation leaves open, and how it is answered here. Each is an assumption, and each can be
/// switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Switches {
    /// Whether an update that changes nothing is told.
    pub(crate) tell_updates_without_change: bool,
    /// Whether the subprofiles that go with a removed profile are told as removed.
    pub(crate) tell_cascaded_removals: bool,
    /// Whether a copied database gets the callbacks of its original, so that the copies of its profiles are told.
    pub(crate) copy_callbacks: bool,
    /// What is delivered in order.
    pub(crate) order: LaneOrder,
    /// How conditions are taken.
    pub(crate) conditions: ConditionStyle,
    /// How payloads are laid out.
    pub(crate) payload: PayloadStyle,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            tell_updates_without_change: false,
            tell_cascaded_removals: true,
            copy_callbacks: false,
            order: LaneOrder::default(),
            conditions: ConditionStyle::default(),
            payload: PayloadStyle::default(),
        }
    }
}

/// How conditions are taken where the documentation says nothing, or says two things.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ConditionStyle {
    /// Whether one condition of a rule suffices, and not all must hold.
    pub(crate) one_of_a_rule_suffices: bool,
    /// Whether a condition that cannot be evaluated counts as true.
    pub(crate) failed_ones_hold: bool,
}

/// How the payload of a callback is laid out where the documentation says nothing, or says two things.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PayloadStyle {
    /// The dialect of callbacks that do not choose one themselves.
    pub(crate) dialect: Dialect,
    /// Whether JSON has `id` as a number, and not as a text as the REST API does.
    pub(crate) numbers_as_ids: bool,
    /// Whether a subprofile tells its `profile` and `collection`.
    pub(crate) parents_of_subprofiles: bool,
    /// Whether a removal tells empty values, and not the last ones.
    pub(crate) blank_removals: bool,
}

/// What of a callback is delivered in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LaneOrder {
    /// What it tells of one profile or subprofile: what comes later waits until the earlier has come to its outcome.
    #[default]
    Entity,
    /// Nothing.
    None,
}

impl LaneOrder {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::None => "none",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Entity, Self::None].into_iter().find(|order| order.name() == name)
    }
}

/// What a payload is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dialect {
    /// The documented variables `id`, `action`, `fields` and `interests`.
    #[default]
    Current,
    /// As observed until 2019: XML with old values in `fields` and new ones in `updated`, JSON as the variable of a form.
    Legacy,
}

impl Dialect {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Legacy => "legacy",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Current, Self::Legacy].into_iter().find(|dialect| dialect.name() == name)
    }
}
