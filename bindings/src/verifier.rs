use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use callback_verifier::{
    BuildError, EnvironmentIds, Hs2019, MissingComma, PinnedKeys, PolicyError, TestingKeys, TransportPolicy, Verifier,
    VerifierBuilder,
};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::arguments::{accounts, name_servers, text, texts, time, whole, wrong_type};
use crate::dns::BlockingDns;
use crate::refused::refused;
use crate::request::{self, Lines};
use crate::verified::PyVerified;

/// Verifies callbacks. Build one and share it: it is immutable, keeps the keys, and threads use it side by side.
#[pyclass(frozen, name = "Verifier", module = "callback_verifier")]
pub(crate) struct PyVerifier(Verifier);

#[pymethods]
impl PyVerifier {
    // Defaults are those of the library; the text signature and the stub repeat them for people.
    #[new]
    #[pyo3(
        signature = (
            account, hosts, *, key_pem=None, nameservers=None, zones=None, max_age=None, max_ahead=None, max_body=None,
            min_key_bits=None, require_https=false, allow_testing_keys=false, allow_environment=false,
            allow_hs2019=false, allow_missing_comma=false
        ),
        text_signature = "(account, hosts, *, key_pem=None, nameservers=(), zones=(), max_age=300, max_ahead=60, \
                          max_body=8388608, min_key_bits=2048, require_https=False, allow_testing_keys=False, \
                          allow_environment=False, allow_hs2019=False, allow_missing_comma=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        account: &Bound<'_, PyAny>,
        hosts: &Bound<'_, PyAny>,
        key_pem: Option<&Bound<'_, PyAny>>,
        nameservers: Option<&Bound<'_, PyAny>>,
        zones: Option<&Bound<'_, PyAny>>,
        max_age: Option<&Bound<'_, PyAny>>,
        max_ahead: Option<&Bound<'_, PyAny>>,
        max_body: Option<&Bound<'_, PyAny>>,
        min_key_bits: Option<&Bound<'_, PyAny>>,
        require_https: bool,
        allow_testing_keys: bool,
        allow_environment: bool,
        allow_hs2019: bool,
        allow_missing_comma: bool,
    ) -> PyResult<Self> {
        let accounts = accounts("account", account)?;
        let Some((first, others)) = accounts.split_first() else {
            return Err(PyValueError::new_err(PolicyError::NoAccount.to_string()));
        };
        let mut builder = Verifier::builder(*first);
        for account in others {
            builder = builder.account(*account);
        }
        for host in texts("hosts", hosts)? {
            builder = builder.host(&host);
        }
        for zone in zones.map_or(Ok(Vec::new()), |zones| texts("zones", zones))? {
            builder = builder.zone(&zone);
        }
        if let Some(max_age) = max_age {
            builder = builder.max_age(Duration::from_secs(whole("max_age", max_age)?));
        }
        if let Some(max_ahead) = max_ahead {
            builder = builder.max_ahead(Duration::from_secs(whole("max_ahead", max_ahead)?));
        }
        if let Some(max_body) = max_body {
            builder = builder.max_body(whole("max_body", max_body)?);
        }
        if let Some(bits) = min_key_bits {
            builder = builder.min_key_bits(u32::try_from(whole("min_key_bits", bits)?).unwrap_or(u32::MAX));
        }
        if require_https {
            builder = builder.transport(TransportPolicy::RequireHttps);
        }
        if allow_testing_keys {
            builder = builder.testing_keys(TestingKeys::Accept);
        }
        if allow_environment {
            builder = builder.environment_ids(EnvironmentIds::Accept);
        }
        if allow_hs2019 {
            builder = builder.hs2019(Hs2019::AcceptAsRsaSha256);
        }
        if allow_missing_comma {
            builder = builder.missing_comma(MissingComma::Accept);
        }
        with_keys(builder, key_pem, nameservers)?.build().map(Self).map_err(setup_error)
    }

    /// Verifies one request; waits for DNS, at most 3 s, if the key is not at hand.
    #[pyo3(signature = (method, target, headers, body, *, now=None, https=None))]
    #[expect(clippy::too_many_arguments, reason = "they are a request")]
    fn verify(
        &self,
        py: Python<'_>,
        method: &Bound<'_, PyAny>,
        target: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        body: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        https: Option<bool>,
    ) -> PyResult<PyVerified> {
        let (method, target) = (text("method", method)?.to_str()?, text("target", target)?.to_str()?);
        let lines = Lines::of(headers)?;
        let lines = lines.headers()?;
        // Not a `bytearray` or a `memoryview`: another thread could change it after it was verified.
        let body = body.cast::<PyBytes>().map_err(|_| wrong_type("body", "bytes", body))?;
        let body = PyBackedBytes::from(body.clone());
        let now = time("now", now)?;
        let head = request::head(method, target, &lines, https);
        let verdict = py.detach(|| done(self.0.verify(&head, body, now)));
        match verdict {
            Some(Ok(verified)) => Ok(PyVerified(verified)),
            Some(Err(rejection)) => Err(refused(py, &rejection)),
            None => Err(PyRuntimeError::new_err("the key store did not answer")),
        }
    }

    fn __repr__(&self) -> String {
        let policy = self.0.policy();
        let hosts: Vec<_> = policy.hosts.iter().map(ToString::to_string).collect();
        format!("Verifier(account={:?}, hosts={hosts:?})", policy.accounts)
    }
}

fn with_keys(
    builder: VerifierBuilder,
    key_pem: Option<&Bound<'_, PyAny>>,
    nameservers: Option<&Bound<'_, PyAny>>,
) -> PyResult<VerifierBuilder> {
    let servers = nameservers.map_or(Ok(Vec::new()), |servers| name_servers("nameservers", servers))?;
    let Some(pem) = key_pem else {
        return Ok(builder.keys(BlockingDns::new(servers).map_err(|error| setup_error(error.into()))?));
    };
    if !servers.is_empty() {
        return Err(PyValueError::new_err(
            "`key_pem` stands for every key, so no `nameservers` are asked: give one of them",
        ));
    }
    let key = PinnedKeys::read_pem(text("key_pem", pem)?.to_str()?)
        .map_err(|error| PyValueError::new_err(format!("`key_pem` is unusable: {error}")))?;
    Ok(builder.keys(PinnedKeys::new().with_every_name(key)))
}

fn setup_error(error: BuildError) -> PyErr {
    match error {
        BuildError::Dns(error) => PyOSError::new_err(format!("{error}; name servers can be given as `nameservers`")),
        other => PyValueError::new_err(other.to_string()),
    }
}

/// The outcome of what never waits: here the key stores answer at once, or block.
fn done<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}
