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
use crate::clock::Millis;
use crate::platform::{ConditionStyle, Database, Entity, EntityRef, Field, Id, Switches, Within};

/// How long one transaction may go on with further work that could as well be done in another one, so that others get to write
/// in between.
pub(super) const TURN: Duration = Duration::from_millis(25);

/// A transaction that changes entities, and what it need not read twice: databases and callbacks stay as they are in it.
pub(super) struct Batch<'t> {
    pub(super) transaction: &'t Transaction<'t>,
    pub(super) switches: Switches,
    /// When it happens: for what changes, and for the conditions that are asked about it.
    pub(super) now: Millis,
    databases: RefCell<HashMap<Id, Arc<Database>>>,
    callbacks: RefCell<HashMap<Scope, Rc<Vec<Callback>>>>,
    /// The crowds that were asked about.
    crowds: RefCell<Vec<Id>>,
    pub(super) budget: Budget,
}

impl<'t> Batch<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>, switches: Switches, now: Millis) -> Self {
        let (databases, callbacks, crowds) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { transaction, switches, now, databases, callbacks, crowds, budget: Budget::default() }
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

    /// The crowd that an entity is compared with. It stays for the whole transaction; and making one takes a look at everybody,
    /// of which not only the first condition that asks has the benefit.
    fn crowd(&self, entity: &Entity, fields: &[&Field]) -> Result<Id, WorldError> {
        let mut in_use = self.crowds.borrow_mut();
        let crowd = match crowds::known(self.transaction, entity, fields)? {
            Some(known) => known,
            None => self.budget.at_no_cost(|| crowds::make(self.transaction, entity, fields, &in_use))?,
        };
        if !in_use.contains(&crowd) {
            in_use.push(crowd);
        }
        Ok(crowd)
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
    fn style(&self) -> ConditionStyle {
        self.switches.conditions
    }

    fn now(&self) -> Millis {
        self.now
    }

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
        Ok(crowds::twins(self.transaction, self.crowd(entity, fields)?, entity, fields)?)
    }

    fn place(&self, entity: &Entity, fields: &[&Field]) -> Result<(u64, u64), WorldError> {
        Ok(crowds::place(self.transaction, self.crowd(entity, fields)?, entity, fields)?)
    }
}
