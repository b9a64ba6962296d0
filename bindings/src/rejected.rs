//! Exceptions: one for each class of rejections, with the reason in its attributes.

use callback_verifier::{Class, Rejection};
use pyo3::PyErr;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;

pyo3::create_exception!(
    callback_verifier,
    Rejected,
    PyException,
    "A request is not taken; `str()` of it says why.\n\n\
     The exact reason is for the log. Answer with `http_status` and nothing else."
);
pyo3::create_exception!(callback_verifier, Malformed, Rejected, "It is not of its grammar: 400.");
pyo3::create_exception!(callback_verifier, NotAuthentic, Rejected, "It is not from whom it must be: 401.");
pyo3::create_exception!(callback_verifier, Replayed, Rejected, "It was handled before: 409.");
pyo3::create_exception!(callback_verifier, BodyTooLarge, Rejected, "Its body is too large: 413.");
pyo3::create_exception!(
    callback_verifier,
    TryAgainLater,
    Rejected,
    "It cannot be told at the moment: 503. The sender should try again after `retry_after` seconds."
);
pyo3::create_exception!(
    callback_verifier,
    KeyLookupError,
    TryAgainLater,
    "The key could not be looked up: DNS failed, did not answer in time, or is asked too often."
);
pyo3::create_exception!(
    callback_verifier,
    PayloadError,
    PyValueError,
    "An authentic body is no callback that can be read; `str()` of it says why."
);

/// The exception of a rejection, with the attributes that its stub declares.
pub(crate) fn rejected(py: Python<'_>, rejection: &Rejection) -> PyErr {
    let text = rejection.to_string();
    let error = match (rejection, rejection.class()) {
        (Rejection::KeyUnavailable(_), _) => KeyLookupError::new_err(text),
        (_, Class::Malformed) => Malformed::new_err(text),
        (_, Class::Rejected) => NotAuthentic::new_err(text),
        (_, Class::Replayed) => Replayed::new_err(text),
        (_, Class::TooLarge) => BodyTooLarge::new_err(text),
        (_, Class::Temporary) => TryAgainLater::new_err(text),
    };
    match attributes(error.value(py), rejection) {
        Ok(()) => error,
        Err(other) => other,
    }
}

fn attributes(error: &Bound<'_, PyAny>, rejection: &Rejection) -> PyResult<()> {
    error.setattr("code", rejection.code())?;
    error.setattr("step", rejection.step())?;
    error.setattr("http_status", rejection.class().status())?;
    error.setattr("hint", rejection.hint())?;
    error.setattr("retry_after", rejection.retry_after())
}
