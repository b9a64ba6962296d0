//! Copies of databases (trigger `copy`): the structure at once, the profiles and subprofiles afterwards, in many short
//! transactions.

use serde_json::{Map, Value};
use tokio::sync::watch;

use super::Entry;
use super::import::truth;
use crate::clock;
use crate::platform::{Database, Id};
use crate::store::{CopyPlan, StoreError};

/// Carries copies out. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Copies {
    entry: Entry,
    stopping: watch::Receiver<bool>,
}

impl Copies {
    /// Copies that are under way end when `stopping` is true.
    pub(crate) fn new(entry: Entry, stopping: watch::Receiver<bool>) -> Self {
        Self { entry, stopping }
    }

    /// Copies the structure of a database, and begins to copy its profiles. Returns the number of the new one.
    pub(super) async fn start(
        &self,
        database: &Database,
        name: &str,
        options: Option<&Value>,
    ) -> Result<Id, StoreError> {
        let options = Options::read(options).map_err(StoreError::Invalid)?;
        let store = &self.entry.store;
        let plan = store.copy_structure(database.id, name.to_owned(), options.collections, clock::now()).await?;
        let id = plan.target();
        if options.profiles {
            tokio::spawn(self.clone().entities(plan.with_subprofiles(options.subprofiles)));
        }
        Ok(id)
    }

    async fn entities(self, plan: CopyPlan) {
        if let Err(error) = self.copy_entities(&plan).await {
            tracing::error!(database = plan.target(), %error, "a copy is not complete");
        }
    }

    async fn copy_entities(&self, plan: &CopyPlan) -> Result<(), StoreError> {
        let mut next = Some(0);
        while let Some(after) = next {
            if *self.stopping.borrow() {
                return Err(StoreError::Stopped);
            }
            let turn = self.entry.store.copy_profiles(plan.clone(), after, clock::now()).await?;
            if turn.fired {
                self.entry.bell.ring();
            }
            next = turn.next;
        }
        tracing::info!(database = plan.target(), "a copy is complete");
        Ok(())
    }
}

/// What is copied besides fields and interests. `views` and `miniviews` are read and have no effect: there are none here.
///
/// Assumption: whatever is not mentioned is copied, as far as what it needs is.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    collections: bool,
    profiles: bool,
    subprofiles: bool,
}

impl Options {
    fn read(options: Option<&Value>) -> Result<Self, String> {
        let empty = Map::new();
        let options = match options {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(options)) => options,
            // PHP writes an empty object as an empty array.
            Some(Value::Array(items)) if items.is_empty() => &empty,
            Some(_) => return Err("`options`: expected an object".to_owned()),
        };
        let collections = truth(options, "collections", true)?;
        let profiles = truth(options, "profiles", true)?;
        truth(options, "views", true)?;
        if truth(options, "miniviews", collections)? && !collections {
            return Err("`miniviews` cannot be copied without `collections`".to_owned());
        }
        let both = collections && profiles;
        let subprofiles = truth(options, "subprofiles", both)?;
        if subprofiles && !both {
            return Err("`subprofiles` cannot be copied without `collections` and `profiles`".to_owned());
        }
        Ok(Self { collections, profiles, subprofiles })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_needs_something_else_is_not_copied_without_it() {
        let read = |options: Value| Options::read(Some(&options));
        let all = |collections, profiles, subprofiles| Ok(Options { collections, profiles, subprofiles });
        assert_eq!(read(json!(null)), all(true, true, true));
        assert_eq!(read(json!([])), all(true, true, true));
        assert_eq!(read(json!({"profiles": "false"})), all(true, false, false));
        assert_eq!(read(json!({"collections": false})), all(false, true, false));
        for options in [
            json!({"collections": false, "subprofiles": true}),
            json!({"profiles": false, "subprofiles": true}),
            json!({"collections": false, "miniviews": true}),
            json!({"profiles": "perhaps"}),
            json!("all"),
        ] {
            assert!(read(options.clone()).is_err(), "{options}");
        }
    }
}
