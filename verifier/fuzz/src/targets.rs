//! What is done with each input, and what must hold whatever the input is.
//!
//! The fuzz targets and a plain test of the verifier, which replays the corpus, both include this file.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callback_verifier::key::{Backend, KeyRecord, MAX_KEY_BITS, MAX_RECORD, MIN_KEY_BITS, PublicKeyError};
use callback_verifier::payload::{MAX_FIELDS, MAX_INTERESTS, MAX_NAME, MAX_VALUE};
use callback_verifier::sign::PrivateKey;
use callback_verifier::wire::{
    Account, CoveredHeaders, Digests, Separator, SignatureHeader, SigningString, format_date, parse_date,
};
use callback_verifier::{
    Action, Callback, Dialect, Entity, ExpectedHost, Header, KeyName, KeySet, PayloadError, PendingHead, PinnedKeys,
    PublicKey, Rejection, RequestHead, Transport, Verifier, Zone,
};

/// One parser, by the name of its folder in `corpus`.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 16] = [
    ("signature_header", signature_header),
    ("covered_headers", covered_headers),
    ("digest", digest),
    ("date", date),
    ("account", account),
    ("key_name", key_name),
    ("key_record", key_record),
    ("public_key", public_key),
    ("pinned_key", pinned_key),
    ("host", host),
    ("signing_string", signing_string),
    ("head", head),
    ("payload", payload),
    ("payload_json", payload_json),
    ("payload_xml", payload_xml),
    ("payload_form", payload_form),
];

/// The first byte chooses the separator.
pub fn signature_header(input: &[u8]) {
    let Some((choice, value)) = input.split_first() else { return };
    let separator = if choice % 2 == 0 { Separator::Comma } else { Separator::CommaOrBlank };
    match SignatureHeader::parse(value, separator) {
        Ok(header) => {
            let written = header.to_string();
            assert_eq!(SignatureHeader::parse(written.as_bytes(), Separator::Comma), Ok(header.clone()));
            // What the strict grammar takes, the lenient one takes as the same.
            if separator == Separator::Comma {
                assert_eq!(SignatureHeader::parse(value, Separator::CommaOrBlank), Ok(header));
            }
        }
        Err(error) => is_short(&error.to_string()),
    }
}

pub fn covered_headers(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    match CoveredHeaders::parse(text) {
        Ok(covered) => {
            let names: Vec<_> = covered.iter().map(str::to_ascii_lowercase).collect();
            assert_eq!(covered.iter().collect::<Vec<_>>().join(" "), text);
            assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "a name twice");
            assert!(names.iter().all(|name| covered.contains(name)));
            assert!(names.iter().all(|name| !name.starts_with('(') || name == "(request-target)"));
        }
        Err(error) => is_short(&error.to_string()),
    }
}

/// A header, a line feed, and a body.
pub fn digest(input: &[u8]) {
    let (header, body) = split_line(input);
    match Digests::parse(header) {
        Ok(digests) => {
            let mut hasher = digests.hasher();
            body.chunks(7).for_each(|chunk| hasher.update(chunk));
            let verdict = digests.check(body);
            assert_eq!(hasher.finish(), verdict);
            if verdict.is_ok() {
                let changed = [body, b"!"].concat();
                assert!(digests.check(&changed).is_err(), "two bodies with one digest");
            }
        }
        Err(error) => is_short(&error.to_string()),
    }
    let digests = Digests::parse(format!("sha-256={}", Digests::sha256_base64(body)).as_bytes());
    assert_eq!(digests.map(|digests| digests.check(body)), Ok(Ok(())));
}

pub fn date(input: &[u8]) {
    if let Ok(time) = parse_date(input) {
        assert_eq!(format_date(time).as_bytes(), input);
    }
}

pub fn account(input: &[u8]) {
    if let Ok(account) = Account::parse(input) {
        assert_eq!(Account::parse(account.to_string().as_bytes()), Ok(account));
        let digits = account.id.to_string();
        assert!(input.ends_with(digits.as_bytes()), "a number that is not written so");
    }
}

pub fn key_name(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let Ok(name) = KeyName::parse(text) else { return };
    assert_eq!(KeyName::parse(name.as_str()), Ok(name.clone()));
    assert_eq!(KeyName::parse(&text.to_ascii_uppercase()), Ok(name.clone()));
    assert!(name.as_str().len() <= 253 && name.as_str().split('.').all(|label| (1..=63).contains(&label.len())));
    let labels: Vec<_> = name.as_str().split('.').collect();
    let zone = Zone::parse("copernica.com").expect("a zone");
    assert_eq!(zone.contains(&name), labels.len() > 2 && labels.ends_with(&["copernica", "com"]));
}

pub fn key_record(input: &[u8]) {
    match KeyRecord::parse(input) {
        Ok(record) => {
            assert!(input.len() <= MAX_RECORD);
            is_bounded(&record.key);
        }
        Err(error) => is_short(&error.to_string()),
    }
    let set = KeySet::from_records([input, input], Duration::from_secs(60));
    assert_eq!(set.is_ok(), KeyRecord::parse(input).is_ok());
}

pub fn public_key(input: &[u8]) {
    let [one, other] = [Backend::AwsLc, Backend::RustCrypto].map(|backend| PublicKey::from_der_with(input, backend));
    match (one, other) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.modulus_bits(), other.modulus_bits());
            is_bounded(&one);
            is_bounded(&other);
        }
        // Only the libraries themselves may differ.
        (Err(PublicKeyError::Backend), _) | (_, Err(PublicKeyError::Backend)) => {}
        (one, other) => assert_eq!(one.err(), other.err()),
    }
}

/// A key in a file, whose owner is trusted; a file may be any file nevertheless.
pub fn pinned_key(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    match PinnedKeys::read_pem(text) {
        Ok(key) => is_bounded(&key),
        Err(error) => drop(error.to_string()),
    }
}

/// A host that a receiver expects, a line feed, and what a request has for `Host`.
pub fn host(input: &[u8]) {
    let (expected, got) = split_line(input);
    let Ok(text) = str::from_utf8(expected) else { return };
    let parsed = match ExpectedHost::parse(text) {
        Ok(parsed) => parsed,
        Err(error) => return is_short(&error.to_string()),
    };
    assert_eq!(ExpectedHost::parse(&parsed.to_string()), Ok(parsed.clone()));
    let verifier = Verifier::builder(ACCOUNT).host(text).keys(PinnedKeys::new()).build().expect("a verifier");
    let matches = |host: &[u8], transport| {
        let lines = LINES.map(|(name, value)| Header::new(name, if name == "Host" { host } else { value.as_bytes() }));
        let head = RequestHead::new("POST", "/", &lines[..]).with_transport(transport);
        match PendingHead::check(verifier.policy(), &head, now()) {
            Ok(_) => true,
            Err(Rejection::WrongHost { .. } | Rejection::ControlCharacter { .. }) => false,
            Err(other) => panic!("refused for another reason: {other}"),
        }
    };
    for transport in [Transport::Http, Transport::Https, Transport::Unknown] {
        assert!(matches(parsed.to_string().as_bytes(), transport), "not its own host");
        if !matches(got, transport) {
            continue;
        }
        // Whatever is taken for this host has its name, and a port that is either its own or a default one.
        let got = str::from_utf8(got.trim_ascii()).expect("a host").to_ascii_lowercase();
        let (name, expected) = (without_port(&got), parsed.to_string());
        assert_eq!(name, without_port(&expected));
        assert!(
            got == expected || [&got, &expected].iter().any(|host| host.ends_with(":80") || host.ends_with(":443"))
        );
    }
}

/// A request, and a line of names above it.
pub fn signing_string(input: &[u8]) {
    let (names, request) = split_line(input);
    let Ok(names) = str::from_utf8(names) else { return };
    let (Ok(covered), Some(request)) = (CoveredHeaders::parse(names), Request::parse(request)) else { return };
    let head = request.head();
    let Ok(built) = SigningString::build(&head, &covered) else { return };
    let lines: Vec<_> = built.lines().map(|(name, _)| name.to_owned()).collect();
    let names: Vec<_> = covered.iter().map(str::to_ascii_lowercase).collect();
    assert_eq!(lines, names, "a line that is not its own");
    for name in &names {
        let value = built.value(name).expect("a covered value");
        assert!(value.iter().all(|&b| b == b'\t' || !b.is_ascii_control()));
        if name != "(request-target)" {
            assert_eq!(value, head.values(name).collect::<Vec<_>>().join(&b", "[..]));
        }
    }
}

/// The head of a request, as far as it is checked without a name server. Only what was signed is accepted.
pub fn head(input: &[u8]) {
    static VERIFIER: LazyLock<Verifier> =
        LazyLock::new(|| Verifier::builder(ACCOUNT).host(HOST).keys(PinnedKeys::new()).build().expect("a verifier"));
    static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
        let key = PrivateKey::from_pem(include_str!("../../tests/keys/rsa-2048-a.pem")).expect("a key");
        KeySet::pinned(key.public_key().clone())
    });
    let Some(request) = Request::parse(input) else { return };
    let refused = match PendingHead::check(VERIFIER.policy(), &request.head(), now()) {
        Ok(pending) => {
            assert!(pending.key_name().as_str().ends_with(".copernica.com"));
            match pending.verify(&KEYS) {
                Ok(authentic) => {
                    let lines =
                        authentic.covered_headers().map(|(name, value)| [name.as_bytes(), b": ", value].concat());
                    return assert_eq!(lines.collect::<Vec<_>>().join(&b'\n'), SIGNED.as_bytes(), "accepted a forgery");
                }
                Err(refused) => refused,
            }
        }
        Err(refused) => refused,
    };
    assert!((1..=11).contains(&refused.step()) && (400..600).contains(&refused.class().status()));
    assert!(refused.to_string().len() < 600 && refused.to_string().chars().all(|c| !c.is_control()));
}

/// A content type, a line feed, and a body; no content type if the first line is empty.
pub fn payload(input: &[u8]) {
    let (content_type, body) = split_line(input);
    decode(body, Some(content_type).filter(|value| !value.is_empty()));
}

pub fn payload_json(input: &[u8]) {
    let Some(callback) = decode(input, Some(b"application/json")) else { return };
    assert_eq!(callback.dialect(), Dialect::Json);
    // The other reader refuses numbers that it has no room for.
    if let Err(error) = serde_json::from_slice::<serde_json::Value>(input) {
        assert!(error.to_string().starts_with("number out of range"), "took what is no JSON: {error}");
    }
}

pub fn payload_xml(input: &[u8]) {
    let Some(callback) = decode(input, Some(b"text/xml; charset=utf-8")) else { return };
    assert!(matches!(callback.dialect(), Dialect::Xml | Dialect::LegacyXml));
    let has = |wanted: &[u8]| input.windows(wanted.len()).any(|window| window == wanted);
    // In a comment or a `CDATA` section these are only text.
    if !has(b"<!") {
        assert!(input.windows(2).filter(|window| window == b"<?").count() <= usize::from(input.starts_with(b"<?xml")));
    }
}

pub fn payload_form(input: &[u8]) {
    let Some(callback) = decode(input, Some(b"application/x-www-form-urlencoded")) else { return };
    assert!(matches!(callback.dialect(), Dialect::Form | Dialect::LegacyForm));
    assert!(input.iter().all(u8::is_ascii_graphic));
}

/// What holds for every callback, whichever its dialect.
fn decode(body: &[u8], content_type: Option<&[u8]>) -> Option<Callback> {
    let callback = match Callback::decode(body, content_type) {
        Ok(callback) => callback,
        Err(error) => {
            is_short(&error.to_string());
            assert!(!matches!(error, PayloadError::TooLong { .. }));
            return None;
        }
    };
    let (fields, interests) = (callback.fields(), callback.interests());
    let names: HashSet<_> = fields.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), fields.len(), "a name twice");
    assert!(fields.len() <= MAX_FIELDS && interests.len() <= MAX_INTERESTS && callback.id().len() <= MAX_NAME);
    for (name, value) in fields.iter() {
        assert!((1..=MAX_NAME).contains(&name.len()) && value.len() <= MAX_VALUE);
        assert_eq!(fields.get(name), Some(value));
    }
    let is_legacy_form = callback.dialect() == Dialect::LegacyForm;
    assert!(is_legacy_form || (callback.action() != Action::Unstated && !callback.id().is_empty()));
    assert!(callback.entity() == Entity::Profile || interests.is_empty());
    assert!(format!("{callback:?}").len() < 200);

    // Written as JSON it says the same.
    if callback.action() != Action::Unstated {
        let again = Callback::decode(as_json(&callback).as_bytes(), None).expect("a callback");
        assert_eq!((again.id(), again.action(), again.entity()), (callback.id(), callback.action(), callback.entity()));
        assert_eq!((again.fields(), again.interests()), (fields, interests));
    }
    Some(callback)
}

fn as_json(callback: &Callback) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let fields: Vec<_> = callback.fields().iter().map(|(k, v)| format!("{}:{}", text(k), text(v))).collect();
    let interests: Vec<_> = callback.interests().iter().map(text).collect();
    let interests = match callback.entity() {
        Entity::Profile => format!(",\"interests\":[{}]", interests.join(",")),
        Entity::Subprofile => String::new(),
    };
    let (id, action, fields) = (text(callback.id()), callback.action(), fields.join(","));
    format!("{{\"id\":{id},\"action\":\"{action}\",\"fields\":{{{fields}}}{interests}}}")
}

/// A request: `METHOD target`, then a line for each header, and perhaps `:authority: ...` and `:scheme: ...`.
struct Request<'a> {
    method: &'a str,
    target: &'a str,
    headers: Vec<Header<'a>>,
    authority: Option<&'a str>,
    transport: Transport,
}

impl<'a> Request<'a> {
    fn parse(input: &'a [u8]) -> Option<Self> {
        let (first, mut rest) = split_line(input);
        let (method, target) = str::from_utf8(first).ok()?.split_once(' ')?;
        let (mut headers, mut authority, mut transport) = (Vec::new(), None, Transport::Unknown);
        while !rest.is_empty() {
            let (line, next) = split_line(rest);
            rest = next;
            // A header value may be any bytes, so that all that a careless server passes on is seen.
            let at = 1 + line.iter().skip(1).position(|&b| b == b':')?;
            let (name, value) = (str::from_utf8(&line[..at]).ok()?, &line[at + 1..]);
            match name {
                ":authority" => authority = Some(str::from_utf8(value).ok()?),
                ":scheme" if value == b"https" => transport = Transport::Https,
                ":scheme" => transport = Transport::Http,
                name => headers.push(Header::new(name, value)),
            }
        }
        Some(Self { method, target, headers, authority, transport })
    }

    fn head(&self) -> RequestHead<'_> {
        let head = RequestHead::new(self.method, self.target, &self.headers[..]).with_transport(self.transport);
        match self.authority {
            Some(authority) => head.with_authority(authority),
            None => head,
        }
    }
}

const ACCOUNT: u64 = 1234;
const HOST: &str = "hooks.example.com";

/// What the one genuine request of the corpus has signed.
const SIGNED: &str = "(request-target): post /hook?a=%7E\nhost: hooks.example.com\ndate: Mon, 23 Nov 2026 08:15:00 GMT\n\
                      content-length: 2\ncontent-type: application/json\nx-copernica-id: account_1234\n\
                      digest: sha-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=\nx-nonce: fsd9f2";

/// A head that is in order up to its host, which is its own affair, and has a signature of nobody.
const LINES: [(&str, &str); 5] = [
    ("Host", ""),
    ("Date", "Mon, 23 Nov 2026 08:15:00 GMT"),
    ("X-Copernica-ID", "account_1234"),
    ("Digest", "sha-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="),
    (
        "Signature",
        "keyId=\"a.copernica.com\",headers=\"(request-target) host date x-copernica-id digest\",signature=\"AAAA\"",
    ),
];

/// Two seconds after the `Date` of the requests in the corpus.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_421_702)
}

/// What comes before the first line feed, and what behind it.
fn split_line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|&b| b == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, b""),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_bounded(key: &PublicKey) {
    assert!((MIN_KEY_BITS..=MAX_KEY_BITS).contains(&key.modulus_bits()));
    assert!(!key.verify(b"message", &vec![0; key.modulus_length()]), "a signature of zeros");
    assert!(!key.verify(b"message", b""), "an empty signature");
}

/// A message for a log: bounded, and without a character that a terminal could obey.
fn is_short(message: &str) {
    assert!(message.len() < 600 && message.chars().all(|c| (' '..='~').contains(&c)), "{message}");
}
