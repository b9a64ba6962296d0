use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use callback_verifier::explain::{Hints, explain};
use callback_verifier::{
    BuildError, EnvironmentIds, Hs2019, MemoryGuard, MissingComma, PinnedKeys, PolicyError, Rejection, RequestHead,
    TestingKeys, TransportPolicy, Verifier, VerifierBuilder,
};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::arguments::{accounts, name_servers, text, texts, time, whole, wrong_body, wrong_type};
use crate::claim::PyClaim;
use crate::dns::{BlockingDns, without_waiting};
use crate::rejected::rejected;
use crate::request::{self, Lines};
use crate::verified::{Evidence, PyAuthenticHead, PyVerified};

/// A nonce takes some 60 bytes.
const MOST_NONCES: usize = 100_000_000;

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
            min_key_bits=None, replay_capacity=None, require_https=false, allow_testing_keys=false, allow_environment=false,
            allow_hs2019=false, allow_missing_comma=false
        ),
        text_signature = "(account, hosts, *, key_pem=None, nameservers=(), zones=(), max_age=300, max_ahead=60, \
                          max_body=8388608, min_key_bits=2048, replay_capacity=1000000, require_https=False, allow_testing_keys=False, \
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
        replay_capacity: Option<&Bound<'_, PyAny>>,
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
        if let Some(capacity) = replay_capacity {
            builder = match usize::try_from(whole("replay_capacity", capacity)?) {
                Ok(0) => builder.without_replay_guard(),
                Ok(capacity) if capacity <= MOST_NONCES => builder.replay_guard(MemoryGuard::with_capacity(capacity)),
                _ => {
                    let message = format!("`replay_capacity` must be between 0 and {MOST_NONCES}, got {capacity}");
                    return Err(PyValueError::new_err(message));
                }
            };
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
    ) -> PyResult<Py<PyVerified>> {
        let body = whole_body(body)?;
        let verdict =
            self.of_head(py, method, target, headers, now, https, |head, now| done(self.0.verify(head, body, now)))?;
        PyVerified::of(py, answered(py, verdict)?)
    }

    /// The same if nothing has to be waited for; None if the key would have to be looked up.
    #[pyo3(signature = (method, target, headers, body, *, now=None, https=None))]
    #[expect(clippy::too_many_arguments, reason = "they are a request")]
    fn verify_at_once(
        &self,
        py: Python<'_>,
        method: &Bound<'_, PyAny>,
        target: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        body: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        https: Option<bool>,
    ) -> PyResult<Option<Py<PyVerified>>> {
        let body = whole_body(body)?;
        let verdict = self.of_head(py, method, target, headers, now, https, |head, now| {
            without_waiting(|| done(self.0.verify(head, body, now)))
        })?;
        match verdict {
            None => Ok(None),
            Some(Ok(verified)) => PyVerified::of(py, verified).map(Some),
            Some(Err(rejection)) => Err(rejected(py, &rejection)),
        }
    }

    /// The same in asyncio: other tasks run while a key is looked up.
    #[pyo3(signature = (*arguments, **keywords))]
    fn averify<'py>(
        slf: &Bound<'py, Self>,
        arguments: &Bound<'py, PyTuple>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        in_asyncio(slf, "averify", arguments, keywords)
    }

    /// The first of two stages: everything but the body.
    #[pyo3(signature = (method, target, headers, *, now=None, https=None))]
    fn head(
        &self,
        py: Python<'_>,
        method: &Bound<'_, PyAny>,
        target: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        https: Option<bool>,
    ) -> PyResult<PyAuthenticHead> {
        let verdict =
            self.of_head(py, method, target, headers, now, https, |head, now| done(self.0.verify_head(head, now)))?;
        answered(py, verdict).map(PyAuthenticHead::new)
    }

    /// The same if nothing has to be waited for; None if the key would have to be looked up.
    #[pyo3(signature = (method, target, headers, *, now=None, https=None))]
    fn head_at_once(
        &self,
        py: Python<'_>,
        method: &Bound<'_, PyAny>,
        target: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        https: Option<bool>,
    ) -> PyResult<Option<PyAuthenticHead>> {
        let verdict = self.of_head(py, method, target, headers, now, https, |head, now| {
            without_waiting(|| done(self.0.verify_head(head, now)))
        })?;
        verdict
            .map(|verdict| verdict.map(PyAuthenticHead::new).map_err(|rejection| rejected(py, &rejection)))
            .transpose()
    }

    /// The same in asyncio: other tasks run while a key is looked up.
    #[pyo3(signature = (*arguments, **keywords))]
    fn ahead<'py>(
        slf: &Bound<'py, Self>,
        arguments: &Bound<'py, PyTuple>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        in_asyncio(slf, "ahead", arguments, keywords)
    }

    /// Claims the nonce of a callback that was verified, so that it is handled once.
    #[pyo3(signature = (verified, *, now=None))]
    fn claim(&self, py: Python<'_>, verified: &Bound<'_, PyAny>, now: Option<&Bound<'_, PyAny>>) -> PyResult<PyClaim> {
        let now = time("now", now)?;
        let evidence = verified.cast::<PyAuthenticHead>().map(|head| head.get().evidence());
        let claim = match evidence {
            Ok(Evidence::Whole(verified)) => py.detach(|| done(self.0.claim(verified, now))),
            Ok(Evidence::Stream(verified)) => py.detach(|| done(self.0.claim(verified, now))),
            Ok(Evidence::Head(_)) | Err(_) => {
                return Err(wrong_type("verified", "Verified or VerifiedStream", verified));
            }
        };
        answered(py, claim).map(PyClaim::new)
    }

    /// Why a request is refused, and what would have made it pass: what `callback-verifier explain --json` writes.
    #[pyo3(signature = (method, target, headers, body, *, now=None, https=None))]
    #[expect(clippy::too_many_arguments, reason = "they are a request")]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        method: &Bound<'py, PyAny>,
        target: &Bound<'py, PyAny>,
        headers: &Bound<'py, PyAny>,
        body: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
        https: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let body = whole_body(body)?;
        let explanation = self.of_head(py, method, target, headers, now, https, |head, now| {
            done(explain(&self.0, head, &body, now, &Hints::default()))
        })?;
        let explanation = explanation.ok_or_else(no_answer)?;
        py.import("json")?.getattr("loads")?.call1((explanation.to_json().to_string(),))
    }

    fn __repr__(&self) -> String {
        let policy = self.0.policy();
        let hosts: Vec<_> = policy.hosts.iter().map(ToString::to_string).collect();
        format!("Verifier(account={:?}, hosts={hosts:?})", policy.accounts)
    }
}

impl PyVerifier {
    /// Does something with a request's head while other threads run.
    #[expect(clippy::too_many_arguments, reason = "they are a request")]
    fn of_head<T: Send>(
        &self,
        py: Python<'_>,
        method: &Bound<'_, PyAny>,
        target: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        https: Option<bool>,
        work: impl Send + FnOnce(&RequestHead<'_>, SystemTime) -> T,
    ) -> PyResult<T> {
        let (method, target) = (text("method", method)?.to_str()?, text("target", target)?.to_str()?);
        let lines = Lines::of(headers)?;
        let headers = lines.headers()?;
        let now = time("now", now)?;
        let head = request::head(method, target, &headers, https);
        Ok(py.detach(|| work(&head, now)))
    }
}

/// The coroutine of that name, which calls this verifier.
fn in_asyncio<'py>(
    verifier: &Bound<'py, PyVerifier>,
    name: &str,
    arguments: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = verifier.py();
    let arguments: Vec<_> = std::iter::once(verifier.clone().into_any()).chain(arguments.iter()).collect();
    py.import("callback_verifier._asyncio")?.getattr(name)?.call(PyTuple::new(py, arguments)?, keywords)
}

/// Not a `bytearray` or a `memoryview`: another thread could change it after it was verified.
fn whole_body(body: &Bound<'_, PyAny>) -> PyResult<PyBackedBytes> {
    Ok(PyBackedBytes::from(body.cast::<PyBytes>().map_err(|_| wrong_body(body))?.clone()))
}

fn answered<T>(py: Python<'_>, verdict: Option<Result<T, Rejection>>) -> PyResult<T> {
    verdict.ok_or_else(no_answer)?.map_err(|rejection| rejected(py, &rejection))
}

fn no_answer() -> PyErr {
    PyRuntimeError::new_err("the key store did not answer")
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
pub(crate) fn done<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}
