use callback_verifier::{Class, Rejection};
use pyo3::PyErr;
use pyo3::prelude::*;

pyo3::create_exception!(
    callback_verifier,
    Refused,
    pyo3::exceptions::PyException,
    "A request is refused; `str()` of it says why.\n\n\
     The exact reason is for the log. Answer with `status` and nothing else."
);

/// The exception of a rejection, with the attributes that its stub declares.
pub(crate) fn refused(py: Python<'_>, rejection: &Rejection) -> PyErr {
    let error = Refused::new_err(rejection.to_string());
    match attributes(error.value(py), rejection) {
        Ok(()) => error,
        Err(other) => other,
    }
}

fn attributes(error: &Bound<'_, PyAny>, rejection: &Rejection) -> PyResult<()> {
    error.setattr("code", rejection.code())?;
    error.setattr("step", rejection.step())?;
    error.setattr("status", rejection.class().status())?;
    error.setattr("hint", rejection.hint())?;
    error.setattr("temporary", rejection.class() == Class::Temporary)
}
