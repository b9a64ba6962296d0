//! The objects that operations answer with. What the description says of them and what is written come from the same lists.

use super::operation::Kind;
use crate::callback::Callback;
use crate::clock;
use crate::platform::{Collection, Database, Dialect, Entity, Field, Home, Interest};
use crate::wire_profile::WireProfile;

/// A kind of object: its name, and its members in their order.
pub(super) struct Object<T: 'static> {
    name: &'static str,
    members: &'static [Member<T>],
}

struct Member<T> {
    name: &'static str,
    kind: Kind,
    read: fn(&T) -> Content,
}

/// What the description needs to know of a kind of object.
pub(super) trait Described: Sync {
    fn name(&self) -> &'static str;

    /// Names and kinds, in order.
    fn members(&self) -> Vec<(&'static str, Kind)>;
}

/// One object, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) name: &'static str,
    pub(super) members: Vec<(&'static str, Content)>,
}

/// What a member holds: objects are shallow, so it is a text or a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Text(String),
    Map(Vec<(String, String)>),
    /// It is left out: there are no nulls.
    Absent,
}

impl<T> Object<T> {
    pub(super) fn record(&self, value: &T) -> Record {
        let members = self.members.iter().map(|member| (member.name, (member.read)(value))).collect();
        Record { name: self.name, members }
    }
}

impl<T> Described for Object<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn members(&self) -> Vec<(&'static str, Kind)> {
        self.members.iter().map(|member| (member.name, member.kind)).collect()
    }
}

pub(super) static DATABASE: Object<Database> = Object {
    name: "database",
    members: &[
        Member { name: "id", kind: Kind::Id, read: |database| shown(database.id) },
        Member { name: "name", kind: Kind::Text, read: |database| shown(&database.name) },
        Member { name: "description", kind: Kind::Text, read: |database| shown(&database.description) },
        Member { name: "archived", kind: Kind::Truth, read: |database| shown(database.archived) },
        Member { name: "created", kind: Kind::Text, read: |database| shown(clock::stamp(database.created)) },
    ],
};

pub(super) static COLLECTION: Object<Collection> = Object {
    name: "collection",
    members: &[
        Member { name: "id", kind: Kind::Id, read: |collection| shown(collection.id) },
        Member { name: "database", kind: Kind::Id, read: |collection| shown(collection.database) },
        Member { name: "name", kind: Kind::Text, read: |collection| shown(&collection.name) },
        Member { name: "description", kind: Kind::Text, read: |collection| shown(&collection.description) },
    ],
};

pub(super) static FIELD: Object<Field> = Object {
    name: "field",
    members: &[
        Member { name: "id", kind: Kind::Id, read: |field| shown(field.id) },
        Member { name: "name", kind: Kind::Text, read: |field| shown(&field.name) },
        Member { name: "type", kind: Kind::Text, read: |field| shown(field.kind.name()) },
        Member { name: "value", kind: Kind::Text, read: |field| shown(&field.value) },
        Member { name: "display", kind: Kind::Truth, read: |field| shown(field.displayed) },
        Member { name: "ordered", kind: Kind::Truth, read: |field| shown(field.ordered) },
        Member { name: "length", kind: Kind::Number, read: |field| shown(field.length) },
        Member { name: "textlines", kind: Kind::Number, read: |field| shown(field.textlines) },
        Member { name: "hidden", kind: Kind::Truth, read: |field| shown(field.hidden) },
        Member { name: "index", kind: Kind::Truth, read: |field| shown(field.index) },
    ],
};

pub(super) static INTEREST: Object<Interest> = Object {
    name: "interest",
    members: &[
        Member { name: "id", kind: Kind::Id, read: |interest| shown(interest.id) },
        Member { name: "name", kind: Kind::Text, read: |interest| shown(&interest.name) },
        Member { name: "group", kind: Kind::Text, read: |interest| shown(&interest.group) },
    ],
};

pub(super) static PROFILE: Object<Entity> = Object {
    name: "profile",
    members: &[
        Member { name: "id", kind: Kind::Id, read: |profile| shown(profile.id) },
        Member { name: "database", kind: Kind::Id, read: |profile| shown(profile.home.database()) },
        Member { name: "secret", kind: Kind::Text, read: |profile| shown(&profile.secret) },
        Member { name: "created", kind: Kind::Text, read: |profile| shown(clock::stamp(profile.created)) },
        Member { name: "modified", kind: Kind::Text, read: |profile| shown(clock::stamp(profile.modified)) },
        Member { name: "removed", kind: Kind::Text, read: removed },
        Member { name: "fields", kind: Kind::Map, read: |profile| Content::Map(profile.fields.clone()) },
    ],
};

pub(super) static SUBPROFILE: Object<Entity> = Object {
    name: "subprofile",
    members: &[
        Member { name: "id", kind: Kind::Id, read: |subprofile| shown(subprofile.id) },
        Member { name: "profile", kind: Kind::Id, read: |subprofile| parents(subprofile.home).0 },
        Member { name: "collection", kind: Kind::Id, read: |subprofile| parents(subprofile.home).1 },
        Member { name: "secret", kind: Kind::Text, read: |subprofile| shown(&subprofile.secret) },
        Member { name: "created", kind: Kind::Text, read: |subprofile| shown(clock::stamp(subprofile.created)) },
        Member { name: "modified", kind: Kind::Text, read: |subprofile| shown(clock::stamp(subprofile.modified)) },
        Member { name: "removed", kind: Kind::Text, read: removed },
        Member { name: "fields", kind: Kind::Map, read: |subprofile| Content::Map(subprofile.fields.clone()) },
    ],
};

pub(super) static CALLBACK: Object<Callback> = Object {
    name: "callback",
    members: &[
        Member { name: "id", kind: Kind::Id, read: |callback| shown(callback.id) },
        Member { name: "database", kind: Kind::Id, read: |callback| shown(callback.scope.database().unwrap_or(0)) },
        Member { name: "collection", kind: Kind::Id, read: |callback| shown(callback.scope.collection().unwrap_or(0)) },
        Member { name: "url", kind: Kind::Text, read: |callback| shown(callback.url.as_str()) },
        Member { name: "method", kind: Kind::Text, read: |callback| shown(callback.method.name()) },
        Member { name: "expression", kind: Kind::Text, read: |callback| shown(callback.condition.expression()) },
        Member { name: "action", kind: Kind::Text, read: |callback| shown(callback.action.name()) },
        Member { name: "triggers", kind: Kind::Text, read: |callback| shown(callback.triggers) },
        Member { name: "conditions", kind: Kind::Text, read: |callback| some(callback.condition.rules_as_json()) },
        Member { name: "dialect", kind: Kind::Text, read: |callback| some(callback.dialect.map(Dialect::name)) },
        Member { name: "wire", kind: Kind::Text, read: |callback| some(callback.wire.map(WireProfile::name)) },
        Member { name: "active", kind: Kind::Truth, read: |callback| shown(callback.active) },
    ],
};

fn shown(value: impl ToString) -> Content {
    Content::Text(value.to_string())
}

fn some(value: Option<&str>) -> Content {
    value.map_or(Content::Absent, shown)
}

fn removed(entity: &Entity) -> Content {
    entity.removed.map_or(Content::Absent, |time| shown(clock::stamp(time)))
}

/// The profile and the collection of a subprofile.
fn parents(home: Home) -> (Content, Content) {
    match home {
        Home::Collection { profile, collection, .. } => (shown(profile), shown(collection)),
        Home::Database(_) => (Content::Absent, Content::Absent),
    }
}
