//! Fields, and what becomes of a value that is given to one. Whatever comes in is cast the way PHP casts it, and comes out as
//! text; nothing is refused.

mod choice;
mod date;
mod number;

pub(crate) use date::moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Id;

/// A field of a database or collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
    /// The default; of a `select`, the choices, one a line, the default one with a `*` behind it.
    pub(crate) value: String,
    pub(crate) displayed: bool,
    pub(crate) ordered: bool,
    /// How many characters are meant to fit. Assumption: longer values are kept whole, since nothing says what cuts them.
    pub(crate) length: u32,
    pub(crate) textlines: u32,
    pub(crate) hidden: bool,
    pub(crate) index: bool,
}

/// What values a field has. They are always handed out as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldKind {
    Integer,
    Float,
    Date,
    EmptyDate,
    Datetime,
    EmptyDatetime,
    Text,
    /// Text: the platform does not check an address.
    Email,
    PhoneFax,
    PhoneGsm,
    Phone,
    /// One of some choices, or nothing.
    Select,
    /// Long text.
    Big,
    ForeignKey,
}

impl Field {
    /// A field with the platform's defaults.
    pub(crate) fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            id: 0,
            name: name.into(),
            kind,
            value: String::new(),
            displayed: true,
            ordered: false,
            length: 50,
            textlines: 1,
            hidden: false,
            index: false,
        }
    }

    /// What an entity has that was created without a value.
    pub(crate) fn default_value(&self) -> String {
        match self.kind {
            FieldKind::Select => choice::default(&self.value).to_owned(),
            _ => self.normalise(&Value::String(self.value.clone())),
        }
    }

    /// What becomes of a value.
    pub(crate) fn normalise(&self, value: &Value) -> String {
        match self.kind {
            FieldKind::Text
            | FieldKind::Email
            | FieldKind::PhoneFax
            | FieldKind::PhoneGsm
            | FieldKind::Phone
            | FieldKind::Big => text(value),
            FieldKind::Integer | FieldKind::ForeignKey => number::integer(value).to_string(),
            FieldKind::Float => number::float(value),
            FieldKind::Select => choice::chosen(&self.value, &text(value)).to_owned(),
            FieldKind::Date => date::day(&text(value)).unwrap_or_else(|| "0000-00-00".to_owned()),
            FieldKind::EmptyDate => date::day(&text(value)).unwrap_or_default(),
            FieldKind::Datetime => date::moment(&text(value)).unwrap_or_else(|| "0000-00-00 00:00:00".to_owned()),
            FieldKind::EmptyDatetime => date::moment(&text(value)).unwrap_or_default(),
        }
    }
}

impl FieldKind {
    pub(crate) const ALL: [Self; 14] = [
        Self::Integer,
        Self::Float,
        Self::Date,
        Self::EmptyDate,
        Self::Datetime,
        Self::EmptyDatetime,
        Self::Text,
        Self::Email,
        Self::PhoneFax,
        Self::PhoneGsm,
        Self::Phone,
        Self::Select,
        Self::Big,
        Self::ForeignKey,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Date => "date",
            Self::EmptyDate => "empty_date",
            Self::Datetime => "datetime",
            Self::EmptyDatetime => "empty_datetime",
            Self::Text => "text",
            Self::Email => "email",
            Self::PhoneFax => "phone_fax",
            Self::PhoneGsm => "phone_gsm",
            Self::Phone => "phone",
            Self::Select => "select",
            Self::Big => "big",
            Self::ForeignKey => "foreign_key",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a database can have only one field of this kind.
    pub(crate) const fn is_single(self) -> bool {
        matches!(self, Self::Email | Self::PhoneFax | Self::PhoneGsm)
    }
}

/// PHP's cast to a string, with nothing for what would be the word `Array`.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "1".into(),
        Value::Bool(false) | Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}
