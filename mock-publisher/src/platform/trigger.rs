use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// Through which entrance a change came in. The platform documents these nine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Trigger {
    /// A change by hand in the user interface.
    Publisher,
    /// A call of the REST API.
    Rest,
    /// A call of the SOAP API.
    Soap,
    /// A click handler of the tracking server.
    Click,
    /// An open handler of the tracking server.
    Open,
    /// A report of a failed delivery.
    Failure,
    /// A report of an incoming bounce.
    Bounce,
    /// A mass import.
    Import,
    /// A copied database.
    Copy,
}

impl Trigger {
    pub(crate) const ALL: [Self; 9] = [
        Self::Publisher,
        Self::Rest,
        Self::Soap,
        Self::Click,
        Self::Open,
        Self::Failure,
        Self::Bounce,
        Self::Import,
        Self::Copy,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Rest => "rest",
            Self::Soap => "soap",
            Self::Click => "click",
            Self::Open => "open",
            Self::Failure => "failure",
            Self::Bounce => "bounce",
            Self::Import => "import",
            Self::Copy => "copy",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No trigger has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown trigger `{0}`, expected one of publisher, rest, soap, click, open, failure, bounce, import, copy")]
pub(crate) struct UnknownTrigger(String);

impl FromStr for Trigger {
    type Err = UnknownTrigger;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|trigger| trigger.name() == name).ok_or_else(|| UnknownTrigger(name.to_owned()))
    }
}

/// Some of the nine triggers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TriggerSet(u16);

impl TriggerSet {
    /// All nine. Assumption: the platform does not document what a new callback has selected.
    pub(crate) const ALL: Self = Self((1 << Trigger::ALL.len()) - 1);

    pub(crate) const fn contains(self, trigger: Trigger) -> bool {
        self.0 & trigger.bit() != 0
    }

    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        Trigger::ALL.into_iter().filter(move |trigger| self.contains(*trigger)).map(Trigger::name)
    }
}

impl FromIterator<Trigger> for TriggerSet {
    fn from_iter<I: IntoIterator<Item = Trigger>>(triggers: I) -> Self {
        Self(triggers.into_iter().fold(0, |bits, trigger| bits | trigger.bit()))
    }
}

/// Read from a list of names.
impl<'de> Deserialize<'de> for TriggerSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Trigger>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// Written as the names with commas between.
impl fmt::Display for TriggerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(","))
    }
}

impl FromStr for TriggerSet {
    type Err = UnknownTrigger;

    fn from_str(names: &str) -> Result<Self, Self::Err> {
        names.split(',').filter(|name| !name.is_empty()).map(Trigger::from_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_what_it_writes() {
        assert_eq!(TriggerSet::ALL.names().count(), 9);
        for text in ["", "rest", "publisher,rest,copy"] {
            assert_eq!(text.parse::<TriggerSet>().unwrap().to_string(), text);
        }
        assert_eq!(TriggerSet::ALL.to_string().parse(), Ok(TriggerSet::ALL));
        assert_eq!("rest,sms".parse::<TriggerSet>(), Err(UnknownTrigger("sms".into())));
    }
}
