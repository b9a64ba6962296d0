//! A request as Python gives it: text and bytes that are borrowed, not copied, for as long as its objects are held.

use std::borrow::Cow;
use std::cell::OnceCell;

use callback_verifier::{Header, RequestHead, Transport};
use pyo3::Borrowed;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::arguments::{type_name, wrong_type};

/// Header lines: the tuples, of which nobody can take the names and values out while they are held.
pub(crate) struct Lines<'py>(Vec<Bound<'py, PyTuple>>);

/// Names and values, borrowed from the lines.
pub(crate) struct Texts<'a, 'py>(Vec<(Text<'a, 'py>, Text<'a, 'py>)>);

/// A name or a value.
enum Text<'a, 'py> {
    /// If it is not ASCII, its characters as bytes are kept beside it as soon as somebody wants them.
    Str(Borrowed<'a, 'py, PyString>, OnceCell<Vec<u8>>),
    Bytes(Borrowed<'a, 'py, PyBytes>),
}

impl<'py> Lines<'py> {
    /// Reads the argument `headers`.
    pub(crate) fn of(headers: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(list) = headers.cast_exact::<PyList>() {
            let mut lines = Vec::with_capacity(list.len());
            for line in list {
                lines.push(pair(line)?);
            }
            return Ok(Self(lines));
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
        lines.map(|line| pair(line?)).collect::<PyResult<_>>().map(Self)
    }

    /// What the lines hold.
    pub(crate) fn texts(&self) -> PyResult<Texts<'_, 'py>> {
        let mut texts = Vec::with_capacity(self.0.len());
        for line in &self.0 {
            texts.push((Text::of(line.get_borrowed_item(0)?)?, Text::of(line.get_borrowed_item(1)?)?));
        }
        Ok(Texts(texts))
    }
}

impl Texts<'_, '_> {
    /// The lines as the library wants them.
    pub(crate) fn headers(&self) -> PyResult<Vec<Header<'_>>> {
        let mut headers = Vec::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            headers.push(Header::new(name.as_str()?, value.as_bytes()?));
        }
        Ok(headers)
    }
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

impl<'a, 'py> Text<'a, 'py> {
    fn of(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(text) = object.cast::<PyString>() {
            return Ok(Self::Str(text, OnceCell::new()));
        }
        object.cast().map(Self::Bytes).map_err(|_| wrong_type("headers", "names and values of str or bytes", &object))
    }

    fn as_bytes(&self) -> PyResult<&[u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.as_bytes()),
            Self::Str(text, latin1) => {
                let text = text.to_str().map_err(|_| not_latin1())?;
                if text.is_ascii() {
                    return Ok(text.as_bytes());
                }
                let bytes = text.chars().map(|c| u8::try_from(c).map_err(|_| not_latin1())).collect::<PyResult<_>>()?;
                Ok(latin1.get_or_init(|| bytes))
            }
        }
    }

    fn as_str(&self) -> PyResult<&str> {
        // The usual case, with nothing to be looked at twice.
        if let Self::Str(text, _) = self
            && let Ok(text) = text.to_str()
            && text.is_ascii()
        {
            return Ok(text);
        }
        std::str::from_utf8(self.as_bytes()?)
            .map_err(|_| PyValueError::new_err("`headers` must have names of ASCII characters"))
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
