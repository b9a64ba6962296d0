use serde::Serialize;

use super::Trigger;

/// What a handler script runs upon: something that happened to a message that was sent to a profile or subprofile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Occasion {
    /// A link in it was followed.
    Click,
    /// A picture in it was fetched.
    Open,
    /// It could not be delivered.
    Failure,
    /// It came back.
    Bounce,
}

impl Occasion {
    pub(crate) const ALL: [Self; 4] = [Self::Click, Self::Open, Self::Failure, Self::Bounce];

    /// The entrance by which the changes come in that the script makes.
    pub(crate) const fn trigger(self) -> Trigger {
        match self {
            Self::Click => Trigger::Click,
            Self::Open => Trigger::Open,
            Self::Failure => Trigger::Failure,
            Self::Bounce => Trigger::Bounce,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        self.trigger().name()
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|occasion| occasion.name() == name)
    }
}
