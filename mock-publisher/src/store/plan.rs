use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, params};

use super::apply::{Applied, Work};
use super::batch::Batch;
use super::databases::{from_json, to_json};
use super::error::StoreError;
use super::{Store, handlers};
use crate::clock::Millis;
use crate::platform::{Command, Database, Entity, EntityRef, Id, Keepsake, Occasion, Trigger};

/// What somebody wants to be done who has seen what is there.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) commands: Vec<Command>,
    pub(crate) keepsakes: Vec<(EntityRef, Keepsake)>,
    /// What else was asked for that has no effect, in words.
    pub(crate) ignored: Vec<String>,
}

/// What somebody may look at who makes a plan.
pub(crate) struct View<'b, 't>(&'b Batch<'t>);

impl Store {
    /// Has a plan made of what is there and carries it out, in one transaction: what a plan was made from is still so when it
    /// is carried out, so that of two that count something up none is lost. If there is no plan, nothing happens.
    pub(crate) async fn apply_plan<E: Send + 'static>(
        &self,
        trigger: Trigger,
        now: Millis,
        plan: impl FnOnce(&View<'_, '_>) -> Result<Plan, E> + Send + 'static,
    ) -> Result<Result<Applied, E>, StoreError> {
        let switches = self.switches();
        self.write(move |transaction| {
            let batch = Batch::new(transaction, switches, now);
            let Plan { commands, keepsakes, ignored } = match plan(&View(&batch)) {
                Ok(plan) => plan,
                Err(error) => return Ok(Err(error)),
            };
            let mut work = Work { batch: &batch, trigger, applied: Applied { ignored, ..Applied::default() } };
            commands.into_iter().try_for_each(|command| work.carry_out(command))?;
            for (entity, keepsake) in keepsakes {
                let sql = "INSERT OR REPLACE INTO keepsakes (kind, entity, extra, data) VALUES (?1, ?2, ?3, ?4)";
                let Keepsake { extra, data } = keepsake;
                transaction.execute(sql, params![entity.kind.name(), entity.id, extra, to_json(&data)?])?;
            }
            Ok(Ok(work.applied))
        })
        .await
    }
}

impl View<'_, '_> {
    pub(crate) fn entity(&self, entity: EntityRef) -> Result<Entity, StoreError> {
        self.0.entity(entity)
    }

    pub(crate) fn database(&self, id: Id) -> Result<Arc<Database>, StoreError> {
        self.0.database(id)
    }

    /// The first subprofiles that a profile has in a collection.
    pub(crate) fn subprofiles(&self, profile: Id, collection: Id, limit: usize) -> Result<Vec<Entity>, StoreError> {
        self.0.subprofiles(profile, collection, limit)
    }

    /// What scripts have kept with an entity.
    pub(crate) fn keepsake(&self, entity: EntityRef) -> Result<Keepsake, StoreError> {
        let sql = "SELECT extra, data FROM keepsakes WHERE kind = ?1 AND entity = ?2";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let mut statement = self.0.transaction.prepare_cached(sql)?;
        let kept: Option<(String, String)> =
            statement.query_row(params![entity.kind.name(), entity.id], read).optional()?;
        kept.map_or_else(|| Ok(Keepsake::default()), |(extra, data)| Ok(Keepsake { extra, data: from_json(&data)? }))
    }

    /// The script that a database has for an occasion, if one has been set.
    pub(crate) fn handler(&self, database: Id, occasion: Occasion) -> Result<Option<String>, StoreError> {
        handlers::script(self.0.transaction, database, occasion)
    }
}
