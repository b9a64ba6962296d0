use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use rusqlite::Transaction;

use super::error::StoreError;
use super::{callbacks, databases, entities};
use crate::callback::{Callback, Scope, World, WorldError};
use crate::platform::{Database, Entity, EntityRef, Id, Switches, Within};

/// A transaction that changes entities, and what it need not read twice: databases and callbacks stay as they are in it.
pub(super) struct Batch<'t> {
    pub(super) transaction: &'t Transaction<'t>,
    pub(super) switches: Switches,
    databases: RefCell<HashMap<Id, Arc<Database>>>,
    callbacks: RefCell<HashMap<Scope, Rc<Vec<Callback>>>>,
}

impl<'t> Batch<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>, switches: Switches) -> Self {
        Self { transaction, switches, databases: RefCell::default(), callbacks: RefCell::default() }
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
}

impl World for Batch<'_> {
    fn database(&self, id: Id) -> Result<Arc<Database>, WorldError> {
        Ok(self.database(id)?)
    }

    fn profile(&self, id: Id) -> Result<Entity, WorldError> {
        Ok(self.entity(EntityRef::profile(id))?)
    }

    fn subprofiles(&self, profile: Id, collection: Id) -> Result<Vec<Entity>, WorldError> {
        let mut all = Vec::new();
        entities::scan(self.transaction, Within::CollectionOfProfile { collection, profile }, &[], &mut |entity| {
            all.push(entity);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(all)
    }

    fn visit(&self, scope: Scope, visitor: &mut dyn FnMut(Entity) -> ControlFlow<()>) -> Result<(), WorldError> {
        let within = match scope {
            Scope::Database(id) => Within::Database(id),
            Scope::Collection(id) => Within::Collection(id),
        };
        Ok(entities::scan(self.transaction, within, &[], &mut |entity| Ok(visitor(entity)))?)
    }
}
