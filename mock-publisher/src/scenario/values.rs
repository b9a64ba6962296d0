//! The values of a scenario's file, each read as strictly as it can be alone.

use std::fmt;
use std::time::Duration;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use toml::Spanned;

use super::document::ProfileTable;
use crate::emit::{TargetError, TargetUrl};
use crate::platform::Id;

/// How many profiles can be invented for a database.
const MAX_PROFILES: u32 = 1_000_000;
/// How long anything can be waited for.
const MAX_WAIT: Duration = Duration::from_secs(24 * 3600);

/// A time such as `500ms`, `1.5s` or `2m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
        match time.filter(|time| *time <= MAX_WAIT) {
            Some(time) => Ok(Self(time)),
            None => {
                Err(de::Error::custom(format!("`{text}` is no time from 0 to 24 hours, such as `500ms`, `2s` or `1m`")))
            }
        }
    }
}

/// Where a callback goes: to an address, or to a path of the receiver that comes with the program.
#[derive(Debug, Clone)]
pub(super) enum CallbackUrl {
    Receiver(String),
    Target(TargetUrl),
}

impl<'de> Deserialize<'de> for CallbackUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let receiver = text.strip_prefix("receiver").filter(|path| path.is_empty() || path.starts_with('/'));
        let url = match receiver {
            Some(path) => {
                let path = Self::Receiver(if path.is_empty() { "/" } else { path }.to_owned());
                path.clone().resolve(Some("http://127.0.0.1:1")).map(|_| path)
            }
            None => TargetUrl::parse(&text).map(Self::Target),
        };
        url.map_err(|error| {
            de::Error::custom(format!("{error}, or `receiver` for the one that comes with the program"))
        })
    }
}

impl CallbackUrl {
    /// The URL, once it is known where the receiver is.
    pub(super) fn resolve(self, receiver: Option<&str>) -> Result<TargetUrl, TargetError> {
        match self {
            Self::Target(url) => Ok(url),
            Self::Receiver(path) => TargetUrl::parse(&format!("{}{path}", receiver.unwrap_or_default())),
        }
    }
}

/// Values of fields, and where their names stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Values(pub(super) Vec<(Spanned<String>, Value)>);

impl Values {
    pub(super) fn map(&self) -> Map<String, Value> {
        self.0.iter().map(|(name, value)| (name.get_ref().clone(), value.clone())).collect()
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names of fields and their values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(name) = map.next_key::<Spanned<String>>()? {
                    values.push((name, map.next_value::<Scalar>()?.0));
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A value that a field can have.
struct Scalar(Value);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Self(text.into())),
            toml::Value::Integer(number) => Ok(Self(number.into())),
            toml::Value::Float(number) => Ok(Self(number.into())),
            toml::Value::Boolean(truth) => Ok(Self(truth.into())),
            // As somebody would write it into a form.
            toml::Value::Datetime(date) => Ok(Self(date.to_string().into())),
            other @ (toml::Value::Array(_) | toml::Value::Table(_)) => Err(de::Error::custom(format!(
                "a field cannot have a value of the type {}, expected a text, a number, a truth or a date",
                other.type_str()
            ))),
        }
    }
}

/// The profiles of a database: listed, or so many that are invented.
#[derive(Debug)]
pub(super) enum Profiles {
    Listed(Vec<Spanned<ProfileTable>>),
    Invented(u32),
}

impl Default for Profiles {
    fn default() -> Self {
        Self::Invented(0)
    }
}

impl<'de> Deserialize<'de> for Profiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Profiles;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of profiles, or how many are to be invented, up to {MAX_PROFILES}")
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Profiles, E> {
                match u32::try_from(count).ok().filter(|count| *count <= MAX_PROFILES) {
                    Some(count) => Ok(Profiles::Invented(count)),
                    None => Err(E::invalid_value(de::Unexpected::Signed(count), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Profiles, A::Error> {
                let mut listed = Vec::new();
                while let Some(profile) = items.next_element()? {
                    listed.push(profile);
                }
                Ok(Profiles::Listed(listed))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A profile or subprofile that a step is about: its number, or the name that the file has given it with `as`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    Number(Id),
    Name(String),
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Reference;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a name that was given with `as`")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Reference, E> {
                Ok(Reference::Number(number))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Reference, E> {
                Ok(Reference::Name(name.to_owned()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
