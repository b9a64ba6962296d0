//! A receiver that shares no code with the verifier: correct as it stands, and with one mistake of many on request.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::BoxedUint;
use sha2::{Digest, Sha256, Sha512};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::crypto::{Key, hmac, info, numbers, padded};
use super::date::{http_date, seconds};
use super::dns;
use super::mistakes::Mistake;

const ACCOUNT: &str = "1234";
const ZONE: &str = "copernica.com";
const REQUIRED: [&str; 5] = ["(request-target)", "host", "date", "x-copernica-id", "digest"];
const SINGLE: [&str; 8] =
    ["host", "date", "digest", "x-copernica-id", "x-nonce", "content-type", "content-length", "signature"];

/// A receiver on a free port.
pub(super) struct Careless {
    pub(super) address: SocketAddr,
    name_server: watch::Sender<Option<SocketAddr>>,
    // Ends with it.
    _runtime: Runtime,
}

struct Judge {
    mistake: Option<Mistake>,
    host: String,
    resolver: watch::Receiver<Option<SocketAddr>>,
    nonces: Mutex<Vec<(String, Instant)>>,
    /// With the time until which they may be kept.
    keys: Mutex<HashMap<String, (Vec<Key>, Instant)>>,
    /// Names that a name server has failed about, and signatures that were taken; for mistakes.
    troubled: Mutex<HashSet<String>>,
    taken: Mutex<HashSet<String>>,
    /// Until when the look-ups of new names are used up.
    used_until: Mutex<Option<Instant>>,
    is_dead: AtomicBool,
}

/// Why a callback is not taken.
pub(super) type Refusal = StatusCode;

pub(super) const NO: Refusal = StatusCode::UNAUTHORIZED;
pub(super) const LATER: Refusal = StatusCode::SERVICE_UNAVAILABLE;

impl Careless {
    pub(super) fn start(mistake: Option<Mistake>) -> Self {
        Self::called(None, mistake)
    }

    /// One that is called something else than its address.
    pub(super) fn called(host: Option<&str>, mistake: Option<Mistake>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (name_server, resolver) = watch::channel(None);
        let host = host.map_or_else(|| address.to_string(), str::to_owned);
        let judge = Judge {
            mistake,
            host,
            resolver,
            nonces: Mutex::default(),
            keys: Mutex::default(),
            troubled: Mutex::default(),
            taken: Mutex::default(),
            used_until: Mutex::default(),
            is_dead: AtomicBool::default(),
        };
        let router = Router::new().fallback(answer).with_state(Arc::new(judge));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, name_server, _runtime: runtime }
    }

    /// Tells where the keys are; requests wait until it is known.
    pub(super) fn ask(&self, name_server: SocketAddr) {
        self.name_server.send_replace(Some(name_server));
    }
}

async fn answer(State(judge): State<Arc<Judge>>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    let declared = head.headers.get("content-length").and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| declared > 8 << 20) {
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    let Ok(body) = to_bytes(body, 8 << 20).await else { return StatusCode::PAYLOAD_TOO_LARGE };
    let believed = |mistake, name: &str| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.filter(|_| judge.makes(mistake)).map(str::to_owned)
    };
    let mut target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    if judge.makes(Mistake::PathPutInOrder) {
        let plain = target.replace("%2e", ".").replace("/x/..", "").replace("/./", "/");
        target = format!("/{}", plain.trim_start_matches('/'));
    }
    let message = Message {
        method: believed(Mistake::MethodFromHeader, "x-http-method-override").unwrap_or(head.method.to_string()),
        is_origin_form: head.uri.authority().is_none(),
        target: believed(Mistake::TargetFromHeader, "x-original-url").unwrap_or(target),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: body.to_vec(),
    };
    if judge.makes(Mistake::DiesOfCompression) {
        let dies = !message.all("content-encoding").is_empty();
        if judge.is_dead.fetch_or(dies, Ordering::Relaxed) || dies {
            return StatusCode::BAD_GATEWAY;
        }
    }
    match judge.verdict(&message).await {
        Ok(()) => StatusCode::OK,
        Err(_) if judge.makes(Mistake::Panics) => StatusCode::INTERNAL_SERVER_ERROR,
        Err(status) => status,
    }
}

struct Message {
    method: String,
    is_origin_form: bool,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Message {
    fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(line, _)| line.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

impl Judge {
    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// One of several values of a header.
    fn value(&self, message: &Message, name: &str) -> Option<String> {
        let all = message.all(name);
        let one = if self.makes(Mistake::LastOfSeveralHeaders) { all.last() } else { all.first() };
        one.map(|value| (*value).to_owned())
    }

    async fn verdict(&self, message: &Message) -> Result<(), Refusal> {
        let now = seconds(SystemTime::now());
        if self.makes(Mistake::AcceptsEverything) {
            return Ok(());
        }
        if message.method != "POST" && !self.makes(Mistake::AnyMethod) && !self.makes(Mistake::MethodFromHeader) {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let several_allowed = self.makes(Mistake::FirstOfSeveralHeaders) || self.makes(Mistake::LastOfSeveralHeaders);
        if !message.is_origin_form
            || (!several_allowed && SINGLE.iter().any(|name| message.all(name).len() > 1))
            || message.all("authorization").iter().any(|value| value.to_lowercase().starts_with("signature"))
        {
            return Err(NO);
        }
        let header = self.value(message, "signature").ok_or(NO)?;
        let parameters = self.parameters(&header)?;
        let parameter = |name: &str| parameters.get(name).cloned();
        let (key_id, signature) = (parameter("keyId").ok_or(NO)?, parameter("signature").ok_or(NO)?);
        let covered = match parameter("headers") {
            Some(covered) => covered,
            None if self.makes(Mistake::DateAloneByDefault) => "date".to_owned(),
            None => return Err(NO),
        };
        let algorithm = parameter("algorithm");
        let by_message = self.makes(Mistake::AlgorithmFromMessage);
        if !by_message
            && !self.makes(Mistake::AnyAlgorithm)
            && !matches!(algorithm.as_deref(), None | Some("rsa-sha256"))
        {
            return Err(NO);
        }
        let names = self.covered(&covered)?;
        let text = self.signing_string(message, &names)?;
        self.date(message, &parameters, now)?;
        self.host(message)?;
        self.account(message)?;
        if self.makes(Mistake::NonceBeforeSignature) {
            self.nonce(message, &names, &key_id, &signature).await?;
        }
        if self.makes(Mistake::SignaturesRemembered) && self.taken.lock().unwrap().contains(&signature) {
            return self.nonce(message, &names, &key_id, &signature).await;
        }
        let made = self.decoded(&signature)?;
        let fits = |key: &Key| match algorithm.as_deref() {
            Some(name) if by_message => self.by_name(name, key, text.as_bytes(), &made),
            _ => self.rsa(key, text.as_bytes(), &made),
        };
        let (keys, is_kept) = self.keys(&key_id, true).await?;
        let is_made = keys.iter().any(fits) || (is_kept && self.keys(&key_id, false).await?.0.iter().any(fits));
        if !is_made {
            return Err(NO);
        }
        self.digest(message)?;
        if !self.makes(Mistake::NonceBeforeSignature) {
            self.nonce(message, &names, &key_id, &signature).await?;
        }
        self.taken.lock().unwrap().insert(signature);
        Ok(())
    }

    fn parameters(&self, header: &str) -> Result<HashMap<String, String>, Refusal> {
        if header.len() > 8192 {
            return Err(NO);
        }
        let (loose_first, loose_last) = (self.makes(Mistake::FirstParameter), self.makes(Mistake::LastParameter));
        let mut found = HashMap::new();
        let mut rest = header.trim();
        loop {
            let (name, behind) = rest.split_once('=').ok_or(NO)?;
            let name =
                if self.makes(Mistake::NamesByTheirEnd) { name.rsplit('-').next().unwrap_or(name) } else { name };
            let name = match self.makes(Mistake::NamesInAnyCase) {
                true => ["keyId", "algorithm", "headers", "signature"]
                    .into_iter()
                    .find(|known| known.eq_ignore_ascii_case(name))
                    .unwrap_or(name),
                false => name,
            };
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(NO);
            }
            let is_known = ["keyId", "algorithm", "headers", "signature"].contains(&name);
            if !is_known && ["keyid", "algorithm", "headers", "signature"].contains(&name.to_ascii_lowercase().as_str())
            {
                return Err(NO);
            }
            let (value, behind) = if let Some(quoted) = behind.strip_prefix('"') {
                quoted.split_once('"').ok_or(NO)?
            } else {
                let end = behind.find(',').unwrap_or(behind.len());
                let (bare, behind) = behind.split_at(end);
                let is_fine = bare.bytes().all(|b| b.is_ascii_digit()) && !bare.is_empty() && !is_known;
                if !is_fine && !self.makes(Mistake::UnquotedValues) {
                    return Err(NO);
                }
                (bare, behind)
            };
            if value.contains([',', '\\']) || !value.bytes().all(|b| (0x20..0x7f).contains(&b)) {
                return Err(NO);
            }
            let is_twice = found.contains_key(name);
            if is_twice && !loose_first && !loose_last {
                return Err(NO);
            }
            if !is_twice || loose_last {
                found.insert(name.to_owned(), value.to_owned());
            }
            let behind = behind.trim_start();
            rest = match behind.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if behind.is_empty() => return Ok(found),
                None if self.makes(Mistake::MissingComma) => behind,
                None => return Err(NO),
            };
        }
    }

    fn covered(&self, list: &str) -> Result<Vec<String>, Refusal> {
        let names: Vec<String> = list.split(' ').map(str::to_owned).collect();
        let lower: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let distinct: HashSet<&String> = lower.iter().collect();
        if names.len() > 32 || distinct.len() < names.len() {
            return Err(NO);
        }
        if lower.iter().any(|name| name.is_empty() || (name.starts_with('(') && name != "(request-target)")) {
            // An empty list covers nothing, which an unchecked coverage does not mind.
            return if self.makes(Mistake::CoverageUnchecked) && lower.iter().all(String::is_empty) {
                Ok(Vec::new())
            } else {
                Err(NO)
            };
        }
        let missing = |name: &&str| {
            let waived = match *name {
                "digest" => self.makes(Mistake::DigestNeedNotBeCovered),
                "date" => self.makes(Mistake::DateNeedNotBeCovered),
                "(request-target)" => self.makes(Mistake::TargetNeedNotBeCovered),
                _ => false,
            };
            !waived && !lower.iter().any(|covered| covered == name)
        };
        let by_default = self.makes(Mistake::DateAloneByDefault) && list == "date";
        if !self.makes(Mistake::CoverageUnchecked) && !by_default && REQUIRED.iter().any(missing) {
            return Err(NO);
        }
        Ok(names)
    }

    fn signing_string(&self, message: &Message, names: &[String]) -> Result<String, Refusal> {
        let mut lines = Vec::new();
        for name in names {
            let lower = name.to_ascii_lowercase();
            if lower == "(request-target)" {
                let target = match self.makes(Mistake::TargetWithoutQuery) {
                    true => message.target.split('?').next().unwrap_or_default().to_owned(),
                    false => message.target.clone(),
                };
                let method = message.method.to_lowercase();
                lines.push(format!("(request-target): {method} {target}"));
                continue;
            }
            let mut values = message.all(&lower);
            if self.makes(Mistake::CaseSensitiveLookup) && *name != lower {
                values.clear();
            }
            if values.len() > 1 && SINGLE.contains(&lower.as_str()) {
                let one = if self.makes(Mistake::LastOfSeveralHeaders) { values.len() - 1 } else { 0 };
                values = vec![values[one]];
            }
            let lenient = self.makes(Mistake::AbsentHeadersAreEmpty) || self.makes(Mistake::CaseSensitiveLookup);
            if values.is_empty() && !lenient {
                return Err(NO);
            }
            if values.iter().any(|value| value.chars().any(|c| c.is_control() && c != '\t')) {
                return Err(NO);
            }
            let trim = |value: &&str| match self.makes(Mistake::TrimsAllWhiteSpace) {
                true => value.trim().to_owned(),
                false => value.trim_matches([' ', '\t']).to_owned(),
            };
            lines.push(format!("{lower}: {}", values.iter().map(trim).collect::<Vec<_>>().join(", ")));
        }
        Ok(lines.join("\n"))
    }

    fn date(&self, message: &Message, parameters: &HashMap<String, String>, now: i64) -> Result<(), Refusal> {
        if self.makes(Mistake::DateUnchecked) {
            return Ok(());
        }
        let created = parameters.get("created").filter(|_| self.makes(Mistake::CreatedForDate));
        let x_date = message.all("x-date").first().copied().filter(|_| self.makes(Mistake::XDateForDate));
        let date = match (created, x_date) {
            (Some(created), _) => created.parse().map_err(|_| NO)?,
            (None, Some(date)) => http_date(date).ok_or(NO)?,
            (None, None) => {
                let value = self.value(message, "date").unwrap_or_default();
                let value = value.trim_matches([' ', '\t']);
                match http_date(value) {
                    Some(date) => date,
                    None if self.makes(Mistake::UnreadableDatesAreFresh) => now,
                    None => return Err(NO),
                }
            }
        };
        let is_old = now - date > 300;
        let is_ahead = date - now > 60 && !self.makes(Mistake::AheadUnchecked);
        if is_old || is_ahead { Err(NO) } else { Ok(()) }
    }

    fn host(&self, message: &Message) -> Result<(), Refusal> {
        let forwarded = self.value(message, "x-forwarded-host").filter(|_| self.makes(Mistake::HostFromHeader));
        let host = forwarded.or(self.value(message, "host")).unwrap_or_default();
        let name = self.host.split(':').next().unwrap_or_default();
        let is_ours = host.eq_ignore_ascii_case(&self.host)
            || self.makes(Mistake::HostUnchecked)
            || (self.makes(Mistake::HostByItsEnd) && host.ends_with(&self.host))
            || (self.makes(Mistake::HostByItsBeginning) && host.starts_with(name));
        if is_ours { Ok(()) } else { Err(NO) }
    }

    fn account(&self, message: &Message) -> Result<(), Refusal> {
        let id = self.value(message, "x-copernica-id").unwrap_or_default();
        let id = match self.makes(Mistake::TrimsAllWhiteSpace) {
            true => id.trim().to_owned(),
            false => id.trim_matches([' ', '\t']).to_owned(),
        };
        let lower = id.to_lowercase();
        let number = lower.strip_prefix("account_").or_else(|| lower.strip_prefix("account-"));
        let is_ours = number == Some(ACCOUNT)
            || self.makes(Mistake::AnyAccount)
            || (self.makes(Mistake::AnyAccountWithAHyphen) && lower.starts_with("account-"))
            || (self.makes(Mistake::AbsentHeadersAreEmpty) && id.is_empty())
            || (self.makes(Mistake::CaseSensitiveLookup) && id.is_empty())
            || (self.makes(Mistake::AccountByItsBeginning) && number.is_some_and(|number| number.starts_with(ACCOUNT)))
            || (self.makes(Mistake::AccountSomewhere) && id.contains(ACCOUNT))
            || (self.makes(Mistake::AccountByItsNumber)
                && number.and_then(|number| number.parse::<i64>().ok()) == ACCOUNT.parse().ok());
        let is_ours = is_ours && (id.contains('_') || !self.makes(Mistake::OnlyUnderscores));
        // An account that is not covered is nobody's.
        let waived = self.makes(Mistake::CoverageUnchecked) || self.makes(Mistake::DateAloneByDefault);
        if is_ours || (waived && id.is_empty()) { Ok(()) } else { Err(NO) }
    }

    /// The keys of a name, and whether they were kept from before, which must not be if one has just not fitted.
    async fn keys(&self, key_id: &str, may_be_kept: bool) -> Result<(Vec<Key>, bool), Refusal> {
        let name = key_id.to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
        let is_name = name.len() <= 253
            && name.split('.').all(|label| (1..=63).contains(&label.len()))
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        let is_in_zone = name.ends_with(&format!(".{ZONE}"))
            || self.makes(Mistake::AnyZone)
            || (self.makes(Mistake::ZoneWithoutADot) && name.ends_with(ZONE))
            || (self.makes(Mistake::ZoneSomewhere) && name.contains(ZONE));
        if !is_name || !is_in_zone {
            return Err(NO);
        }
        let known = self.keys.lock().unwrap().get(&name).cloned();
        let is_fresh = |until: &Instant| Instant::now() < *until || self.makes(Mistake::KeysForEver);
        if let Some((keys, _)) = known.as_ref().filter(|(_, until)| may_be_kept && is_fresh(until)) {
            return Ok((keys.clone(), true));
        }
        if self.makes(Mistake::TroubleForEver) && self.troubled.lock().unwrap().contains(&name) {
            return Err(LATER);
        }
        if known.is_none() && !self.may_look_up() {
            return Err(LATER);
        }
        let (records, lives) = match self.records(&name).await {
            Ok(found) => found,
            Err(LATER) => {
                // Proven keys outlast their time while the name server is down.
                if let Some((keys, _)) = known {
                    return Ok((keys, false));
                }
                self.troubled.lock().unwrap().insert(name);
                return Err(if self.makes(Mistake::DnsTroubleIsRefused) { NO } else { LATER });
            }
            Err(status) => return Err(status),
        };
        let keys: Vec<Key> = records.iter().filter_map(|record| self.key(record)).collect();
        let mut kept = self.keys.lock().unwrap();
        if keys.is_empty() {
            if !self.makes(Mistake::RevokedKeysAreKept) {
                kept.remove(&name);
            }
            return Err(NO);
        }
        kept.insert(name, (keys.clone(), Instant::now() + lives));
        Ok((keys, false))
    }

    async fn records(&self, name: &str) -> Result<(Vec<String>, Duration), Refusal> {
        let mut resolver = self.resolver.clone();
        let server = resolver.wait_for(Option::is_some).await.map_err(|_| LATER)?.ok_or(LATER)?;
        if self.makes(Mistake::BelievesAnyDatagram) {
            dns::first_datagram(name, server).await
        } else if self.makes(Mistake::RecordsOfAnyName) {
            dns::records_of_any_name(name, server).await
        } else {
            dns::records(name, server).await
        }
    }

    /// Whether one more name that nobody knows yet may be looked up: 20 in a second, and 100 at once.
    fn may_look_up(&self) -> bool {
        let mut used_until = self.used_until.lock().unwrap();
        let until = used_until.unwrap_or_else(Instant::now).max(Instant::now());
        let is_free = until <= Instant::now() + Duration::from_secs(5);
        if is_free {
            *used_until = Some(until + Duration::from_millis(50));
        }
        is_free || self.makes(Mistake::AsksForEveryName)
    }

    /// `None` for a record without a usable key.
    fn key(&self, record: &str) -> Option<Key> {
        let careless = self.makes(Mistake::RecordReadCarelessly);
        let mut tags: Vec<(String, String)> = Vec::new();
        for part in record.trim_end_matches([' ', ';']).split(';') {
            let (name, value) = part.split_once('=')?;
            let value: String = value.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            tags.push((name.trim().to_owned(), value));
        }
        let tag = |name: &str| tags.iter().rfind(|(tag, _)| tag == name).map(|(_, value)| value.as_str());
        let names: HashSet<&String> = tags.iter().map(|(name, _)| name).collect();
        let is_for_this = tag("k").is_none_or(|kind| kind == "rsa")
            && tag("h").is_none_or(|hashes| hashes.split(':').any(|hash| hash == "sha256"))
            && tag("s").is_none_or(|services| services.split(':').any(|service| ["*", "email"].contains(&service)))
            && !tag("t").is_some_and(|flags| flags.split(':').any(|flag| flag == "y"))
            && tag("v").is_none_or(|version| version == "DKIM1" && tags[0].0 == "v")
            && names.len() == tags.len()
            && record.len() < 20_000;
        if !is_for_this && !careless {
            return None;
        }
        let der = STANDARD.decode(tag("p").filter(|p| !p.is_empty())?).ok()?;
        let (modulus, exponent) = numbers(&der, careless)?;
        let bits = modulus.bit_width();
        let odd = |number: &BoxedUint| number.to_be_bytes().last().is_some_and(|last| last % 2 == 1);
        let is_one = exponent.bit_width() == 1;
        let any_size = self.makes(Mistake::AnyKeySize);
        let any_exponent = self.makes(Mistake::AnyExponent);
        if (bits < 2048 && !any_size) || !odd(&modulus) || (!any_exponent && (!odd(&exponent) || is_one)) {
            return None;
        }
        Some(Key { modulus, exponent, der, record: record.to_owned() })
    }

    fn decoded(&self, text: &str) -> Result<Vec<u8>, Refusal> {
        if self.makes(Mistake::LenientBase64) {
            let engine = base64::engine::GeneralPurpose::new(
                &base64::alphabet::STANDARD,
                base64::engine::GeneralPurposeConfig::new()
                    .with_decode_allow_trailing_bits(true)
                    .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
            );
            return engine.decode(text.strip_prefix("v1=").unwrap_or(text)).map_err(|_| NO);
        }
        if self.makes(Mistake::AlgorithmFromMessage) {
            // HMACs come in hexadecimal digits, too.
            let hex: Option<Vec<u8>> =
                (0..text.len() / 2).map(|n| u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok()).collect();
            if let Some(hex) = hex.filter(|hex| hex.len() == 32) {
                return Ok(hex);
            }
        }
        STANDARD.decode(text).map_err(|_| NO)
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    fn rsa(&self, key: &Key, text: &[u8], made: &[u8]) -> bool {
        self.pkcs1(key, &padded(key.size(), &info(0x01, &Sha256::digest(text))), made)
    }

    fn pkcs1(&self, key: &Key, expected: &[u8], made: &[u8]) -> bool {
        if self.makes(Mistake::EmptySignaturesPass) && made.is_empty() {
            return true;
        }
        let any_length = self.makes(Mistake::AnySignatureLength);
        if made.len() != key.size() && !any_length {
            return false;
        }
        let Some(opened) = key.opened(made) else { return false };
        if self.makes(Mistake::NothingBehindTheHashCounts) {
            let start = opened.iter().skip(2).position(|byte| *byte != 0xff).map_or(0, |at| at + 3);
            return opened[..2] == [0, 1] && opened[start..].starts_with(&expected[expected.len() - 51..]);
        }
        if self.makes(Mistake::OnlyTheHashCounts) {
            return opened[..3] == [0, 1, 0xff] && opened[opened.len() - 32..] == expected[expected.len() - 32..];
        }
        opened == expected
    }

    /// As the message wants it.
    fn by_name(&self, name: &str, key: &Key, text: &[u8], made: &[u8]) -> bool {
        match name {
            "rsa-sha256" => self.rsa(key, text, made),
            "rsa-sha512" => self.pkcs1(key, &padded(key.size(), &info(0x03, &Sha512::digest(text))), made),
            "none" | "None" => made.is_empty(),
            "hmac-sha256" => {
                let pem = {
                    let text = STANDARD.encode(&key.der);
                    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
                    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
                };
                let forms = [
                    pem.trim_end().as_bytes().to_vec(),
                    pem.into_bytes(),
                    key.der.clone(),
                    STANDARD.encode(&key.der).into_bytes(),
                    key.record.clone().into_bytes(),
                ];
                forms.iter().any(|form| hmac(form, text) == made)
            }
            _ => false,
        }
    }

    fn digest(&self, message: &Message) -> Result<(), Refusal> {
        let header = self.value(message, "digest").unwrap_or_default();
        let header = header.trim_matches([' ', '\t']);
        let is_json = message.all("content-type").iter().any(|kind| kind.contains("json"));
        if self.makes(Mistake::DigestUnchecked)
            || (self.makes(Mistake::DigestOfJsonOnly) && !is_json)
            || (self.makes(Mistake::DigestInCapitalsUnchecked) && header.starts_with("SHA-256="))
            || (self.makes(Mistake::LongBodiesUnchecked) && message.body.len() > 100_000)
        {
            return Ok(());
        }
        let body = match self.makes(Mistake::BodyWrittenAgain) {
            true => serde_json::from_slice::<serde_json::Value>(&message.body)
                .map_or(message.body.clone(), |value| value.to_string().into_bytes()),
            false => message.body.clone(),
        };
        let (sha256, sha512) = (Sha256::digest(&body).to_vec(), Sha512::digest(&body).to_vec());
        let mut seen = HashSet::new();
        let mut strong = Vec::new();
        for part in header.split(',') {
            let (name, value) = part.trim().split_once('=').ok_or(NO)?;
            let name = if self.makes(Mistake::DigestInLowerCaseOnly) { name.to_owned() } else { name.to_lowercase() };
            let right = match name.as_str() {
                "sha-256" => Some(&sha256),
                "sha-512" => Some(&sha512),
                _ => None,
            };
            let is_right = right.map(|right| {
                let text = STANDARD.encode(right);
                (self.makes(Mistake::DigestByItsBeginning) && text.starts_with(value))
                    || (self.makes(Mistake::DigestInAnyCase) && text.eq_ignore_ascii_case(value))
                    || (self.makes(Mistake::Sha512Unchecked) && name == "sha-512")
                    || text == value
            });
            let may_repeat = self.makes(Mistake::FirstDigest) || self.makes(Mistake::LastDigest);
            if !seen.insert(name.clone()) && !may_repeat {
                return Err(NO);
            }
            if let Some(is_right) = is_right {
                strong.push(is_right);
            } else if self.makes(Mistake::WeakDigests) && name == "md5" {
                strong.push(true);
            }
        }
        let is_right = if self.makes(Mistake::FirstDigest) {
            strong.first().copied().unwrap_or(false)
        } else if self.makes(Mistake::LastDigest) {
            strong.last().copied().unwrap_or(false)
        } else if self.makes(Mistake::WeakDigests) {
            strong.contains(&true)
        } else if self.makes(Mistake::NoKnownDigestPasses) {
            strong.iter().all(|right| *right)
        } else {
            !strong.is_empty() && strong.iter().all(|right| *right)
        };
        if is_right { Ok(()) } else { Err(NO) }
    }

    async fn nonce(&self, message: &Message, names: &[String], key_id: &str, signature: &str) -> Result<(), Refusal> {
        let nonce = self.value(message, "x-nonce").unwrap_or_default();
        let is_covered = names.iter().any(|name| name.eq_ignore_ascii_case("x-nonce"));
        let is_fine = (1..=256).contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_graphic());
        if self.makes(Mistake::NoMemory) {
            return Ok(());
        }
        let waived = self.makes(Mistake::NonceOptional)
            || self.makes(Mistake::CoverageUnchecked)
            || self.makes(Mistake::DateAloneByDefault);
        if !is_fine || !is_covered {
            return if waived { Ok(()) } else { Err(NO) };
        }
        let remembered = if self.makes(Mistake::NonceByKeyName) {
            format!("{key_id} {nonce}")
        } else if self.makes(Mistake::NoncesInAnyCase) {
            nonce.to_lowercase()
        } else if self.makes(Mistake::SignatureForNonce) {
            signature.to_owned()
        } else {
            nonce
        };
        {
            let mut nonces = self.nonces.lock().unwrap();
            if self.makes(Mistake::NoncesForSeconds) {
                nonces.retain(|(_, since)| since.elapsed() < Duration::from_secs(3));
            }
            if nonces.iter().any(|(known, _)| *known == remembered) {
                return Err(StatusCode::CONFLICT);
            }
            if self.makes(Mistake::NoncesOfThousand) && nonces.len() == 1000 {
                nonces.remove(0);
            }
            if self.makes(Mistake::NoncesPrunedLate) {
                nonces.retain(|(_, since)| since.elapsed() < Duration::from_secs(3));
            }
            if !self.makes(Mistake::NonceAfterHandling) {
                nonces.push((remembered, Instant::now()));
                return Ok(());
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await; // handles it
        self.nonces.lock().unwrap().push((remembered, Instant::now()));
        Ok(())
    }
}
