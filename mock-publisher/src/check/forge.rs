//! Makes requests as recipes say, wrong ones included. With the signer of the publisher none of that could be made: it refuses what
//! cannot be signed unambiguously.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use callback_verifier::Zone;
use callback_verifier::wire::format_date;
use sha2::{Digest, Sha256, Sha512};

use super::pair::{Pair, PairError};
use super::template::{TemplateError, Variables, filled};
use super::vector::{Content, DnsFault, Edit, ForgedRecord, Key, Recipe, Scheme, Spoil};
use crate::clock;
use crate::emit::{Payload, PayloadMethod, TargetUrl};
use crate::faults::FaultKind;
use crate::keyring::dns::{Forgery, Told};
use crate::platform::{Action, Change, Entity, Home, PayloadStyle, Trigger};

/// What all requests of a run have in common.
pub(super) struct Forge {
    pub(super) target: TargetUrl,
    /// What the receiver is called, with its port if that is no default one.
    pub(super) host: String,
    pub(super) account: u64,
    pub(super) zone: Zone,
    /// Seconds.
    pub(super) window: i64,
    pub(super) ahead: i64,
    /// What is different in each run.
    pub(super) run: String,
    /// The forms of payloads that the receiver takes. The first one stands for those that it does not.
    pub(super) methods: Vec<PayloadMethod>,
    pub(super) pairs: Vec<Pair>,
    pub(super) keys: BTreeMap<String, Key>,
}

/// What a request is made for, and when.
pub(super) struct Occasion<'a> {
    pub(super) vector: &'a str,
    pub(super) now: SystemTime,
    /// Another one each time.
    pub(super) nonce: &'a str,
    /// Which one it is, of many.
    pub(super) number: usize,
    /// The bytes of the first request of the vector, once there are.
    pub(super) first: Option<&'a [u8]>,
}

/// A request as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forged {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// How many of its last bytes come slowly.
    pub(super) slow_bytes: usize,
    /// The bytes that were signed.
    pub(super) signing_string: String,
}

/// A recipe cannot be followed, which is a mistake in the data.
#[derive(Debug, thiserror::Error)]
pub(super) enum ForgeError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Pair(#[from] PairError),
    #[error("there is no key `{0}`")]
    Key(String),
    #[error("there is no header `{0}` to be changed")]
    Header(String),
    #[error("`{0}` is no callback")]
    Callback(String),
    #[error("`{0}` is no date")]
    Date(String),
    #[error("a body is not as the recipe says: {0}")]
    Body(String),
}

impl Forge {
    pub(super) fn made(&self, recipe: &Recipe, occasion: &Occasion<'_>) -> Result<Forged, ForgeError> {
        let Occasion { vector, now, nonce, number, first } = *occasion;
        let key = self.key(&recipe.key)?;
        let pair = self.pair(&key.pair)?;
        let payload = self.payload(&recipe.callback, now)?;
        let body = match &recipe.body {
            Some(content) => content.bytes(&payload.bytes)?,
            None => payload.bytes,
        };
        let mut words = Words { forge: self, known: BTreeMap::new() };
        words.set("key_id", self.name_of(key)?);
        words.set("nonce", nonce);
        words.set("fixed_nonce", nonce_of(&self.run, vector));
        words.set("n", number.to_string());
        if let Some(signature) = first.and_then(signature_in) {
            words.set("first_signature", signature);
        }
        words.set("vector", vector.replace('/', "-"));
        words.set("now", format_date(now));
        words.set("main_key_id", self.name_of(self.key("main")?)?);
        words.set("date", format_date(self.date(&recipe.date, now)?));
        words.set("content_type", payload.content_type);
        words.set("length", body.len().to_string());
        words.set("digest", STANDARD.encode(Sha256::digest(&body)));
        words.set("digest512", STANDARD.encode(Sha512::digest(&body)));
        let mut forged = Forged {
            method: "POST".to_owned(),
            target: self.target.path_and_query(),
            headers: Vec::new(),
            body,
            slow_bytes: recipe.slow_bytes.unwrap_or(0),
            signing_string: String::new(),
        };
        for (name, value) in HEADERS {
            forged.headers.push((name.to_owned(), filled(value, &words)?));
        }
        forged.change(&recipe.before, &words)?;
        let covered = filled(&recipe.covered, &words)?;
        let mut signed = forged.clone();
        signed.change(&recipe.signed_as, &words)?;
        forged.signing_string = match &recipe.signing_string {
            Some(text) => filled(text, &words)?,
            None => signed.signing_string(&covered),
        };
        words.set("covered", covered);
        let record = key.records.first().map(|record| self.record(record, pair)).transpose()?.unwrap_or_default();
        let signature = pair.sign(&recipe.scheme, forged.signing_string.as_bytes(), &record)?;
        if recipe.scheme == Scheme::Spoilt(Spoil::PlusModulus) && signature.len() > pair.size() {
            // Longer than a signature is, which any verifier sees: another nonce makes another one.
            return self.made(recipe, &Occasion { nonce: &format!("{nonce}x"), ..*occasion });
        }
        words.set("signature", STANDARD.encode(signature));
        if let Some(value) = &recipe.signature {
            forged.headers.push(("Signature".to_owned(), filled(value, &words)?));
        }
        forged.change(&recipe.after, &words)?;
        Ok(forged)
    }

    /// What DNS says about a key.
    pub(super) fn told(&self, key: &Key) -> Result<Told, ForgeError> {
        let pair = self.pair(&key.pair)?;
        let records: Result<Vec<_>, _> =
            key.records.iter().map(|record| self.record(record, pair).map(String::into_bytes)).collect();
        let alias = key.alias.as_ref().map(|alias| self.name_of(self.key(alias)?)).transpose()?;
        let fault = key.fault.map(|fault| match fault {
            DnsFault::Servfail => FaultKind::DnsServfail,
            DnsFault::Refused => FaultKind::DnsRefused,
            DnsFault::Timeout => FaultKind::DnsTimeout,
            DnsFault::Truncated => FaultKind::DnsTruncated,
            DnsFault::TruncatedOnly => FaultKind::DnsTruncatedOnly,
            DnsFault::ShortTtl => FaultKind::DnsShortTtl { seconds: 1 },
        });
        let forgery = |ForgedRecord { how, record }: &ForgedRecord| -> Result<Forgery, ForgeError> {
            Ok(Forgery { how: *how, record: self.record(record, pair)?.into_bytes() })
        };
        let forgery = key.forgery.as_ref().map(forgery).transpose()?;
        Ok(Told { records: records?, alias, fault, forgery })
    }

    /// All keys, by name, with what they are called in DNS.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, &Key)> {
        self.keys.iter().map(|(name, key)| (name.as_str(), key))
    }

    pub(super) fn key(&self, name: &str) -> Result<&Key, ForgeError> {
        self.keys.get(name).ok_or_else(|| ForgeError::Key(name.to_owned()))
    }

    pub(super) fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    pub(super) fn name_of(&self, key: &Key) -> Result<String, ForgeError> {
        Ok(filled(&key.name, &Words { forge: self, known: BTreeMap::new() })?)
    }

    fn pair(&self, name: &str) -> Result<&Pair, ForgeError> {
        self.pairs.iter().find(|pair| pair.name == name).ok_or_else(|| ForgeError::Key(name.to_owned()))
    }

    fn record(&self, text: &str, pair: &Pair) -> Result<String, ForgeError> {
        Ok(filled(text, &Public { pair, first: self.pair("a")? })?)
    }

    fn payload(&self, callback: &str, now: SystemTime) -> Result<Payload, ForgeError> {
        let unknown = || ForgeError::Callback(callback.to_owned());
        let [action, kind, method] = callback.split('-').collect::<Vec<_>>()[..] else { return Err(unknown()) };
        let method = PayloadMethod::from_name(method).ok_or_else(unknown)?;
        let method = self.methods.iter().find(|taken| **taken == method).or(self.methods.first());
        let method = *method.ok_or_else(unknown)?;
        let fields = [("name", "Mike"), ("email", "mike@example.com")].map(|(name, value)| (name.into(), value.into()));
        let mut entity = Entity::by_hand(7, fields.to_vec(), Vec::new(), clock::millis(now));
        match kind {
            "profile" => entity.interests.push("tennis".to_owned()),
            "subprofile" => entity.home = Home::Collection { database: 1, collection: 1, profile: 7 },
            _ => return Err(unknown()),
        }
        let action = Action::from_name(action).ok_or_else(unknown)?;
        let change = Change { action, trigger: Trigger::Rest, entity, before: None };
        Ok(Payload::of(&change, method, PayloadStyle::default(), clock::millis(now)))
    }

    fn date(&self, text: &str, now: SystemTime) -> Result<SystemTime, ForgeError> {
        let wrong = || ForgeError::Date(text.to_owned());
        let seconds = if let Some(rest) = text.strip_prefix("-window") {
            -self.window + offset(rest).ok_or_else(wrong)?
        } else if let Some(rest) = text.strip_prefix("+ahead") {
            self.ahead + offset(rest).ok_or_else(wrong)?
        } else {
            offset(text).ok_or_else(wrong)?
        };
        let time = Duration::from_secs(seconds.unsigned_abs());
        let date = if seconds < 0 { now.checked_sub(time) } else { now.checked_add(time) };
        date.ok_or_else(wrong)
    }
}

/// In the form of the platform's: 24 characters of base64 for URLs, of which the first tell the run; another one for each text.
pub(super) fn nonce_of(run: &str, text: &str) -> String {
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
    format!("{run}{}", &hash[..16])
}

/// The signature in the bytes of a request.
fn signature_in(request: &[u8]) -> Option<&str> {
    let head = request.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (_, behind) = str::from_utf8(&request[..head]).ok()?.split_once(",signature=\"")?;
    behind.split('"').next()
}

/// A host without its port.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    }
}

/// Seconds, with a sign or none.
fn offset(text: &str) -> Option<i64> {
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

/// As the publisher has them.
const HEADERS: [(&str, &str); 7] = [
    ("Host", "${host}"),
    ("Date", "${date}"),
    ("Content-Type", "${content_type}"),
    ("Content-Length", "${length}"),
    ("X-Copernica-Id", "account_${account}"),
    ("Digest", "sha-256=${digest}"),
    ("X-Nonce", "${nonce}"),
];

/// Characters from here on stand for single bytes in headers: `U+E0A0` for A0, which is no text.
const BYTES: u32 = 0xe000;

/// The variables of a recipe.
struct Words<'a> {
    forge: &'a Forge,
    known: BTreeMap<&'static str, String>,
}

impl Words<'_> {
    fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.known.insert(name, value.into());
    }
}

impl Variables for Words<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let Forge { target, host, account, zone, run, .. } = self.forge;
        if let Some(known) = self.known.get(name) {
            return Some(known.as_str().into());
        }
        Some(match name {
            "host" => host.as_str().into(),
            "host_name" => host_name(host).into(),
            "target" => target.path_and_query().into(),
            "path" => target.uri().path().to_owned().into(),
            // What goes between the target and one more part of its query.
            "joint" => if target.uri().query().is_some() { "&" } else { "?" }.into(),
            "account" => account.to_string().into(),
            "other_account" => account.checked_add(1).unwrap_or(1).to_string().into(),
            "zone" => zone.as_str().into(),
            "run" => run.as_str().into(),
            // To be repeated.
            "filler" => "x".into(),
            "label" => "abcdefghi.".into(),
            "many_names" => (0..10_000).map(|n| format!(" h{n}")).collect::<String>().into(),
            _ => return None,
        })
    }
}

/// The variables of a record.
struct Public<'a> {
    pair: &'a Pair,
    first: &'a Pair,
}

impl Variables for Public<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "p_of_a" => self.first.variable("p").map(Cow::Owned),
            "huge" => Some("x".repeat(60_000).into()),
            _ => self.pair.variable(name).map(Cow::Owned),
        }
    }
}

impl Forged {
    fn change(&mut self, edits: &[Edit], words: &Words<'_>) -> Result<(), ForgeError> {
        let fill = |text: &str| filled(text, words).map_err(ForgeError::from);
        for edit in edits {
            match edit {
                Edit::Set(name, value) => self.header(name)?.1 = fill(value)?,
                Edit::Add(name, value) => self.headers.push((fill(name)?, fill(value)?)),
                Edit::AddFirst(name, value) => self.headers.insert(0, (fill(name)?, fill(value)?)),
                Edit::AddMany { name, value, count } => {
                    let value = fill(value)?;
                    self.headers.extend((0..*count).map(|n| (name.replace("${n}", &n.to_string()), value.clone())));
                }
                Edit::Drop(name) => {
                    self.header(name)?;
                    self.headers.retain(|(line, _)| !line.eq_ignore_ascii_case(name));
                }
                Edit::Replace(name, from, to) => {
                    let (from, to) = (fill(from)?, fill(to)?);
                    let value = &mut self.header(name)?.1;
                    if !value.contains(&from) {
                        return Err(ForgeError::Header(format!("{name} with {from}")));
                    }
                    *value = value.replacen(&from, &to, 1);
                }
                Edit::Method(method) => self.method.clone_from(method),
                Edit::Target(target) => self.target = fill(target)?,
                Edit::Body(content) => self.body = content.bytes(&self.body)?,
            }
        }
        Ok(())
    }

    fn header(&mut self, name: &str) -> Result<&mut (String, String), ForgeError> {
        let found = self.headers.iter_mut().find(|(line, _)| line.eq_ignore_ascii_case(name));
        found.ok_or_else(|| ForgeError::Header(name.to_owned()))
    }

    /// What a signer signs who checks nothing: absent headers are empty, and lists are split at blanks.
    fn signing_string(&self, covered: &str) -> String {
        let line = |name: &str| {
            if name.eq_ignore_ascii_case("(request-target)") {
                return format!("{}: {} {}", name.to_ascii_lowercase(), self.method.to_ascii_lowercase(), self.target);
            }
            let values: Vec<_> = self
                .headers
                .iter()
                .filter(|(line, _)| line.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim_matches([' ', '\t']))
                .collect();
            format!("{}: {}", name.to_ascii_lowercase(), values.join(", "))
        };
        covered.split(' ').map(line).collect::<Vec<_>>().join("\n")
    }

    /// The bytes. With `Transfer-Encoding: chunked` the body comes in two chunks.
    pub(super) fn raw(&self) -> Vec<u8> {
        let mut raw = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            let line = format!("{name}: {value}\r\n");
            line.chars().for_each(|c| match u32::from(c).checked_sub(BYTES).map(u8::try_from) {
                Some(Ok(byte)) => raw.push(byte),
                _ => raw.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            });
        }
        raw.extend_from_slice(b"\r\n");
        let is_chunked = |(name, value): &(String, String)| {
            name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked")
        };
        if !self.headers.iter().any(is_chunked) {
            raw.extend_from_slice(&self.body);
            return raw;
        }
        let (front, back) = self.body.split_at(self.body.len() / 2);
        for chunk in [front, back].into_iter().filter(|chunk| !chunk.is_empty()) {
            raw.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            raw.extend_from_slice(chunk);
            raw.extend_from_slice(b"\r\n");
        }
        raw.extend_from_slice(b"0\r\n\r\n");
        raw
    }
}

impl Content {
    fn bytes(&self, present: &[u8]) -> Result<Vec<u8>, ForgeError> {
        let wrong = |reason: String| ForgeError::Body(reason);
        Ok(match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Fill(text, count) => text.repeat(*count).into_bytes(),
            Self::Around(before, text, count, behind) => {
                format!("{before}{}{behind}", text.repeat(*count)).into_bytes()
            }
            Self::Append(text) => [present, text.as_bytes()].concat(),
            Self::Cut(count) => present[..present.len().saturating_sub(*count)].to_vec(),
            Self::Replace(from, to) => {
                let text = String::from_utf8_lossy(present);
                if !text.contains(from.as_str()) {
                    return Err(wrong(format!("`{from}` is not in it")));
                }
                text.replacen(from.as_str(), to, 1).into_bytes()
            }
            Self::Twice => present.repeat(2),
            Self::GzipBomb(mebibytes) => {
                let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                let zeros = vec![0; 1 << 20];
                for _ in 0..*mebibytes {
                    bomb.write_all(&zeros).map_err(|error| wrong(error.to_string()))?;
                }
                bomb.finish().map_err(|error| wrong(error.to_string()))?
            }
        })
    }
}
