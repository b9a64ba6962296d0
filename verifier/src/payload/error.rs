use super::Dialect;
use super::fields::{MAX_FIELDS, MAX_INTERESTS, MAX_NAME, MAX_VALUE};
use super::{MAX_DEPTH, MAX_MEMBERS, MAX_PAYLOAD};
use crate::wire::Excerpt;

/// The bytes are no callback that could be decoded. They stay what they are: [verified](crate::Verified), or not.
///
/// Messages repeat names and the few words that have a fixed meaning, as [`Excerpt`]s; never an identifier, an interest or the
/// value of a field, which are personal data.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{Callback, PayloadError};
///
/// let twice = Callback::decode(br#"{"id":"7","id":"8","action":"delete","fields":{}}"#, None);
/// assert_eq!(twice, Err(PayloadError::Duplicate("id".into())));
///
/// let entity = Callback::decode(b"<profile><id>&xxe;</id></profile>", None);
/// assert_eq!(entity.err().map(|error| error.code()), Some("entity"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// A content type that no callback has.
    #[error("the content type is {0}, expected JSON, XML or a form")]
    UnknownMediaType(Excerpt),
    /// A character set other than UTF-8 and its subset US-ASCII.
    #[error("the character set is {0}, expected `utf-8`")]
    Charset(Excerpt),
    /// Neither an object, nor a `profile` or `subprofile` element, nor a form that has `type` or `json`.
    #[error("the payload has the shape of no callback")]
    UnknownShape,
    /// Longer than [`MAX_PAYLOAD`].
    #[error("the payload has {length} bytes, at most {MAX_PAYLOAD} are decoded")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Not UTF-8, perhaps after its percent-encoding was undone.
    #[error("expected UTF-8, got something else at byte {at}")]
    NotUtf8 {
        /// Where the first sequence begins that is none, counted from 0.
        at: usize,
    },
    /// A byte order mark, which UTF-8 does not need (RFC 8259 section 8.1).
    #[error("the payload begins with a byte order mark")]
    ByteOrderMark,
    /// Not of the grammar.
    #[error("malformed {dialect}: expected {expected} at byte {at}")]
    Syntax {
        /// The dialect that was read.
        dialect: Dialect,
        /// What should be there.
        expected: &'static str,
        /// Where, counted from 0. Of JSON inside a form, counted from where that JSON begins.
        at: usize,
    },
    /// Something inside something, too many times.
    #[error("nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// More fields than [`MAX_FIELDS`].
    #[error("more than {MAX_FIELDS} fields")]
    TooManyFields,
    /// More interests than [`MAX_INTERESTS`].
    #[error("more than {MAX_INTERESTS} interests")]
    TooManyInterests,
    /// More variables than [`MAX_MEMBERS`].
    #[error("more than {MAX_MEMBERS} variables")]
    TooManyMembers,
    /// A name, or a variable other than a field, that is longer than [`MAX_NAME`].
    #[error("{name} is longer than {MAX_NAME} bytes")]
    NameTooLong {
        /// How the name of a field begins, or what else is so long.
        name: Excerpt,
    },
    /// The value of a field that is longer than [`MAX_VALUE`].
    #[error("the value of {name} is longer than {MAX_VALUE} bytes")]
    ValueTooLong {
        /// The name of the field.
        name: Excerpt,
    },
    /// A name that stands there twice where it has one meaning.
    #[error("{0} is given twice")]
    Duplicate(Excerpt),
    /// A variable that is not there.
    #[error("the payload has no `{name}`")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A name or an identifier that is empty.
    #[error("`{name}` is empty")]
    Empty {
        /// What is empty.
        name: &'static str,
    },
    /// A variable that cannot be there.
    #[error("`{name}` does not go with the rest of the payload")]
    Unexpected {
        /// Its name.
        name: &'static str,
    },
    /// An action other than `create`, `update` and `delete`.
    #[error("the action is {0}, expected `create`, `update` or `delete`")]
    UnknownAction(Excerpt),
    /// A value of another type.
    #[error("{name} is of another type, expected {expected}")]
    WrongType {
        /// The variable or the field.
        name: Excerpt,
        /// Its type.
        expected: &'static str,
    },
    /// `time` is no count of seconds.
    #[error("the time is {0}, expected seconds since 1970")]
    Time(Excerpt),
    /// A document type definition.
    #[error("the document has a document type definition")]
    Dtd,
    /// A processing instruction.
    #[error("the document has a processing instruction")]
    ProcessingInstruction,
    /// An entity that is not predefined, or a reference to a character that XML does not have.
    #[error("{0} is no predefined entity and no character of XML")]
    Entity(Excerpt),
    /// A name with a prefix, or the declaration of a name space.
    #[error("{0} belongs to a name space, expected none")]
    NameSpace(Excerpt),
    /// An attribute other than the `name` of a `field`.
    #[error("unexpected attribute {0}")]
    Attribute(Excerpt),
}

impl PayloadError {
    /// A stable name for logs and metrics, in snake case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownMediaType(_) => "unknown_media_type",
            Self::Charset(_) => "charset",
            Self::UnknownShape => "unknown_shape",
            Self::TooLong { .. } => "payload_too_long",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::ByteOrderMark => "byte_order_mark",
            Self::Syntax { .. } => "syntax",
            Self::TooDeep => "too_deep",
            Self::TooManyFields => "too_many_fields",
            Self::TooManyInterests => "too_many_interests",
            Self::TooManyMembers => "too_many_members",
            Self::NameTooLong { .. } => "name_too_long",
            Self::ValueTooLong { .. } => "value_too_long",
            Self::Duplicate(_) => "duplicate",
            Self::Missing { .. } => "missing",
            Self::Empty { .. } => "empty",
            Self::Unexpected { .. } => "unexpected",
            Self::UnknownAction(_) => "unknown_action",
            Self::WrongType { .. } => "wrong_type",
            Self::Time(_) => "time",
            Self::Dtd => "dtd",
            Self::ProcessingInstruction => "processing_instruction",
            Self::Entity(_) => "entity",
            Self::NameSpace(_) => "name_space",
            Self::Attribute(_) => "attribute",
        }
    }
}
