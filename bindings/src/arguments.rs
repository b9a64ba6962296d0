//! Reads arguments, and says by name which one makes no sense.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyInt, PyString};

/// The port that name servers listen on.
const DNS_PORT: u16 = 53;
/// The last second of the year 9999, since 1970. No `Date` lies behind it.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// `TypeError`: what an argument must be, and what it is.
pub(crate) fn wrong_type(name: &str, expected: &str, got: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("`{name}` must be {expected}, got {}", type_name(got)))
}

/// `TypeError`: a body that is not the raw bytes, and where the usual frameworks have those.
pub(crate) fn wrong_body(got: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!(
        "`body` must be bytes, got {}; pass the bytes as they came, before anything decodes them: `request.get_data()` in Flask, \
         `request.body` in Django, `await request.body()` in FastAPI and Starlette, `await request.read()` in aiohttp",
        type_name(got)
    ))
}

/// The name of an object's type, for a message.
pub(crate) fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string())
}

/// A str.
pub(crate) fn text<'a, 'py>(name: &str, value: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyString>> {
    value.cast().map_err(|_| wrong_type(name, "str", value))
}

/// A whole number that is no bool.
pub(crate) fn whole(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
        return Err(wrong_type(name, "int", value));
    }
    let out_of_range = |_| PyValueError::new_err(format!("`{name}` must be between 0 and 2**64 - 1, got {value}"));
    value.extract().map_err(out_of_range)
}

/// One account, or several.
pub(crate) fn accounts(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<u64>> {
    if value.is_instance_of::<PyInt>() {
        return Ok(vec![whole(name, value)?]);
    }
    items(name, "an int or a sequence of int", value)?.iter().map(|item| whole(name, item)).collect()
}

/// Several str.
pub(crate) fn texts(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let items = items(name, "a sequence of str", value)?;
    items.iter().map(|item| Ok(text(name, item)?.to_str()?.to_owned())).collect()
}

/// Name servers, each `IP` or `IP:port`.
pub(crate) fn name_servers(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<SocketAddr>> {
    let address = |text: &String| {
        let with_port = text.parse().ok();
        let address_only = || text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, DNS_PORT));
        with_port.or_else(address_only).ok_or_else(|| {
            PyValueError::new_err(format!("`{name}` must be IP addresses, such as '192.0.2.53:5353', got {text:?}"))
        })
    };
    texts(name, value)?.iter().map(address).collect()
}

/// A time: seconds since 1970, a datetime with a time zone, or the clock.
pub(crate) fn time(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<SystemTime> {
    let Some(value) = value else { return Ok(SystemTime::now()) };
    let seconds = seconds(name, value)?;
    if !(0.0..=LAST_SECOND).contains(&seconds) {
        return Err(PyValueError::new_err(format!("`{name}` must be between the years 1970 and 9999, got {value}")));
    }
    Ok(UNIX_EPOCH + Duration::from_secs_f64(seconds))
}

fn seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let Ok(timestamp) = value.getattr("timestamp") else {
        let expected = "a number of seconds since 1970 or a datetime";
        return value.extract().map_err(|_| wrong_type(name, expected, value));
    };
    if value.call_method0("utcoffset")?.is_none() {
        return Err(PyValueError::new_err(format!(
            "`{name}` must be a datetime with a time zone, such as `datetime.now(timezone.utc)`"
        )));
    }
    timestamp.call0()?.extract()
}

/// The items of a sequence; of text, which is a sequence too, never.
fn items<'py>(name: &str, expected: &str, value: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let is_text = value.is_instance_of::<PyString>()
        || value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>();
    match value.try_iter() {
        Ok(items) if !is_text => items.collect(),
        _ => Err(wrong_type(name, expected, value)),
    }
}
