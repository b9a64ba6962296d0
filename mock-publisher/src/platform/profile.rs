use serde::{Deserialize, Serialize};

use super::{Database, Id, ProfileInput};
use crate::clock::Millis;

/// A profile as it stands at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) id: Id,
    pub(crate) database: Id,
    /// Names and values, in the order of the database's fields.
    pub(crate) fields: Vec<(String, String)>,
    /// In the order of the database's interests.
    pub(crate) interests: Vec<String>,
    pub(crate) secret: String,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
    pub(crate) removed: Option<Millis>,
}

impl Profile {
    /// A new profile. Values that were not given are the fields' defaults.
    pub(crate) fn create(database: &Database, id: Id, secret: String, input: &ProfileInput, now: Millis) -> Self {
        let fields = database
            .fields
            .iter()
            .map(|field| (field.name.clone(), input.value(field).unwrap_or_else(|| field.default.clone())))
            .collect();
        let interests = input.interests(database, &[]).unwrap_or_default();
        Self { id, database: database.id, fields, interests, secret, created: now, modified: now, removed: None }
    }

    /// The profile after an update: `modified` moves only if a value did.
    pub(crate) fn update(&self, database: &Database, input: &ProfileInput, now: Millis) -> Self {
        let mut updated = self.clone();
        for field in &database.fields {
            let Some(value) = input.value(field) else { continue };
            match updated.fields.iter_mut().find(|(name, _)| *name == field.name) {
                Some((_, current)) => *current = value,
                None => updated.fields.push((field.name.clone(), value)),
            }
        }
        if let Some(interests) = input.interests(database, &self.interests) {
            updated.interests = interests;
        }
        if updated.fields != self.fields || updated.interests != self.interests {
            updated.modified = now;
        }
        // Not one of the profile's data: it may change without the profile counting as modified.
        if let Some(secret) = &input.secret {
            updated.secret.clone_from(secret);
        }
        updated
    }

    /// What is left of a removed profile: it can still be asked for, and every field is empty.
    pub(crate) fn remove(&self, now: Millis) -> Self {
        let fields = self.fields.iter().map(|(name, _)| (name.clone(), String::new())).collect();
        Self { fields, interests: Vec::new(), removed: Some(now), ..self.clone() }
    }
}
