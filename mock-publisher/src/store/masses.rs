//! Commands that are about many. Each is carried out in many short transactions, so that others get to write in between. If the
//! program ends on the way, some have been changed and told of, and the others have not.

use std::time::Instant;
use std::vec;

use rusqlite::params;

use super::apply::{Applied, Work};
use super::batch::{Batch, TURN};
use super::error::StoreError;
use super::{Store, entities};
use crate::clock::Millis;
use crate::platform::{Command, Entity, EntityInput, EntityRef, Filter, Id, Trigger, Within};

/// What is left to do of a command.
pub(super) struct Mass {
    entities: vec::IntoIter<EntityRef>,
    what: What,
}

enum What {
    /// Those within that still match when their turn comes.
    Update { within: Within, filters: Vec<Filter>, input: EntityInput },
    /// Those that are still within.
    Remove(Within),
    /// Those that are still in this database, also if they were removed before.
    Erase(Id),
}

impl Mass {
    /// Leaves nothing of these of a database.
    pub(super) fn erasing(database: Id, entities: Vec<EntityRef>) -> Self {
        Self { entities: entities.into_iter(), what: What::Erase(database) }
    }

    fn within(within: Within, ids: Vec<Id>, what: What) -> Self {
        let kind = within.kind();
        let entities = ids.into_iter().map(|id| EntityRef { kind, id }).collect::<Vec<_>>();
        Self { entities: entities.into_iter(), what }
    }
}

impl Store {
    /// Carries a command out: one that is about many in turns, any other in one transaction. `fired` is called whenever there is
    /// something new in the outbox.
    ///
    /// Assumption: the platform does not document whether a call that is about many is carried out as a whole.
    pub(crate) async fn apply_in_turns(
        &self,
        command: Command,
        trigger: Trigger,
        now: Millis,
        fired: impl Fn() + Send + Sync,
    ) -> Result<Applied, StoreError> {
        let applied = match command {
            Command::UpdateMatching { within, filters, input, create } => {
                let ids = self.entity_ids(within, filters.clone()).await?;
                let what = What::Update { within, filters: filters.clone(), input: input.clone() };
                let applied = self.turns(Mass::within(within, ids, what), trigger, now, &fired).await?;
                if applied.touched > 0 || !create {
                    return Ok(applied);
                }
                // That nothing matches must still be so in the transaction that creates something.
                self.apply(Command::UpdateMatching { within, filters, input, create }, trigger, now).await?
            }
            Command::RemoveAmong { within, ids } => {
                return self.turns(Mass::within(within, ids, What::Remove(within)), trigger, now, &fired).await;
            }
            other => self.apply(other, trigger, now).await?,
        };
        if applied.fired > 0 {
            fired();
        }
        Ok(applied)
    }

    /// Carries it out in as many transactions as it takes.
    pub(super) async fn turns(
        &self,
        mut mass: Mass,
        trigger: Trigger,
        now: Millis,
        fired: &(impl Fn() + Send + Sync),
    ) -> Result<Applied, StoreError> {
        let switches = self.switches();
        let mut whole = Applied::default();
        while !mass.entities.as_slice().is_empty() {
            let turn = self.write(move |transaction| {
                let batch = Batch::new(transaction, switches, now);
                let mut work = Work { batch: &batch, trigger, applied: Applied::default() };
                let begun = Instant::now();
                while begun.elapsed() < TURN
                    && let Some(entity) = mass.entities.next()
                {
                    work.carry_out_one(&mass.what, entity)?;
                }
                Ok((mass, work.applied))
            });
            let (left, applied) = turn.await?;
            mass = left;
            if applied.fired > 0 {
                fired();
            }
            whole.touched += applied.touched;
            whole.changes.extend(applied.changes);
            whole.fired += applied.fired;
        }
        Ok(whole)
    }
}

impl Work<'_, '_> {
    /// Does to one of many what is to be done. It may be gone since it was found, or no longer be what was meant.
    fn carry_out_one(&mut self, what: &What, entity: EntityRef) -> Result<(), StoreError> {
        match what {
            What::Erase(database) => self.erase_in(*database, entity),
            What::Remove(within) => match self.present_within(*within, entity.id)? {
                Some(_) => self.remove(entity, false),
                None => Ok(()),
            },
            What::Update { within, filters, input } => {
                let Some(present) = self.present_within(*within, entity.id)? else { return Ok(()) };
                let database = self.batch.database(present.home.database())?;
                let layout = database.layout_of(present.home);
                if filters.iter().all(|filter| filter.matches(&present, layout)) {
                    self.update(entity, input)?;
                }
                Ok(())
            }
        }
    }

    /// Leaves nothing of an entity and its links, unless it is in another database. It is told if it was not removed before.
    pub(super) fn erase_in(&mut self, database: Id, entity: EntityRef) -> Result<(), StoreError> {
        match entities::home(self.batch.transaction, entity) {
            Ok(home) if home.database() != database => return Ok(()),
            Ok(_) => self.remove(entity, true)?,
            // It went with its profile.
            Err(error) if error.is_no(entity.kind) => {}
            Err(error) => return Err(error),
        }
        let sql = "DELETE FROM links WHERE entity_kind = ?1 AND entity = ?2";
        self.batch.transaction.prepare_cached(sql)?.execute(params![entity.kind.name(), entity.id])?;
        Ok(())
    }

    /// What has a number, if it is within and has not been removed.
    pub(super) fn present_within(&self, within: Within, id: Id) -> Result<Option<Entity>, StoreError> {
        let entity = EntityRef { kind: within.kind(), id };
        match self.batch.entity(entity) {
            Ok(present) => Ok(Some(present).filter(|it| it.removed.is_none() && it.home.is_within(within))),
            Err(error) if error.is_no(entity.kind) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::super::CallbackDraft;
    use super::*;
    use crate::callback::Scope;
    use crate::emit::TargetUrl;
    use crate::platform::Switches;

    const COUNT: usize = 3000;

    async fn crowded() -> Store {
        let store = Store::in_memory(Switches::default()).unwrap();
        let input = EntityInput::of_fields(json!({"name": "Mike"}).as_object().unwrap().clone());
        let create = Command::CreateProfile { database: 1, input };
        store.apply_all(vec![create; COUNT], Trigger::Rest, 1).await.unwrap();
        let url = TargetUrl::parse("http://127.0.0.1:9/").unwrap();
        store.create_callback(Scope::Database(1), url, CallbackDraft::default()).await.unwrap();
        store
    }

    fn update(name: &str, create: bool) -> Command {
        let input = EntityInput::of_fields(json!({"city": "Breda"}).as_object().unwrap().clone());
        Command::UpdateMatching {
            within: Within::Database(1),
            filters: vec![Filter::equal("name", name)],
            input,
            create,
        }
    }

    fn removal() -> Command {
        Command::RemoveAmong { within: Within::Database(1), ids: (0..=COUNT as Id).chain(1..9).collect() }
    }

    #[tokio::test]
    async fn what_is_about_many_lets_others_write_in_between() {
        for command in [update("mike", false), removal()] {
            let store = crowded().await;
            // Once the first turn is over, somebody removes one whose turn has not come yet.
            let (turns, other) = (AtomicUsize::new(0), Mutex::new(None));
            let last = Command::Remove { entity: EntityRef::profile(COUNT as Id), completely: false };
            let applied = store.apply_in_turns(command, Trigger::Rest, 2, || {
                if turns.fetch_add(1, Ordering::Relaxed) == 0 {
                    let (store, last) = (store.clone(), last.clone());
                    let removed = tokio::spawn(async move { store.apply(last, Trigger::Rest, 2).await });
                    *other.lock().unwrap() = Some(removed);
                }
            });
            let applied = applied.await.unwrap();
            assert!(turns.into_inner() > 1);
            other.into_inner().unwrap().unwrap().await.unwrap().unwrap();
            assert_eq!((applied.touched, applied.changes.len(), applied.fired), (COUNT - 1, COUNT - 1, COUNT - 1));
        }
    }

    #[tokio::test]
    async fn something_is_created_only_if_nothing_matches() {
        let store = Store::in_memory(Switches::default()).unwrap();
        let apply = |command| store.apply_in_turns(command, Trigger::Rest, 2, || ());
        assert_eq!(apply(update("Mike", false)).await.unwrap(), Applied::default());
        assert_eq!(apply(update("Mike", true)).await.unwrap().created, Some(EntityRef::profile(1)));
        let applied = apply(update("", true)).await.unwrap();
        assert_eq!((applied.created, applied.touched), (None, 1));
    }
}
