//! The form of vectors: what is in the files below `vectors/`, and in what `--export` writes. `docs/check-vectors.md` describes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::keyring::dns::Guess;

/// A family of vectors.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Class {
    pub(crate) class: String,
    pub(crate) title: String,
    /// What an attacker gains, or an honest publisher loses.
    pub(crate) why: String,
    pub(crate) reference: String,
    /// What to change about a receiver that fails.
    pub(crate) change: String,
    pub(crate) vectors: Vec<Vector>,
}

/// One trial of a receiver.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    /// The class and a name: `algorithm/none`.
    pub(crate) id: String,
    pub(crate) title: String,
    /// Where these differ from what the class says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<String>,
    #[serde(default, skip_serializing_if = "Level::is_must")]
    pub(crate) level: Level,
    /// What must be true of the receiver for the vector to make sense.
    #[serde(default, skip_serializing_if = "Needs::is_nothing")]
    pub(crate) needs: Needs,
    /// Whether nothing else may run meanwhile.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) alone: bool,
    /// Whether hanging up counts as a refusal: the HTTP server may well do so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) may_hang_up: bool,
    /// Whether 503 is a refusal, however strict one is: what looks like trouble may pass.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) may_come_again: bool,
    pub(crate) steps: Vec<Step>,
}

/// Whether there can be two opinions about a vector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// Every receiver must do what is expected.
    #[default]
    Must,
    /// A receiver whose policy is the strict one does.
    Policy,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Needs {
    /// That it takes no callback twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replay_guard: Option<bool>,
    /// That it takes keys of 1024 bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) small_keys: Option<bool>,
    /// That it takes a body whatever it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) any_body: Option<bool>,
    /// That it keeps a key no longer than its record says, were it a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) short_ttl: Option<bool>,
    /// That it insists on HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) https: Option<bool>,
}

/// A request, and what should come of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) expect: Expect,
    /// Names in DNS that from now on tell what others do: `{"rotating": "rotated"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) dns: BTreeMap<String, String>,
    /// Whether time passes before it, as much as whoever runs the check has.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) wait: bool,
    /// How many are made and sent, some at a time; each has a nonce of its own, and its number is `${n}`.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(crate) times: usize,
    /// Whether the name server may hear of no more than half of the names that they ask for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) few_questions: bool,
    /// On how many connections half of it is sent, and nothing more until the vector has come to its end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) held: usize,
    /// How often the same bytes are sent at the same time.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(crate) copies: usize,
    pub(crate) request: Request,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expect {
    /// 2xx
    Accept,
    /// Anything else.
    Refuse,
    /// 503: it comes again.
    Unavailable,
    /// 2xx for one of the copies, and for no other.
    Once,
    /// It is sent for what it leaves behind.
    Anything,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// The bytes of the first step, once more.
    Again,
    #[serde(untagged)]
    Made(Box<Recipe>),
}

impl Request {
    /// How it is made, if it is no repetition.
    pub(crate) fn recipe(&self) -> Option<&Recipe> {
        match self {
            Self::Again => None,
            Self::Made(recipe) => Some(recipe),
        }
    }
}

/// How a request is made. What is not mentioned is as in an honest callback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Recipe {
    /// What happened, to what, and the form of the payload: `update-profile-json`.
    pub(crate) callback: String,
    /// Instead of the payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Content>,
    /// When it is dated, in seconds from now: `-59`, `-window-1`, `+ahead+1`.
    pub(crate) date: String,
    /// The key that signs, by its name in `keys.json`.
    pub(crate) key: String,
    /// Changes before it is signed.
    pub(crate) before: Vec<Edit>,
    /// The value of `headers`.
    pub(crate) covered: String,
    /// Changes to what is signed and not to what is sent.
    pub(crate) signed_as: Vec<Edit>,
    /// What is signed, instead of what `covered` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signing_string: Option<String>,
    pub(crate) scheme: Scheme,
    /// The value of `Signature`; `null` for none.
    pub(crate) signature: Option<String>,
    /// Changes after it was signed.
    pub(crate) after: Vec<Edit>,
    /// So many bytes of the end come one by one, each after half a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) slow_bytes: Option<usize>,
    /// Whether it is sent without TLS, although the URL says `https`.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) plain_http: bool,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            callback: "update-profile-json".to_owned(),
            body: None,
            date: "0".to_owned(),
            key: "main".to_owned(),
            before: Vec::new(),
            covered: "(request-target) host date content-length content-type x-copernica-id digest x-nonce".to_owned(),
            signed_as: Vec::new(),
            signing_string: None,
            scheme: Scheme::RsaSha256,
            signature: Some(
                "keyId=\"${key_id}\",algorithm=\"rsa-sha256\",headers=\"${covered}\",signature=\"${signature}\""
                    .to_owned(),
            ),
            after: Vec::new(),
            slow_bytes: None,
            plain_http: false,
        }
    }
}

/// One change of a request. Texts may have `${variables}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Edit {
    /// Replaces the value of a header, which must be there.
    Set(String, String),
    /// Adds a header behind all others.
    Add(String, String),
    /// Adds a header before all others.
    AddFirst(String, String),
    /// Adds many headers, each with `${n}` in its name.
    AddMany {
        name: String,
        value: String,
        count: u32,
    },
    /// Removes all headers of a name.
    Drop(String),
    /// Replaces a part of the value of a header, which must hold it.
    Replace(String, String, String),
    Method(String),
    Target(String),
    Body(Content),
}

/// The bytes of a body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Content {
    Text(String),
    /// A text, so many times.
    Fill(String, usize),
    /// The same, with a text before it and one behind.
    Around(String, String, usize, String),
    /// The present bytes and a text.
    Append(String),
    /// The present bytes without so many at the end.
    Cut(usize),
    /// The present bytes, with one text in them replaced by another.
    Replace(String, String),
    /// The present bytes, twice.
    Twice,
    /// So many mebibytes of zeros, compressed with gzip.
    GzipBomb(usize),
}

/// How the signature is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Scheme {
    /// RSASSA-PKCS1-v1_5 with SHA-256, as it should be.
    RsaSha256,
    RsaSha1,
    RsaSha512,
    RsaPssSha256,
    /// PKCS#1 v1.5 with another DigestInfo before the hash.
    DigestInfo(DigestInfo),
    /// The right DigestInfo, padded otherwise.
    Padding(Padding),
    /// HMAC-SHA256, keyed with the public key in one of its forms.
    Hmac(PublicForm),
    /// The padded hash itself, which is a signature under the exponent 1.
    ExponentOne,
    /// A fixed number of bytes of one value.
    Bytes(u8, usize),
    /// The right signature, spoilt.
    Spoilt(Spoil),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DigestInfo {
    None,
    WithoutNull,
    Sha1,
    WrongLength,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Padding {
    /// Eight bytes of padding, and zeros behind the hash.
    GarbageBehind,
    /// Block type 2, which is that of encryptions.
    TypeTwo,
    /// One byte is not `ff`.
    OddByte,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PublicForm {
    Pem,
    /// Without a line feed at its end.
    PemUnended,
    /// With its base64 in one line.
    PemOneLine,
    Der,
    /// The base64 that `p=` has.
    P,
    /// The whole TXT record.
    Record,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Spoil {
    FirstHalf,
    AllButLast,
    ZeroBefore,
    ZeroBehind,
    OneBit,
    PlusModulus,
}

/// A key as DNS has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    /// Its name in DNS; `${zone}` is the zone, `${run}` is another in each run.
    pub(crate) name: String,
    /// The pair whose private half signs.
    pub(crate) pair: String,
    /// Its TXT records. `${p}` is the public half.
    #[serde(default)]
    pub(crate) records: Vec<String>,
    /// The key whose name it is another name of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alias: Option<String>,
    /// What goes wrong with the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<DnsFault>,
    /// What somebody else makes up about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) forgery: Option<ForgedRecord>,
    /// Whether its name in DNS tells of another key until a vector says so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) later: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DnsFault {
    Servfail,
    Refused,
    Timeout,
    Truncated,
    TruncatedOnly,
    /// It may be kept for a second.
    ShortTtl,
}

/// A record that the publisher has not published, in an answer as somebody makes it up.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgedRecord {
    pub(crate) how: Guess,
    /// The record. `${p}` is the public half.
    pub(crate) record: String,
}

impl Level {
    const fn is_must(&self) -> bool {
        matches!(self, Self::Must)
    }
}

impl Needs {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

const fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_one(count: &usize) -> bool {
    *count == 1
}
