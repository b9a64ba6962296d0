use super::fault::envelope;
use super::object::{Content, Object, Record};
use super::operation::Operation;
use super::wsdl::NAMESPACE;
use super::xml::element;

/// What an operation answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// What was looked for is not there: an empty result, which the platform's clients take for `false`.
    Nothing,
    Value(String),
    /// A login: `true`, and the cookie to show from now on.
    LoggedIn {
        cookie: String,
    },
    Array(Vec<String>),
    Map(Vec<(String, String)>),
    Collection {
        start: u64,
        total: u64,
        items: Vec<Record>,
    },
    One(Record),
}

impl Reply {
    /// What an operation answers that has nothing to tell but that it was carried out.
    pub(super) fn done() -> Self {
        Self::Value(true.to_string())
    }

    pub(super) fn one<T>(object: &Object<T>, value: &T) -> Self {
        Self::One(object.record(value))
    }

    /// The one that was found, or nothing.
    pub(super) fn found<T>(object: &Object<T>, value: Option<&T>) -> Self {
        value.map_or(Self::Nothing, |value| Self::one(object, value))
    }

    /// The part of a list that was asked for.
    pub(super) fn page<T>(object: &Object<T>, all: &[T], page: Page) -> Self {
        let start = usize::try_from(page.start).unwrap_or(usize::MAX);
        let length = usize::try_from(page.length).unwrap_or(usize::MAX);
        let items = all.iter().skip(start).take(length).map(|value| object.record(value)).collect();
        Self::Collection { start: page.start, total: all.len() as u64, items }
    }

    /// The whole envelope.
    pub(super) fn envelope(&self, operation: &Operation) -> String {
        let mut out = format!("<{}Response xmlns=\"{NAMESPACE}\">", operation.name);
        match self {
            Self::Nothing => {}
            Self::Value(value) => element(&mut out, "value", value),
            Self::LoggedIn { .. } => element(&mut out, "value", "true"),
            Self::Array(items) => {
                out.push_str("<array>");
                items.iter().for_each(|item| element(&mut out, "item", item));
                out.push_str("</array>");
            }
            Self::Map(pairs) => map(&mut out, "map", pairs),
            Self::Collection { start, total, items } => {
                element(&mut out, "start", &start.to_string());
                element(&mut out, "length", &items.len().to_string());
                element(&mut out, "total", &total.to_string());
                out.push_str("<items>");
                items.iter().for_each(|item| record(&mut out, item));
                out.push_str("</items>");
            }
            Self::One(one) => record(&mut out, one),
        }
        out.push_str(&format!("</{}Response>", operation.name));
        envelope(&out)
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) start: u64,
    pub(super) length: u64,
}

fn record(out: &mut String, record: &Record) {
    out.push_str(&format!("<{}>", record.name));
    for (name, content) in &record.members {
        match content {
            Content::Text(text) => element(out, name, text),
            Content::Map(pairs) => map(out, name, pairs),
            Content::Absent => {}
        }
    }
    out.push_str(&format!("</{}>", record.name));
}

fn map(out: &mut String, name: &str, pairs: &[(String, String)]) {
    out.push_str(&format!("<{name}>"));
    for (key, value) in pairs {
        out.push_str("<pair>");
        element(out, "key", key);
        element(out, "value", value);
        out.push_str("</pair>");
    }
    out.push_str(&format!("</{name}>"));
}
