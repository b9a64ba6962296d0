//! The body of a callback, in each of its forms.
//!
//! Documented are the variables; how XML lays them out, and what the older dialects looked like as a whole, is not: that is
//! an assumption, as far as it goes beyond what was observed.

mod form;
mod json;
mod xml;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::platform::{Action, Change, Dialect, Entity, PayloadStyle};

/// In which form a callback tells of a change. (The platform calls it the method; the HTTP method is always `POST`.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PayloadMethod {
    /// `application/json`
    Json,
    /// `application/xml`. Assumption: the platform does not document the layout.
    Xml,
    /// `application/x-www-form-urlencoded`, as the webhooks of the sister product. Assumption: callbacks do not document it.
    Form,
}

impl PayloadMethod {
    const ALL: [Self; 3] = [Self::Json, Self::Xml, Self::Form];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Form => "form",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// The body of a callback. Its bytes are made once and are the same in every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
}

const JSON: &str = "application/json";
const XML: &str = "application/xml";
const FORM: &str = "application/x-www-form-urlencoded";

impl Payload {
    /// What a callback tells of a change that happened `now`.
    pub(crate) fn of(change: &Change, method: PayloadMethod, style: PayloadStyle, now: Millis) -> Self {
        let told = Told::of(change, style);
        let (content_type, bytes) = match (method, style.dialect) {
            (PayloadMethod::Json, Dialect::Current) => (JSON, json::current(&told)),
            (PayloadMethod::Json, Dialect::Legacy) => (FORM, form::variable("json", &json::legacy(&told))),
            (PayloadMethod::Xml, Dialect::Current) => (XML, xml::current(&told)),
            (PayloadMethod::Xml, Dialect::Legacy) => (XML, xml::legacy(&told)),
            (PayloadMethod::Form, _) => (FORM, form::webhook(&told, now)),
        };
        Self { content_type: content_type.to_owned(), bytes: bytes.into_bytes() }
    }
}

/// A change, and in which style it is told.
struct Told<'a> {
    change: &'a Change,
    entity: &'a Entity,
    style: PayloadStyle,
}

impl<'a> Told<'a> {
    fn of(change: &'a Change, style: PayloadStyle) -> Self {
        Self { change, entity: &change.entity, style }
    }

    /// Names and values of the fields.
    fn fields(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let blank = self.style.blank_removals && self.change.action == Action::Delete;
        self.entity.fields.iter().map(move |(name, value)| (name.as_str(), if blank { "" } else { value.as_str() }))
    }

    /// Names and new values of the fields that have changed.
    fn changed(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.change.changed_fields().map(|(name, _, new)| (name, new))
    }

    /// Names and values as they were before the change; of something new, none.
    fn previous(&self) -> Vec<(&'a str, &'a str)> {
        match (&self.change.before, self.change.action) {
            (Some(before), _) => before.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            (None, Action::Create) => Vec::new(),
            (None, _) => self.fields().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use callback_verifier::{self as verifier, Callback};

    use super::*;
    use crate::platform::{Home, Trigger};

    /// 2026-11-23 08:15:00
    const NOW: Millis = 1_795_421_700_000;
    const NASTY: &str = "a<b>&\"'\r\n\t\u{1f3be}]]> %41+=;";

    fn entity(fields: &[(&str, &str)], interests: &[&str]) -> Entity {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Entity::by_hand(123, fields, interests.iter().map(|name| (*name).to_owned()).collect(), NOW - 1000)
    }

    pub(super) fn change(action: Action, fields: &[(&str, &str)], interests: &[&str]) -> Change {
        let before = (action == Action::Update).then(|| {
            let mut before = entity(fields, interests);
            if let Some((_, value)) = before.fields.first_mut() {
                "before".clone_into(value);
            }
            before
        });
        Change { action, trigger: Trigger::Rest, entity: entity(fields, interests), before }
    }

    fn subprofile(action: Action) -> Change {
        let mut change = change(action, &[("product", "ball"), ("amount", "2")], &[]);
        change.entity.home = Home::Collection { collection: 5, profile: 12, database: 1 };
        change
    }

    pub(super) fn text(change: &Change, method: PayloadMethod, style: PayloadStyle) -> String {
        String::from_utf8(Payload::of(change, method, style, NOW).bytes).unwrap()
    }

    fn read(change: &Change, method: PayloadMethod, style: PayloadStyle) -> Callback {
        let payload = Payload::of(change, method, style, NOW);
        let read = Callback::decode(&payload.bytes, Some(payload.content_type.as_bytes()));
        read.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&payload.bytes)))
    }

    /// The verifier reads each form, and reads in it what was told.
    #[test]
    fn the_verifier_reads_back_what_was_told() {
        let profile = [("name", NASTY), ("2nd", "x"), ("xmlish", "y"), ("city", "\u{1f3be}")];
        for action in Action::ALL {
            for (change, kind) in [
                (change(action, &profile, &["golf & more"]), verifier::Entity::Profile),
                (subprofile(action), verifier::Entity::Subprofile),
            ] {
                for method in PayloadMethod::ALL {
                    let read = read(&change, method, PayloadStyle::default());
                    assert_eq!((read.action().to_string(), read.entity()), (action.name().to_owned(), kind));
                    assert_eq!(read.id(), "123");
                    let told: Vec<_> = change.entity.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                    assert_eq!(read.fields().iter().collect::<Vec<_>>(), told, "{method:?}");
                    // A removal does not tell interests in the form of webhooks.
                    if method != PayloadMethod::Form || action != Action::Delete {
                        let told: Vec<_> = change.entity.interests.iter().map(String::as_str).collect();
                        assert_eq!(read.interests().iter().collect::<Vec<_>>(), told, "{method:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_verifier_reads_the_older_dialects() {
        let legacy = PayloadStyle { dialect: Dialect::Legacy, ..PayloadStyle::default() };
        let update = change(Action::Update, &[("name", NASTY), ("city", "Breda")], &["golf"]);
        let xml = read(&update, PayloadMethod::Xml, legacy);
        assert_eq!(xml.dialect(), verifier::Dialect::LegacyXml);
        assert_eq!(xml.fields().get("name"), Some(NASTY));
        assert_eq!(xml.previous().unwrap().get("name"), Some("before"));
        assert_eq!(xml.changed().unwrap().iter().collect::<Vec<_>>(), [("name", NASTY)]);
        let form = read(&update, PayloadMethod::Json, legacy);
        assert_eq!(form.dialect(), verifier::Dialect::LegacyForm);
        assert_eq!(form.changed().unwrap().iter().collect::<Vec<_>>(), [("name", NASTY)]);
        assert_eq!(form.fields().get("city"), Some("Breda"));
    }

    #[test]
    fn json_has_the_documented_variables_in_order() {
        let update = change(Action::Update, &[("name", "Mike"), ("city", "\"\u{1f3be}\n")], &["tennis"]);
        let expected =
            r#"{"id":"123","action":"update","fields":{"name":"Mike","city":"\"🎾\n"},"interests":["tennis"]}"#;
        assert_eq!(text(&update, PayloadMethod::Json, PayloadStyle::default()), expected);
        let nothing = text(&change(Action::Create, &[], &[]), PayloadMethod::Json, PayloadStyle::default());
        assert!(nothing.ends_with(r#""fields":{},"interests":[]}"#));
    }

    #[test]
    fn what_is_not_documented_can_be_switched() {
        let told = |style| text(&subprofile(Action::Delete), PayloadMethod::Json, style);
        let plain = PayloadStyle::default();
        let fields = r#""fields":{"product":"ball","amount":"2"}"#;
        assert_eq!(told(plain), format!(r#"{{"id":"123","action":"delete",{fields}}}"#));
        let numbers = PayloadStyle { numbers_as_ids: true, ..plain };
        assert_eq!(told(numbers), format!(r#"{{"id":123,"action":"delete",{fields}}}"#));
        let parents = PayloadStyle { parents_of_subprofiles: true, ..plain };
        let expected = format!(r#"{{"id":"123","action":"delete","profile":"12","collection":"5",{fields}}}"#);
        assert_eq!(told(parents), expected);
        let blank = PayloadStyle { blank_removals: true, ..plain };
        assert_eq!(told(blank), r#"{"id":"123","action":"delete","fields":{"product":"","amount":""}}"#);
    }
}
