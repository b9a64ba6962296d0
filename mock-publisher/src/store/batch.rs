use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Transaction;

use super::error::StoreError;
use super::{callbacks, crowds, databases, entities};
use crate::callback::{Budget, Callback, Scope, World, WorldError};
use crate::platform::{Database, Entity, EntityRef, Field, Id, Switches, Within};

/// How long one transaction may go on with further work that could as well be done in another one, so that others get to write
/// in between.
pub(super) const TURN: Duration = Duration::from_millis(25);

/// A transaction that changes entities, and what it need not read twice: databases and callbacks stay as they are in it.
pub(super) struct Batch<'t> {
    pub(super) transaction: &'t Transaction<'t>,
    pub(super) switches: Switches,
    databases: RefCell<HashMap<Id, Arc<Database>>>,
    callbacks: RefCell<HashMap<Scope, Rc<Vec<Callback>>>>,
    pub(super) budget: Budget,
}

impl<'t> Batch<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>, switches: Switches) -> Self {
        let (databases, callbacks) = (RefCell::default(), RefCell::default());
        Self { transaction, switches, databases, callbacks, budget: Budget::default() }
    }

    pub(super) fn database(&self, id: Id) -> Result<Arc<Database>, StoreError> {
        if let Some(known) = self.databases.borrow().get(&id) {
            return Ok(known.clone());
        }
        let database = Arc::new(databases::find(self.transaction, id)?);
        self.databases.borrow_mut().insert(id, database.clone());
        Ok(database)
    }

    pub(super) fn callbacks(&self, scope: Scope) -> Result<Rc<Vec<Callback>>, StoreError> {
        if let Some(known) = self.callbacks.borrow().get(&scope) {
            return Ok(known.clone());
        }
        let callbacks = Rc::new(callbacks::of_scope(self.transaction, scope)?);
        self.callbacks.borrow_mut().insert(scope, callbacks.clone());
        Ok(callbacks)
    }

    pub(super) fn entity(&self, entity: EntityRef) -> Result<Entity, StoreError> {
        let home = entities::home(self.transaction, entity)?;
        let database = self.database(home.database())?;
        entities::find(self.transaction, entity, database.layout_of(home).fields)
    }

    /// The first subprofiles that a profile has in a collection.
    pub(super) fn subprofiles(&self, profile: Id, collection: Id, limit: usize) -> Result<Vec<Entity>, StoreError> {
        let mut some = Vec::new();
        let within = Within::CollectionOfProfile { collection, profile };
        entities::scan(self.transaction, within, &[], &mut |entity| {
            if some.len() == limit {
                return Ok(ControlFlow::Break(()));
            }
            some.push(entity);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(some)
    }
}

impl World for Batch<'_> {
    fn database(&self, id: Id) -> Result<Arc<Database>, WorldError> {
        Ok(self.database(id)?)
    }

    fn profile(&self, id: Id) -> Result<Entity, WorldError> {
        Ok(self.entity(EntityRef::profile(id))?)
    }

    fn subprofiles(&self, profile: Id, collection: Id, limit: usize) -> Result<Vec<Entity>, WorldError> {
        Ok(self.subprofiles(profile, collection, limit)?)
    }

    fn twins(&self, entity: &Entity, fields: &[&Field]) -> Result<(u64, u64), WorldError> {
        Ok(crowds::twins(self.transaction, entity, fields)?)
    }

    fn place(&self, entity: &Entity, fields: &[&Field]) -> Result<(u64, u64), WorldError> {
        Ok(crowds::place(self.transaction, entity, fields)?)
    }
}
