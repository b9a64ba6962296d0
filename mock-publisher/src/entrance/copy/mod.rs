//! Copies of databases (trigger `copy`): the structure at once, the profiles and subprofiles afterwards, in many short
//! transactions. Copies get their profiles one after the other; one that is cut short goes on when the publisher is started again.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::Entry;
use super::import::truth;
use crate::excerpt::excerpt;
use crate::platform::{Database, Id};
use crate::store::{CopyParts, CopyState, StoreError};

/// Every option that a copy has.
const OPTIONS: [&str; 5] = ["collections", "profiles", "views", "miniviews", "subprofiles"];

/// A way to ask for copies. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Copies {
    entry: Entry,
    asked: Arc<Notify>,
}

impl Copies {
    /// Begins to carry copies out, until `stopping` is true: those that were cut short first.
    pub(crate) fn start(entry: Entry, stopping: watch::Receiver<bool>) -> (Self, JoinHandle<()>) {
        let copies = Self { entry, asked: Arc::default() };
        let worker = Worker { copies: copies.clone(), stopping, given_up: Vec::new() };
        (copies, tokio::spawn(worker.run()))
    }

    /// Copies the structure of a database, and has its profiles copied. Returns the number of the new one.
    pub(super) async fn copy(
        &self,
        database: &Database,
        name: &str,
        options: Option<&Value>,
    ) -> Result<Id, StoreError> {
        let parts = CopyParts::read(options).map_err(StoreError::Invalid)?;
        let store = &self.entry.store;
        let id = store.copy_structure(database.id, name.to_owned(), parts, store.clock().now()).await?;
        self.asked.notify_one();
        Ok(id)
    }
}

/// What copies profiles.
struct Worker {
    copies: Copies,
    stopping: watch::Receiver<bool>,
    /// Copies that something went wrong with. They are tried again when the publisher is started again.
    given_up: Vec<Id>,
}

impl Worker {
    async fn run(mut self) {
        self.tell_of_open("a copy that was cut short goes on").await;
        while !self.is_stopping() {
            match self.next().await {
                Some(target) => self.carry_out(target).await,
                None => tokio::select! {
                    () = self.copies.asked.notified() => {}
                    _ = self.stopping.changed() => {}
                },
            }
        }
        let then = match self.copies.entry.store.folder() {
            Some(_) => "a copy is cut short, and goes on when the publisher is started again",
            None => "a copy is cut short",
        };
        self.tell_of_open(then).await;
    }

    fn is_stopping(&self) -> bool {
        // Nobody is left who could say so, which means the same.
        *self.stopping.borrow() || self.stopping.has_changed().is_err()
    }

    async fn next(&self) -> Option<Id> {
        match self.copies.entry.store.open_copies().await {
            Ok(open) => open.iter().map(|copy| copy.target).find(|target| !self.given_up.contains(target)),
            Err(error) => {
                tracing::error!(%error, "which copies are open cannot be read");
                None
            }
        }
    }

    async fn carry_out(&mut self, target: Id) {
        while !self.is_stopping() {
            let store = &self.copies.entry.store;
            match store.copy_profiles(target, store.clock().now()).await {
                Ok(turn) => {
                    if turn.fired {
                        self.copies.entry.bell.ring();
                    }
                    match turn.state {
                        CopyState::Open => {}
                        CopyState::Complete => return tracing::info!(database = target, "a copy is complete"),
                        CopyState::Broken(why) => {
                            return tracing::error!(database = target, %why, "a copy has ended before it was complete");
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(database = target, %error, "a copy is not complete");
                    self.given_up.push(target);
                    return;
                }
            }
        }
    }

    async fn tell_of_open(&self, what: &str) {
        for copy in self.copies.entry.store.open_copies().await.unwrap_or_default() {
            tracing::warn!(database = copy.target, profiles = copy.copied, "{what}");
        }
    }
}

impl CopyParts {
    /// `views` and `miniviews` are read and have no effect: there are none here.
    ///
    /// Assumption: whatever is not mentioned is copied, as far as what it needs is.
    fn read(options: Option<&Value>) -> Result<Self, String> {
        let empty = Map::new();
        let options = match options {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(options)) => options,
            // PHP writes an empty object as an empty array.
            Some(Value::Array(items)) if items.is_empty() => &empty,
            Some(_) => return Err("`options`: expected an object".to_owned()),
        };
        for unknown in options.keys().filter(|key| !OPTIONS.contains(&key.as_str())) {
            tracing::warn!(option = excerpt(unknown, 100), "a copy has no such option, so it is ignored");
        }
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
        let read = |options: Value| CopyParts::read(Some(&options));
        let all = |collections, profiles, subprofiles| Ok(CopyParts { collections, profiles, subprofiles });
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
