use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::error::RestError;

/// How long a body may be, in bytes.
pub(super) const MAX_BODY: usize = 16 << 20;

/// The body of a call: a JSON object, or a form with keys such as `fields[email]` and `interests[]`.
pub(super) struct Body(pub(super) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = RestError;

    async fn from_request(request: Request, state: &S) -> Result<Self, RestError> {
        let form = is_form(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| {
            RestError::InvalidData(match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => format!("the body is larger than {} MiB", MAX_BODY >> 20),
                _ => rejection.body_text(),
            })
        })?;
        if form { form_body(&bytes) } else { json_body(&bytes) }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type
        .split(';')
        .next()
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn json_body(bytes: &[u8]) -> Result<Body, RestError> {
    if bytes.is_empty() {
        return Ok(Body(Map::new()));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(Body(object)),
        Ok(_) => Err(RestError::InvalidData("the body is JSON, but no object".to_owned())),
        Err(error) => Err(RestError::InvalidData(format!("the body is no JSON: {error}"))),
    }
}

/// PHP's way with forms, one level deep: `a=1`, `a[k]=1`, `a[]=1`.
fn form_body(bytes: &[u8]) -> Result<Body, RestError> {
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
    Ok(Body(object))
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
        let Ok(Body(object)) = form_body(b"fields[email]=a%40b&fields[name]=J+S&interests[]=x&interests[]=y&secret=s")
        else {
            panic!("no form");
        };
        let expected = json!({"fields": {"email": "a@b", "name": "J S"}, "interests": ["x", "y"], "secret": "s"});
        assert_eq!(Value::Object(object), expected);
        assert!(form_body(b"a=1&a[k]=2").is_err());
    }
}
