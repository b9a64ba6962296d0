use serde_json::{Map, Value};

use super::super::ConditionError;

/// The members of a JSON object, whose names can be spelled `other-field`, `other_field`, `otherField` or `other
/// field`.
pub(super) struct Members<'a> {
    members: &'a Map<String, Value>,
    /// Where it stands, for messages.
    place: &'a str,
}

/// How many names there can be in a list.
const MOST_NAMES: usize = 16;

/// What the platform adds when it shows an object, and what says nothing.
const ALWAYS_ALLOWED: [&str; 4] = ["id", "rule", "minirule", "type"];

/// A name or a word without what separates its parts, in small letters.
pub(super) fn folded(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

/// A list of at most so many, bare or, as the platform shows one, in `data`.
pub(super) fn list<'a>(value: Option<&'a Value>, what: &str, most: usize) -> Result<&'a [Value], ConditionError> {
    let value = value.map(|value| value.get("data").unwrap_or(value));
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) if items.len() <= most => Ok(items),
        Some(Value::Array(items)) => {
            Err(ConditionError(format!("{what}: {} are too many, at most {most}", items.len())))
        }
        Some(_) => Err(ConditionError(format!("{what}: expected a list"))),
    }
}

impl<'a> Members<'a> {
    pub(super) fn of(value: &'a Value, place: &'a str) -> Result<Self, ConditionError> {
        match value {
            Value::Object(members) => Ok(Self { members, place }),
            _ => Err(ConditionError(format!(
                "{place}: expected an object, such as {{\"field\": \"name\", \"equals\": \"Mike\"}}"
            ))),
        }
    }

    pub(super) fn error(&self, message: impl std::fmt::Display) -> ConditionError {
        ConditionError(format!("{}: {message}", self.place))
    }

    /// Refuses what nobody would read.
    pub(super) fn allow_only(&self, names: &[&str]) -> Result<(), ConditionError> {
        let is_known = |given: &str| {
            let given = folded(given);
            names.iter().chain(&ALWAYS_ALLOWED).any(|name| folded(name) == given)
        };
        match self.members.keys().find(|given| !is_known(given)) {
            None => Ok(()),
            Some(unknown) => Err(self.error(format_args!("`{unknown}` is unknown here, expected {}", one_of(names)))),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        let wanted = folded(name);
        let found = self.members.iter().find(|(given, _)| folded(given) == wanted);
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// A text; a number and a truth value are read as one.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ConditionError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            Some(_) => Err(self.error(format_args!("`{name}`: expected a text"))),
        }
    }

    /// `false` if it is missing.
    pub(super) fn truth(&self, name: &str) -> Result<bool, ConditionError> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(false),
            Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(true),
            Some(Value::String(text)) if text == "true" || text == "1" => Ok(true),
            Some(Value::String(text)) if text == "false" || text == "0" || text.is_empty() => Ok(false),
            Some(_) => Err(self.error(format_args!("`{name}`: expected `true` or `false`"))),
        }
    }

    pub(super) fn whole_number(&self, name: &str) -> Result<Option<usize>, ConditionError> {
        let Some(text) = self.text(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.error(format_args!("`{name}`: expected a whole number, got `{text}`")))
    }

    /// The name or number of something, given as that or as the object that the platform shows.
    pub(super) fn reference(&self, name: &str) -> Result<Option<String>, ConditionError> {
        match self.value(name) {
            Some(Value::Object(shown)) => match shown.get("name").or_else(|| shown.get("ID")) {
                Some(Value::String(text)) => Ok(Some(text.clone())),
                Some(Value::Number(number)) => Ok(Some(number.to_string())),
                _ => Err(self.error(format_args!("`{name}`: expected a name"))),
            },
            Some(Value::Bool(false)) => Ok(None),
            _ => Ok(self.text(name)?.filter(|text| !text.is_empty())),
        }
    }

    /// Names as a list, or as the text `[a, b]`.
    pub(super) fn names(&self, name: &str) -> Result<Vec<String>, ConditionError> {
        let names: Vec<_> = match self.value(name) {
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    Value::Number(number) => Ok(number.to_string()),
                    _ => Err(self.error(format_args!("`{name}`: expected a list of names"))),
                })
                .collect::<Result<_, _>>()?,
            _ => {
                let text = self.text(name)?.unwrap_or_default();
                let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
                let names = inner.split(',').map(|name| name.trim().trim_matches(['"', '\'']).to_owned());
                names.filter(|name| !name.is_empty()).collect()
            }
        };
        match names.len() {
            ..=MOST_NAMES => Ok(names),
            many => Err(self.error(format_args!("`{name}`: {many} are too many, at most {MOST_NAMES}"))),
        }
    }

    /// One of some words, however its parts are separated.
    pub(super) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Option<T>, ConditionError> {
        let Some(given) = self.text(name)? else { return Ok(None) };
        let wanted = folded(&given);
        match choices.iter().find(|(word, _)| folded(word) == wanted) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                Err(self.error(format_args!("`{name}`: `{given}` is unknown, expected {}", one_of(&words))))
            }
        }
    }

    pub(super) fn required_choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T, ConditionError> {
        match self.choice(name, choices)? {
            Some(choice) => Ok(choice),
            None => {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                Err(self.error(format_args!("`{name}` is missing, expected {}", one_of(&words))))
            }
        }
    }
}

fn one_of(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}
