//! The checklist step by step: how far a request came, and what each step found.

use std::sync::Arc;
use std::time::SystemTime;

use crate::checklist::STEPS;
use crate::key::{KeyName, KeySet};
use crate::policy::{Policy, TransportPolicy};
use crate::rejection::{Class, Rejection};
use crate::wire::{
    CoveredHeaders, Excerpt, RequestHead, Separator, SignatureHeader, SigningString, Transport, parse_date,
};

use super::keys::Recorder;

/// One step of the [checklist](crate::checklist).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::explain::{Hints, explain};
/// # let (verifier, head, body, now) = (verifier(), head(), BODY, now());
/// let explanation = explain(&verifier, &head, body, now, &Hints::default()).await;
/// let lines: Vec<_> = explanation.steps.iter().map(|step| (step.number, step.name, step.outcome.code())).collect();
/// assert_eq!(lines.first(), Some(&(1, "transport, method", "ok")));
/// assert_eq!(lines.last(), Some(&(12, "replay", "not_checked")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Its number, counted from 1.
    pub number: u8,
    /// What it looks at, in a word or two.
    pub name: &'static str,
    /// What it came to.
    pub outcome: Outcome,
    /// What it found; of a step that failed, why. Safe to print. `None` if it was not reached.
    pub detail: Option<String>,
}

/// What a step came to.
///
/// See the example of [`Step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// In order.
    Ok,
    /// The request is refused here.
    Failed,
    /// It cannot be told at the moment.
    NoVerdict,
    /// The request was refused before.
    NotReached,
    /// It needs a memory that is not asked here.
    NotChecked,
}

impl Outcome {
    /// A stable name, in snake case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::NoVerdict => "no_verdict",
            Self::NotReached => "not_reached",
            Self::NotChecked => "not_checked",
        }
    }
}

const NAMES: [&str; STEPS as usize] = [
    "transport, method",
    "one signature",
    "algorithm",
    "coverage",
    "covered headers",
    "date",
    "host",
    "account",
    "key",
    "signature",
    "body",
    "replay",
];

/// What can be read of a head, whatever the verdict.
pub(super) struct Facts<'h, 'a> {
    policy: &'h Policy,
    head: &'h RequestHead<'a>,
    signature: Result<SignatureHeader<'a>, Rejection>,
    covered: Option<CoveredHeaders<'a>>,
    pub(super) signing_string: Option<SigningString>,
}

impl<'h, 'a> Facts<'h, 'a> {
    pub(super) fn of(policy: &'h Policy, head: &'h RequestHead<'a>) -> Self {
        let value = head.headers().iter().find(|line| line.name.eq_ignore_ascii_case("signature"));
        // A missing comma does not keep anybody from reading on.
        let signature = value
            .ok_or(Rejection::SignatureMissing)
            .and_then(|line| Ok(SignatureHeader::parse(line.value, Separator::CommaOrBlank)?));
        let covered = signature.as_ref().ok().and_then(|header| CoveredHeaders::parse(header.headers).ok());
        let signing_string = covered.as_ref().and_then(|covered| SigningString::build(head, covered).ok());
        Self { policy, head, signature, covered, signing_string }
    }

    /// The name of the key that the request names, if it lies in an allowed zone.
    pub(super) fn trusted_key_name(&self) -> Result<KeyName, Rejection> {
        let key_id = self.signature.as_ref().map_err(Clone::clone)?.key_id;
        let name = KeyName::parse(key_id).map_err(|reason| Rejection::KeyIdMalformed { got: key_id.into(), reason })?;
        if self.policy.keys.trusts(&name) { Ok(name) } else { Err(Rejection::ForeignKey { got: key_id.into() }) }
    }

    fn value(&self, name: &str) -> Excerpt {
        self.head.values(name).next().unwrap_or_default().into()
    }
}

/// All steps, in order.
pub(super) fn steps(
    facts: &Facts<'_, '_>,
    verdict: &Result<(), Rejection>,
    body: &[u8],
    now: SystemTime,
    recorder: &Recorder,
) -> Vec<Step> {
    let keys = facts.trusted_key_name().ok().and_then(|name| recorder.seen(&name));
    let refused_at = verdict.as_ref().err().map(|rejection| (rejection.step(), rejection));
    let step = |number: u8, name| {
        let (outcome, detail) = match refused_at {
            Some((at, rejection)) if at == number => {
                let is_temporary = rejection.class() == Class::Temporary;
                (if is_temporary { Outcome::NoVerdict } else { Outcome::Failed }, Some(rejection.to_string()))
            }
            Some((at, _)) if at < number => (Outcome::NotReached, None),
            // A malformed signature, digest or length is refused before the key is asked for.
            Some(_) if number >= 9 && keys.is_none() => (Outcome::NotReached, None),
            _ if number == STEPS => (Outcome::NotChecked, Some("the replay guard is not asked here".to_owned())),
            _ => (Outcome::Ok, Some(detail(number, facts, body, now, keys.as_ref()))),
        };
        Step { number, name, outcome, detail }
    };
    (1..=STEPS).zip(NAMES).map(|(number, name)| step(number, name)).collect()
}

/// What a step found that is in order.
fn detail(number: u8, facts: &Facts<'_, '_>, body: &[u8], now: SystemTime, keys: Option<&Arc<KeySet>>) -> String {
    let head = facts.head;
    match number {
        1 => format!("{}, {}", head.method(), transport(facts)),
        2 => format!("{} bytes", head.values("signature").next().unwrap_or_default().len()),
        3 => match facts.signature.as_ref().ok().and_then(|header| header.algorithm) {
            Some(algorithm) => Excerpt::from(algorithm).as_str().to_owned(),
            None => "not given, which is RSA with SHA-256".to_owned(),
        },
        4 => {
            let names = facts.covered.as_ref().map_or(0, |covered| covered.iter().count());
            format!("{names} names")
        }
        5 => format!("all there, target {}", Excerpt::from(head.target())),
        6 => date(facts, now),
        7 => facts.value("host").as_str().to_owned(),
        8 => facts.value("x-copernica-id").as_str().to_owned(),
        9 => key(facts, keys),
        10 => "made by this key".to_owned(),
        11 => format!("{} bytes, as signed", grouped(body.len() as u64)),
        _ => String::new(),
    }
}

fn transport(facts: &Facts<'_, '_>) -> String {
    let over = match facts.head.transport() {
        Transport::Https => "over HTTPS",
        Transport::Http => "over plain HTTP",
        Transport::Unknown => "transport unknown",
    };
    match facts.policy.transport {
        TransportPolicy::Any => format!("{over}, any will do"),
        TransportPolicy::RequireHttps => over.to_owned(),
    }
}

fn date(facts: &Facts<'_, '_>, now: SystemTime) -> String {
    let value = facts.value("date");
    let Ok(date) = parse_date(value.as_str().as_bytes()) else { return value.as_str().to_owned() };
    match now.duration_since(date) {
        Ok(age) => format!("{}, {} s old", value.as_str(), grouped(age.as_secs())),
        Err(ahead) => format!("{}, {} s ahead", value.as_str(), grouped(ahead.duration().as_secs())),
    }
}

fn key(facts: &Facts<'_, '_>, keys: Option<&Arc<KeySet>>) -> String {
    let name = facts.trusted_key_name().map(|name| name.to_string()).unwrap_or_default();
    let Some(keys) = keys else { return name };
    let each = keys.candidates().iter().map(|candidate| {
        format!("RSA-{}{}", candidate.key.modulus_bits(), if candidate.testing { " for testing" } else { "" })
    });
    let bits = each.collect::<Vec<_>>().join(" and ");
    let kept = match keys.time_to_live() {
        Some(time_to_live) => format!("ttl {} s", grouped(time_to_live.as_secs())),
        None => "pinned".to_owned(),
    };
    let stale = if keys.is_stale() { ", past its time to live" } else { "" };
    format!("{name}, {bits}, {kept}{stale}")
}

/// A number with a comma at each thousand.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (3412, "3,412"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
