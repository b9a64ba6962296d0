//! A request as Python gives it: text and bytes that are borrowed, not copied, for as long as its objects are held.

use std::borrow::Cow;

use callback_verifier::{Header, RequestHead, Transport};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::arguments::{type_name, wrong_type};

/// Header lines, with hold of the Python objects that they are borrowed from.
pub(crate) struct Lines<'py>(Vec<(Text<'py>, Text<'py>)>);

/// A name or a value.
enum Text<'py> {
    Str(Bound<'py, PyString>),
    Bytes(Bound<'py, PyBytes>),
    /// What was a str of other characters than ASCII.
    Latin1(Vec<u8>),
}

impl<'py> Lines<'py> {
    /// Reads the argument `headers`.
    pub(crate) fn of(headers: &Bound<'py, PyAny>) -> PyResult<Self> {
        if headers.hasattr("keys")? {
            return Err(PyTypeError::new_err(format!(
                "`headers` must be a sequence of (name, value) pairs, got {}; a header may come several times, so pass all \
                 lines, such as `list(headers.items())` where that has them",
                type_name(headers)
            )));
        }
        let lines =
            headers.try_iter().map_err(|_| wrong_type("headers", "a sequence of (name, value) pairs", headers))?;
        lines.map(|line| pair(&line?)).collect::<PyResult<_>>().map(Self)
    }

    /// The lines as the library wants them.
    pub(crate) fn headers(&self) -> PyResult<Vec<Header<'_>>> {
        self.0.iter().map(|(name, value)| Ok(Header::new(name.as_str()?, value.as_bytes()?))).collect()
    }
}

fn pair<'py>(line: &Bound<'py, PyAny>) -> PyResult<(Text<'py>, Text<'py>)> {
    let pair = || wrong_type("headers", "a sequence of (name, value) pairs, and each pair a tuple", line);
    let line = line.cast::<PyTuple>().map_err(|_| pair())?;
    if line.len() != 2 {
        return Err(PyTypeError::new_err(format!("`headers` must hold (name, value) pairs, got {} items", line.len())));
    }
    Ok((Text::of(line.get_item(0)?)?, Text::of(line.get_item(1)?)?))
}

impl<'py> Text<'py> {
    fn of(object: Bound<'py, PyAny>) -> PyResult<Self> {
        let object = match object.cast_into::<PyBytes>() {
            Ok(bytes) => return Ok(Self::Bytes(bytes)),
            Err(error) => error.into_inner(),
        };
        let text = object
            .cast_into::<PyString>()
            .map_err(|error| wrong_type("headers", "names and values of str or bytes", &error.into_inner()))?;
        match to_latin1(&text)? {
            None => Ok(Self::Str(text)),
            Some(bytes) => Ok(Self::Latin1(bytes)),
        }
    }

    fn as_bytes(&self) -> PyResult<&[u8]> {
        Ok(match self {
            Self::Str(text) => text.to_str()?.as_bytes(),
            Self::Bytes(bytes) => bytes.as_bytes(),
            Self::Latin1(bytes) => bytes,
        })
    }

    fn as_str(&self) -> PyResult<&str> {
        std::str::from_utf8(self.as_bytes()?)
            .map_err(|_| PyValueError::new_err("`headers` must have names of ASCII characters"))
    }
}

/// The bytes of a str that is not ASCII; `None` if it is.
fn to_latin1(text: &Bound<'_, PyString>) -> PyResult<Option<Vec<u8>>> {
    let refused =
        || PyValueError::new_err("`headers` must have values of Latin-1 characters; pass other values as bytes");
    let text = text.to_str().map_err(|_| refused())?;
    if text.is_ascii() {
        return Ok(None);
    }
    text.chars().map(|c| u8::try_from(c).map_err(|_| refused())).collect::<PyResult<_>>().map(Some)
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
