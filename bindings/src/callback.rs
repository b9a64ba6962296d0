use std::hash::{Hash, Hasher};

use callback_verifier::{Callback, Fields};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyMappingProxy, PyTuple};

/// What a callback tells. Immutable, and made to be matched: `case Callback(action="create", fields={"email": email})`.
#[pyclass(frozen, eq, hash, name = "Callback", module = "callback_verifier")]
pub(crate) struct PyCallback {
    callback: Callback,
    fields: PyOnceLock<Py<PyMappingProxy>>,
}

impl PyCallback {
    pub(crate) fn new(callback: Callback) -> Self {
        Self { callback, fields: PyOnceLock::new() }
    }
}

impl PartialEq for PyCallback {
    fn eq(&self, other: &Self) -> bool {
        self.callback == other.callback
    }
}

impl Hash for PyCallback {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.callback.action(), self.callback.entity(), self.callback.id()).hash(state);
    }
}

#[pymethods]
impl PyCallback {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("action", "entity", "id");

    /// What happened: `create`, `update`, `delete`, or `unstated` where the payload does not tell.
    #[getter]
    fn action(&self) -> String {
        self.callback.action().to_string()
    }

    /// To what: `profile` or `subprofile`.
    #[getter]
    fn entity(&self) -> String {
        self.callback.entity().to_string()
    }

    /// Its number, as text.
    #[getter]
    fn id(&self) -> &str {
        self.callback.id()
    }

    /// The values of its fields, by name; of what was deleted the last ones.
    #[getter]
    fn fields(&self, py: Python<'_>) -> PyResult<Py<PyMappingProxy>> {
        self.fields.get_or_try_init(py, || mapping(py, self.callback.fields())).map(|fields| fields.clone_ref(py))
    }

    /// Its interests, in the order in which they came.
    #[getter]
    fn interests<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.callback.interests().iter().collect::<Vec<_>>())
    }

    /// The fields that changed with their new values, where the payload tells that.
    #[getter]
    fn changed(&self, py: Python<'_>) -> PyResult<Option<Py<PyMappingProxy>>> {
        self.callback.changed().map(|fields| mapping(py, fields)).transpose()
    }

    /// The fields' values before, where the payload tells that.
    #[getter]
    fn previous(&self, py: Python<'_>) -> PyResult<Option<Py<PyMappingProxy>>> {
        self.callback.previous().map(|fields| mapping(py, fields)).transpose()
    }

    /// The number of the profile, where the payload tells it.
    #[getter]
    fn profile(&self) -> Option<&str> {
        self.callback.profile()
    }

    /// The number of the subprofile, where the payload tells it.
    #[getter]
    fn subprofile(&self) -> Option<&str> {
        self.callback.subprofile()
    }

    /// The number of the database, where the payload tells it.
    #[getter]
    fn database(&self) -> Option<&str> {
        self.callback.database()
    }

    /// The number of the collection, where the payload tells it.
    #[getter]
    fn collection(&self) -> Option<&str> {
        self.callback.collection()
    }

    /// When it happened, in seconds since 1970, where the payload tells it.
    #[getter]
    fn time(&self) -> Option<u64> {
        self.callback.time()
    }

    /// Which form the payload had.
    #[getter]
    fn dialect(&self) -> String {
        self.callback.dialect().to_string()
    }

    fn __repr__(&self) -> String {
        format!(
            "Callback(action={:?}, entity={:?}, id={:?}, fields=<{}>, interests=<{}>)",
            self.action(),
            self.entity(),
            self.id(),
            self.callback.fields().len(),
            self.callback.interests().len()
        )
    }
}

/// A dict that nobody can change.
fn mapping(py: Python<'_>, fields: &Fields) -> PyResult<Py<PyMappingProxy>> {
    let dict = PyDict::new(py);
    for (name, value) in fields.iter() {
        dict.set_item(name, value)?;
    }
    Ok(PyMappingProxy::new(py, dict.as_mapping()).unbind())
}
