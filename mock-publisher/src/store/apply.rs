use std::ops::ControlFlow;

use super::batch::Batch;
use super::entities::{self, matching};
use super::error::StoreError;
use super::{Store, changes};
use crate::clock::Millis;
use crate::platform::{
    Action, Change, Command, Entity, EntityInput, EntityRef, Home, Id, Kind, Trigger, Unsubscribe, Within,
};

/// What came of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// What was created, if something was.
    pub(crate) created: Option<EntityRef>,
    /// How many it was carried out on, whether they changed or not.
    pub(crate) touched: usize,
    /// The changes that it made, in order.
    pub(crate) changes: Vec<Id>,
    /// How many callbacks it fired.
    pub(crate) fired: usize,
    /// What a plan asked for without effect, in words.
    pub(crate) ignored: Vec<String>,
}

impl Store {
    /// Carries a command out: the new state, the changes, and an outbox row for each callback that fires, or nothing.
    pub(crate) async fn apply(&self, command: Command, trigger: Trigger, now: Millis) -> Result<Applied, StoreError> {
        self.apply_all(vec![command], trigger, now).await
    }

    /// Carries commands out in order: all of them, or none.
    pub(crate) async fn apply_all(
        &self,
        commands: Vec<Command>,
        trigger: Trigger,
        now: Millis,
    ) -> Result<Applied, StoreError> {
        let switches = self.switches();
        self.write(move |transaction| {
            let batch = Batch::new(transaction, switches, now);
            let mut work = Work { batch: &batch, trigger, applied: Applied::default() };
            for command in commands {
                work.carry_out(command)?;
            }
            Ok(work.applied)
        })
        .await
    }
}

/// Commands under way, in one transaction.
pub(super) struct Work<'b, 't> {
    pub(super) batch: &'b Batch<'t>,
    pub(super) trigger: Trigger,
    pub(super) applied: Applied,
}

impl Work<'_, '_> {
    pub(super) fn carry_out(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::CreateProfile { database, input } => self.create(Home::Database(database), &input),
            Command::CreateSubprofile { profile, collection, input } => {
                let home = self.home_of_subprofile(profile, collection)?;
                self.create(home, &input)
            }
            Command::Update { entity, input } => self.update(entity, &input),
            Command::Remove { entity, completely } => self.remove(entity, completely),
            Command::Move { profile, database } => self.move_profile(profile, database),
            Command::RemoveAmong { within, ids } => self.remove_among(within, ids),
            Command::Unsubscribe { entity } => self.unsubscribe(entity),
            Command::UpdateMatching { within, filters, input, create } => {
                let ids = matching(self.batch.transaction, within, &filters)?;
                if ids.is_empty() && create {
                    return self.create_within(within, &input);
                }
                let kind = within.kind();
                ids.into_iter().try_for_each(|id| self.update(EntityRef { kind, id }, &input))
            }
        }
    }

    fn home_of_subprofile(&self, profile: Id, collection: Id) -> Result<Home, StoreError> {
        let owner = self.batch.entity(EntityRef::profile(profile))?;
        if owner.removed.is_some() {
            return Err(StoreError::Removed(owner.reference()));
        }
        let database = self.batch.database(owner.home.database())?;
        if !database.collections.iter().any(|known| known.id == collection) {
            return Err(StoreError::NoCollection(collection.to_string()));
        }
        Ok(Home::Collection { collection, profile, database: database.id })
    }

    fn create_within(&mut self, within: Within, input: &EntityInput) -> Result<(), StoreError> {
        match within {
            Within::Database(database) => self.create(Home::Database(database), input),
            Within::CollectionOfProfile { collection, profile } => {
                let home = self.home_of_subprofile(profile, collection)?;
                self.create(home, input)
            }
            Within::Collection(_) => {
                Err(StoreError::Invalid("a subprofile needs a profile to be created for".to_owned()))
            }
        }
    }

    fn create(&mut self, home: Home, input: &EntityInput) -> Result<(), StoreError> {
        let entity = self.new_entity(home, input)?;
        self.add(entity)
    }

    pub(super) fn new_entity(&self, home: Home, input: &EntityInput) -> Result<Entity, StoreError> {
        let database = self.batch.database(home.database())?;
        let id = entities::next_id(self.batch.transaction, home.kind())?;
        Ok(Entity::create(home, database.layout_of(home), id, secret()?, input, self.batch.now))
    }

    pub(super) fn add(&mut self, entity: Entity) -> Result<(), StoreError> {
        let database = self.batch.database(entity.home.database())?;
        entities::put(self.batch.transaction, &entity, database.layout_of(entity.home).fields)?;
        self.applied.created = Some(entity.reference());
        self.applied.touched += 1;
        self.record(Action::Create, entity, None)
    }

    pub(super) fn update(&mut self, entity: EntityRef, input: &EntityInput) -> Result<(), StoreError> {
        let transaction = self.batch.transaction;
        let before = self.batch.entity(entity)?;
        let database = self.batch.database(before.home.database())?;
        let layout = database.layout_of(before.home);
        self.applied.touched += 1;
        if before.removed.is_some() {
            // As observed on the platform: it answers well, and the profile counts as modified each time.
            return entities::put(transaction, &Entity { modified: self.batch.now, ..before }, layout.fields);
        }
        let after = before.update(layout, input, self.batch.now);
        entities::put(transaction, &after, layout.fields)?;
        if after.differs_from(&before) || self.batch.switches.tell_updates_without_change {
            self.record(Action::Update, after, Some(before))?;
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, entity: EntityRef, completely: bool) -> Result<(), StoreError> {
        let present = self.batch.entity(entity)?;
        if present.removed.is_some() && !completely {
            return Err(StoreError::Removed(entity));
        }
        self.applied.touched += 1;
        if entity.kind == Kind::Profile {
            self.remove_subprofiles(&present, completely)?;
        }
        self.take_away(present, completely, true)
    }

    fn remove_among(&mut self, within: Within, ids: Vec<Id>) -> Result<(), StoreError> {
        for id in ids {
            if let Some(present) = self.present_within(within, id)? {
                self.remove(present.reference(), false)?;
            }
        }
        Ok(())
    }

    /// Its subprofiles go with a profile, and before it.
    fn remove_subprofiles(&mut self, profile: &Entity, completely: bool) -> Result<(), StoreError> {
        let database = self.batch.database(profile.home.database())?;
        for collection in &database.collections {
            let within = Within::CollectionOfProfile { collection: collection.id, profile: profile.id };
            let mut subprofiles = Vec::new();
            entities::scan(self.batch.transaction, within, &[], &mut |subprofile| {
                subprofiles.push(subprofile);
                Ok(ControlFlow::Continue(()))
            })?;
            for subprofile in subprofiles {
                self.take_away(subprofile, completely, self.batch.switches.tell_cascaded_removals)?;
            }
        }
        Ok(())
    }

    fn take_away(&mut self, present: Entity, completely: bool, tell: bool) -> Result<(), StoreError> {
        let transaction = self.batch.transaction;
        if completely {
            entities::erase(transaction, present.reference())?;
        } else {
            let database = self.batch.database(present.home.database())?;
            let fields = database.layout_of(present.home).fields;
            entities::put(transaction, &present.remove(self.batch.now), fields)?;
        }
        // What is erased after it was removed has been told already.
        if tell && present.removed.is_none() { self.record(Action::Delete, present, None) } else { Ok(()) }
    }

    fn unsubscribe(&mut self, entity: EntityRef) -> Result<(), StoreError> {
        let home = entities::home(self.batch.transaction, entity)?;
        let database = self.batch.database(home.database())?;
        let behaviour = match home {
            Home::Database(_) => &database.unsubscribe,
            Home::Collection { collection, .. } => {
                match database.collections.iter().find(|known| known.id == collection) {
                    Some(collection) => &collection.unsubscribe,
                    None => return Err(StoreError::NoCollection(collection.to_string())),
                }
            }
        };
        match behaviour {
            Unsubscribe::Nothing => Ok(()),
            Unsubscribe::Remove => self.remove(entity, false),
            Unsubscribe::Update(fields) => self.update(entity, &EntityInput::of_fields(fields.clone())),
        }
    }

    fn record(&mut self, action: Action, entity: Entity, before: Option<Entity>) -> Result<(), StoreError> {
        let change = Change { action, trigger: self.trigger, entity, before };
        let (id, fired) = changes::record(self.batch, &change)?;
        self.applied.changes.push(id);
        self.applied.fired += fired;
        Ok(())
    }
}

/// 28 hexadecimal digits, as the platform's own are.
fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 14];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
