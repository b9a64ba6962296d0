//! Signing, for tests of receivers: the signing string and the signature come from the library, as in the publisher.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use callback_verifier::KeyName;
use callback_verifier::key::Backend;
use callback_verifier::sign::PrivateKey;
use callback_verifier::wire::CoveredHeaders;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::arguments::text;
use crate::request::{self, Lines};

/// An RSA private key that signs requests in tests.
#[pyclass(frozen, name = "PrivateKey", module = "callback_verifier.testing")]
pub(crate) struct PyPrivateKey(PrivateKey);

#[pymethods]
impl PyPrivateKey {
    /// Reads one from PEM: `-----BEGIN PRIVATE KEY-----`, of at least 2048 bits.
    #[new]
    fn new(pem: &Bound<'_, PyAny>) -> PyResult<Self> {
        let key = PrivateKey::from_pem(text("pem", pem)?.to_str()?);
        key.map(Self).map_err(|error| PyValueError::new_err(format!("`pem` is unusable: {error}")))
    }

    /// A new one of 2048 bits. It takes some tenths of a second.
    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<Self> {
        let failed = || PyRuntimeError::new_err("the cryptographic library failed to make a key");
        py.detach(|| {
            let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
            let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
            PrivateKey::from_pkcs8(der.as_ref(), Backend::AwsLc).ok()
        })
        .map(Self)
        .ok_or_else(failed)
    }

    /// The public half as PEM: the `key_pem` of a verifier.
    #[getter]
    fn public_pem(&self) -> String {
        self.0.public_key_pem()
    }

    /// The key record (TXT) that publishes the public half in DNS.
    #[getter]
    fn record(&self) -> String {
        let pem = self.0.public_key_pem();
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        format!("v=DKIM1;k=rsa;p={base64}")
    }

    /// The value of the `Signature` header of a request.
    #[pyo3(signature = (method, target, headers, *, key_id, covered))]
    fn sign(
        &self,
        method: &Bound<'_, PyAny>,
        target: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        key_id: &Bound<'_, PyAny>,
        covered: &Bound<'_, PyAny>,
    ) -> PyResult<String> {
        let (method, target) = (text("method", method)?.to_str()?, text("target", target)?.to_str()?);
        let lines = Lines::of(headers)?;
        let headers = lines.headers()?;
        let wrong = |name, error: &dyn std::fmt::Display| PyValueError::new_err(format!("`{name}`: {error}"));
        let key_id = KeyName::parse(text("key_id", key_id)?.to_str()?).map_err(|error| wrong("key_id", &error))?;
        let covered =
            CoveredHeaders::parse(text("covered", covered)?.to_str()?).map_err(|error| wrong("covered", &error))?;
        let head = request::head(method, target, &headers, None);
        self.0.sign_request(&head, &key_id, &covered).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}
