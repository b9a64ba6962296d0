use std::ops::ControlFlow;

use super::apply::{Applied, Work};
use super::batch::Batch;
use super::error::StoreError;
use super::{Store, callbacks, databases, entities};
use crate::callback::{Callback, Scope};
use crate::clock::Millis;
use crate::platform::{Database, Entity, EntityInput, Home, Id, InterestsInput, Trigger, Within};

/// How many profiles are copied in one transaction.
const PROFILES: usize = 200;

/// What is copied where.
#[derive(Debug, Clone)]
pub(crate) struct CopyPlan {
    source: Id,
    target: Id,
    /// Each collection and its copy.
    collections: Vec<(Id, Id)>,
    /// Nothing newer is copied: it came after the copy was asked for.
    newest: Id,
    subprofiles: bool,
}

/// What came of copying some profiles.
#[derive(Debug)]
pub(crate) struct Copied {
    /// Whether a callback fired.
    pub(crate) fired: bool,
    /// Where to go on.
    pub(crate) next: Option<Id>,
}

impl CopyPlan {
    /// The number of the copy.
    pub(crate) const fn target(&self) -> Id {
        self.target
    }

    /// The same with subprofiles, or without.
    pub(crate) fn with_subprofiles(self, subprofiles: bool) -> Self {
        Self { subprofiles, ..self }
    }
}

impl Store {
    /// Adds a database with the same fields, interests and, if they are wanted, collections; with the same callbacks too if a
    /// switch says so.
    pub(crate) async fn copy_structure(
        &self,
        source: Id,
        name: String,
        with_collections: bool,
        now: Millis,
    ) -> Result<CopyPlan, StoreError> {
        let copy_callbacks = self.switches().copy_callbacks;
        self.write(move |transaction| {
            let mut original = databases::find(transaction, source)?;
            if !with_collections {
                original.collections.clear();
            }
            let copy = Database { name, created: now, ..original };
            let target = databases::insert(transaction, &copy)?;
            let copied = databases::find(transaction, target)?;
            let collections: Vec<(Id, Id)> =
                copy.collections.iter().map(|old| old.id).zip(copied.collections.iter().map(|new| new.id)).collect();
            if copy_callbacks {
                let scopes = collections.iter().map(|&(old, new)| (Scope::Collection(old), Scope::Collection(new)));
                for (old, new) in [(Scope::Database(source), Scope::Database(target))].into_iter().chain(scopes) {
                    for callback in callbacks::of_scope(transaction, old)? {
                        callbacks::insert(transaction, &Callback { scope: new, ..callback })?;
                    }
                }
            }
            let newest = entities::next_id(transaction, crate::platform::Kind::Profile)? - 1;
            Ok(CopyPlan { source, target, collections, newest, subprofiles: false })
        })
        .await
    }

    /// Copies the next profiles behind `after`, each with its subprofiles if they are wanted.
    pub(crate) async fn copy_profiles(&self, plan: CopyPlan, after: Id, now: Millis) -> Result<Copied, StoreError> {
        let switches = self.switches();
        self.write(move |transaction| {
            let batch = Batch::new(transaction, switches);
            let sql = "SELECT id FROM profiles WHERE database = ?1 AND removed IS NULL AND id > ?2 AND id <= ?3 \
                       ORDER BY id LIMIT ?4";
            let ids: Vec<Id> = transaction
                .prepare_cached(sql)?
                .query_map(rusqlite::params![plan.source, after, plan.newest, PROFILES], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut work = Work { batch: &batch, trigger: Trigger::Copy, now, applied: Applied::default() };
            for &id in &ids {
                work.copy_profile(&plan, id)?;
            }
            let next = if ids.len() < PROFILES { None } else { ids.last().copied() };
            Ok(Copied { fired: work.applied.fired > 0, next })
        })
        .await
    }
}

impl Work<'_, '_> {
    fn copy_profile(&mut self, plan: &CopyPlan, id: Id) -> Result<(), StoreError> {
        let original = self.batch.entity(crate::platform::EntityRef::profile(id))?;
        self.create(Home::Database(plan.target), &input(original))?;
        let Some(copy) = self.applied.created else { return Ok(()) };
        if !plan.subprofiles {
            return Ok(());
        }
        for &(old, new) in &plan.collections {
            let mut originals = Vec::new();
            let within = Within::CollectionOfProfile { collection: old, profile: id };
            entities::scan(self.batch.transaction, within, &[], &mut |subprofile| {
                originals.push(subprofile);
                Ok(ControlFlow::Continue(()))
            })?;
            let home = Home::Collection { collection: new, profile: copy.id, database: plan.target };
            originals.into_iter().try_for_each(|original| self.create(home, &input(original)))?;
        }
        Ok(())
    }
}

/// The values of something, for one that is to be as it is.
fn input(original: Entity) -> EntityInput {
    let fields = original.fields.into_iter().map(|(name, value)| (name, value.into())).collect();
    EntityInput { fields, interests: Some(InterestsInput::Exactly(original.interests)), secret: None }
}
