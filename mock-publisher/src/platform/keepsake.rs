use serde_json::{Map, Value};

/// What scripts keep with a profile or subprofile for later ones. It is no part of its fields, and no callback tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Keepsake {
    pub(crate) extra: String,
    /// Texts and numbers.
    pub(crate) data: Map<String, Value>,
}
