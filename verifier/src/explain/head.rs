//! What a proxy may have done to the rest of the head, and what a receiver may have been set up without.

use std::time::{Duration, SystemTime};

use crate::key::{KeyName, MAX_KEY_BITS, MIN_KEY_BITS};
use crate::policy::{EnvironmentIds, ExpectedHost, Hs2019, MissingComma, TestingKeys};
use crate::wire::{Account, AccountKind, Digests, Separator, SignatureHeader, Transport, format_date, parse_date};

use super::change::{Change, HeaderChange, PolicyChange};
use super::draft::Draft;
use super::keys::Keys;
use super::{Hints, MAX_HINTS};

/// How many hosts of one forwarding header are looked at, in all its lines together.
const MAX_FORWARDED: usize = 4;
/// How many hosts are tried. Only hints and expected hosts, which are the receiver's own, can make so many.
const MAX_HOSTS: usize = 256;
/// By how many seconds a proxy may have dated a request anew.
const REDATED: u64 = 60;
/// How many values of one header are looked at one by one.
const MAX_VALUES: usize = 16;

/// Where proxies note the host that they were called by.
const ORIGINAL_HOST: [&str; 5] =
    ["x-forwarded-host", "x-original-host", "x-host", "x-forwarded-server", "x-amzn-remapped-host"];
/// How the name of a header begins that holds another header's original value.
const ORIGINAL_VALUE: [&str; 3] = ["x-amzn-remapped-", "x-original-", "x-forwarded-"];
/// What the platform sends.
const CONTENT_TYPES: [&str; 5] =
    ["application/json", "application/xml", "application/x-www-form-urlencoded", "text/xml", "text/plain"];
/// Headers that are refused if they are repeated, and need not be covered.
const UNIQUE: [&str; 4] = ["signature", "content-type", "content-length", "x-nonce"];
const CHARSETS: [&str; 4] = ["; charset=utf-8", ";charset=utf-8", "; charset=UTF-8", ";charset=UTF-8"];

pub(super) type Candidates = Vec<(Draft, Change)>;

/// The request, judged at its own date.
pub(super) fn clock(draft: &Draft) -> Candidates {
    let Some(date) = draft.value("date").and_then(|value| parse_date(value).ok()) else { return Vec::new() };
    let ahead = match draft.now.duration_since(date) {
        Ok(age) => i64::try_from(age.as_secs()).unwrap_or(i64::MAX),
        Err(future) => i64::try_from(future.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
    };
    vec![(Draft { now: date, ..draft.clone() }, Change::Clock { ahead })]
}

/// The request, judged by a receiver that is set up in another way.
pub(super) fn policy(draft: &Draft, keys: &Keys) -> Candidates {
    let mut found = Vec::new();
    let mut add = |change: PolicyChange, changed: Draft| found.push((changed, Change::Policy(change)));
    add(PolicyChange::MissingComma, draft.with_policy(|policy| policy.missing_comma = MissingComma::Accept));
    add(PolicyChange::Hs2019, draft.with_policy(|policy| policy.hs2019 = Hs2019::AcceptAsRsaSha256));
    if let Some(Account { kind, id }) = draft.value("x-copernica-id").and_then(|value| Account::parse(value).ok()) {
        let with_account = draft.with_policy(|policy| {
            policy.accounts.push(id);
            if kind == AccountKind::Environment {
                policy.environment_ids = EnvironmentIds::Accept;
            }
        });
        match kind {
            AccountKind::Account => add(PolicyChange::Account(id), with_account),
            AccountKind::Environment => add(PolicyChange::EnvironmentIds(id), with_account),
        }
    }
    let host = draft.text("host").or(draft.authority.as_deref());
    if let Some((text, host)) = host.and_then(|text| Some((text, ExpectedHost::parse(text).ok()?))) {
        add(PolicyChange::Host(text.to_owned()), draft.with_policy(|policy| policy.hosts.push(host)));
    }
    add(PolicyChange::TestingKeys, draft.with_policy(|policy| policy.keys.testing = TestingKeys::Accept));
    let mut sizes: Vec<u32> =
        keys.values().flat_map(|keys| keys.candidates()).map(|key| key.key.modulus_bits()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for bits in sizes.into_iter().filter(|bits| (MIN_KEY_BITS..=MAX_KEY_BITS).contains(bits)).rev() {
        add(PolicyChange::MinKeyBits(bits), draft.with_policy(|policy| policy.keys.min_bits = bits));
    }
    let length = draft.body.len() as u64;
    add(PolicyChange::MaxBody(length), draft.with_policy(|policy| policy.max_body = policy.max_body.max(length)));
    found
}

/// Whether the receiver was told over what the request came.
pub(super) fn transport(draft: &Draft) -> Candidates {
    let others = [Transport::Https, Transport::Http, Transport::Unknown].into_iter();
    others
        .filter(|to| *to != draft.transport)
        .map(|to| (Draft { transport: to, ..draft.clone() }, Change::Transport { to }))
        .collect()
}

/// The method. A redirect makes a `GET` of a `POST`.
pub(super) fn method(draft: &Draft) -> Candidates {
    let to = "POST".to_owned();
    let change = Change::Method { from: draft.method.clone(), to: to.clone() };
    if draft.method == to { Vec::new() } else { vec![(Draft { method: to, ..draft.clone() }, change)] }
}

/// Other values of `Host`.
pub(super) fn hosts(draft: &Draft, hints: &Hints) -> Candidates {
    let received = draft.text("host").or(draft.authority.as_deref());
    let mut hosts: Vec<String> = Vec::new();
    let mut add = |host: &str| {
        let host = host.trim().trim_matches('"');
        if ExpectedHost::parse(host).is_ok() && !hosts.iter().any(|known| known == host) {
            hosts.push(host.to_owned());
        }
    };
    hints.hosts.iter().take(MAX_HINTS).for_each(|host| add(host));
    for header in ORIGINAL_HOST {
        let elements = draft.values(header).filter_map(|value| std::str::from_utf8(value).ok());
        elements.flat_map(|value| value.split(',')).take(MAX_FORWARDED).for_each(&mut add);
    }
    let elements = draft.values("forwarded").filter_map(|value| std::str::from_utf8(value).ok());
    let pairs = elements.flat_map(|value| value.split([',', ';'])).filter_map(|pair| pair.trim().split_once('='));
    let named = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, host)| host);
    named.take(MAX_FORWARDED).for_each(&mut add);
    draft.policy.hosts.iter().take(MAX_HINTS).for_each(|host| add(&host.to_string()));
    if let Some(authority) = &draft.authority {
        add(authority);
    }
    // Then the same with and without a port.
    let ports: Vec<String> = draft.text("x-forwarded-port").into_iter().map(str::to_owned).collect();
    for host in received.map(str::to_owned).into_iter().chain(hosts.clone()) {
        let name = without_port(&host);
        let with_port = ["443", "80"].into_iter().chain(ports.iter().map(String::as_str));
        let mut variants = vec![name.to_owned()];
        variants.extend(with_port.map(|port| format!("{name}:{port}")));
        for variant in variants {
            if ExpectedHost::parse(&variant).is_ok() && !hosts.contains(&variant) {
                hosts.push(variant);
            }
        }
    }
    // `:authority` beside a `Host` that disagrees, or a second `Host`, is one more way to differ.
    let is_plain = draft.authority.is_none() && draft.values("host").count() == 1;
    let differs = |host: &String| received != Some(host.as_str()) || !is_plain;
    hosts.into_iter().filter(differs).take(MAX_HOSTS).map(|to| with_host(draft, received, to)).collect()
}

fn with_host(draft: &Draft, received: Option<&str>, to: String) -> (Draft, Change) {
    let changed = Draft { authority: None, ..draft.with_header("Host", to.as_bytes()) };
    (changed, Change::Host { from: received.map(str::to_owned), to })
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

/// Other values of the other headers.
pub(super) fn headers(draft: &Draft) -> Candidates {
    let mut headers = Headers { draft, found: Vec::new() };
    let covered: Vec<String> =
        draft.covered().into_iter().filter(|name| !name.starts_with('(') && name != "host").collect();
    let is_covered = |name: &str| covered.iter().any(|covered| covered == name);
    // Those of which there may be only one, whether covered or not.
    let others = UNIQUE.into_iter().filter(|name| !is_covered(name));
    covered.iter().map(String::as_str).chain(others).for_each(|name| headers.instances(name));
    // Nobody can tell which value a header had that is not covered.
    if is_covered("content-type") {
        headers.content_type();
    }
    headers.content_length();
    headers.account();
    headers.digest();
    headers.signature();
    for name in &covered {
        headers.values(name);
        for prefix in ORIGINAL_VALUE {
            let other = format!("{prefix}{name}");
            if let Some(value) = draft.value(&other) {
                headers.add(name, value, HeaderChange::Moved { to: other.clone() });
            }
        }
        if let Some(value) = draft.value(name) {
            headers.add(name, &value.to_ascii_lowercase(), HeaderChange::Respelled);
        }
    }
    headers.date();
    headers.found
}

struct Headers<'a> {
    draft: &'a Draft,
    found: Candidates,
}

impl Headers<'_> {
    fn add(&mut self, name: &str, value: &[u8], how: HeaderChange) {
        let instances: Vec<&[u8]> = self.draft.values(name).collect();
        if instances == [value] {
            return;
        }
        let from = (!instances.is_empty()).then(|| instances.join(&b", "[..]));
        let how =
            if from.is_none() && !matches!(how, HeaderChange::Moved { .. }) { HeaderChange::Dropped } else { how };
        let change = Change::Header { name: name.to_ascii_lowercase(), how, from, to: value.to_vec() };
        self.found.push((self.draft.with_header(name, value), change));
    }

    fn content_type(&mut self) {
        const NAME: &str = "Content-Type";
        match self.draft.text(NAME).map(str::to_owned) {
            Some(received) => {
                if let Some((bare, _)) = received.split_once(';') {
                    self.add(NAME, bare.trim_end().as_bytes(), HeaderChange::ParameterAdded);
                    for charset in CHARSETS {
                        let value = format!("{}{charset}", bare.trim_end());
                        self.add(NAME, value.as_bytes(), HeaderChange::Respelled);
                    }
                } else {
                    for charset in CHARSETS {
                        self.add(NAME, format!("{received}{charset}").as_bytes(), HeaderChange::ParameterRemoved);
                    }
                }
            }
            None => {
                for bare in CONTENT_TYPES {
                    self.add(NAME, bare.as_bytes(), HeaderChange::Dropped);
                    for charset in CHARSETS {
                        self.add(NAME, format!("{bare}{charset}").as_bytes(), HeaderChange::Dropped);
                    }
                }
            }
        }
    }

    fn content_length(&mut self) {
        let length = self.draft.body.len().to_string();
        self.add("Content-Length", length.as_bytes(), HeaderChange::Recomputed);
    }

    fn account(&mut self) {
        const NAME: &str = "X-Copernica-ID";
        let accounts: Vec<Account> = match self.draft.value(NAME) {
            Some(value) => Account::parse(value).ok().into_iter().collect(),
            None => self.draft.policy.accounts.iter().take(MAX_VALUES).map(|id| Account::new(*id)).collect(),
        };
        for Account { kind, id } in accounts {
            let words = match kind {
                AccountKind::Account => ["account", "Account"],
                AccountKind::Environment => ["environment", "Environment"],
            };
            for value in words.into_iter().flat_map(|word| [format!("{word}_{id}"), format!("{word}-{id}")]) {
                self.add(NAME, value.as_bytes(), HeaderChange::Respelled);
            }
        }
    }

    fn digest(&mut self) {
        const NAME: &str = "Digest";
        match self.draft.text(NAME).map(str::to_owned) {
            Some(received) => {
                for (old, new) in [("SHA-256=", "sha-256="), ("sha-256=", "SHA-256=")] {
                    self.add(NAME, received.replace(old, new).as_bytes(), HeaderChange::Respelled);
                }
            }
            None => {
                let digest = Digests::sha256_base64(&self.draft.body);
                for token in ["SHA-256", "sha-256"] {
                    self.add(NAME, format!("{token}={digest}").as_bytes(), HeaderChange::Dropped);
                }
            }
        }
    }

    /// A base64 that somebody took for a form.
    fn signature(&mut self) {
        const NAME: &str = "Signature";
        let Some(received) = self.draft.text(NAME).map(str::to_owned) else { return };
        if let Ok(header) = SignatureHeader::parse(received.as_bytes(), Separator::Comma) {
            let SignatureHeader { key_id, algorithm, headers, signature } = header;
            let standard = signature.replace([' ', '-'], "+").replace('_', "/");
            let padding = "=".repeat((4 - standard.len() % 4) % 4);
            let signature = &format!("{standard}{padding}");
            let repaired = SignatureHeader { key_id, algorithm, headers, signature }.to_string();
            if *signature != header.signature {
                self.add(NAME, repaired.as_bytes(), HeaderChange::Respelled);
            }
        }
    }

    /// One of several instances.
    fn instances(&mut self, name: &str) {
        let instances: Vec<Vec<u8>> = self.draft.values(name).take(MAX_VALUES).map(<[u8]>::to_vec).collect();
        let is_same = instances.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
        let how = if is_same { HeaderChange::Repeated } else { HeaderChange::ValuesAdded };
        for instance in instances.iter().filter(|_| instances.len() > 1) {
            self.add(name, instance, how.clone());
        }
    }

    /// Fewer values, or the same joined in another way.
    fn values(&mut self, name: &str) {
        let instances: Vec<&[u8]> = self.draft.values(name).collect();
        let Some(joined) = std::str::from_utf8(&instances.join(&b", "[..])).ok().map(str::to_owned) else { return };
        let values: Vec<&str> = joined.split(',').map(str::trim).take(MAX_VALUES + 1).collect();
        if !(2..=MAX_VALUES).contains(&values.len()) || name == "date" {
            return;
        }
        for separator in [", ", ",", " , "] {
            self.add(name, values.join(separator).as_bytes(), HeaderChange::Joined);
        }
        for length in 1..values.len() {
            let first = values.iter().take(length).copied().collect::<Vec<_>>().join(", ");
            self.add(name, first.as_bytes(), HeaderChange::ValuesAdded);
            let last = values.iter().skip(length).copied().collect::<Vec<_>>().join(", ");
            self.add(name, last.as_bytes(), HeaderChange::ValuesAdded);
        }
    }

    /// A date a little earlier or later, or some whole hours off.
    fn date(&mut self) {
        let Some(date) = self.draft.value("date").and_then(|value| parse_date(value).ok()) else { return };
        let near = (1..=REDATED).flat_map(|seconds| [(true, seconds), (false, seconds)]);
        let hours = (1..=14).flat_map(|hours| [(true, hours * 3600), (false, hours * 3600)]);
        for (is_earlier, seconds) in near.chain(hours) {
            let distance = Duration::from_secs(seconds);
            let other: Option<SystemTime> =
                if is_earlier { date.checked_sub(distance) } else { date.checked_add(distance) };
            if let Some(other) = other {
                self.add("Date", format_date(other).as_bytes(), HeaderChange::Recomputed);
            }
        }
    }
}

/// The other keys that are at hand.
pub(super) fn keys(draft: &Draft, keys: &Keys) -> Candidates {
    let Some(received) = draft.text("signature") else { return Vec::new() };
    let Ok(header) = SignatureHeader::parse(received.as_bytes(), draft.policy.missing_comma.separator()) else {
        return Vec::new();
    };
    let Ok(from) = KeyName::parse(header.key_id) else { return Vec::new() };
    let others = keys.keys().filter(|name| **name != from);
    others
        .map(|name| {
            let changed = SignatureHeader { key_id: name.as_str(), ..header.clone() }.to_string();
            let change = Change::Key { from: from.clone(), to: name.clone() };
            (draft.with_header("Signature", changed.as_bytes()), change)
        })
        .collect()
}
