//! The entrances that a change can come in by, each named after its trigger. An entrance never touches a table: it makes a
//! [`Command`].

pub(crate) mod copy;
pub(crate) mod handler;
pub(crate) mod import;
pub(crate) mod reports;
pub(crate) mod rest;
pub(crate) mod soap;
pub(crate) mod tracking;
pub(crate) mod ui;

use crate::access_token::AccessToken;
use crate::bell::Bell;
use crate::platform::{Command, Id, Trigger};
use crate::store::{Applied, Store, StoreError};

/// What every entrance works with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) store: Store,
    pub(crate) bell: Bell,
    pub(crate) token: AccessToken,
    /// The publisher's own address, such as `http://127.0.0.1:7070`.
    pub(crate) base_url: String,
    /// The number of the account that it plays.
    pub(crate) account: u64,
}

impl Entry {
    /// Carries a command out, and wakes the dispatcher if a callback fired.
    pub(crate) async fn apply(&self, command: Command, trigger: Trigger) -> Result<Applied, StoreError> {
        self.store.apply_in_turns(command, trigger, self.store.clock().now(), || self.bell.ring()).await
    }

    /// Removes a database with all that is in it, and wakes the dispatcher whenever a callback fired. Who asked for it may hang up
    /// meanwhile.
    pub(crate) async fn remove_database(&self, database: Id, trigger: Trigger) -> Result<(), StoreError> {
        let (store, bell) = (self.store.clone(), self.bell.clone());
        let removal =
            async move { store.remove_database(database, trigger, store.clock().now(), || bell.ring()).await };
        tokio::spawn(removal).await.unwrap_or(Err(StoreError::Stopped))
    }
}
