//! Callbacks as `application/x-www-form-urlencoded` (WHATWG URL standard, section 5), made strict.
//!
//! Pairs with one `&` between them, each with its `=`. Visible ASCII only, without `;`, which some servers take for an `&`;
//! everything else is percent-encoded, and `+` is a blank. Brackets may be percent-encoded or not, as both are seen, so a
//! field whose name has brackets cannot be told and is refused.

use std::borrow::Cow;

use super::{
    Action, Callback, Details, Dialect, Draft, Entity, Fields, PayloadError, Scalars, Seen, identifier, json, variable,
};

pub(super) fn decode(text: &str, scalars: Scalars) -> Result<Callback, PayloadError> {
    let mut pairs = Pairs::new(text);
    if let Some(Ok(Pair { name, value })) = pairs.next()
        && name == "json"
        && pairs.next().is_none()
    {
        return json::decode_legacy(&value.decode()?, scalars);
    }
    decode_webhook(text)
}

/// The sister product's webhooks.
fn decode_webhook(text: &str) -> Result<Callback, PayloadError> {
    let (mut draft, mut seen, mut details) = (Draft::default(), Seen::default(), Details::default());
    let mut fields = Fields::with_room(text.len().min(4096));
    for pair in Pairs::new(text) {
        let Pair { name, value } = pair?;
        let at = value.at;
        match Key::parse(&name, at)? {
            Key::Field(field) => push(&mut fields, field, &value)?,
            Key::Parameter(field) => push(details.changed.get_or_insert_default(), field, &value)?,
            Key::Interest => draft.interests.get_or_insert_default().push(&value.decode()?)?,
            Key::List => drop(value.decode()?),
            Key::Variable => {
                let value = value.decode()?;
                match seen.insert(name)? {
                    "type" => draft.action = Some(Action::parse(&value)?),
                    "timestamp" => details.timestamp = Some(variable("timestamp", &value)?),
                    "time" => details.time = Some(seconds(&value)?),
                    "profile" => details.profile = Some(identifier("profile", &value)?),
                    "database" => details.database = Some(identifier("database", &value)?),
                    "subprofile" => details.subprofile = Some(identifier("subprofile", &value)?),
                    "collection" => details.collection = Some(identifier("collection", &value)?),
                    "created" => details.created = Some(variable("created", &value)?),
                    "modified" => details.modified = Some(variable("modified", &value)?),
                    _ => {}
                }
            }
        }
    }
    details.changed = details.changed.map(Fields::distinct).transpose()?;
    draft.fields = Some(fields.distinct()?);
    finish(draft, details)
}

fn finish(mut draft: Draft, details: Details) -> Result<Callback, PayloadError> {
    match (&draft.action, &details.profile) {
        (None, None) => return Err(PayloadError::UnknownShape),
        (None, Some(_)) => return Err(PayloadError::Missing { name: "type" }),
        _ => {}
    }
    let entity = match (&details.profile, &details.subprofile, &details.collection) {
        (None, ..) => return Err(PayloadError::Missing { name: "profile" }),
        (_, None, Some(_)) => return Err(PayloadError::Missing { name: "subprofile" }),
        (_, None, None) => Entity::Profile,
        (_, Some(_), _) => Entity::Subprofile,
    };
    draft.id = details.subprofile.clone().or_else(|| details.profile.clone());
    draft.details = Some(Box::new(details));
    draft.finish(Dialect::Form, entity)
}

fn push(fields: &mut Fields, name: &str, value: &Encoded<'_>) -> Result<(), PayloadError> {
    fields.push_name(name)?;
    fields.push_value(&value.decode()?)
}

fn seconds(text: &str) -> Result<u64, PayloadError> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain).ok_or_else(|| PayloadError::Time(text.into()))
}

/// What a decoded name means.
enum Key<'a> {
    /// `fields[name]`
    Field(&'a str),
    /// `parameters[name]`
    Parameter(&'a str),
    /// `interests[]`
    Interest,
    /// `name[]` of a list that is not known, the only name that may come several times.
    List,
    Variable,
}

impl<'a> Key<'a> {
    fn parse(name: &'a str, at: usize) -> Result<Self, PayloadError> {
        let syntax = |expected| PayloadError::Syntax { dialect: Dialect::Form, expected, at };
        let inner = |rest: &'a str| {
            let inner = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            inner.filter(|inner| !inner.contains(['[', ']']))
        };
        if let Some(rest) = name.strip_prefix("fields") {
            if is_of_list(rest) {
                return inner(rest).map(Self::Field).ok_or_else(|| syntax("`fields[name]` before it"));
            }
        } else if let Some(rest) = name.strip_prefix("parameters") {
            if is_of_list(rest) {
                return inner(rest).map(Self::Parameter).ok_or_else(|| syntax("`parameters[name]` before it"));
            }
        } else if let Some(rest) = name.strip_prefix("interests")
            && is_of_list(rest)
        {
            return (rest == "[]").then_some(Self::Interest).ok_or_else(|| syntax("`interests[]` before it"));
        }
        Ok(if name.ends_with("[]") { Self::List } else { Self::Variable })
    }
}

/// Whether what follows a name makes it that of an array, and not of a variable with a longer name.
fn is_of_list(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('[')
}

/// The pairs of a form.
struct Pairs<'a> {
    /// What is left; `None` when nothing is, not even an empty pair.
    rest: Option<&'a str>,
    at: usize,
}

/// A name, decoded, and a value that is not.
struct Pair<'a> {
    name: Cow<'a, str>,
    value: Encoded<'a>,
}

impl<'a> Pairs<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: Some(text), at: 0 }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<Pair<'a>, PayloadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        let (pair, next) = match rest.split_once('&') {
            Some((pair, next)) => (pair, Some(next)),
            None => (rest, None),
        };
        let at = self.at;
        self.rest = next;
        self.at += pair.len() + 1;
        let Some((name, value)) = pair.split_once('=') else {
            return Some(Err(PayloadError::Syntax { dialect: Dialect::Form, expected: "`name=value`", at }));
        };
        let value = Encoded { text: value, at: at + name.len() + 1 };
        Some(Encoded { text: name, at }.decode().map(|name| Pair { name, value }))
    }
}

/// A text in percent-encoding.
struct Encoded<'a> {
    text: &'a str,
    /// Where it begins in the form.
    at: usize,
}

impl<'a> Encoded<'a> {
    fn decode(&self) -> Result<Cow<'a, str>, PayloadError> {
        let bytes = self.text.as_bytes();
        let Some(first) = bytes.iter().position(|&b| !is_plain(b)) else { return Ok(Cow::Borrowed(self.text)) };
        let mut decoded = Vec::with_capacity(bytes.len());
        let (plain, mut rest) = bytes.split_at_checked(first).unwrap_or_default();
        decoded.extend_from_slice(plain);
        while let [b, tail @ ..] = rest {
            let here = self.text.len() - rest.len();
            rest = tail;
            match b {
                b'+' => decoded.push(b' '),
                b'%' => {
                    let byte = tail.split_first_chunk().and_then(|([high, low], behind)| {
                        rest = behind;
                        Some(hexadecimal(*high)? << 4 | hexadecimal(*low)?)
                    });
                    decoded.push(byte.ok_or_else(|| self.expected("two hexadecimal digits behind the `%`", here))?);
                }
                b if is_plain(*b) => decoded.push(*b),
                _ => return Err(self.expected("a visible ASCII character other than `;`", here)),
            }
        }
        String::from_utf8(decoded).map(Cow::Owned).map_err(|_| PayloadError::NotUtf8 { at: self.at })
    }

    fn expected(&self, expected: &'static str, at: usize) -> PayloadError {
        PayloadError::Syntax { dialect: Dialect::Form, expected, at: self.at + at }
    }
}

/// A byte that stands for itself.
fn is_plain(b: u8) -> bool {
    b.is_ascii_graphic() && !matches!(b, b'%' | b'+' | b';')
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
