use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{EntityInput, Id, Layout, Within};
use crate::clock::Millis;

/// A profile or a subprofile as it stands at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    pub(crate) id: Id,
    pub(crate) home: Home,
    /// Names and values, in the order of the fields of its database or collection.
    pub(crate) fields: Vec<(String, String)>,
    /// In the order of the database's interests; a subprofile has none.
    pub(crate) interests: Vec<String>,
    pub(crate) secret: String,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
    pub(crate) removed: Option<Millis>,
}

/// What an entity belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Home {
    /// A profile's database.
    Database(Id),
    /// A subprofile's collection, profile, and the database of both.
    Collection { collection: Id, profile: Id, database: Id },
}

/// The two kinds of entities. Each is numbered by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Profile,
    Subprofile,
}

/// The number of an entity, and what it numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct EntityRef {
    pub(crate) kind: Kind,
    pub(crate) id: Id,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Subprofile => "subprofile",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Profile, Self::Subprofile].into_iter().find(|kind| kind.name() == name)
    }
}

impl EntityRef {
    pub(crate) const fn profile(id: Id) -> Self {
        Self { kind: Kind::Profile, id }
    }

    pub(crate) const fn subprofile(id: Id) -> Self {
        Self { kind: Kind::Subprofile, id }
    }
}

/// As one member, named after the kind: `"profile": 12`.
impl Serialize for EntityRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.kind.name(), &self.id)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for EntityRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Member {
            profile: Option<Id>,
            subprofile: Option<Id>,
        }
        match Member::deserialize(deserializer)? {
            Member { profile: Some(id), subprofile: None } => Ok(Self::profile(id)),
            Member { profile: None, subprofile: Some(id) } => Ok(Self::subprofile(id)),
            _ => Err(de::Error::custom("expected `profile` or `subprofile`")),
        }
    }
}

impl std::fmt::Display for EntityRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.id)
    }
}

impl Home {
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Database(_) => Kind::Profile,
            Self::Collection { .. } => Kind::Subprofile,
        }
    }

    /// Whether that is within.
    pub(crate) fn is_within(self, within: Within) -> bool {
        match (self, within) {
            (Self::Database(database), Within::Database(wanted)) => database == wanted,
            (Self::Collection { collection, .. }, Within::Collection(wanted)) => collection == wanted,
            (Self::Collection { collection, profile, .. }, Within::CollectionOfProfile { .. }) => {
                within == Within::CollectionOfProfile { collection, profile }
            }
            _ => false,
        }
    }

    /// The database that the entity is in, a subprofile's by way of its profile.
    pub(crate) const fn database(self) -> Id {
        match self {
            Self::Database(database) | Self::Collection { database, .. } => database,
        }
    }
}

impl Entity {
    /// A profile that no store has, for a request that no change caused.
    pub(crate) fn by_hand(id: Id, fields: Vec<(String, String)>, interests: Vec<String>, now: Millis) -> Self {
        let (home, secret) = (Home::Database(1), String::new());
        Self { id, home, fields, interests, secret, created: now, modified: now, removed: None }
    }

    /// A new one. Values that were not given are the fields' defaults.
    pub(crate) fn create(
        home: Home,
        layout: Layout<'_>,
        id: Id,
        secret: String,
        input: &EntityInput,
        now: Millis,
    ) -> Self {
        let fields = layout
            .fields
            .iter()
            .map(|field| (field.name.clone(), input.value(field).unwrap_or_else(|| field.default_value())))
            .collect();
        let interests = input.interests(layout.interests, &[]).unwrap_or_default();
        Self { id, home, fields, interests, secret, created: now, modified: now, removed: None }
    }

    /// What it is after an update: `modified` moves only if a value did.
    pub(crate) fn update(&self, layout: Layout<'_>, input: &EntityInput, now: Millis) -> Self {
        let mut updated = self.clone();
        for field in layout.fields {
            let Some(value) = input.value(field) else { continue };
            match updated.fields.iter_mut().find(|(name, _)| *name == field.name) {
                Some((_, current)) => *current = value,
                None => updated.fields.push((field.name.clone(), value)),
            }
        }
        if let Some(interests) = input.interests(layout.interests, &self.interests) {
            updated.interests = interests;
        }
        if updated.differs_from(self) {
            updated.modified = now;
        }
        // Not one of the profile's data: it may change without the profile counting as modified.
        if let Some(secret) = &input.secret {
            updated.secret.clone_from(secret);
        }
        updated
    }

    /// What is left of a removed one: it can still be asked for, and every field is empty.
    pub(crate) fn remove(&self, now: Millis) -> Self {
        let fields = self.fields.iter().map(|(name, _)| (name.clone(), String::new())).collect();
        Self { fields, interests: Vec::new(), removed: Some(now), ..self.clone() }
    }

    /// Whether a field or an interest is another one.
    pub(crate) fn differs_from(&self, other: &Self) -> bool {
        self.fields != other.fields || self.interests != other.interests
    }

    pub(crate) const fn reference(&self) -> EntityRef {
        EntityRef { kind: self.home.kind(), id: self.id }
    }

    /// The value of a field, whose name may be in any case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether a text, given in lower case, is in one of its values or is its number.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        text.is_empty()
            || self.id.to_string() == text
            || self.fields.iter().any(|(_, value)| value.to_lowercase().contains(text))
    }

    /// Whether it has an interest, whose name may be in any case.
    pub(crate) fn has_interest(&self, name: &str) -> bool {
        self.interests.iter().any(|interest| interest.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Database;
    use super::*;

    fn input(body: Value) -> EntityInput {
        EntityInput {
            fields: body["fields"].as_object().cloned().unwrap_or_default(),
            interests: EntityInput::read_interests(&body["interests"]),
            secret: None,
        }
    }

    fn mike() -> Entity {
        let body = json!({"fields": {"NAME": "Mike", "shoe": "44", "score": "12x"}, "interests": ["Tennis", "chess"]});
        let database = Database::sample();
        Entity::create(Home::Database(1), database.layout(), 1, "s".into(), &input(body), 1000)
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
        let update = |body| mike().update(database.layout(), &input(body), 2000);
        let same = update(json!({"fields": {"name": "Mike", "unknown": 1}}));
        assert_eq!(same, mike());
        let moved = update(json!({"fields": {"City": "Utrecht"}}));
        assert_eq!((moved.modified, moved.field("CITY")), (2000, Some("Utrecht")));
    }

    #[test]
    fn a_list_of_interests_replaces_and_an_object_switches() {
        let database = Database::sample();
        let interests = |body| mike().update(database.layout(), &input(body), 2000).interests;
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
