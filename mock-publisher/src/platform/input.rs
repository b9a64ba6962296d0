use serde_json::{Map, Value};

use super::{Field, Interest};

/// Values for a profile or subprofile, as they came in: names in any case, values of any type, perhaps of fields that do not
/// exist. Those are ignored.
#[derive(Debug, Clone, Default)]
pub(crate) struct EntityInput {
    pub(crate) fields: Map<String, Value>,
    pub(crate) interests: Option<InterestsInput>,
    pub(crate) secret: Option<String>,
}

/// Interests as they came in.
#[derive(Debug, Clone)]
pub(crate) enum InterestsInput {
    /// These and no others.
    Exactly(Vec<String>),
    /// These on or off, the others as they are.
    Switch(Vec<(String, bool)>),
}

impl InterestsInput {
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::Exactly(names) => names.iter().map(String::as_str).collect(),
            Self::Switch(switches) => switches.iter().map(|(name, _)| name.as_str()).collect(),
        }
    }
}

impl EntityInput {
    /// Only values of fields.
    pub(crate) fn of_fields(fields: Map<String, Value>) -> Self {
        Self { fields, ..Self::default() }
    }

    /// The normalised value for a field; of several spellings of its name, the last counts.
    pub(crate) fn value(&self, field: &Field) -> Option<String> {
        let given = self.fields.iter().rfind(|(name, _)| name.eq_ignore_ascii_case(&field.name));
        given.map(|(_, value)| field.normalise(value))
    }

    /// The interests that follow from the present ones; `None` if nothing is said of them. Unknown names are ignored.
    pub(super) fn interests(&self, known: &[Interest], present: &[String]) -> Option<Vec<String>> {
        let wanted: Box<dyn Fn(&str) -> bool> = match self.interests.as_ref()? {
            InterestsInput::Exactly(names) => {
                Box::new(move |interest| names.iter().any(|name| name.eq_ignore_ascii_case(interest)))
            }
            InterestsInput::Switch(switches) => Box::new(move |interest| {
                let switch = switches.iter().rfind(|(name, _)| name.eq_ignore_ascii_case(interest));
                switch.map_or_else(|| present.iter().any(|name| name == interest), |(_, on)| *on)
            }),
        };
        Some(known.iter().map(|interest| &interest.name).filter(|name| wanted(name)).cloned().collect())
    }

    /// Reads the `interests` of a request: a list of names, or an object of names and truth values.
    pub(crate) fn read_interests(value: &Value) -> Option<InterestsInput> {
        match value {
            Value::Array(items) => {
                Some(InterestsInput::Exactly(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
            }
            Value::Object(switches) => {
                Some(InterestsInput::Switch(switches.iter().map(|(name, on)| (name.clone(), is_true(on))).collect()))
            }
            _ => None,
        }
    }
}

/// What PHP takes for true, and the word `false` for false: clients send it.
pub(crate) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.as_str(), "" | "0" | "false"),
        Value::Array(items) => !items.is_empty(),
        Value::Object(items) => !items.is_empty(),
    }
}
