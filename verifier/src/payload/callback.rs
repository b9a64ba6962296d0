use std::fmt;

use super::fields::MAX_NAME;
use super::{Fields, Interests, PayloadError};

/// What has happened.
///
/// [`Callback::action`] tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A profile or subprofile was created.
    Create,
    /// It was changed.
    Update,
    /// It was deleted.
    Delete,
    /// The payload does not tell. Only [`Dialect::LegacyForm`] leaves it out; every other one is refused without it.
    Unstated,
}

impl Action {
    pub(super) fn parse(text: &str) -> Result<Self, PayloadError> {
        match text {
            "create" => Ok(Self::Create),
            "update" => Ok(Self::Update),
            "delete" => Ok(Self::Delete),
            other => Err(PayloadError::UnknownAction(other.into())),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Unstated => "unstated",
        })
    }
}

/// What it has happened to.
///
/// [`Callback::entity`] tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A record of a database.
    Profile,
    /// A record of a collection, which belongs to a profile.
    Subprofile,
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Profile => "profile",
            Self::Subprofile => "subprofile",
        })
    }
}

/// How a payload is written.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{Callback, Dialect};
///
/// let xml = b"<profile><id>123</id><action>delete</action><fields/><interests/></profile>";
/// assert_eq!(Callback::decode(xml, Some(b"application/xml"))?.dialect(), Dialect::Xml);
/// assert_eq!(Dialect::LegacyForm.to_string(), "legacy_form");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// A JSON object of `id`, `action`, `fields` and, of a profile, `interests`.
    Json,
    /// The same as XML. Assumption: the platform does not document the layout.
    Xml,
    /// The form of the sister product's webhooks.
    Form,
    /// XML of 2011 to 2016: old values in `fields`, new ones in `updated`.
    LegacyXml,
    /// A form of the same years, with JSON in its one variable `json`.
    LegacyForm,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Form => "form",
            Self::LegacyXml => "legacy_xml",
            Self::LegacyForm => "legacy_form",
        })
    }
}

/// What a payload says, whichever its dialect.
///
/// It owns its texts and is cheap to clone. Equal callbacks say the same in the same order and dialect.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{Action, Callback, Entity};
///
/// let body = br#"{"id":"7","action":"create","fields":{"city":"Amsterdam"}}"#;
/// let callback = Callback::decode(body, Some(b"application/json"))?;
/// match (callback.entity(), callback.action()) {
///     (Entity::Profile, Action::Delete) => println!("forget {}", callback.id()),
///     (entity, action) => println!("{action} {entity} {}: {:?}", callback.id(), callback.fields().get("city")),
/// }
/// # assert_eq!((callback.entity(), callback.action(), callback.id()), (Entity::Subprofile, Action::Create, "7"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    dialect: Dialect,
    action: Action,
    entity: Entity,
    id: Box<str>,
    fields: Fields,
    interests: Interests,
    details: Option<Box<Details>>,
}

/// What only some dialects tell.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Details {
    pub(super) changed: Option<Fields>,
    pub(super) previous: Option<Fields>,
    pub(super) timestamp: Option<Box<str>>,
    pub(super) time: Option<u64>,
    pub(super) profile: Option<Box<str>>,
    pub(super) database: Option<Box<str>>,
    pub(super) subprofile: Option<Box<str>>,
    pub(super) collection: Option<Box<str>>,
    pub(super) created: Option<Box<str>>,
    pub(super) modified: Option<Box<str>>,
}

impl Callback {
    /// How it was written.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What has happened.
    pub fn action(&self) -> Action {
        self.action
    }

    /// What it has happened to.
    pub fn entity(&self) -> Entity {
        self.entity
    }

    /// The identifier of the profile or subprofile, as it was written. It is empty only if the action is
    /// [unstated](Action::Unstated) and the payload does not tell it either.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The current values of the fields, in the order in which they came. Of what was deleted, the last ones.
    ///
    /// Of [`Dialect::LegacyXml`] these are the [previous](Self::previous) values with what has [changed](Self::changed)
    /// laid over them.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The interests of a profile. A subprofile has none.
    pub fn interests(&self) -> &Interests {
        &self.interests
    }

    /// The new values of what has changed: `parameters` of the two forms, `updated` of legacy XML.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::Callback;
    /// let form = b"type=update&parameters[city]=Utrecht&time=1795421700&timestamp=2026-11-23+09:15:00&profile=123\
    ///              &database=9&fields[city]=Utrecht&fields[name]=Mike";
    /// let callback = Callback::decode(form, Some(b"application/x-www-form-urlencoded"))?;
    /// assert_eq!(callback.changed().map(|changed| changed.len()), Some(1));
    /// assert_eq!(callback.fields().len(), 2);
    /// assert_eq!((callback.database(), callback.time()), (Some("9"), Some(1_795_421_700)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn changed(&self) -> Option<&Fields> {
        self.details.as_ref()?.changed.as_ref()
    }

    /// The values before the change: `fields` of legacy XML.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::Callback;
    /// let xml = b"<profile><id>123</id><action>update</action><fields><city>Amsterdam</city></fields>\
    ///             <updated><city>Utrecht</city></updated><interests/></profile>";
    /// let callback = Callback::decode(xml, None)?;
    /// assert_eq!(callback.previous().and_then(|fields| fields.get("city")), Some("Amsterdam"));
    /// assert_eq!(callback.fields().get("city"), Some("Utrecht"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn previous(&self) -> Option<&Fields> {
        self.details.as_ref()?.previous.as_ref()
    }

    /// When it happened, as `YYYY-MM-DD HH:MM:SS` in a time zone that is nowhere documented. Forms have it.
    pub fn timestamp(&self) -> Option<&str> {
        self.details.as_ref()?.timestamp.as_deref()
    }

    /// When it happened, in seconds since 1970. Forms have it.
    pub fn time(&self) -> Option<u64> {
        self.details.as_ref()?.time
    }

    /// The identifier of the profile, or of the profile that a subprofile belongs to. Forms have it.
    pub fn profile(&self) -> Option<&str> {
        self.details.as_ref()?.profile.as_deref()
    }

    /// The identifier of the database. Forms have it.
    pub fn database(&self) -> Option<&str> {
        self.details.as_ref()?.database.as_deref()
    }

    /// The identifier of the subprofile. Forms that tell of one have it.
    pub fn subprofile(&self) -> Option<&str> {
        self.details.as_ref()?.subprofile.as_deref()
    }

    /// The identifier of the subprofile's collection. Forms that tell of one have it.
    pub fn collection(&self) -> Option<&str> {
        self.details.as_ref()?.collection.as_deref()
    }

    /// When the profile or subprofile was created, written as [`timestamp`](Self::timestamp) is. Forms may have it.
    pub fn created(&self) -> Option<&str> {
        self.details.as_ref()?.created.as_deref()
    }

    /// When the profile or subprofile was last modified, written as [`timestamp`](Self::timestamp) is. Forms may have it.
    pub fn modified(&self) -> Option<&str> {
        self.details.as_ref()?.modified.as_deref()
    }
}

/// Without identifiers, fields and interests, which are personal data.
impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("dialect", &self.dialect)
            .field("action", &self.action)
            .field("entity", &self.entity)
            .field("fields", &self.fields.len())
            .field("interests", &self.interests.len())
            .finish_non_exhaustive()
    }
}

/// A callback of which not everything has been read.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) action: Option<Action>,
    pub(super) id: Option<Box<str>>,
    pub(super) fields: Option<Fields>,
    pub(super) interests: Option<Interests>,
    pub(super) details: Option<Box<Details>>,
}

impl Draft {
    /// The whole, if nothing is missing and it fits together.
    pub(super) fn finish(self, dialect: Dialect, entity: Entity) -> Result<Callback, PayloadError> {
        let Self { action, id, fields, interests, details } = self;
        let (action, id) = match (action, id) {
            (Some(action), Some(id)) => (action, id),
            // Neither is documented for it. But whoever is told of an action is also told what it was done to.
            (None, id) if dialect == Dialect::LegacyForm => (Action::Unstated, id.unwrap_or_default()),
            (None, _) => return Err(PayloadError::Missing { name: "action" }),
            (Some(_), None) => return Err(PayloadError::Missing { name: "id" }),
        };
        let fields = fields.ok_or(PayloadError::Missing { name: "fields" })?;
        if entity == Entity::Subprofile && interests.is_some() {
            return Err(PayloadError::Unexpected { name: "interests" });
        }
        Ok(Callback { dialect, action, entity, id, fields, interests: interests.unwrap_or_default(), details })
    }
}

/// A variable that is no field.
pub(super) fn variable(name: &'static str, text: &str) -> Result<Box<str>, PayloadError> {
    if text.len() > MAX_NAME {
        return Err(PayloadError::NameTooLong { name: name.into() });
    }
    Ok(text.into())
}

/// An identifier, of whatever form, as long as there is one.
pub(super) fn identifier(name: &'static str, text: &str) -> Result<Box<str>, PayloadError> {
    match text {
        "" => Err(PayloadError::Empty { name }),
        text => variable(name, text),
    }
}
