use crate::key::{KeyError, KeyNameError, RecordError};
use crate::wire::{
    AccountError, CoveredHeadersError, DateError, DigestAlgorithm, DigestError, Excerpt, MAX_HEADER_LINES,
    SignatureHeaderError,
};

/// Why a request is refused.
///
/// The exact reason is for the log. On the wire a receiver gives one generic answer per [`Class`], so that a stranger
/// learns nothing from it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::Duration;
/// # let (verifier, head, body, now) = (verifier(), head(), BODY, now());
/// let an_hour_later = now + Duration::from_secs(3600);
/// if let Err(rejection) = verifier.verify(&head, body, an_hour_later).await {
///     assert_eq!(rejection.to_string(), "3602 s old, the window is 300 s");
///     assert_eq!((rejection.code(), rejection.step()), ("date_too_old", 6));
///     assert_eq!(rejection.class().status(), 401);
///     assert!(rejection.hint().is_some_and(|hint| hint.starts_with("compare this machine's clock")));
/// }
/// # else { unreachable!() }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The policy wants TLS, and nobody vouches for it.
    #[error("the request did not come over HTTPS")]
    HttpsRequired,
    /// A callback is a `POST`.
    #[error("the method is {got}, expected `POST`")]
    WrongMethod {
        /// The method.
        got: Excerpt,
    },
    /// More header lines than any sender has use for.
    #[error("the request has {count} header lines, at most {MAX_HEADER_LINES} are read")]
    TooManyHeaders {
        /// How many there are.
        count: usize,
    },
    /// There is no `Signature` header.
    #[error("the request has no `Signature` header")]
    SignatureMissing,
    /// There are several `Signature` headers.
    #[error("the request has several `Signature` headers")]
    SignatureRepeated,
    /// A signature is carried in `Authorization`, so which one counts is anybody's guess.
    #[error("the request carries a signature in `Authorization`")]
    SignatureInAuthorization,
    /// The `Signature` header is not of its grammar.
    #[error("malformed `Signature` header: {0}")]
    SignatureMalformed(#[from] SignatureHeaderError),
    /// The algorithm is not RSA with SHA-256.
    #[error("the algorithm is {got}, expected `rsa-sha256`")]
    AlgorithmUnsupported {
        /// The algorithm.
        got: Excerpt,
    },
    /// The `headers` parameter is no list of distinct names.
    #[error("malformed coverage: {0}")]
    CoverageMalformed(#[from] CoveredHeadersError),
    /// The signature leaves out what it must cover.
    #[error("the signature does not cover `{name}`")]
    CoverageMissing {
        /// The header's name.
        name: &'static str,
    },
    /// The signature covers a header that the request does not have.
    #[error("the signature covers {name}, which the request does not have")]
    HeaderMissing {
        /// The header's name, in lower case.
        name: Excerpt,
    },
    /// A header that must be unique is there several times.
    #[error("the request has several `{name}` headers")]
    HeaderRepeated {
        /// The header's name.
        name: &'static str,
    },
    /// A covered header holds a control character.
    #[error("{name} holds a control character")]
    ControlCharacter {
        /// The header's name, in lower case.
        name: Excerpt,
    },
    /// The request target is not a path with perhaps a query.
    #[error("the request target {got} is not in origin form (`/path?query`)")]
    TargetMalformed {
        /// The request target.
        got: Excerpt,
    },
    /// A proxy is configured that puts a prefix before the path, and this target does not have it.
    #[error("the request target does not begin with {prefix:?}, which the proxy puts before it")]
    TargetOutsidePrefix {
        /// The prefix.
        prefix: String,
    },
    /// A forwarding header of a trusted proxy is not there once, with one value.
    #[error("the proxy's `{name}` is missing, or has several values")]
    ForwardedMalformed {
        /// The header's name.
        name: &'static str,
    },
    /// A proxy is trusted by its address, and nobody said who the peer is.
    #[error("the address of the peer is unknown, so it cannot be told whether it is the trusted proxy")]
    PeerUnknown,
    /// `:authority` and `Host` are both there and differ.
    #[error("`:authority` is {authority} and `Host` is {host}")]
    AuthorityDisagrees {
        /// The `:authority`.
        authority: Excerpt,
        /// The `Host`.
        host: Excerpt,
    },
    /// `Date` is no IMF-fixdate.
    #[error("malformed `Date` {got}: {reason}")]
    DateMalformed {
        /// The value.
        got: Excerpt,
        /// What was expected.
        reason: DateError,
    },
    /// `Date` lies too far in the past.
    #[error("{age} s old, the window is {window} s")]
    DateTooOld {
        /// The age in seconds.
        age: u64,
        /// The greatest age that is accepted, in seconds.
        window: u64,
    },
    /// `Date` lies too far in the future.
    #[error("{ahead} s ahead of the clock, the window is {window} s")]
    DateInFuture {
        /// How far ahead, in seconds.
        ahead: u64,
        /// How far ahead is accepted, in seconds.
        window: u64,
    },
    /// The request was made for another host.
    #[error("the host is {got}, expected {expected}")]
    WrongHost {
        /// The value of `Host`.
        got: Excerpt,
        /// The hosts of the policy.
        expected: String,
    },
    /// `X-Copernica-ID` names no account.
    #[error("malformed `X-Copernica-ID` {got}: {reason}")]
    AccountMalformed {
        /// The value.
        got: Excerpt,
        /// What was expected.
        reason: AccountError,
    },
    /// The callback belongs to somebody else's account.
    #[error("expected {expected}, got {got}")]
    WrongAccount {
        /// The account.
        got: String,
        /// The accounts of the policy.
        expected: String,
    },
    /// `keyId` is no DNS name.
    #[error("malformed `keyId` {got}: {reason}")]
    KeyIdMalformed {
        /// The value.
        got: Excerpt,
        /// What was expected.
        reason: KeyNameError,
    },
    /// The key is published in a zone that is not trusted.
    #[error("the key {got} lies in no allowed zone")]
    ForeignKey {
        /// The `keyId`.
        got: Excerpt,
    },
    /// No key is published under the `keyId`.
    #[error("no key is published under this `keyId`")]
    KeyNotFound,
    /// The key is revoked.
    #[error("the key is revoked")]
    KeyRevoked,
    /// What is published under the `keyId` is no usable key.
    #[error("no usable key is published under this `keyId`: {0}")]
    KeyUnusable(RecordError),
    /// Too many keys are published under the `keyId`.
    #[error("too many keys are published under this `keyId`")]
    TooManyKeys,
    /// The key's record says `t=y`.
    #[error("the key is published for testing (`t=y`)")]
    KeyTesting,
    /// The key is too small.
    #[error("an RSA key of {bits} bits, expected at least {minimum}")]
    KeyTooSmall {
        /// Its size in bits.
        bits: u32,
        /// The smallest size that is accepted, in bits.
        minimum: u32,
    },
    /// The key could not be looked up. The sender should try again.
    #[error("the key could not be looked up: {0}")]
    KeyUnavailable(String),
    /// The `signature` parameter is not canonical base64.
    #[error("the signature is not canonical base64")]
    SignatureNotBase64,
    /// The signature is not that of this key over this signing string.
    #[error("the signing string was not signed by this key")]
    BadSignature,
    /// The `Digest` header is malformed or binds nothing.
    #[error("malformed `Digest` header: {0}")]
    DigestMalformed(#[from] DigestError),
    /// `Content-Length` is no number.
    #[error("malformed `Content-Length` {got}")]
    ContentLengthMalformed {
        /// The value.
        got: Excerpt,
    },
    /// The body is longer or shorter than `Content-Length` says.
    #[error("the body has {got} bytes, `Content-Length` says {declared}")]
    ContentLengthMismatch {
        /// What the header says.
        declared: u64,
        /// How many bytes came; of a body that is too long, at least so many.
        got: u64,
    },
    /// The body is longer than this receiver takes.
    #[error("the body is longer than {limit} bytes")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The body is not the one that was signed.
    #[error("the body does not have the {algorithm} digest that was signed")]
    DigestMismatch {
        /// The algorithm whose digest differs.
        algorithm: DigestAlgorithm,
    },
    /// The body did not come within the time that the receiver gives it.
    #[error("the body did not come within {limit} s")]
    BodyTooSlow {
        /// The limit in seconds.
        limit: u64,
    },
    /// The body broke off, or its transfer coding is malformed.
    #[error("the body could not be read to its end")]
    BodyUnreadable,
    /// The signature covers no `X-Nonce`, so a repetition could not be told.
    #[error("the signature does not cover `x-nonce`, which the replay guard needs")]
    NonceMissing,
    /// `X-Nonce` is not 1 to 256 visible ASCII characters.
    #[error("malformed `X-Nonce` {got}, expected 1 to 256 visible ASCII characters")]
    NonceMalformed {
        /// The value.
        got: Excerpt,
    },
    /// A request with this nonce was handled before.
    #[error("a callback with this nonce was handled before")]
    Replayed,
    /// A request with this nonce is being handled right now. The sender should try again.
    #[error("a callback with this nonce is being handled")]
    ReplayPending,
    /// The replay guard can remember no more nonces. The sender should try again.
    #[error("the replay guard is full: it remembers {capacity} nonces")]
    ReplayGuardFull {
        /// How many it remembers at most.
        capacity: usize,
    },
    /// The replay guard's store could not be asked. The sender should try again.
    #[error("the replay guard's store could not be asked: {0}")]
    ReplayGuardUnavailable(String),
}

/// How a receiver answers a request that it refuses: the statuses of RFC 9110 section 15.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{Class, Rejection};
///
/// let forged = Rejection::BadSignature;
/// assert_eq!((forged.class(), forged.class().status(), forged.retry_after()), (Class::Rejected, 401, None));
///
/// let unknown = Rejection::KeyUnavailable("no name server answers".into());
/// assert_eq!((unknown.class(), unknown.class().status(), unknown.retry_after()), (Class::Temporary, 503, Some(5)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The request is not of its grammar: 400.
    Malformed,
    /// The request is not from whom it must be: 401.
    Rejected,
    /// The request was handled before: 409.
    Replayed,
    /// The body is too large: 413.
    TooLarge,
    /// It cannot be told at the moment, the sender should try again: 503.
    Temporary,
}

impl Class {
    /// The HTTP status of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Rejected => 401,
            Self::Replayed => 409,
            Self::TooLarge => 413,
            Self::Temporary => 503,
        }
    }
}

impl Rejection {
    /// A stable name for logs and metrics, in snake case.
    pub const fn code(&self) -> &'static str {
        self.facts().0
    }

    /// Which step of the [checklist](crate::checklist) refused, counted from 1.
    pub const fn step(&self) -> u8 {
        self.facts().1
    }

    /// How to answer.
    pub const fn class(&self) -> Class {
        self.facts().2
    }

    const fn facts(&self) -> (&'static str, u8, Class) {
        use Class::{Malformed, Rejected, Replayed, Temporary, TooLarge};
        match self {
            Self::HttpsRequired => ("https_required", 1, Rejected),
            Self::WrongMethod { .. } => ("wrong_method", 1, Rejected),
            Self::TooManyHeaders { .. } => ("too_many_headers", 1, Malformed),
            Self::PeerUnknown => ("peer_unknown", 1, Temporary),
            Self::SignatureMissing => ("signature_missing", 2, Rejected),
            Self::SignatureRepeated => ("signature_repeated", 2, Malformed),
            Self::SignatureInAuthorization => ("signature_in_authorization", 2, Rejected),
            Self::SignatureMalformed(_) => ("signature_malformed", 2, Malformed),
            Self::AlgorithmUnsupported { .. } => ("algorithm_unsupported", 3, Rejected),
            Self::CoverageMalformed(_) => ("coverage_malformed", 4, Malformed),
            Self::CoverageMissing { .. } => ("coverage_missing", 4, Rejected),
            Self::HeaderMissing { .. } => ("header_missing", 5, Rejected),
            Self::HeaderRepeated { .. } => ("header_repeated", 5, Malformed),
            Self::ControlCharacter { .. } => ("control_character", 5, Malformed),
            Self::TargetMalformed { .. } => ("target_malformed", 5, Malformed),
            Self::TargetOutsidePrefix { .. } => ("target_outside_prefix", 5, Malformed),
            Self::ForwardedMalformed { .. } => ("forwarded_malformed", 5, Malformed),
            Self::AuthorityDisagrees { .. } => ("authority_disagrees", 5, Malformed),
            Self::DateMalformed { .. } => ("date_malformed", 6, Malformed),
            Self::DateTooOld { .. } => ("date_too_old", 6, Rejected),
            Self::DateInFuture { .. } => ("date_in_future", 6, Rejected),
            Self::WrongHost { .. } => ("wrong_host", 7, Rejected),
            Self::AccountMalformed { .. } => ("account_malformed", 8, Malformed),
            Self::WrongAccount { .. } => ("wrong_account", 8, Rejected),
            Self::KeyIdMalformed { .. } => ("key_id_malformed", 9, Malformed),
            Self::ForeignKey { .. } => ("foreign_key", 9, Rejected),
            Self::KeyNotFound => ("key_not_found", 9, Rejected),
            Self::KeyRevoked => ("key_revoked", 9, Rejected),
            Self::KeyUnusable(_) => ("key_unusable", 9, Rejected),
            Self::TooManyKeys => ("too_many_keys", 9, Rejected),
            Self::KeyTesting => ("key_testing", 9, Rejected),
            Self::KeyTooSmall { .. } => ("key_too_small", 9, Rejected),
            Self::KeyUnavailable(_) => ("key_unavailable", 9, Temporary),
            Self::SignatureNotBase64 => ("signature_not_base64", 10, Malformed),
            Self::BadSignature => ("bad_signature", 10, Rejected),
            Self::DigestMalformed(_) => ("digest_malformed", 11, Malformed),
            Self::ContentLengthMalformed { .. } => ("content_length_malformed", 11, Malformed),
            Self::ContentLengthMismatch { .. } => ("content_length_mismatch", 11, Malformed),
            Self::BodyTooLarge { .. } => ("body_too_large", 11, TooLarge),
            Self::DigestMismatch { .. } => ("digest_mismatch", 11, Rejected),
            Self::BodyTooSlow { .. } => ("body_too_slow", 11, Temporary),
            Self::BodyUnreadable => ("body_unreadable", 11, Malformed),
            Self::NonceMissing => ("nonce_missing", 12, Rejected),
            Self::NonceMalformed { .. } => ("nonce_malformed", 12, Malformed),
            Self::Replayed => ("replayed", 12, Replayed),
            Self::ReplayPending => ("replay_pending", 12, Temporary),
            Self::ReplayGuardFull { .. } => ("replay_guard_full", 12, Temporary),
            Self::ReplayGuardUnavailable(_) => ("replay_guard_unavailable", 12, Temporary),
        }
    }

    /// After how many seconds a sender may try again (`Retry-After`, RFC 9110 section 10.2.3). Only what is
    /// [temporary](Class::Temporary) has such a time.
    pub const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::ReplayGuardFull { .. } => Some(60),
            _ if matches!(self.class(), Class::Temporary) => Some(5),
            _ => None,
        }
    }

    /// What to look at, for the person who set the receiver up. `None` where the reason says it all.
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::HttpsRequired => {
                "tell the verifier over what the request came in; behind a proxy only the proxy knows"
            }
            Self::DateTooOld { .. } | Self::DateInFuture { .. } => {
                "compare this machine's clock with the sender's; a queue in front of the receiver makes callbacks old"
            }
            Self::WrongHost { .. } => {
                "a proxy may have rewritten `Host`: have it pass the original on, or name this host too"
            }
            Self::PeerUnknown => {
                "serve axum with `into_make_service_with_connect_info::<SocketAddr>()`, or put a `PeerAddress` into the request's extensions"
            }
            Self::TargetOutsidePrefix { .. } => {
                "requests that reach the receiver without the proxy do not have its prefix; set the prefix that it really adds"
            }
            Self::ForwardedMalformed { .. } => "the proxy must set this header itself, and drop what a client sent",
            Self::WrongAccount { .. } => "the callback is genuine at best for another account; check the number",
            Self::KeyNotFound => "keys rotate about monthly; check that the name server sees the publisher's zone",
            Self::KeyUnavailable(_) => "check that the name server can be reached",
            Self::KeyTooSmall { .. } => "smaller keys can be allowed down to 1024 bits, at your own risk",
            Self::BadSignature => {
                "a proxy may have changed the path, the query, the host or a covered header; or another key signed"
            }
            Self::DigestMismatch { .. } => {
                "verify the raw bytes of the body, before anything decodes, decompresses or re-serialises them"
            }
            Self::NonceMissing => "the platform's own callbacks cover `x-nonce`; the guard can be switched off",
            Self::Replayed => {
                "a sender that tries again signs anew, with a new nonce; the same bytes twice are a copy of the first"
            }
            Self::ReplayGuardFull { .. } => "more callbacks come than the guard was given room for",
            Self::ReplayGuardUnavailable(_) => "check that the guard's store can be reached and has room",
            Self::SignatureMalformed(SignatureHeaderError::MissingComma { .. }) => {
                "the sample in the platform's documentation lacks a comma; that can be allowed"
            }
            _ => return None,
        })
    }
}

impl From<KeyError> for Rejection {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::NotFound => Self::KeyNotFound,
            KeyError::Revoked => Self::KeyRevoked,
            KeyError::Unusable(reason) => Self::KeyUnusable(reason),
            KeyError::TooMany => Self::TooManyKeys,
            KeyError::Temporary(reason) => Self::KeyUnavailable(reason),
        }
    }
}
