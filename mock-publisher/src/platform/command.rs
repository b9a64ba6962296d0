use serde_json::{Map, Value};

use super::database::Field;
use super::{Database, Id};

/// What an entrance wants to be done to a profile.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    Create { database: Id, input: ProfileInput },
    Update { profile: Id, input: ProfileInput },
    Remove { profile: Id },
}

/// Values for a profile, as they came in: names in any case, values of any type, perhaps of fields that do not exist.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProfileInput {
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

impl ProfileInput {
    /// The normalised value for a field; of several spellings of its name, the last counts.
    pub(super) fn value(&self, field: &Field) -> Option<String> {
        let given = self.fields.iter().rfind(|(name, _)| name.eq_ignore_ascii_case(&field.name));
        given.map(|(_, value)| field.kind.normalise(value))
    }

    /// The interests that follow from the present ones; `None` if nothing is said of them. Unknown names are ignored.
    pub(super) fn interests(&self, database: &Database, present: &[String]) -> Option<Vec<String>> {
        let wanted: Box<dyn Fn(&String) -> bool> = match self.interests.as_ref()? {
            InterestsInput::Exactly(names) => {
                Box::new(move |interest| names.iter().any(|name| name.eq_ignore_ascii_case(interest)))
            }
            InterestsInput::Switch(switches) => Box::new(move |interest| {
                let switch = switches.iter().rfind(|(name, _)| name.eq_ignore_ascii_case(interest));
                switch.map_or_else(|| present.contains(interest), |(_, on)| *on)
            }),
        };
        Some(database.interests.iter().filter(|interest| wanted(interest)).cloned().collect())
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

/// What PHP takes for true.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.as_str(), "" | "0" | "false"),
        Value::Array(items) => !items.is_empty(),
        Value::Object(items) => !items.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Profile;
    use super::*;

    fn input(body: Value) -> ProfileInput {
        ProfileInput {
            fields: body["fields"].as_object().cloned().unwrap_or_default(),
            interests: ProfileInput::read_interests(&body["interests"]),
            secret: None,
        }
    }

    fn mike() -> Profile {
        let body = json!({"fields": {"NAME": "Mike", "shoe": "44", "score": "12x"}, "interests": ["Tennis", "chess"]});
        Profile::create(&Database::sample(), 1, "s".into(), &input(body), 1000)
    }

    #[test]
    fn a_new_profile_has_normalised_values_and_defaults() {
        let fields = [("name", "Mike"), ("email", ""), ("city", ""), ("company", ""), ("score", "12")];
        assert_eq!(mike().fields, fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(mike().interests, ["tennis"]);
    }

    #[test]
    fn an_update_without_effect_is_no_modification() {
        let database = Database::sample();
        let same = mike().update(&database, &input(json!({"fields": {"name": "Mike", "unknown": 1}})), 2000);
        assert_eq!(same, mike());
        let moved = mike().update(&database, &input(json!({"fields": {"City": "Utrecht"}})), 2000);
        assert_eq!((moved.modified, moved.fields[2].1.as_str()), (2000, "Utrecht"));
    }

    #[test]
    fn a_list_of_interests_replaces_and_an_object_switches() {
        let database = Database::sample();
        let interests = |body| mike().update(&database, &input(body), 2000).interests;
        assert_eq!(interests(json!({"interests": ["golf"]})), ["golf"]);
        assert_eq!(interests(json!({"interests": {"golf": 1}})), ["tennis", "golf"]);
        assert_eq!(interests(json!({"interests": {"Tennis": "0"}})), Vec::<String>::new());
        assert_eq!(interests(json!({})), ["tennis"]);
    }

    #[test]
    fn a_removed_profile_keeps_its_number_and_loses_its_data() {
        let removed = mike().remove(3000);
        assert_eq!((removed.id, removed.removed, removed.modified), (1, Some(3000), 1000));
        assert!(removed.fields.iter().all(|(_, value)| value.is_empty()));
    }
}
