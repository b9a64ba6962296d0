//! What a callback says: from the bytes of a body to a [`Callback`] (feature `payload`).
//!
//! Five [dialects](Dialect) are read: JSON, XML, the form of the sister product's webhooks, and two older ones. What the
//! platform does not document is an assumption: the layout of XML as a whole, and that a value which JSON does not write
//! as a text means the characters of which it is made ([`Scalars`]).
//!
//! Which dialect it is follows from the content type, and from the shape of the bytes where no content type is known. A
//! [`Verified`] asks only a `Content-Type` that the signature covers; any other could be anybody's.
//!
//! One document has one reading. Refused are names that come twice, bytes that are no UTF-8, a byte order mark, percent
//! signs that encode nothing, anything behind the end, and in XML document types, entities of the sender's own, processing
//! instructions and name spaces. Variables that are not known are ignored, as long as they are well-formed. Everything
//! that a sender chooses the size of has a limit.
//!
//! Nothing here says whether a payload is genuine. [`Verified::callback`] decodes what is; [`Callback::decode`] takes any
//! bytes.
//!
//! ```
//! use callback_verifier::{Action, Callback, Entity};
//!
//! let body = br#"{"id":"123","action":"update","fields":{"name":"Mike"},"interests":["tennis"]}"#;
//! let callback = Callback::decode(body, Some(b"application/json"))?;
//! assert_eq!((callback.action(), callback.entity(), callback.id()), (Action::Update, Entity::Profile, "123"));
//! assert_eq!(callback.fields().get("name"), Some("Mike"));
//! assert!(callback.interests().contains("tennis"));
//! # Ok::<(), callback_verifier::PayloadError>(())
//! ```

mod callback;
mod error;
mod fields;
mod form;
mod json;
mod media_type;
mod xml;

pub use callback::{Action, Callback, Dialect, Entity};
pub use error::PayloadError;
pub use fields::{Fields, Interests, MAX_FIELDS, MAX_INTERESTS, MAX_NAME, MAX_VALUE};

use std::borrow::Cow;

use callback::{Details, Draft, identifier, variable};
use media_type::Syntax;

use crate::verified::Verified;

/// The longest payload that is decoded, in bytes. The [policy](crate::Policy) takes shorter ones by default.
pub const MAX_PAYLOAD: usize = 16 * 1024 * 1024;
/// How deep a payload may be nested. A callback needs three levels.
pub const MAX_DEPTH: usize = 16;
/// The most variables of one object, known and unknown, fields and interests aside.
pub const MAX_MEMBERS: usize = 64;

/// What to make of a number, `true`, `false` or `null` where JSON ought to have a text.
///
/// Assumption: the platform's documentation calls all values texts, and does not show one of another type.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::payload::{PayloadOptions, Scalars};
///
/// let body = br#"{"id":7,"action":"update","fields":{"price":1.50}}"#;
/// let callback = PayloadOptions::default().decode(body, None)?;
/// assert_eq!((callback.id(), callback.fields().get("price")), ("7", Some("1.50")));
///
/// let strict = PayloadOptions::default().with_scalars(Scalars::Refuse);
/// assert!(strict.decode(body, None).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scalars {
    /// The characters as they stand there, so `1.50` stays `1.50`. The value `null` of a field is the empty text. An `id`
    /// may be a number, an interest a number, `true` or `false`.
    #[default]
    AsText,
    /// An error.
    Refuse,
}

/// How to decode where the platform leaves it open.
///
/// See the example of [`Scalars`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PayloadOptions {
    /// What to make of a value of JSON that is no text.
    pub scalars: Scalars,
}

impl PayloadOptions {
    /// Chooses what to make of a value of JSON that is no text.
    #[must_use]
    pub const fn with_scalars(mut self, scalars: Scalars) -> Self {
        self.scalars = scalars;
        self
    }

    /// Decodes a payload. See [`Callback::decode`].
    ///
    /// # Errors
    /// See [`PayloadError`].
    pub fn decode(&self, body: &[u8], content_type: Option<&[u8]>) -> Result<Callback, PayloadError> {
        if body.len() > MAX_PAYLOAD {
            return Err(PayloadError::TooLong { length: body.len() });
        }
        let syntax = content_type.map(Syntax::of_content_type).transpose()?;
        let text = std::str::from_utf8(body).map_err(|error| PayloadError::NotUtf8 { at: error.valid_up_to() })?;
        if text.starts_with('\u{feff}') {
            return Err(PayloadError::ByteOrderMark);
        }
        match syntax.map_or_else(|| Syntax::of_shape(text), Ok)? {
            Syntax::Json => json::decode(text, self.scalars),
            Syntax::Xml => xml::decode(text),
            Syntax::Form => form::decode(text, self.scalars),
        }
    }
}

impl Callback {
    /// Decodes a payload with the [default options](PayloadOptions).
    ///
    /// `content_type` is the value of a `Content-Type` that can be relied upon. Without one the shape of the bytes decides:
    /// what begins with `{` is JSON, with `<` XML, and anything else a form.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{Callback, Dialect};
    /// let body = br#"{"id":"7","action":"delete","fields":{}}"#;
    /// assert_eq!(Callback::decode(body, None)?.dialect(), Dialect::Json);                 // by its shape
    /// assert!(Callback::decode(body, Some(b"application/xml")).is_err());                 // it is none
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`PayloadError`].
    pub fn decode(body: &[u8], content_type: Option<&[u8]>) -> Result<Self, PayloadError> {
        PayloadOptions::default().decode(body, content_type)
    }
}

impl<B: AsRef<[u8]>> Verified<B> {
    /// Decodes the body. Its content type counts only if the signature covers it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (verifier, head, body, now) = (verifier(), head(), BODY, now());
    /// let verified = verifier.verify(&head, body, now).await?;
    /// let callback = verified.callback()?;
    /// assert_eq!((callback.id(), callback.fields().get("name")), ("123", Some("Mike")));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`PayloadError`]. The request is authentic nevertheless, and its bytes are in [`body`](Self::body).
    pub fn callback(&self) -> Result<Callback, PayloadError> {
        self.callback_with(&PayloadOptions::default())
    }

    /// The same, with options.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::payload::{PayloadOptions, Scalars};
    /// # let (verifier, head, body, now) = (verifier(), head(), BODY, now());
    /// let verified = verifier.verify(&head, body, now).await?;
    /// let strict = PayloadOptions::default().with_scalars(Scalars::Refuse);
    /// assert_eq!(verified.callback_with(&strict)?.id(), "123");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As of [`callback`](Self::callback).
    pub fn callback_with(&self, options: &PayloadOptions) -> Result<Callback, PayloadError> {
        options.decode(self.body().as_ref(), self.head().covered("content-type"))
    }
}

/// The names of an object's variables, each of which may come once.
#[derive(Default)]
struct Seen<'a>(Vec<Cow<'a, str>>);

impl<'a> Seen<'a> {
    /// Adds a name.
    fn insert(&mut self, name: Cow<'a, str>) -> Result<&str, PayloadError> {
        if self.0.contains(&name) {
            return Err(PayloadError::Duplicate((*name).into()));
        }
        match self.0.len() {
            MAX_MEMBERS.. => Err(PayloadError::TooManyMembers),
            _ => Ok(self.0.push_mut(name)),
        }
    }
}
