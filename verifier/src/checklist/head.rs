//! Steps 1 to 9: what can be told without a key.

use std::time::{Duration, SystemTime};

use crate::key::KeyName;
use crate::policy::{EnvironmentIds, Hs2019, Policy, TransportPolicy};
use crate::rejection::Rejection;
use crate::wire::{
    Account, AccountKind, CoveredHeaders, Digests, KnownHeader, KnownHeaders, MAX_HEADER_LINES, RequestHead,
    SignatureHeader, SigningString, SigningStringError, Transport, base64, count, parse_date,
};

/// What a signature must cover, whatever else it covers.
const REQUIRED: [KnownHeader; 5] =
    [KnownHeader::RequestTarget, KnownHeader::Host, KnownHeader::Date, KnownHeader::AccountId, KnownHeader::Digest];

/// The headers whose meaning is lost when they are there several times. (`Signature` is the affair of step 2.)
const UNIQUE: [KnownHeader; 7] = [
    KnownHeader::Host,
    KnownHeader::Date,
    KnownHeader::Digest,
    KnownHeader::AccountId,
    KnownHeader::Nonce,
    KnownHeader::ContentType,
    KnownHeader::ContentLength,
];

/// A head that is in order as far as can be told without its key. Nothing of it is authentic yet, so all that it tells is
/// which key it needs.
///
/// [`Verifier`](crate::Verifier) does this for you. It is for whoever finds keys in a way of his own:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (policy, head, body, now) = (verifier().policy().clone(), head(), BODY, now());
/// # let find = |name: &callback_verifier::KeyName| (name.as_str() == KEY_ID).then(key).ok_or("no such key");
/// use callback_verifier::{KeySet, PendingHead};
///
/// let pending = PendingHead::check(&policy, &head, now)?;         // steps 1 to 9
/// let keys = KeySet::pinned(find(pending.key_name())?);           // a name that lies in an allowed zone
/// let verified = pending.verify(&keys)?.verify_body(body)?;       // steps 10 and 11
/// assert_eq!(verified.account().id, 1234);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PendingHead<'p> {
    pub(super) policy: &'p Policy,
    pub(super) key_name: KeyName,
    pub(super) signature: Vec<u8>,
    pub(super) signing_string: SigningString,
    pub(super) account: Account,
    pub(super) date: SystemTime,
    pub(super) digests: Digests,
    pub(super) content_length: Option<u64>,
}

impl<'p> PendingHead<'p> {
    /// Goes through the steps that need no key.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{PendingHead, Rejection};
    /// # let (policy, head, now) = (verifier().policy().clone(), head(), now());
    /// let an_hour_later = now + std::time::Duration::from_secs(3600);
    /// let refused = PendingHead::check(&policy, &head, an_hour_later);
    /// assert_eq!(refused.err(), Some(Rejection::DateTooOld { age: 3602, window: 300 }));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The first of the steps 1 to 9 that fails; then what else the head alone can tell: a malformed `signature`, `Digest` or
    /// `Content-Length`, or a body that is announced as too large.
    pub fn check(policy: &'p Policy, head: &RequestHead<'_>, now: SystemTime) -> Result<Self, Rejection> {
        transport_and_method(policy, head)?;
        let known = KnownHeaders::of(head);
        let header = one_signature(policy, head, &known)?;
        algorithm(policy, &header)?;
        let covered = coverage(&header)?;
        let signing_string = covered_headers(head, &known, &covered)?;
        let date = date_in_window(policy, required(&known, KnownHeader::Date)?, now)?;
        host(policy, head, &known)?;
        let account = account(policy, required(&known, KnownHeader::AccountId)?)?;
        let key_name = key_name(policy, header.key_id)?;
        // Not their turn yet, but malformed ones must not cause a DNS query.
        let signature = base64::decode(header.signature.as_bytes()).map_err(|_| Rejection::SignatureNotBase64)?;
        let digests = Digests::parse(required(&known, KnownHeader::Digest)?)?;
        let content_length = content_length(policy, &known)?;
        Ok(Self { policy, key_name, signature, signing_string, account, date, digests, content_length })
    }

    /// The name of the key that this head claims to be signed with. It lies in an allowed zone.
    pub fn key_name(&self) -> &KeyName {
        &self.key_name
    }
}

/// Step 1.
fn transport_and_method(policy: &Policy, head: &RequestHead<'_>) -> Result<(), Rejection> {
    if policy.transport == TransportPolicy::RequireHttps && head.transport() != Transport::Https {
        return Err(Rejection::HttpsRequired);
    }
    let count = head.headers().len();
    if count > MAX_HEADER_LINES {
        return Err(Rejection::TooManyHeaders { count });
    }
    match head.method() {
        "POST" => Ok(()),
        other => Err(Rejection::WrongMethod { got: other.into() }),
    }
}

/// Step 2.
fn one_signature<'a>(
    policy: &Policy,
    head: &RequestHead<'a>,
    known: &KnownHeaders<'a>,
) -> Result<SignatureHeader<'a>, Rejection> {
    if known.get(KnownHeader::Authorization).is_some()
        && head.values(KnownHeader::Authorization.name()).any(is_signature_scheme)
    {
        return Err(Rejection::SignatureInAuthorization);
    }
    let value = known.get(KnownHeader::Signature).ok_or(Rejection::SignatureMissing)?;
    if known.is_repeated(KnownHeader::Signature) {
        return Err(Rejection::SignatureRepeated);
    }
    Ok(SignatureHeader::parse(value, policy.missing_comma.separator())?)
}

fn is_signature_scheme(credentials: &[u8]) -> bool {
    credentials.split(|b| !b.is_ascii_alphanumeric()).next().is_some_and(|s| s.eq_ignore_ascii_case(b"signature"))
}

/// Step 3.
fn algorithm(policy: &Policy, header: &SignatureHeader<'_>) -> Result<(), Rejection> {
    match header.algorithm {
        None | Some("rsa-sha256") => Ok(()),
        Some("hs2019") if policy.hs2019 == Hs2019::AcceptAsRsaSha256 => Ok(()),
        Some(other) => Err(Rejection::AlgorithmUnsupported { got: other.into() }),
    }
}

/// Step 4.
fn coverage<'a>(header: &SignatureHeader<'a>) -> Result<CoveredHeaders<'a>, Rejection> {
    let covered = CoveredHeaders::parse(header.headers)?;
    match REQUIRED.into_iter().find(|required| !covered.includes(*required)) {
        None => Ok(covered),
        Some(missing) => Err(Rejection::CoverageMissing { name: missing.name() }),
    }
}

/// Step 5.
fn covered_headers<'a>(
    head: &RequestHead<'a>,
    known: &KnownHeaders<'a>,
    covered: &CoveredHeaders<'_>,
) -> Result<SigningString, Rejection> {
    if let Some(repeated) = UNIQUE.into_iter().find(|unique| known.is_repeated(*unique)) {
        return Err(Rejection::HeaderRepeated { name: repeated.name() });
    }
    if let (Some(authority), Some(host)) = (head.authority(), known.get(KnownHeader::Host))
        && !authority.as_bytes().eq_ignore_ascii_case(host)
    {
        return Err(Rejection::AuthorityDisagrees { authority: authority.into(), host: host.into() });
    }
    if !is_origin_form(head.target().as_bytes()) {
        return Err(Rejection::TargetMalformed { got: head.target().into() });
    }
    SigningString::build_with(known, head, covered).map_err(|error| match error {
        SigningStringError::Missing { name } => Rejection::HeaderMissing { name: name.as_str().into() },
        SigningStringError::ControlCharacter { name } => Rejection::ControlCharacter { name: name.as_str().into() },
    })
}

/// A path and perhaps a query, in visible ASCII, without a fragment (RFC 9112 section 3.2.1).
fn is_origin_form(target: &[u8]) -> bool {
    let is_foreign = |b: u8| (b <= 0x20) | (b >= 0x7f) | (b == b'#');
    target.first() == Some(&b'/') && count(target, is_foreign) == 0
}

/// A covered header, of which step 5 has already seen that it is there.
fn required<'a>(known: &KnownHeaders<'a>, header: KnownHeader) -> Result<&'a [u8], Rejection> {
    known.get(header).ok_or_else(|| Rejection::HeaderMissing { name: header.name().into() })
}

/// Step 6.
fn date_in_window(policy: &Policy, value: &[u8], now: SystemTime) -> Result<SystemTime, Rejection> {
    let date = parse_date(value).map_err(|reason| Rejection::DateMalformed { got: value.into(), reason })?;
    match now.duration_since(date) {
        Ok(age) if age > policy.max_age => {
            Err(Rejection::DateTooOld { age: whole_seconds(age), window: policy.max_age.as_secs() })
        }
        Err(future) if future.duration() > policy.max_ahead => {
            let ahead = whole_seconds(future.duration());
            Err(Rejection::DateInFuture { ahead, window: policy.max_ahead.as_secs() })
        }
        _ => Ok(date),
    }
}

/// Rounded up, so that what is outside a window of whole seconds also reads so.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Step 7.
fn host<'a>(policy: &Policy, head: &RequestHead<'a>, known: &KnownHeaders<'a>) -> Result<(), Rejection> {
    let value = match known.get(KnownHeader::Host).or_else(|| head.authority().map(str::as_bytes)) {
        Some(value) => value,
        None => return Err(Rejection::HeaderMissing { name: KnownHeader::Host.name().into() }),
    };
    if policy.hosts.iter().any(|expected| expected.matches(value, head.transport())) {
        return Ok(());
    }
    Err(Rejection::WrongHost { got: value.into(), expected: policy.expected_hosts() })
}

/// Step 8.
fn account(policy: &Policy, value: &[u8]) -> Result<Account, Rejection> {
    let account = Account::parse(value).map_err(|reason| Rejection::AccountMalformed { got: value.into(), reason })?;
    let kind_accepted = account.kind == AccountKind::Account || policy.environment_ids == EnvironmentIds::Accept;
    if kind_accepted && policy.accounts.contains(&account.id) {
        return Ok(account);
    }
    Err(Rejection::WrongAccount { got: account.to_string(), expected: policy.expected_accounts() })
}

/// Step 9, the part that needs no key.
fn key_name(policy: &Policy, key_id: &str) -> Result<KeyName, Rejection> {
    let name = KeyName::parse(key_id).map_err(|reason| Rejection::KeyIdMalformed { got: key_id.into(), reason })?;
    if policy.keys.trusts(&name) {
        return Ok(name);
    }
    Err(Rejection::ForeignKey { got: key_id.into() })
}

/// The part of step 11 that needs no body.
fn content_length(policy: &Policy, known: &KnownHeaders<'_>) -> Result<Option<u64>, Rejection> {
    let Some(value) = known.get(KnownHeader::ContentLength) else { return Ok(None) };
    let digits = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let malformed = || Rejection::ContentLengthMalformed { got: value.into() };
    let declared = digits.and_then(|text| text.parse().ok()).ok_or_else(malformed)?;
    if declared > policy.max_body {
        return Err(Rejection::BodyTooLarge { limit: policy.max_body });
    }
    Ok(Some(declared))
}
