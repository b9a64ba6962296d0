use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::error::RestError;
use crate::platform::{self, is_true};

/// How long a body may be, in bytes.
pub(super) const MAX_BODY: usize = 16 << 20;

/// The body of a call: JSON, or a form with keys such as `fields[email]` and `interests[]`.
#[derive(Debug)]
pub(super) struct Body(pub(super) Value);

/// The members of a body.
pub(super) struct Members<'a>(pub(super) &'a Map<String, Value>);

impl Body {
    pub(super) fn read(bytes: &[u8], is_form: bool) -> Result<Self, RestError> {
        if bytes.is_empty() {
            return Ok(Self(Value::Object(Map::new())));
        }
        if is_form {
            return form_body(bytes).map(Value::Object).map(Self);
        }
        let value = serde_json::from_slice(bytes);
        value.map(Self).map_err(|error| RestError::InvalidData(format!("the body is no JSON: {error}")))
    }

    pub(super) fn is_form(headers: &HeaderMap) -> bool {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        content_type
            .split(';')
            .next()
            .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
    }

    /// Its members, which most calls want.
    pub(super) fn members(&self) -> Result<Members<'_>, RestError> {
        match &self.0 {
            Value::Object(members) => Ok(Members(members)),
            _ => Err(RestError::InvalidData("the body is JSON, but no object".to_owned())),
        }
    }
}

impl<'a> Members<'a> {
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, RestError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(RestError::invalid(name, "expected a text")),
        }
    }

    /// A text that something has to have.
    pub(super) fn required_text(&self, name: &str) -> Result<&'a str, RestError> {
        self.text(name)?.ok_or_else(|| RestError::InvalidData(format!("`{name}` is missing")))
    }

    /// A text, or what PHP makes one of.
    pub(super) fn cast(&self, name: &str) -> Option<String> {
        self.value(name).map(platform::text)
    }

    pub(super) fn truth(&self, name: &str) -> Option<bool> {
        self.value(name).map(is_true)
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, RestError> {
        let number = match self.value(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        let expected = format!("expected a whole number from 0 to {}", u32::MAX);
        number.map(Some).ok_or_else(|| RestError::invalid(name, expected))
    }
}

/// PHP's way with forms, one level deep: `a=1`, `a[k]=1`, `a[]=1`.
pub(in crate::entrance) fn form_body(bytes: &[u8]) -> Result<Map<String, Value>, RestError> {
    let mut object = Map::new();
    for (key, value) in form_urlencoded::parse(bytes) {
        let value = Value::String(value.into_owned());
        match key.strip_suffix(']').and_then(|key| key.split_once('[')) {
            None => {
                object.insert(key.into_owned(), value);
            }
            Some((name, "")) => match object.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(items) => items.push(value),
                _ => return Err(mixed(name)),
            },
            Some((name, index)) => match object.entry(name).or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(members) => {
                    members.insert(index.to_owned(), value);
                }
                _ => return Err(mixed(name)),
            },
        }
    }
    Ok(object)
}

fn mixed(name: &str) -> RestError {
    RestError::InvalidData(format!("the form has `{name}` in two shapes"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_read_as_php_reads_it() {
        let Ok(object) = form_body(b"fields[email]=a%40b&fields[name]=J+S&interests[]=x&interests[]=y&secret=s") else {
            panic!("no form");
        };
        let expected = json!({"fields": {"email": "a@b", "name": "J S"}, "interests": ["x", "y"], "secret": "s"});
        assert_eq!(Value::Object(object), expected);
        assert!(form_body(b"a=1&a[k]=2").is_err());
    }
}
