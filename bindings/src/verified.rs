//! Evidence: what the library hands out when a request is authentic. Nothing in Python can make one.

use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use callback_verifier::{AuthenticHead, BodyVerifier, Verified};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};

use crate::arguments::wrong_body;
use crate::callback::PyCallback;
use crate::rejected::{PayloadError, rejected};
use crate::request::latin1;

/// Evidence that the head of a request is authentic. Its body is not known yet.
#[pyclass(frozen, subclass, name = "AuthenticHead", module = "callback_verifier")]
pub(crate) struct PyAuthenticHead(Evidence);

/// Evidence that a request is authentic, head and body.
#[pyclass(frozen, extends = PyAuthenticHead, name = "Verified", module = "callback_verifier")]
pub(crate) struct PyVerified;

/// Evidence that a request is authentic whose body was checked as it came, and is in nobody's memory.
#[pyclass(frozen, extends = PyAuthenticHead, name = "VerifiedStream", module = "callback_verifier")]
pub(crate) struct PyVerifiedStream;

/// What was proven. The class that the others inherit from keeps it, for else a head would be there twice.
pub(crate) enum Evidence {
    Head(AuthenticHead),
    Whole(Verified<PyBackedBytes>),
    Stream(Verified),
}

/// Checks a body that comes in parts. What has come so far is not authentic before `finish` says so.
#[pyclass(frozen, name = "BodyVerifier", module = "callback_verifier")]
pub(crate) struct PyBodyVerifier(Mutex<Option<BodyVerifier>>);

impl PyAuthenticHead {
    pub(crate) const fn new(head: AuthenticHead) -> Self {
        Self(Evidence::Head(head))
    }

    pub(crate) const fn evidence(&self) -> &Evidence {
        &self.0
    }

    fn head(&self) -> &AuthenticHead {
        match &self.0 {
            Evidence::Head(head) => head,
            Evidence::Whole(verified) => verified.head(),
            Evidence::Stream(verified) => verified.head(),
        }
    }
}

impl PyVerified {
    pub(crate) fn of(py: Python<'_>, verified: Verified<PyBackedBytes>) -> PyResult<Py<Self>> {
        Py::new(py, PyClassInitializer::from(PyAuthenticHead(Evidence::Whole(verified))).add_subclass(Self))
    }

    fn evidence<'a>(slf: &'a PyRef<'_, Self>) -> PyResult<&'a Verified<PyBackedBytes>> {
        match &slf.as_super().0 {
            Evidence::Whole(verified) => Ok(verified),
            // Nothing makes one of that.
            Evidence::Head(_) | Evidence::Stream(_) => Err(PyTypeError::new_err("a `Verified` without its body")),
        }
    }
}

#[pymethods]
impl PyAuthenticHead {
    /// The number of the account whose data the callback carries.
    #[getter]
    fn account(&self) -> u64 {
        self.head().account().id
    }

    /// The account with its kind, such as `account_1234`.
    #[getter]
    fn account_id(&self) -> String {
        self.head().account().to_string()
    }

    /// The DNS name of the key that signed.
    #[getter]
    fn key_name(&self) -> &str {
        self.head().key_name().as_str()
    }

    /// The size of that key in bits.
    #[getter]
    fn key_bits(&self) -> u32 {
        self.head().key_bits()
    }

    /// When the sender says that it signed, in seconds since 1970.
    #[getter]
    fn date(&self) -> u64 {
        // A `Date` cannot name a time before 1970.
        self.head().date().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    /// The nonce, if one is covered. Values are read as Latin-1.
    #[getter]
    fn nonce(&self) -> Option<String> {
        self.head().covered("x-nonce").map(|nonce| latin1(nonce).into_owned())
    }

    /// All that the signature covers: names in lower case, values read as Latin-1. A new dict each time.
    #[getter]
    fn covered<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let covered = PyDict::new(py);
        for (name, value) in self.head().covered_headers() {
            covered.set_item(name, latin1(value))?;
        }
        Ok(covered)
    }

    /// Checks a body that comes in parts.
    #[pyo3(name = "body_verifier")]
    fn body_verifier(&self) -> PyBodyVerifier {
        PyBodyVerifier(Mutex::new(Some(self.head().clone().body())))
    }

    /// Checks a body that is there as a whole.
    fn verify_body(&self, py: Python<'_>, body: &Bound<'_, PyAny>) -> PyResult<Py<PyVerified>> {
        let body = PyBackedBytes::from(body.cast::<PyBytes>().map_err(|_| wrong_body(body))?.clone());
        let head = self.head().clone();
        match py.detach(|| head.verify_body(body)) {
            Ok(verified) => PyVerified::of(py, verified),
            Err(rejection) => Err(rejected(py, &rejection)),
        }
    }

    fn __repr__(&self) -> String {
        format!("AuthenticHead({})", self.in_words())
    }
}

impl PyAuthenticHead {
    fn in_words(&self) -> String {
        let (account, key, bits, date) = (self.account_id(), self.key_name(), self.key_bits(), self.date());
        format!("account_id={account:?}, key_name={key:?}, key_bits={bits}, date={date}")
    }
}

#[pymethods]
impl PyVerified {
    /// The body that was checked.
    #[getter]
    fn body<'py>(slf: PyRef<'py, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(Self::evidence(&slf)?.body().into_pyobject(py)?)
    }

    /// What the body tells, read from JSON, XML or a form. Raises PayloadError if it is none of these.
    #[getter]
    fn callback(slf: PyRef<'_, Self>) -> PyResult<PyCallback> {
        let callback = Self::evidence(&slf)?.callback();
        callback.map(PyCallback::new).map_err(|error| PayloadError::new_err(error.to_string()))
    }

    fn __repr__(slf: PyRef<'_, Self>) -> PyResult<String> {
        let length = Self::evidence(&slf)?.body().len();
        Ok(format!("Verified({}, body=<{length} bytes>)", slf.as_super().in_words()))
    }
}

#[pymethods]
impl PyVerifiedStream {
    fn __repr__(slf: PyRef<'_, Self>) -> String {
        format!("VerifiedStream({})", slf.as_super().in_words())
    }
}

#[pymethods]
impl PyBodyVerifier {
    /// The next part. Raises Rejected as soon as it is clear that the body is not the one that was signed.
    fn update(&self, py: Python<'_>, part: &Bound<'_, PyAny>) -> PyResult<()> {
        let part = part.cast::<PyBytes>().map_err(|_| wrong_body(part))?.as_bytes();
        let result = py.detach(|| {
            let mut verifier = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            verifier.as_mut().map(|verifier| verifier.update(part))
        });
        match result {
            Some(Ok(())) => Ok(()),
            Some(Err(rejection)) => Err(rejected(py, &rejection)),
            None => Err(finished()),
        }
    }

    /// The body has ended: the evidence, or Rejected.
    fn finish(&self, py: Python<'_>) -> PyResult<Py<PyVerifiedStream>> {
        let verifier = self.0.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(finished)?;
        let verified = py.detach(|| verifier.finish()).map_err(|rejection| rejected(py, &rejection))?;
        let evidence = PyAuthenticHead(Evidence::Stream(verified));
        Py::new(py, PyClassInitializer::from(evidence).add_subclass(PyVerifiedStream))
    }
}

fn finished() -> PyErr {
    PyValueError::new_err("this body has ended; each `body_verifier()` is for one body")
}
