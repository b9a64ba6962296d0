use serde::{Deserialize, Serialize};

use super::condition::Evaluation;
use super::{Budget, Callback, World};
use crate::excerpt::excerpt;
use crate::platform::Change;

/// Whether a change is told to a callback, and how that came about.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    pub(crate) reason: Reason,
    /// What the condition looked at, and what it found.
    pub(crate) looks: Vec<Look>,
    /// What went wrong with the condition.
    pub(crate) error: Option<String>,
}

/// Why a change is told or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    Fired,
    NotActive,
    ActionNotSelected,
    TriggerNotSelected,
    ConditionFalse,
    /// Assumption: a condition that cannot be evaluated counts as false, unless [`ConditionStyle`](crate::platform::ConditionStyle)
    /// says otherwise.
    ConditionFailed,
}

/// One condition, the values that it read, and whether it held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Look {
    /// The condition as a person would write it.
    pub(crate) condition: String,
    /// Names such as `profile.name`, and their values.
    pub(crate) read: Vec<(String, String)>,
    pub(crate) holds: bool,
}

impl Look {
    /// How many characters of a condition are kept, and of a name or value that it read: each change keeps them for each callback.
    const CONDITION: usize = 500;
    const VALUE: usize = 200;
    /// How many names and values of them.
    const READ: usize = 32;

    pub(super) fn new(condition: &str, mut read: Vec<(String, String)>, holds: bool) -> Self {
        read.truncate(Self::READ);
        for text in read.iter_mut().flat_map(|(name, value)| [name, value]).filter(|text| text.len() > Self::VALUE) {
            *text = excerpt(text, Self::VALUE);
        }
        Self { condition: excerpt(condition, Self::CONDITION), read, holds }
    }
}

impl Reason {
    const ALL: [Self; 6] = [
        Self::Fired,
        Self::NotActive,
        Self::ActionNotSelected,
        Self::TriggerNotSelected,
        Self::ConditionFalse,
        Self::ConditionFailed,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::NotActive => "not_active",
            Self::ActionNotSelected => "action_not_selected",
            Self::TriggerNotSelected => "trigger_not_selected",
            Self::ConditionFalse => "condition_false",
            Self::ConditionFailed => "condition_failed",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl Callback {
    /// Decides about a change in the callback's scope. The cheap questions come first; the condition is evaluated only if
    /// everything else is selected, and if there is time for it.
    pub(crate) fn decide(&self, change: &Change, world: &dyn World, budget: &Budget) -> Decision {
        let because = |reason| Decision { reason, looks: Vec::new(), error: None };
        if !self.active {
            because(Reason::NotActive)
        } else if !self.action.includes(change.action) {
            because(Reason::ActionNotSelected)
        } else if !self.triggers.contains(change.trigger) {
            because(Reason::TriggerNotSelected)
        } else {
            let evaluation = if self.condition.is_empty() {
                Evaluation { holds: true, ..Evaluation::default() }
            } else {
                let evaluated = budget.spend(|| self.condition.evaluate(change, world));
                evaluated.unwrap_or_else(|error| Evaluation { error: Some(error), ..Evaluation::default() })
            };
            let reason = match (&evaluation.error, evaluation.holds) {
                (Some(_), _) if world.style().failed_ones_hold => Reason::Fired,
                (Some(_), _) => Reason::ConditionFailed,
                (None, true) => Reason::Fired,
                (None, false) => Reason::ConditionFalse,
            };
            Decision { reason, looks: evaluation.looks, error: evaluation.error }
        }
    }
}
