//! Fields and interests: lists of texts, each list in one piece of memory.

use std::collections::HashSet;
use std::fmt;

use super::PayloadError;
use crate::wire::Excerpt;

/// The most fields that are decoded.
pub const MAX_FIELDS: usize = 1024;
/// The most interests that are decoded.
pub const MAX_INTERESTS: usize = 1024;
/// The longest name of a field or an interest, and the longest value of a variable that is no field, in bytes.
pub const MAX_NAME: usize = 256;
/// The longest value of a field, in bytes.
pub const MAX_VALUE: usize = 1024 * 1024;

/// Fields with their values, in the order in which they came. No two have the same name, and no name is empty.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::Callback;
/// let body = br#"{"id":"7","action":"update","fields":{"name":"Mike","city":"Amsterdam"}}"#;
/// let callback = Callback::decode(body, None)?;
/// let fields = callback.fields();
/// assert_eq!((fields.len(), fields.get("city"), fields.get("City")), (2, Some("Amsterdam"), None));
/// assert_eq!(fields.iter().next(), Some(("name", "Mike")));
/// assert_eq!(format!("{fields:?}"), "Fields(2)");     // no personal data in the log
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Fields(Texts);

impl Fields {
    /// The value of a field; names are compared exactly.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut texts = self.0.iter();
        std::iter::from_fn(move || Some((texts.next()?, texts.next()?)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len() / 2
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// No fields yet, and room for so many bytes of text.
    pub(super) fn with_room(bytes: usize) -> Self {
        Self(Texts { text: String::with_capacity(bytes), ends: Vec::with_capacity(32) })
    }

    /// Adds a name, whose value comes next.
    pub(super) fn push_name(&mut self, name: &str) -> Result<(), PayloadError> {
        match name.len() {
            0 => return Err(PayloadError::Empty { name: "field name" }),
            1..=MAX_NAME => {}
            _ => return Err(PayloadError::NameTooLong { name: name.into() }),
        }
        if self.len() == MAX_FIELDS {
            return Err(PayloadError::TooManyFields);
        }
        self.0.push(name)
    }

    /// Adds the value of the name that came before.
    pub(super) fn push_value(&mut self, value: &str) -> Result<(), PayloadError> {
        if value.len() > MAX_VALUE {
            let name = self.0.iter().last().unwrap_or_default();
            return Err(PayloadError::ValueTooLong { name: name.into() });
        }
        self.0.push(value)
    }

    /// Makes sure that no two have the same name.
    pub(super) fn distinct(self) -> Result<Self, PayloadError> {
        match self.duplicate().map(PayloadError::Duplicate) {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    fn duplicate(&self) -> Option<Excerpt> {
        /// So few are compared one by one, which is faster than to hash them.
        const FEW: usize = 16;
        let mut names = self.iter().map(|(name, _)| name);
        if self.len() > FEW {
            let mut seen = HashSet::with_capacity(self.len());
            return names.find(|name| !seen.insert(*name)).map(Excerpt::from);
        }
        let mut seen = [""; FEW];
        for (at, name) in names.enumerate() {
            if seen.iter().take(at).any(|before| *before == name) {
                return Some(name.into());
            }
            if let Some(slot) = seen.get_mut(at) {
                *slot = name;
            }
        }
        None
    }

    /// These, with the values of others instead of their own, and those that only the others have behind them.
    pub(super) fn overlaid_with(&self, others: &Self) -> Result<Self, PayloadError> {
        let mut fields = Self::with_room(self.0.text.len() + others.0.text.len());
        let own = self.iter().map(|(name, value)| (name, others.get(name).unwrap_or(value)));
        for (name, value) in own.chain(others.iter().filter(|(name, _)| self.get(name).is_none())) {
            fields.push_name(name)?;
            fields.push_value(value)?;
        }
        Ok(fields)
    }
}

/// Names and values are personal data, so only their number is shown.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({})", self.len())
    }
}

/// The names of interests, in the order in which they came.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::Callback;
/// let body = br#"{"id":"7","action":"update","fields":{},"interests":["tennis","chess"]}"#;
/// let callback = Callback::decode(body, None)?;
/// let interests = callback.interests();
/// assert!(interests.contains("tennis") && !interests.contains("Tennis"));
/// assert_eq!(interests.iter().collect::<Vec<_>>(), ["tennis", "chess"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Interests(Texts);

impl Interests {
    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a name is among them; names are compared exactly.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|found| found == name)
    }

    pub(super) fn push(&mut self, name: &str) -> Result<(), PayloadError> {
        if name.len() > MAX_NAME {
            return Err(PayloadError::NameTooLong { name: "an interest".into() });
        }
        if self.len() == MAX_INTERESTS {
            return Err(PayloadError::TooManyInterests);
        }
        self.0.push(name)
    }
}

/// Interests are personal data, so only their number is shown.
impl fmt::Debug for Interests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interests({})", self.len())
    }
}

/// A list of texts.
#[derive(Clone, PartialEq, Eq, Default)]
struct Texts {
    /// All of them, one behind the other.
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Texts {
    fn push(&mut self, text: &str) -> Result<(), PayloadError> {
        let length = self.text.len() + text.len();
        self.ends.push(u32::try_from(length).map_err(|_| PayloadError::TooLong { length })?);
        self.text.push_str(text);
        Ok(())
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().filter_map(move |&end| {
            let text = self.text.get(start..end as usize);
            start = end as usize;
            text
        })
    }

    fn len(&self) -> usize {
        self.ends.len()
    }
}
