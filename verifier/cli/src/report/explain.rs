//! How an explanation looks.

use std::fmt::Write;

use callback_verifier::checklist::STEPS;
use callback_verifier::explain::{Change, Explanation, Finding, Outcome, PolicyChange, Step};
use callback_verifier::wire::SigningString;
use callback_verifier::{Class, Rejection};
use serde_json::json;

use super::{Answer, Printable, hint, status};
use crate::saved::Saved;
use crate::status::ExitStatus;

/// Stands for the line feed at the end of a line of a signing string.
const LINE_FEED: char = '\u{240a}';
/// How wide a line of text may get.
const WIDTH: usize = 100;

pub(crate) fn explanation_json(explanation: &Explanation, saved: &Saved) -> Answer {
    let rejection = explanation.verdict.as_ref().err();
    let mut value = explanation.to_json();
    if let Some(object) = value.as_object_mut() {
        object.insert("hint".to_owned(), json!(rejection.and_then(hint)));
        object.insert("format".to_owned(), json!(saved.format));
        object.insert("notes".to_owned(), json!(saved.notes));
    }
    super::object(value, rejection)
}

pub(crate) fn explanation_text(explanation: &Explanation) -> Answer {
    let mut text = String::new();
    let rejection = explanation.verdict.as_ref().err();
    // Writing to a `String` does not fail.
    let _ = match rejection {
        None => writeln!(text, "verified"),
        Some(rejection) => {
            let (step, code) = (rejection.step(), rejection.code());
            let word = if rejection.class() == Class::Temporary { "no verdict" } else { "refused" };
            writeln!(text, "{word} at step {step} of {STEPS}: {code}")
        }
    };
    text.push('\n');
    explanation.steps.iter().for_each(|step| write_step(&mut text, step));
    if let Some(string) = &explanation.signing_string {
        text.push_str("\nthe signing string that this receiver builds:\n\n");
        write_string(&mut text, string, None);
    }
    for finding in &explanation.findings {
        write_finding(&mut text, finding, explanation.signing_string.as_ref());
    }
    if let Some(rejection) = rejection {
        write_nothing(&mut text, explanation);
        if explanation.findings.is_empty()
            && let Some(hint) = hint(rejection)
        {
            let _ = writeln!(text, "\nhint: {hint}");
            if matches!(rejection, Rejection::BadSignature) {
                text.push_str("hint: what a proxy cut off cannot be guessed: name it with `--prefix /internal` or `--target /path?query`\n");
                text.push_str(
                    "hint: or another key signed: look at what `--key` pins, or what DNS has under the `keyId`\n",
                );
            }
        }
    }
    Answer { text, status: rejection.map_or(ExitStatus::Good, status) }
}

fn write_step(text: &mut String, step: &Step) {
    let outcome = match step.outcome {
        Outcome::Ok => "ok",
        Outcome::Failed => "FAILED",
        Outcome::NoVerdict => "no verdict",
        Outcome::NotReached => "not reached",
        Outcome::NotChecked => "not checked",
    };
    let detail = step.detail.as_deref().unwrap_or_default();
    let line = format!("  {:>2}  {:<18}  {outcome:<11}  {detail}", step.number, step.name);
    let _ = writeln!(text, "{}", line.trim_end());
}

/// One line for each line, its end visible; those that are not in the other string are marked.
fn write_string(text: &mut String, string: &SigningString, other: Option<&SigningString>) {
    let count = string.lines().count();
    for (index, (name, value)) in string.lines().enumerate() {
        let is_new = other.is_some_and(|other| other.lines().all(|line| line != (name, value)));
        let mark = if is_new { '>' } else { ' ' };
        let end = if index + 1 < count { LINE_FEED.to_string() } else { String::new() };
        let _ = writeln!(text, "    {mark} {}: {}{end}", Printable(name.as_bytes()), Printable(value));
    }
}

fn write_finding(text: &mut String, finding: &Finding, received: Option<&SigningString>) {
    let _ = writeln!(text, "\nwould verify if {finding}");
    write_wrapped(text, "  ", &finding.explanation());
    if let Some(string) = finding.signing_string.as_ref().filter(|string| Some(*string) != received) {
        text.push_str("\n  the sender signed:\n\n");
        write_string(text, string, received);
    }
    let remedies = finding.remedies();
    let flags = finding.changes.iter().filter_map(flag).map(|flag| ("this command", flag));
    let all: Vec<_> = remedies.iter().map(|remedy| (remedy.server, remedy.text.clone())).chain(flags).collect();
    let width = all.iter().map(|(server, _)| server.len()).max().unwrap_or_default();
    text.push('\n');
    for (server, remedy) in all {
        let _ = writeln!(text, "hint: {server:<width$}  {remedy}");
    }
}

/// The flag that makes the change.
fn flag(change: &Change) -> Option<String> {
    Some(match change {
        Change::Clock { .. } => "`--now DATE`, with the time at which the request came in".to_owned(),
        Change::Policy(policy) => match policy {
            PolicyChange::Account(id) => format!("`--account {id}`"),
            PolicyChange::Host(host) => format!("`--host {}`", Printable(host.as_bytes())),
            PolicyChange::EnvironmentIds(id) => format!("`--allow-environment --account {id}`"),
            PolicyChange::Hs2019 => "`--allow-hs2019`".to_owned(),
            PolicyChange::MissingComma => "`--allow-missing-comma`".to_owned(),
            PolicyChange::TestingKeys => "`--allow-testing-keys`".to_owned(),
            PolicyChange::MinKeyBits(bits) => format!("`--min-key-bits {bits}`"),
            _ => return None,
        },
        _ => return None,
    })
}

/// What was tried in vain, or why nothing was.
fn write_nothing(text: &mut String, explanation: &Explanation) {
    if let Some(untried) = &explanation.untried {
        let _ = writeln!(text, "\nno change was tried: {untried}");
    } else if explanation.findings.is_empty() {
        let tried: Vec<String> = explanation.tried.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "\nno change was found that would make it pass; tried in vain:");
        write_wrapped(text, "  ", &tried.join(", "));
    }
}

fn write_wrapped(text: &mut String, indent: &str, words: &str) {
    let mut width = 0;
    for word in words.split(' ') {
        if width > 0 && width + 1 + word.len() > WIDTH {
            text.push('\n');
            width = 0;
        }
        let before = if width == 0 { indent } else { " " };
        text.push_str(before);
        text.push_str(word);
        width += before.len() + word.len();
    }
    text.push('\n');
}
