//! The explanation as one JSON object. What is not known is null; bytes that are no UTF-8 are replaced.

use serde_json::{Value, json};

use crate::checklist::STEPS;
use crate::rejection::Class;
use crate::wire::{SigningString, base64};

use super::change::{BodyChange, Change, HeaderChange, PolicyChange, TargetChange};
use super::{Explanation, Finding};

impl Explanation {
    /// The whole explanation as one JSON object.
    ///
    /// The keys are always the same: `verdict` (`verified`, `refused` or `temporary`), `code`, `step`, `steps_total`, `reason`,
    /// `hint`, `steps`, `signing_string`, `findings`, `tried`, `untried`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::explain::{Hints, explain};
    /// # let (verifier, now) = (verifier(), now());
    /// # let head = head().with_target("/internal/crm/hook");
    /// let explanation = explain(&verifier, &head, BODY, now, &Hints::default()).await;
    /// let json = explanation.to_json();
    /// assert_eq!((&json["verdict"], &json["code"]), (&"refused".into(), &"bad_signature".into()));
    /// assert_eq!(json["findings"][0]["would_verify_if"], "the request target were `/crm/hook`");
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_json(&self) -> Value {
        let rejection = self.verdict.as_ref().err();
        let steps = self.steps.iter().map(|step| {
            json!({"step": step.number, "name": step.name, "outcome": step.outcome.code(), "detail": step.detail})
        });
        let tried = self.tried.iter().map(|tried| json!({"what": tried.family.code(), "count": tried.count}));
        json!({
            "verdict": rejection.map_or("verified", |rejection| match rejection.class() {
                Class::Temporary => "temporary",
                _ => "refused",
            }),
            "code": rejection.map(|rejection| rejection.code()),
            "step": rejection.map(|rejection| rejection.step()),
            "steps_total": STEPS,
            "reason": rejection.map(ToString::to_string),
            "hint": rejection.and_then(|rejection| rejection.hint()),
            "steps": steps.collect::<Vec<_>>(),
            "signing_string": self.signing_string.as_ref().map(signing_string),
            "findings": self.findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
            "tried": tried.collect::<Vec<_>>(),
            "untried": self.untried.as_ref().map(ToString::to_string),
        })
    }
}

impl Finding {
    fn to_json(&self) -> Value {
        let remedies = self.remedies();
        let remedies = remedies.iter().map(|remedy| json!({"server": remedy.server, "text": remedy.text}));
        json!({
            "would_verify_if": self.to_string(),
            "changes": self.changes.iter().map(change).collect::<Vec<_>>(),
            "explanation": self.explanation(),
            "remedies": remedies.collect::<Vec<_>>(),
            "signing_string": self.signing_string.as_ref().map(signing_string),
        })
    }
}

/// The lines for people, and the bytes for whoever wants to check a signature by other means.
fn signing_string(string: &SigningString) -> Value {
    let lines = string.lines().map(|(name, value)| json!({"name": name, "value": String::from_utf8_lossy(value)}));
    json!({"lines": lines.collect::<Vec<_>>(), "base64": base64::encode(string.as_bytes())})
}

fn change(change: &Change) -> Value {
    let (what, from, to) = match change {
        Change::Method { from, to } => (None, json!(from), json!(to)),
        Change::Target { how, from, to } => (part(how), json!(from), json!(to)),
        Change::Host { from, to } => (None, json!(from), json!(to)),
        Change::Header { name, how, from, to } => {
            let text = |bytes: &[u8]| json!(String::from_utf8_lossy(bytes));
            let moved = if let HeaderChange::Moved { to } = how { Some(to.as_str()) } else { None };
            (Some(moved.unwrap_or(name).to_owned()), from.as_deref().map_or(Value::Null, text), text(to))
        }
        Change::Transport { to } => (None, Value::Null, json!(format!("{to:?}").to_ascii_lowercase())),
        Change::Body { how, from, to } => (style(how), json!(from), json!(to)),
        Change::Clock { ahead } => (None, Value::Null, json!(ahead)),
        Change::Policy(policy) => (None, Value::Null, setting(policy)),
        Change::Key { from, to } => (None, json!(from.as_str()), json!(to.as_str())),
    };
    json!({"code": change.code(), "what": what, "from": from, "to": to})
}

fn part(how: &TargetChange) -> Option<String> {
    match how {
        TargetChange::PrefixAdded { prefix } | TargetChange::PrefixRemoved { prefix } => Some(prefix.clone()),
        _ => None,
    }
}

fn style(how: &BodyChange) -> Option<String> {
    match how {
        BodyChange::Compressed { coding: text }
        | BodyChange::Reserialised { signed: text }
        | BodyChange::LineEnds { signed: text }
        | BodyChange::Charset { signed: text } => Some((*text).to_owned()),
        _ => None,
    }
}

fn setting(policy: &PolicyChange) -> Value {
    match policy {
        PolicyChange::Account(id) | PolicyChange::EnvironmentIds(id) => json!(id),
        PolicyChange::Host(host) => json!(host),
        PolicyChange::MinKeyBits(bits) => json!(bits),
        PolicyChange::MaxBody(bytes) => json!(bytes),
        PolicyChange::Hs2019 | PolicyChange::MissingComma | PolicyChange::TestingKeys => json!(true),
    }
}
