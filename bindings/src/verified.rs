use std::time::UNIX_EPOCH;

use callback_verifier::Verified;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};

use crate::request::latin1;

/// Evidence that a request is authentic, head and body. Only `Verifier.verify` makes one.
#[pyclass(frozen, name = "Verified", module = "callback_verifier")]
pub(crate) struct PyVerified(pub(crate) Verified<PyBackedBytes>);

#[pymethods]
impl PyVerified {
    /// The number of the account whose data the callback carries.
    #[getter]
    fn account(&self) -> u64 {
        self.0.account().id
    }

    /// The account with its kind, such as `account_1234`.
    #[getter]
    fn account_id(&self) -> String {
        self.0.account().to_string()
    }

    /// The DNS name of the key that signed.
    #[getter]
    fn key_name(&self) -> &str {
        self.0.head().key_name().as_str()
    }

    /// The size of that key in bits.
    #[getter]
    fn key_bits(&self) -> u32 {
        self.0.head().key_bits()
    }

    /// When the sender says that it signed, in seconds since 1970.
    #[getter]
    fn date(&self) -> u64 {
        // A `Date` cannot name a time before 1970.
        self.0.head().date().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    /// The body that was checked.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(self.0.body().into_pyobject(py)?)
    }

    /// All that the signature covers: names in lower case, values read as Latin-1. A new dict each time.
    #[getter]
    fn covered<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let covered = PyDict::new(py);
        for (name, value) in self.0.head().covered_headers() {
            covered.set_item(name, latin1(value))?;
        }
        Ok(covered)
    }

    fn __repr__(&self) -> String {
        format!(
            "Verified(account_id={:?}, key_name={:?}, key_bits={}, date={}, body=<{} bytes>)",
            self.account_id(),
            self.key_name(),
            self.key_bits(),
            self.date(),
            self.0.body().len()
        )
    }
}
