//! What may have been done to a request on its way, or what a receiver may have been set up without.

use std::fmt;

use crate::key::KeyName;
use crate::policy::AccountId;
use crate::wire::{Excerpt, Transport};

/// One difference between the request as it came in, or the receiver as it is set up, and one that would verify.
///
/// `from` is what came in and `to` is what would verify, so undoing the change leads from the first to the second.
/// [`Display`](fmt::Display) completes the sentence "it would verify if ...".
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::explain::{Hints, explain};
/// # let (verifier, body, now) = (verifier(), BODY, now());
/// # let head = head().with_host(b"backend:8080");
/// use callback_verifier::explain::Change;
///
/// let explanation = explain(&verifier, &head, body, now, &Hints::default()).await;
/// for change in explanation.findings.iter().flat_map(|finding| &finding.changes) {
///     match change {
///         Change::Host { to, .. } => assert_eq!(to, "hooks.example.com"),
///         other => println!("{}: {other}", other.code()),
///     }
/// }
/// # assert!(!explanation.findings.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The method was changed.
    Method {
        /// As it came in.
        from: String,
        /// As it was signed.
        to: String,
    },
    /// The request target was changed.
    Target {
        /// What was done to it.
        how: TargetChange,
        /// As it came in.
        from: String,
        /// As it was signed.
        to: String,
    },
    /// The `Host` was changed, or dropped.
    Host {
        /// As it came in.
        from: Option<String>,
        /// As it was signed.
        to: String,
    },
    /// Another header was changed, or dropped.
    Header {
        /// Its name, in lower case.
        name: String,
        /// What was done to it.
        how: HeaderChange,
        /// As it came in; several instances joined with `, `.
        from: Option<Vec<u8>>,
        /// As it was signed.
        to: Vec<u8>,
    },
    /// Nobody said over which transport the request came, or somebody said wrong.
    Transport {
        /// What would verify.
        to: Transport,
    },
    /// The body was changed.
    Body {
        /// What was done to it.
        how: BodyChange,
        /// Its length as it came in, in bytes.
        from: usize,
        /// The length of the body that was signed, in bytes.
        to: usize,
    },
    /// The clocks of sender and receiver differ, or the request is judged at another time than it came in.
    Clock {
        /// How many seconds the receiver's clock is ahead of the request's date; negative if it is behind.
        ahead: i64,
    },
    /// The receiver's policy refuses what the sender does.
    Policy(PolicyChange),
    /// Another key than the one that the request names made the signature.
    Key {
        /// The name in the request.
        from: KeyName,
        /// The name of the key that signed.
        to: KeyName,
    },
}

/// What was done to a request target on its way.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::explain::{Change, TargetChange};
///
/// let how = TargetChange::PrefixAdded { prefix: "/internal".to_owned() };
/// let change = Change::Target { how, from: "/internal/hook".to_owned(), to: "/hook".to_owned() };
/// assert_eq!(change.code(), "target_prefix_added");
/// assert_eq!(change.to_string(), "the request target were `/hook`");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetChange {
    /// A prefix was put in front of the path.
    PrefixAdded {
        /// The prefix.
        prefix: String,
    },
    /// A prefix of the path was cut off.
    PrefixRemoved {
        /// The prefix.
        prefix: String,
    },
    /// A slash was appended to the path.
    SlashAppended,
    /// The slash at the end of the path was cut off.
    SlashRemoved,
    /// A slash was doubled.
    SlashDoubled,
    /// Two slashes were made one.
    SlashesMerged,
    /// Characters were percent-decoded, or percent-encoded, or encoded in another way.
    Recoded,
    /// A query was appended, or parameters were added to it.
    QueryAdded,
    /// The query was dropped, or parameters of it.
    QueryRemoved,
    /// It was replaced by another one.
    Rewritten,
}

/// What was done to a header on its way.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::explain::{Change, HeaderChange};
///
/// let (from, to) = (Some(b"text/json; charset=utf-8".to_vec()), b"text/json".to_vec());
/// let change = Change::Header { name: "content-type".to_owned(), how: HeaderChange::ParameterAdded, from, to };
/// assert_eq!(change.code(), "header_parameter_added");
/// assert_eq!(change.to_string(), "`content-type` were `text/json`");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderChange {
    /// It was dropped.
    Dropped,
    /// It was sent on several times.
    Repeated,
    /// Values were appended to it, or put in front of it.
    ValuesAdded,
    /// Its instances were joined in another way than with `, `.
    Joined,
    /// A parameter (such as `; charset=utf-8`) was appended.
    ParameterAdded,
    /// A parameter (such as `; charset=utf-8`) was cut off.
    ParameterRemoved,
    /// It was computed anew.
    Recomputed,
    /// It was spelled in another way: in other case, with another separator.
    Respelled,
    /// It was moved to another header.
    Moved {
        /// The header that has the value now, in lower case.
        to: String,
    },
}

/// What was done to a body on its way.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::explain::{BodyChange, Change};
///
/// let change = Change::Body { how: BodyChange::Compressed { coding: "gzip" }, from: 61, to: 78 };
/// assert_eq!(change.code(), "body_compressed");
/// assert_eq!(change.to_string(), "the body were not compressed with gzip");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyChange {
    /// It was compressed.
    Compressed {
        /// The coding: `gzip` or `deflate`.
        coding: &'static str,
    },
    /// JSON was parsed and written again.
    Reserialised {
        /// How the sender had written it.
        signed: &'static str,
    },
    /// A form was parsed and written again.
    FormRecoded,
    /// The ends of its lines were changed.
    LineEnds {
        /// The line ends that were signed: `CRLF` or `LF`.
        signed: &'static str,
    },
    /// A byte order mark was put in front.
    ByteOrderMarkAdded,
    /// The byte order mark was cut off.
    ByteOrderMarkRemoved,
    /// White space was put at its ends.
    SpaceAdded,
    /// White space at its end was cut off.
    SpaceRemoved,
    /// It was recoded into another character set.
    Charset {
        /// The character set that was signed.
        signed: &'static str,
    },
}

/// What a policy refuses, and would have to take.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::explain::{Change, PolicyChange};
///
/// let change = Change::Policy(PolicyChange::Account(99));
/// assert_eq!(change.code(), "policy_account");
/// assert_eq!(change.to_string(), "account 99 were among the expected accounts");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyChange {
    /// The callbacks of one more account.
    Account(AccountId),
    /// A further name that the receiver is called by.
    Host(String),
    /// Environments of the sister product; of this number.
    EnvironmentIds(AccountId),
    /// The algorithm name `hs2019`.
    Hs2019,
    /// A `Signature` header that lacks a comma.
    MissingComma,
    /// Keys that are published for testing.
    TestingKeys,
    /// Keys of this many bits.
    MinKeyBits(u32),
    /// Bodies of this many bytes.
    MaxBody(u64),
}

impl Change {
    /// A stable name, in snake case: of what is changed, and how if that is told.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Method { .. } => "method",
            Self::Target { how, .. } => how.code(),
            Self::Host { .. } => "host",
            Self::Header { how, .. } => how.code(),
            Self::Transport { .. } => "transport",
            Self::Body { how, .. } => how.code(),
            Self::Clock { .. } => "clock",
            Self::Policy(policy) => policy.code(),
            Self::Key { .. } => "key",
        }
    }

    /// Whether another request would be needed, not another receiver.
    pub(super) const fn is_of_the_request(&self) -> bool {
        !matches!(self, Self::Policy(_) | Self::Clock { .. } | Self::Transport { .. } | Self::Key { .. })
    }
}

impl TargetChange {
    const fn code(&self) -> &'static str {
        match self {
            Self::PrefixAdded { .. } => "target_prefix_added",
            Self::PrefixRemoved { .. } => "target_prefix_removed",
            Self::SlashAppended => "target_slash_appended",
            Self::SlashRemoved => "target_slash_removed",
            Self::SlashDoubled => "target_slash_doubled",
            Self::SlashesMerged => "target_slashes_merged",
            Self::Recoded => "target_recoded",
            Self::QueryAdded => "target_query_added",
            Self::QueryRemoved => "target_query_removed",
            Self::Rewritten => "target_rewritten",
        }
    }
}

impl HeaderChange {
    const fn code(&self) -> &'static str {
        match self {
            Self::Dropped => "header_dropped",
            Self::Repeated => "header_repeated",
            Self::ValuesAdded => "header_values_added",
            Self::Joined => "header_joined",
            Self::ParameterAdded => "header_parameter_added",
            Self::ParameterRemoved => "header_parameter_removed",
            Self::Recomputed => "header_recomputed",
            Self::Respelled => "header_respelled",
            Self::Moved { .. } => "header_moved",
        }
    }
}

impl BodyChange {
    const fn code(&self) -> &'static str {
        match self {
            Self::Compressed { .. } => "body_compressed",
            Self::Reserialised { .. } => "body_reserialised",
            Self::FormRecoded => "body_form_recoded",
            Self::LineEnds { .. } => "body_line_ends",
            Self::ByteOrderMarkAdded => "body_byte_order_mark_added",
            Self::ByteOrderMarkRemoved => "body_byte_order_mark_removed",
            Self::SpaceAdded => "body_space_added",
            Self::SpaceRemoved => "body_space_removed",
            Self::Charset { .. } => "body_charset",
        }
    }
}

impl PolicyChange {
    const fn code(&self) -> &'static str {
        match self {
            Self::Account(_) => "policy_account",
            Self::Host(_) => "policy_host",
            Self::EnvironmentIds(_) => "policy_environment_ids",
            Self::Hs2019 => "policy_hs2019",
            Self::MissingComma => "policy_missing_comma",
            Self::TestingKeys => "policy_testing_keys",
            Self::MinKeyBits(_) => "policy_min_key_bits",
            Self::MaxBody(_) => "policy_max_body",
        }
    }
}

/// What would have to be so, as it goes behind "would verify if".
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |text: &str| Excerpt::from(text);
        match self {
            Self::Method { to, .. } => write!(f, "the method were {}", of(to)),
            Self::Target { to, .. } => write!(f, "the request target were {}", of(to)),
            Self::Host { to, .. } => write!(f, "`Host` were {}", of(to)),
            Self::Header { name, how: HeaderChange::Repeated, .. } => {
                write!(f, "there were one `{}` header", of(name).as_str())
            }
            Self::Header { name, to, .. } => write!(f, "`{}` were {}", of(name).as_str(), Excerpt::from(&to[..])),
            Self::Transport { to } => match to {
                Transport::Https => f.write_str("the verifier knew that the request came over HTTPS"),
                Transport::Http => f.write_str("the verifier knew that the request came over plain HTTP"),
                Transport::Unknown => f.write_str("the verifier were not told over what the request came"),
            },
            Self::Body { how, .. } => how.fmt(f),
            Self::Clock { ahead } => {
                let (seconds, side) = (ahead.unsigned_abs(), if *ahead < 0 { "later" } else { "earlier" });
                write!(f, "the time were {seconds} s {side}, which is the request's own date")
            }
            Self::Policy(policy) => policy.fmt(f),
            Self::Key { to, .. } => write!(f, "`keyId` were `{to}`"),
        }
    }
}

impl fmt::Display for BodyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compressed { coding } => write!(f, "the body were not compressed with {coding}"),
            Self::Reserialised { signed } => write!(f, "the body were the JSON that was signed: {signed}"),
            Self::FormRecoded => f.write_str("the form in the body were encoded as it was signed"),
            Self::LineEnds { signed } => write!(f, "the lines of the body ended with {signed}"),
            Self::ByteOrderMarkAdded => f.write_str("the body had no byte order mark"),
            Self::ByteOrderMarkRemoved => f.write_str("the body began with a byte order mark"),
            Self::SpaceAdded => f.write_str("the body had no white space at its ends"),
            Self::SpaceRemoved => f.write_str("the body had the line end at its end that was signed"),
            Self::Charset { signed } => write!(f, "the body were encoded in {signed}"),
        }
    }
}

impl fmt::Display for PolicyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account {id} were among the expected accounts"),
            Self::Host(host) => write!(f, "{} were among the expected hosts", Excerpt::from(host.as_str())),
            Self::EnvironmentIds(id) => write!(f, "environment {id} of the sister product were accepted"),
            Self::Hs2019 => f.write_str("the algorithm name `hs2019` were accepted"),
            Self::MissingComma => f.write_str("a missing comma in the `Signature` header were accepted"),
            Self::TestingKeys => f.write_str("keys that are published for testing were accepted"),
            Self::MinKeyBits(bits) => write!(f, "keys of {bits} bits were accepted"),
            Self::MaxBody(bytes) => write!(f, "bodies of {bytes} bytes were accepted"),
        }
    }
}
