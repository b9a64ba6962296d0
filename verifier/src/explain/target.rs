//! What a proxy may have done to the request target, undone.

use super::change::{Change, TargetChange};
use super::draft::Draft;
use super::spelling::{percent_decoded, percent_encoded, triplets_in, triplets_in_case};
use super::{Hints, MAX_HINTS};

/// How many segments, slashes or parameters of a target are looked at one by one.
const MAX_PARTS: usize = 64;
/// How many values of one forwarding header are looked at.
const MAX_FORWARDED: usize = 4;

/// Where proxies note the target that they were called with.
const ORIGINAL_TARGET: [&str; 8] = [
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
    "x-forwarded-uri",
    "x-forwarded-path",
    "x-original-path",
    "x-envoy-original-path",
    "x-replaced-path",
];
/// Where proxies note the prefix that they have cut off.
const PREFIX: [&str; 3] = ["x-forwarded-prefix", "x-script-name", "x-ingress-path"];

/// The same request for other targets, the likeliest first.
pub(super) fn candidates(draft: &Draft, hints: &Hints) -> Vec<(Draft, Change)> {
    let mut targets = Targets { received: &draft.target, found: Vec::new() };
    let (path, query) = split(&draft.target);
    for target in hints.targets.iter().take(MAX_HINTS) {
        targets.original(target, query);
    }
    for header in ORIGINAL_TARGET {
        for value in draft.values(header).take(MAX_FORWARDED) {
            if let Ok(value) = std::str::from_utf8(value) {
                targets.original(value, query);
            }
        }
    }
    for prefix in hints.prefixes.iter().take(MAX_HINTS) {
        targets.prefix_removed(prefix);
    }
    for header in PREFIX {
        for value in draft.values(header).take(MAX_FORWARDED) {
            if let Ok(value) = std::str::from_utf8(value) {
                targets.prefix_removed(value);
            }
        }
    }
    prefixes(&mut targets, path);
    slashes(&mut targets, path, query);
    queries(&mut targets, path, query);
    spellings(&mut targets, path, query);
    targets.found.into_iter().map(|(to, how)| changed(draft, to, how)).collect()
}

fn changed(draft: &Draft, to: String, how: TargetChange) -> (Draft, Change) {
    (draft.with_target(&to), Change::Target { how, from: draft.target.clone(), to })
}

/// Each target once.
struct Targets<'a> {
    received: &'a str,
    found: Vec<(String, TargetChange)>,
}

impl Targets<'_> {
    fn add(&mut self, target: String, how: TargetChange) {
        let is_known = target == self.received || self.found.iter().any(|(known, _)| *known == target);
        if target.starts_with('/') && !is_known {
            self.found.push((target, how));
        }
    }

    /// A target that somebody says was the original one: a path, perhaps with its query, or a whole URL.
    fn original(&mut self, text: &str, query: Option<&str>) {
        let target = match text.split_once("://") {
            Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                rest.find(['/', '?']).map_or("/", |at| rest.get(at..).unwrap_or("/"))
            }
            _ => text,
        };
        let target = target.split('#').next().unwrap_or_default();
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let how = self.relation(&target);
        self.add(target.clone(), how);
        // Some note the path alone.
        if let (None, Some(query)) = (target.find('?'), query) {
            let with_query = format!("{target}?{query}");
            let how = self.relation(&with_query);
            self.add(with_query, how);
        }
    }

    fn prefix_removed(&mut self, prefix: &str) {
        let prefix = prefix.trim().trim_matches('/');
        if !prefix.is_empty() {
            let prefix = format!("/{prefix}");
            if let Some(query) = self.received.strip_prefix('/').filter(|rest| rest.is_empty() || rest.starts_with('?'))
            {
                // The whole path was cut off. Whether it ended with a slash cannot be told.
                self.add(format!("{prefix}{query}"), TargetChange::Rewritten);
            }
            self.add(format!("{prefix}{}", self.received), TargetChange::PrefixRemoved { prefix });
        }
    }

    /// What was done to the original target, if it can be told.
    fn relation(&self, original: &str) -> TargetChange {
        if let Some(prefix) = prefix_of(original, self.received) {
            return TargetChange::PrefixRemoved { prefix };
        }
        if let Some(prefix) = prefix_of(self.received, original) {
            return TargetChange::PrefixAdded { prefix };
        }
        let ((path, query), (original_path, original_query)) = (split(self.received), split(original));
        match (query, original_query) {
            _ if path != original_path => TargetChange::Rewritten,
            (Some(_), None) => TargetChange::QueryAdded,
            (None, Some(_)) => TargetChange::QueryRemoved,
            _ => TargetChange::Rewritten,
        }
    }
}

/// What stands in front of `short` in `long`, if that is a path prefix.
fn prefix_of(long: &str, short: &str) -> Option<String> {
    let prefix = long.strip_suffix(short)?;
    (short.starts_with('/') && prefix.starts_with('/') && !prefix.contains('?')).then(|| prefix.to_owned())
}

fn split(target: &str) -> (&str, Option<&str>) {
    match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

fn joined(path: &str, query: Option<&str>) -> String {
    query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

/// Each proper prefix of the path, cut off.
fn prefixes(targets: &mut Targets<'_>, path: &str) {
    for (at, _) in path.match_indices('/').filter(|(at, _)| *at > 0).take(MAX_PARTS) {
        if let (Some(prefix), Some(rest)) = (path.get(..at), targets.received.get(at..)) {
            let how = match prefix {
                "/" => TargetChange::SlashDoubled,
                // A host in front of the path, or slashes that are no segment.
                _ if !path.starts_with('/') || prefix.ends_with('/') => TargetChange::Rewritten,
                _ => TargetChange::PrefixAdded { prefix: prefix.to_owned() },
            };
            targets.add(rest.to_owned(), how);
        }
    }
    // A route at the prefix itself.
    if let Some(rest) = targets.received.get(path.len()..).filter(|_| path.len() > 1) {
        let is_prefix = path.starts_with('/') && !path.ends_with('/');
        let how =
            if is_prefix { TargetChange::PrefixAdded { prefix: path.to_owned() } } else { TargetChange::Rewritten };
        targets.add(format!("/{rest}"), how);
    }
}

fn slashes(targets: &mut Targets<'_>, path: &str, query: Option<&str>) {
    match path.strip_suffix('/') {
        Some(shorter) => targets.add(joined(shorter, query), TargetChange::SlashAppended),
        None => targets.add(joined(&format!("{path}/"), query), TargetChange::SlashRemoved),
    }
    let mut merged = path.to_owned();
    while merged.contains("//") {
        merged = merged.replace("//", "/");
    }
    targets.add(joined(&merged, query), TargetChange::SlashDoubled);
    for (at, _) in path.match_indices('/').take(MAX_PARTS) {
        if let (Some(before), Some(behind)) = (path.get(..at), path.get(at..)) {
            targets.add(joined(&format!("{before}/{behind}"), query), TargetChange::SlashesMerged);
        }
    }
}

/// Without the query, without each of its parameters.
fn queries(targets: &mut Targets<'_>, path: &str, query: Option<&str>) {
    let Some(query) = query else {
        return targets.add(format!("{path}?"), TargetChange::QueryRemoved);
    };
    targets.add(path.to_owned(), TargetChange::QueryAdded);
    let parameters: Vec<&str> = query.split('&').take(MAX_PARTS).collect();
    if parameters.len() == MAX_PARTS {
        return;
    }
    for length in 1..parameters.len() {
        let first = parameters.iter().take(length).copied().collect::<Vec<_>>().join("&");
        targets.add(format!("{path}?{first}"), TargetChange::QueryAdded);
        let last = parameters.iter().skip(length).copied().collect::<Vec<_>>().join("&");
        targets.add(format!("{path}?{last}"), TargetChange::QueryAdded);
    }
    for without in 0..parameters.len() {
        let kept: Vec<_> = parameters.iter().enumerate().filter(|(index, _)| *index != without).collect();
        let kept = kept.into_iter().map(|(_, parameter)| *parameter).collect::<Vec<_>>().join("&");
        targets.add(format!("{path}?{kept}"), TargetChange::QueryAdded);
    }
}

/// The characters that one program percent-encodes and another does not.
const DOUBTFUL: &str = "!$&'()*+,;=:@-._~/[]{}|\\^`\"<>";

fn spellings(targets: &mut Targets<'_>, path: &str, query: Option<&str>) {
    // A slash within a segment.
    for (at, _) in path.match_indices('/').filter(|(at, _)| *at > 0).take(MAX_PARTS) {
        if let (Some(before), Some(behind)) = (path.get(..at), path.get(at + 1..)) {
            for slash in ["%2F", "%2f"] {
                targets.add(joined(&format!("{before}{slash}{behind}"), query), TargetChange::Recoded);
            }
        }
    }
    for (new_path, new_query) in respelled(path, query) {
        targets.add(joined(&new_path, new_query.as_deref()), TargetChange::Recoded);
    }
}

/// Spells a part of a target in another way.
type Rule = Box<dyn Fn(&str) -> String>;

/// Path and query in other spellings: each of a few rules applied to the path, to the query, and to both.
fn respelled(path: &str, query: Option<&str>) -> Vec<(String, Option<String>)> {
    let whole = joined(path, query);
    let mut rules: Vec<Rule> = vec![
        Box::new(|text| percent_decoded(text, |b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))),
        Box::new(|text| percent_decoded(text, |b| b.is_ascii_graphic() && !b"%?#/".contains(&b))),
        Box::new(|text| percent_decoded(text, |b| b.is_ascii_graphic() && !b"%?#".contains(&b))),
        Box::new(|text| percent_encoded(text, |b| !b.is_ascii_alphanumeric() && !b"-._~/%?=&".contains(&b))),
        Box::new(|text| percent_encoded(text, |b| !b.is_ascii_alphanumeric() && !b"-._/%?=&".contains(&b))),
        Box::new(|text| percent_encoded(text, |b| !b.is_ascii_alphanumeric() && !b"-._!~*'()/%?=&".contains(&b))),
        Box::new(|text| percent_encoded(text, |b| b == b'%')),
        Box::new(|text| text.replace("%25", "%")),
        Box::new(|text| text.replace("%20", "+")),
        Box::new(|text| text.replace('+', "%20")),
        Box::new(|text| triplets_in_case(text, u8::to_ascii_uppercase)),
        Box::new(|text| triplets_in_case(text, u8::to_ascii_lowercase)),
    ];
    for byte in DOUBTFUL.bytes().filter(|byte| whole.as_bytes().contains(byte)) {
        rules.push(Box::new(move |text| percent_encoded(text, |b| b == byte)));
    }
    for byte in triplets_in(&whole).into_iter().take(MAX_PARTS).filter(u8::is_ascii_graphic) {
        rules.push(Box::new(move |text| percent_decoded(text, |b| b == byte)));
    }
    let mut found = Vec::new();
    for rule in rules {
        let (new_path, new_query) = (rule(path), query.map(&rule));
        found.push((new_path.clone(), new_query.clone()));
        found.push((new_path, query.map(str::to_owned)));
        found.push((path.to_owned(), new_query));
    }
    found
}
