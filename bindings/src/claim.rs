use std::sync::{Mutex, PoisonError};

use callback_verifier::Claim;
use callback_verifier::replay::ReplayError;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::rejected::rejected;
use crate::verifier::done;

/// A callback that is being handled, so that nobody else handles it meanwhile.
///
/// As a context manager it commits at the end, and releases if an exception comes out: then the same request may come again.
/// Forgotten altogether, it is released.
#[pyclass(frozen, name = "Claim", module = "callback_verifier")]
pub(crate) struct PyClaim(Mutex<Option<Claim>>);

impl PyClaim {
    pub(crate) const fn new(claim: Claim) -> Self {
        Self(Mutex::new(Some(claim)))
    }

    fn take(&self) -> PyResult<Claim> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(settled)
    }
}

fn settled() -> PyErr {
    PyValueError::new_err("this claim was committed or released before")
}

#[pymethods]
impl PyClaim {
    /// The callback was handled: the same request will be refused.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        let claim = self.take()?;
        told(py, py.detach(|| done(claim.commit())))
    }

    /// It was not handled: the same request may come again.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        let claim = self.take()?;
        told(py, py.detach(|| done(claim.release())))
    }

    /// A claim is for one time: with one that is settled nothing would keep the same request out.
    fn __enter__(slf: Py<Self>) -> PyResult<Py<Self>> {
        let is_held = slf.get().0.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_held { Ok(slf) } else { Err(settled()) }
    }

    /// Whoever has committed or released it inside has the last word.
    fn __exit__(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let Ok(claim) = self.take() else { return Ok(false) };
        let result = match kind.is_none() {
            true => py.detach(|| done(claim.commit())),
            false => py.detach(|| done(claim.release())),
        };
        told(py, result).map(|()| false)
    }
}

fn told(py: Python<'_>, result: Option<Result<(), ReplayError>>) -> PyResult<()> {
    match result {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) => Err(rejected(py, &error.into())),
        None => Err(PyRuntimeError::new_err("the replay guard did not answer")),
    }
}
