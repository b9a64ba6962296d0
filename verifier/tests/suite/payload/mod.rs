//! What a callback says, in each dialect.

mod dispatch;
mod form;
mod json;
mod legacy;
mod limits;
mod properties;
mod written;
mod xml;

use callback_verifier::{Action, Callback, Entity, Fields, PayloadError};

/// Names and values, to be compared with.
fn pairs(fields: &Fields) -> Vec<(&str, &str)> {
    fields.iter().collect()
}

fn interests(callback: &Callback) -> Vec<&str> {
    callback.interests().iter().collect()
}

/// What every dialect tells.
type Facts<'a> = (Action, Entity, &'a str, Vec<(&'a str, &'a str)>, Vec<&'a str>);

fn facts(callback: &Callback) -> Facts<'_> {
    (callback.action(), callback.entity(), callback.id(), pairs(callback.fields()), interests(callback))
}

/// Each body is refused for its reason. A reason that is a place in the text is given by what was expected there.
fn refused(content_type: Option<&str>, table: &[(&str, Expected)]) {
    for (body, expected) in table {
        let error = Callback::decode(body.as_bytes(), content_type.map(str::as_bytes)).unwrap_err();
        match (&error, expected) {
            (PayloadError::Syntax { expected: got, .. }, Expected::Syntax(expected)) => {
                assert_eq!(got, expected, "{body}")
            }
            (_, Expected::Syntax(expected)) => panic!("{body}: expected {expected}, got {error}"),
            (_, Expected::Error(expected)) => assert_eq!(error, *expected, "{body}"),
        }
    }
}

enum Expected {
    Syntax(&'static str),
    Error(PayloadError),
}
use Expected::{Error, Syntax};

fn missing(name: &'static str) -> Expected {
    Error(PayloadError::Missing { name })
}

fn empty(name: &'static str) -> Expected {
    Error(PayloadError::Empty { name })
}

fn duplicate(name: &str) -> Expected {
    Error(PayloadError::Duplicate(name.into()))
}

fn unexpected(name: &'static str) -> Expected {
    Error(PayloadError::Unexpected { name })
}

fn wrong_type(name: &str, expected: &'static str) -> Expected {
    Error(PayloadError::WrongType { name: name.into(), expected })
}
