use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Field, FieldKind, Home, Id};
use crate::clock::Millis;

/// A database: which fields and interests its profiles have, and which collections of subprofiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) archived: bool,
    pub(crate) created: Millis,
    pub(crate) fields: Vec<Field>,
    pub(crate) interests: Vec<Interest>,
    pub(crate) collections: Vec<Collection>,
    pub(crate) unsubscribe: Unsubscribe,
    pub(crate) intentions: Intentions,
}

/// Something that a profile can be interested in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interest {
    pub(crate) id: Id,
    pub(crate) name: String,
    /// The group that it is shown in; empty for none.
    pub(crate) group: String,
}

/// A collection: which fields the subprofiles have that each profile can have here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collection {
    pub(crate) id: Id,
    pub(crate) database: Id,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) unsubscribe: Unsubscribe,
    pub(crate) intentions: Intentions,
}

/// What happens to those who unsubscribe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "behavior", content = "fields", rename_all = "lowercase")]
pub(crate) enum Unsubscribe {
    #[default]
    Nothing,
    Remove,
    /// These fields get these values.
    Update(Map<String, Value>),
}

/// What a database may be used for. Nothing here depends on it; the platform's clients read and write it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intentions {
    pub(crate) email: bool,
    pub(crate) sms: bool,
    pub(crate) fax: bool,
    pub(crate) pdf: bool,
}

/// What an entity is made of: the fields and interests of its database, or the fields of its collection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'a> {
    pub(crate) fields: &'a [Field],
    pub(crate) interests: &'a [Interest],
}

impl Layout<'_> {
    /// A field by its name, in any case.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Whether there is an interest of that name, in any case.
    pub(crate) fn has_interest(&self, name: &str) -> bool {
        self.interests.iter().any(|interest| interest.name.eq_ignore_ascii_case(name))
    }
}

impl Database {
    /// The database that a fresh store has. Its parts get their numbers when it is stored.
    pub(crate) fn sample() -> Self {
        let field = |name: &str, kind, value: &str| Field { value: value.into(), ..Field::new(name, kind) };
        let interest = |name: &str| Interest { id: 0, name: name.into(), group: String::new() };
        let orders = [field("product", FieldKind::Text, ""), field("amount", FieldKind::Integer, "0")];
        Self {
            fields: vec![
                field("name", FieldKind::Text, ""),
                field("email", FieldKind::Email, ""),
                field("city", FieldKind::Text, ""),
                field("company", FieldKind::Text, ""),
                field("score", FieldKind::Integer, "0"),
            ],
            interests: vec![interest("tennis"), interest("golf")],
            collections: vec![Collection { fields: orders.into(), ..Collection::new("orders") }],
            ..Self::new("customers")
        }
    }

    /// An empty one.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            id: 0,
            name: name.into(),
            description: String::new(),
            archived: false,
            created: 0,
            fields: Vec::new(),
            interests: Vec::new(),
            collections: Vec::new(),
            unsubscribe: Unsubscribe::default(),
            intentions: Intentions::default(),
        }
    }

    /// What its profiles are made of.
    pub(crate) fn layout(&self) -> Layout<'_> {
        Layout { fields: &self.fields, interests: &self.interests }
    }

    /// What an entity of this database is made of. (Of a collection that is gone, nothing is left.)
    pub(crate) fn layout_of(&self, home: Home) -> Layout<'_> {
        match home {
            Home::Database(_) => self.layout(),
            Home::Collection { collection, .. } => match self.collections.iter().find(|known| known.id == collection) {
                Some(collection) => collection.layout(),
                None => Layout { fields: &[], interests: &[] },
            },
        }
    }

    /// A collection by its name, in any case.
    pub(crate) fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.name.eq_ignore_ascii_case(name))
    }
}

impl Collection {
    /// An empty one.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            id: 0,
            database: 0,
            name: name.into(),
            description: String::new(),
            fields: Vec::new(),
            unsubscribe: Unsubscribe::default(),
            intentions: Intentions::default(),
        }
    }

    /// What its subprofiles are made of.
    pub(crate) fn layout(&self) -> Layout<'_> {
        Layout { fields: &self.fields, interests: &[] }
    }
}
