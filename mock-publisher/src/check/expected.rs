//! Known exceptions: vectors that a receiver does not pass, each with the reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::vector::Class;

/// How long a file may be, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The exceptions of a file, by the vector's name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exceptions(BTreeMap<String, String>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    except: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    id: String,
    reason: String,
}

/// A file holds no exceptions.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExceptionsError {
    #[error("cannot read `{}`: {cause}", path.display())]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("`{}` is too long", .0.display())]
    TooLong(PathBuf),
    #[error("`{}`: {cause}", path.display())]
    Syntax { path: PathBuf, cause: Box<toml::de::Error> },
    #[error("`{}`: there is no vector `{id}`; `--list` names all", path.display())]
    Unknown { path: PathBuf, id: String },
    #[error("`{}`: `{id}` has no reason", path.display())]
    NoReason { path: PathBuf, id: String },
    #[error("`{}`: `{id}` is there twice", path.display())]
    Twice { path: PathBuf, id: String },
}

impl Exceptions {
    pub(super) fn read(path: &Path, classes: &[Class]) -> Result<Self, ExceptionsError> {
        let unreadable = |cause| ExceptionsError::Read { path: path.to_owned(), cause };
        if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE {
            return Err(ExceptionsError::TooLong(path.to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let syntax = |cause| ExceptionsError::Syntax { path: path.to_owned(), cause: Box::new(cause) };
        let file: File = toml::from_str(&text).map_err(syntax)?;
        let mut exceptions = BTreeMap::new();
        for Exception { id, reason } in file.except {
            let path = path.to_owned();
            if !classes.iter().flat_map(|class| &class.vectors).any(|vector| vector.id == id) {
                return Err(ExceptionsError::Unknown { path, id });
            }
            if reason.trim().is_empty() {
                return Err(ExceptionsError::NoReason { path, id });
            }
            if exceptions.insert(id.clone(), reason).is_some() {
                return Err(ExceptionsError::Twice { path, id });
            }
        }
        Ok(Self(exceptions))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(id, reason)| (id.as_str(), reason.as_str()))
    }
}
