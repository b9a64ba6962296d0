//! How an answer looks: for people, and as one JSON object.

mod explain;

use std::fmt::{self, Write};

use callback_verifier::checklist::STEPS;
use callback_verifier::wire::{AccountKind, SignatureHeaderError, format_date};
use callback_verifier::{Class, Rejection, Verified};
use serde_json::{Map, Value, json};

use crate::key::KeyFindings;
use crate::status::ExitStatus;

pub(crate) use explain::{explanation_json, explanation_text};

/// What goes to standard output, and how the program ends.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) status: ExitStatus,
}

pub(crate) fn verdict_text<B: AsRef<[u8]>>(verdict: &Result<Verified<B>, Rejection>) -> Answer {
    match verdict {
        Ok(verified) => Answer { text: verified_text(verified), status: ExitStatus::Good },
        Err(rejection) => {
            let (step, code) = (rejection.step(), rejection.code());
            let first = match rejection.class() {
                Class::Temporary => format!("no verdict at step {step} of {STEPS}: {code}"),
                _ => format!("refused at step {step} of {STEPS}: {code}"),
            };
            Answer { text: refusal_text(&first, "", rejection), status: status(rejection) }
        }
    }
}

pub(crate) fn verdict_json<B: AsRef<[u8]>>(verdict: &Result<Verified<B>, Rejection>) -> Answer {
    let rejection = verdict.as_ref().err();
    let verified = verdict.as_ref().ok();
    let head = verified.map(Verified::head);
    let covered = head.map(|head| {
        let lines = head.covered_headers();
        lines.map(|(name, value)| (name.to_owned(), text_of(value).into())).collect::<Map<String, Value>>()
    });
    object(
        json!({
            "verdict": rejection.map_or("verified", |rejection| word(rejection, "refused")),
            "code": rejection.map(Rejection::code),
            "step": rejection.map(Rejection::step),
            "reason": rejection.map(ToString::to_string),
            "hint": rejection.and_then(hint),
            "account": verified.map(|verified| verified.account().to_string()),
            "key": head.map(|head| head.key_name().as_str()),
            "key_bits": head.map(|head| head.key_bits()),
            "date": head.map(|head| format_date(head.date())),
            "covered": covered,
            "body_bytes": verified.map(|verified| verified.body().as_ref().len()),
        }),
        rejection,
    )
}

pub(crate) fn key_text(findings: &KeyFindings) -> Answer {
    let mut facts = String::new();
    if let Some(time_to_live) = findings.time_to_live {
        row(&mut facts, "ttl", format_args!("{} s", time_to_live.as_secs()));
    }
    for (candidate, refusal) in &findings.candidates {
        let testing = if candidate.testing { ", published for testing" } else { "" };
        let verdict = refusal.as_ref().map_or("usable", Rejection::code);
        row(&mut facts, "candidate", format_args!("{:?}{testing}: {verdict}", candidate.key));
    }
    let name = &findings.name;
    match &findings.refusal {
        None => {
            let mut text = String::from("usable\n\n");
            row(&mut text, "key", format_args!("{name}"));
            Answer { text: text + &facts, status: ExitStatus::Good }
        }
        Some(refusal) => {
            let code = refusal.code();
            let first = match refusal.class() {
                Class::Temporary => format!("no verdict: {code}"),
                _ => format!("not usable: {code}"),
            };
            let mut rows = String::from("\n");
            row(&mut rows, "key", format_args!("{name}"));
            Answer { text: refusal_text(&first, &(rows + &facts), refusal), status: status(refusal) }
        }
    }
}

pub(crate) fn key_json(findings: &KeyFindings) -> Answer {
    let candidates = findings.candidates.iter().map(|(candidate, refusal)| {
        json!({
            "bits": candidate.key.modulus_bits(),
            "testing": candidate.testing,
            "usable": refusal.is_none(),
            "code": refusal.as_ref().map(Rejection::code),
        })
    });
    let refusal = findings.refusal.as_ref();
    object(
        json!({
            "verdict": refusal.map_or("usable", |refusal| word(refusal, "unusable")),
            "code": refusal.map(Rejection::code),
            "reason": refusal.map(ToString::to_string),
            "hint": refusal.and_then(hint),
            "key": findings.name,
            "ttl": findings.time_to_live.map(|time_to_live| time_to_live.as_secs()),
            "candidates": candidates.collect::<Vec<_>>(),
        }),
        refusal,
    )
}

fn verified_text<B: AsRef<[u8]>>(verified: &Verified<B>) -> String {
    let head = verified.head();
    let mut text = String::from("verified\n\n");
    row(&mut text, "account", format_args!("{}", verified.account()));
    row(&mut text, "key", format_args!("{}, RSA-{}", head.key_name(), head.key_bits()));
    row(&mut text, "date", format_args!("{}", format_date(head.date())));
    row(&mut text, "body", format_args!("{} bytes", verified.body().as_ref().len()));
    for (index, (name, value)) in head.covered_headers().enumerate() {
        let label = if index == 0 { "covered" } else { "" };
        row(&mut text, label, format_args!("{name}: {}", Printable(value)));
    }
    text
}

/// The first line, the reason, whatever else is known, and what to look at.
fn refusal_text(first: &str, facts: &str, rejection: &Rejection) -> String {
    let hint = hint(rejection).map(|hint| format!("\nhint: {hint}\n")).unwrap_or_default();
    format!("{first}\n{rejection}\n{facts}{hint}")
}

fn row(text: &mut String, label: &str, value: fmt::Arguments<'_>) {
    // Writing to a `String` does not fail.
    let _ = writeln!(text, "{label:<10} {value}");
}

fn object(object: Value, rejection: Option<&Rejection>) -> Answer {
    Answer { text: format!("{}\n", for_terminals(&object)), status: rejection.map_or(ExitStatus::Good, status) }
}

/// JSON lets control characters beyond ASCII stand as they are, and some terminals obey them. They occur in texts only, where
/// they may as well be escaped.
fn for_terminals(object: &Value) -> String {
    let is_control = |c: char| matches!(c, '\u{7f}'..='\u{9f}');
    let mut out = String::new();
    for c in object.to_string().chars() {
        if is_control(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

fn status(rejection: &Rejection) -> ExitStatus {
    match rejection.class() {
        Class::Temporary => ExitStatus::Temporary,
        _ => ExitStatus::Refused,
    }
}

fn word(rejection: &Rejection, permanent: &'static str) -> &'static str {
    match rejection.class() {
        Class::Temporary => "temporary",
        _ => permanent,
    }
}

/// What to look at: the flag that would change the verdict if there is one, otherwise what the library says.
fn hint(rejection: &Rejection) -> Option<&'static str> {
    Some(match rejection {
        Rejection::DateTooOld { .. } | Rejection::DateInFuture { .. } => {
            "judge a saved request by the time at which it came in: `--now DATE`; otherwise compare the clocks"
        }
        Rejection::AlgorithmUnsupported { got } if got.as_str() == "hs2019" => {
            "`--allow-hs2019` reads it as RSA with SHA-256"
        }
        Rejection::SignatureMalformed(SignatureHeaderError::MissingComma { .. }) => {
            "the sample in the platform's documentation lacks a comma too: `--allow-missing-comma`"
        }
        Rejection::WrongAccount { got, .. } if is_environment(got) => {
            "an environment of the sister product is taken with `--allow-environment` and its number as `--account`"
        }
        Rejection::HeaderMissing { .. } => {
            "something on the way may have dropped it: have each proxy pass it on; without it nobody can check the signature"
        }
        Rejection::ForeignKey { .. } => "only if you trust whoever owns its zone: `--zone ZONE`",
        Rejection::KeyTesting => "its owner says that he is testing; `--allow-testing-keys` takes it",
        Rejection::KeyTooSmall { .. } => "smaller keys are weak; `--min-key-bits 1024` takes them, at your own risk",
        Rejection::KeyUnavailable(_) => {
            "check that the name server can be reached, or name another: `--nameserver ADDR`"
        }
        other => return other.hint(),
    })
}

fn is_environment(account: &str) -> bool {
    callback_verifier::wire::Account::parse(account.as_bytes())
        .is_ok_and(|account| account.kind == AccountKind::Environment)
}

/// A header's value for JSON, which holds no other bytes than text.
fn text_of(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// A header's value for a terminal: whatever is not visible ASCII is escaped.
struct Printable<'a>(&'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&b| match b {
            b' '..=b'~' => f.write_char(char::from(b)),
            other => write!(f, "{}", other.escape_ascii()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_no_control_characters() {
        let object = json!({ "value": "a\u{1b}[2J\u{7f}\u{9b}31m\u{a0}\u{e9}" });
        let text = for_terminals(&object);
        assert_eq!(text, "{\"value\":\"a\\u001b[2J\\u007f\\u009b31m\u{a0}\u{e9}\"}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), object);
    }

    #[test]
    fn a_terminal_gets_visible_ascii_only() {
        assert_eq!(Printable(b"a\\b \"c\"\t\x1b[2J\xc2\x9b").to_string(), r#"a\b "c"\t\x1b[2J\xc2\x9b"#);
    }
}
