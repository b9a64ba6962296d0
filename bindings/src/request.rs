//! A request as Python gives it: text and bytes that are borrowed, not copied, for as long as its objects are held.

use std::borrow::Cow;
use std::cell::OnceCell;

use callback_verifier::{Header, RequestHead, Transport};
use pyo3::Borrowed;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::arguments::{type_name, wrong_type};

/// Header lines: the tuples, of which nobody can take the names and values out while they are held.
pub(crate) struct Lines<'py> {
    tuples: Vec<Bound<'py, PyTuple>>,
    /// Values that are no ASCII, as bytes. Hardly any request has one.
    latin1: OnceCell<Box<[OnceCell<Vec<u8>>]>>,
}

impl<'py> Lines<'py> {
    /// Reads the argument `headers`.
    pub(crate) fn of(headers: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(list) = headers.cast_exact::<PyList>() {
            let mut tuples = Vec::with_capacity(list.len());
            for line in list {
                tuples.push(pair(line)?);
            }
            return Ok(Self::new(tuples));
        }
        if headers.hasattr("keys")? {
            return Err(PyTypeError::new_err(format!(
                "`headers` must be a sequence of (name, value) pairs, got {}; a header may come several times, so pass all \
                 lines, such as `list(headers.items())` where that has them",
                type_name(headers)
            )));
        }
        let lines =
            headers.try_iter().map_err(|_| wrong_type("headers", "a sequence of (name, value) pairs", headers))?;
        lines.map(|line| pair(line?)).collect::<PyResult<_>>().map(Self::new)
    }

    const fn new(tuples: Vec<Bound<'py, PyTuple>>) -> Self {
        Self { tuples, latin1: OnceCell::new() }
    }

    /// The lines as the library wants them, borrowed.
    pub(crate) fn headers(&self) -> PyResult<Vec<Header<'_>>> {
        let mut headers = Vec::with_capacity(self.tuples.len());
        for (at, line) in self.tuples.iter().enumerate() {
            let name = name(line.get_borrowed_item(0)?)?;
            headers.push(Header::new(name, self.value(at, line.get_borrowed_item(1)?)?));
        }
        Ok(headers)
    }

    fn value<'a>(&'a self, at: usize, value: Borrowed<'a, 'py, PyAny>) -> PyResult<&'a [u8]> {
        let text = match Text::of(value)? {
            Text::Bytes(bytes) => return Ok(bytes),
            Text::Str(text) if text.is_ascii() => return Ok(text.as_bytes()),
            Text::Str(text) => text,
        };
        let bytes = text.chars().map(|c| u8::try_from(c).map_err(|_| not_latin1())).collect::<PyResult<_>>()?;
        let rooms = self.latin1.get_or_init(|| self.tuples.iter().map(|_| OnceCell::new()).collect());
        Ok(rooms[at].get_or_init(|| bytes))
    }
}

fn name<'a>(name: Borrowed<'a, '_, PyAny>) -> PyResult<&'a str> {
    let name = match Text::of(name)? {
        Text::Str(text) => Some(text),
        Text::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
    };
    name.filter(|name| name.is_ascii())
        .ok_or_else(|| PyValueError::new_err("`headers` must have names of ASCII characters"))
}

fn pair(line: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyTuple>> {
    let line = line.cast_into::<PyTuple>().map_err(|error| {
        wrong_type("headers", "a sequence of (name, value) pairs, and each pair a tuple", &error.into_inner())
    })?;
    match line.len() {
        2 => Ok(line),
        items => Err(PyTypeError::new_err(format!("`headers` must hold (name, value) pairs, got {items} items"))),
    }
}

/// A name or a value.
enum Text<'a> {
    Str(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> Text<'a> {
    fn of(object: Borrowed<'a, '_, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            // Fails for surrogates, which no encoding has.
            return object.extract().map(Self::Str).map_err(|_| not_latin1());
        }
        let wrong = |_| wrong_type("headers", "names and values of str or bytes", &object);
        object.extract().map(Self::Bytes).map_err(wrong)
    }
}

fn not_latin1() -> PyErr {
    PyValueError::new_err("`headers` must have values of Latin-1 characters; pass other values as bytes")
}

/// Bytes as a str of Latin-1, which loses nothing.
pub(crate) fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => bytes.iter().copied().map(char::from).collect(),
    }
}

/// The request head, with its transport if that is known.
pub(crate) fn head<'a>(
    method: &'a str,
    target: &'a str,
    headers: &'a [Header<'a>],
    https: Option<bool>,
) -> RequestHead<'a> {
    let transport = match https {
        None => Transport::Unknown,
        Some(true) => Transport::Https,
        Some(false) => Transport::Http,
    };
    RequestHead::new(method, target, headers).with_transport(transport)
}
