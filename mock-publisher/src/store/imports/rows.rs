use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::Instant;

use rusqlite::{Connection, Row, Transaction, params};
use serde_json::{Map, Value};

use super::super::apply::{Applied, Work};
use super::super::batch::{Batch, TURN};
use super::super::error::StoreError;
use super::super::{Store, entities};
use super::Tally;
use super::keys::{Key, KeyIndex};
use crate::clock::Millis;
use crate::platform::{
    Command, Database, Entity, EntityRef, Home, Id, ImportAction, ImportRow, ImportRules, Kind, Trigger, Within,
};

/// How many entities are looked at in one go when those that a file did not name are removed.
const PAGE: usize = 500;

/// What an import remembers from one turn to the next: where to find what its rows name.
///
/// If a turn fails it is lost, and with it what had been remembered of rows that were not carried out.
#[derive(Debug)]
pub(crate) struct Matcher {
    rules: ImportRules,
    profiles: KeyIndex,
    subprofiles: KeyIndex,
    /// Changes up to this one are in the indexes.
    known_change: Id,
    /// The profile values of the row before, and the profiles that it was about.
    row_before: Option<(Map<String, Value>, Vec<Id>)>,
    /// What the file has named so far, of the kind that is removed if it is missing.
    named: HashSet<Id>,
    /// Nothing newer is missing: somebody else has created it since.
    newest: Id,
}

/// What came of a turn.
#[derive(Debug)]
pub(crate) struct Turn<T> {
    pub(crate) matcher: Matcher,
    /// Whether a callback fired.
    pub(crate) fired: bool,
    /// What is left to do.
    pub(crate) left: T,
}

impl Store {
    /// Looks at what is there before an import begins.
    pub(crate) async fn prepare_import(&self, rules: ImportRules) -> Result<Matcher, StoreError> {
        self.read(move |connection| Matcher::new(connection, rules)).await
    }

    /// Carries rows out in order, as many as one turn allows, and counts them: all of these, or none.
    pub(crate) async fn import_rows(
        &self,
        import: Id,
        matcher: Matcher,
        rows: Vec<ImportRow>,
        now: Millis,
    ) -> Result<Turn<Vec<ImportRow>>, StoreError> {
        let mut rows = rows.into_iter();
        self.turn(import, matcher, now, move |turn| {
            let begun = Instant::now();
            let mut processed = 0;
            while begun.elapsed() < TURN
                && let Some(row) = rows.next()
            {
                turn.carry_out(row)?;
                processed += 1;
            }
            Ok((processed, rows.collect()))
        })
        .await
    }

    /// Removes some of those that were there before the import and were not named in it: the next ones behind `after`. Returns
    /// where to go on.
    pub(crate) async fn remove_missing(
        &self,
        import: Id,
        matcher: Matcher,
        after: Id,
        now: Millis,
    ) -> Result<Turn<Option<Id>>, StoreError> {
        self.turn(import, matcher, now, move |turn| {
            let page = turn.present_behind(after)?;
            let begun = Instant::now();
            for &id in &page {
                if !turn.matcher.named.contains(&id) {
                    turn.remove(EntityRef { kind: turn.matcher.rules.delete_target, id })?;
                }
                if begun.elapsed() >= TURN {
                    return Ok((0, Some(id)));
                }
            }
            Ok((0, if page.len() < PAGE { None } else { page.last().copied() }))
        })
        .await
    }

    /// One transaction of an import. The work tells how many rows it has carried out, and what is left.
    async fn turn<T: Send + 'static>(
        &self,
        import: Id,
        mut matcher: Matcher,
        now: Millis,
        work: impl FnOnce(&mut Rows<'_, '_, '_>) -> Result<(u64, T), StoreError> + Send + 'static,
    ) -> Result<Turn<T>, StoreError> {
        let switches = self.switches();
        self.write(move |transaction| {
            let batch = Batch::new(transaction, switches, now);
            let database = batch.database(matcher.rules.database)?;
            matcher.rules.check(&database).map_err(StoreError::Invalid)?;
            matcher.catch_up(&batch)?;
            let work_of_turn = Work { batch: &batch, trigger: Trigger::Import, applied: Applied::default() };
            let mut rows =
                Rows { work: work_of_turn, matcher: &mut matcher, database: &database, tally: Tally::default() };
            let (processed, left) = work(&mut rows)?;
            let tally = Tally { fired: rows.work.applied.fired as u64, ..rows.tally };
            count(transaction, import, processed, tally)?;
            matcher.known_change = newest_change(transaction)?;
            Ok(Turn { matcher, fired: tally.fired > 0, left })
        })
        .await
    }
}

fn count(transaction: &Transaction<'_>, import: Id, processed: u64, tally: Tally) -> Result<(), StoreError> {
    let sql = "UPDATE imports SET processed = processed + ?2, created = created + ?3, updated = updated + ?4, \
               removed = removed + ?5, unchanged = unchanged + ?6, fired = fired + ?7 WHERE id = ?1";
    let Tally { created, updated, removed, unchanged, fired } = tally;
    transaction
        .prepare_cached(sql)?
        .execute(params![import, processed, created, updated, removed, unchanged, fired])?;
    Ok(())
}

fn newest_change(connection: &Connection) -> Result<Id, StoreError> {
    let sql = "SELECT coalesce(max(id), 0) FROM changes";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

impl Matcher {
    fn new(connection: &Connection, rules: ImportRules) -> Result<Self, StoreError> {
        let newest = entities::next_id(connection, rules.delete_target)? - 1;
        let known_change = newest_change(connection)?;
        let (profiles, subprofiles) = (KeyIndex::default(), KeyIndex::default());
        let mut matcher =
            Self { rules, profiles, subprofiles, known_change, row_before: None, named: HashSet::new(), newest };
        if matcher.rules.action.matches() {
            for within in matcher.within() {
                entities::scan(connection, within, &[], &mut |entity| {
                    matcher.add(&entity);
                    Ok(ControlFlow::Continue(()))
                })?;
            }
        }
        Ok(matcher)
    }

    /// Whether there is something to do once all rows are carried out.
    pub(crate) fn removes_missing(&self) -> bool {
        self.rules.remove_missing
    }

    fn within(&self) -> Vec<Within> {
        let collection = self.rules.collection.filter(|_| !self.rules.subprofile_keys.is_empty());
        [Within::Database(self.rules.database)].into_iter().chain(collection.map(Within::Collection)).collect()
    }

    fn add(&mut self, entity: &Entity) {
        match entity.home {
            Home::Database(_) => {
                self.profiles.add(0, &Key::of_entity(&self.rules.profile_keys, entity), entity.id);
            }
            Home::Collection { profile, .. } => {
                self.subprofiles.add(profile, &Key::of_entity(&self.rules.subprofile_keys, entity), entity.id);
            }
        }
    }

    /// Looks at what others have changed since the last turn.
    fn catch_up(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        if !self.rules.action.matches() {
            return Ok(());
        }
        let sql = "SELECT DISTINCT kind, entity FROM changes WHERE id > ?1 AND database = ?2 AND action <> 'delete' \
                   AND (collection IS NULL OR collection IS ?3)";
        let mut statement = batch.transaction.prepare_cached(sql)?;
        let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
        let params = params![self.known_change, self.rules.database, self.rules.collection];
        let changed: Vec<(String, Id)> = statement.query_map(params, read)?.collect::<Result<_, _>>()?;
        for (kind, id) in changed {
            let kind = Kind::from_name(&kind).ok_or_else(|| StoreError::row("kind", &kind))?;
            if let Some(entity) = present(batch, EntityRef { kind, id })? {
                self.add(&entity);
            }
        }
        Ok(())
    }
}

/// Something that is there and has not been removed.
fn present(batch: &Batch<'_>, entity: EntityRef) -> Result<Option<Entity>, StoreError> {
    match batch.entity(entity) {
        Ok(entity) => Ok(Some(entity).filter(|entity| entity.removed.is_none())),
        Err(StoreError::NoEntity(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Rows under way, in one transaction.
struct Rows<'w, 'b, 't> {
    work: Work<'b, 't>,
    matcher: &'w mut Matcher,
    database: &'w Database,
    tally: Tally,
}

impl Rows<'_, '_, '_> {
    fn carry_out(&mut self, mut row: ImportRow) -> Result<(), StoreError> {
        let values = std::mem::take(&mut row.profile);
        let profiles = if self.matcher.rules.action == ImportAction::Add {
            self.added_profile(values, row.has_subprofile())?
        } else {
            self.matched_profiles(values)?
        };
        if row.has_subprofile() {
            for profile in profiles {
                self.subprofile(profile, row.subprofile.clone())?;
            }
        }
        Ok(())
    }

    /// Assumption: rows in succession with the same profile values and a subprofile each are one profile, as the documentation
    /// has them: one row for each subprofile, with the columns of the profile repeated.
    fn added_profile(&mut self, values: Map<String, Value>, has_subprofile: bool) -> Result<Vec<Id>, StoreError> {
        if !has_subprofile {
            self.matcher.row_before = None;
            return self.create_profile(values, None);
        }
        if let Some((before, profiles)) = &self.matcher.row_before
            && *before == values
            && let [profile] = profiles[..]
            && present(self.work.batch, EntityRef::profile(profile))?.is_some()
        {
            return Ok(vec![profile]);
        }
        let profiles = self.create_profile(values.clone(), None)?;
        self.matcher.row_before = Some((values, profiles.clone()));
        Ok(profiles)
    }

    /// What is found by its keys, once it has been done to it what the import does; also what was created because nothing was.
    fn matched_profiles(&mut self, values: Map<String, Value>) -> Result<Vec<Id>, StoreError> {
        let rules = &self.matcher.rules;
        let (action, target) = (rules.action, rules.delete_target);
        let key = Key::of_input(&rules.profile_keys, self.database.layout(), &rules.input(values.clone()));
        let found = self.found_profiles(&key)?;
        if target == Kind::Profile {
            self.note_named(&found);
        }
        match action {
            ImportAction::Update | ImportAction::UpdateOrAdd if !found.is_empty() => {
                for &id in &found {
                    self.update(EntityRef::profile(id), values.clone())?;
                }
                Ok(found)
            }
            ImportAction::UpdateOrAdd | ImportAction::IgnoreOrAdd if found.is_empty() => {
                self.create_profile(values, Some(&key))
            }
            ImportAction::IgnoreOrAdd => {
                self.tally.unchanged += found.len() as u64;
                Ok(found)
            }
            ImportAction::Delete if target == Kind::Profile => {
                for id in found {
                    self.remove(EntityRef::profile(id))?;
                }
                Ok(Vec::new())
            }
            _ => Ok(found),
        }
    }

    fn subprofile(&mut self, profile: Id, values: Map<String, Value>) -> Result<(), StoreError> {
        let Some(collection) = self.matcher.rules.collection else { return Ok(()) };
        let rules = &self.matcher.rules;
        let (action, target, input) = (rules.action, rules.delete_target, rules.input(values.clone()));
        let home = Home::Collection { collection, profile, database: self.database.id };
        let key = Key::of_input(&rules.subprofile_keys, self.database.layout_of(home), &input);
        let found = if action.matches() { self.found_subprofiles(profile, &key)? } else { Vec::new() };
        if target == Kind::Subprofile {
            self.note_named(&found);
        }
        match action {
            ImportAction::Update | ImportAction::UpdateOrAdd if !found.is_empty() => {
                found.into_iter().try_for_each(|id| self.update(EntityRef::subprofile(id), values.clone()))
            }
            ImportAction::IgnoreOrAdd if !found.is_empty() => {
                self.tally.unchanged += found.len() as u64;
                Ok(())
            }
            ImportAction::Add | ImportAction::UpdateOrAdd | ImportAction::IgnoreOrAdd => {
                let id = self.create(Command::CreateSubprofile { profile, collection, input })?;
                if action.matches() {
                    self.matcher.subprofiles.add(profile, &key, id);
                }
                Ok(())
            }
            ImportAction::Delete => found.into_iter().try_for_each(|id| self.remove(EntityRef::subprofile(id))),
            ImportAction::Update => Ok(()),
        }
    }

    fn found_profiles(&self, key: &Key) -> Result<Vec<Id>, StoreError> {
        let rules = &self.matcher.rules;
        let mut found = Vec::new();
        for id in self.matcher.profiles.candidates(0, key) {
            let Some(entity) = present(self.work.batch, EntityRef::profile(id))? else { continue };
            if Key::of_entity(&rules.profile_keys, &entity) == *key {
                found.push(id);
            }
        }
        Ok(found)
    }

    fn found_subprofiles(&self, profile: Id, key: &Key) -> Result<Vec<Id>, StoreError> {
        let rules = &self.matcher.rules;
        let mut found = Vec::new();
        for id in self.matcher.subprofiles.candidates(profile, key) {
            let Some(entity) = present(self.work.batch, EntityRef::subprofile(id))? else { continue };
            let is_its = matches!(entity.home, Home::Collection { profile: owner, .. } if owner == profile);
            if is_its && Key::of_entity(&rules.subprofile_keys, &entity) == *key {
                found.push(id);
            }
        }
        Ok(found)
    }

    fn note_named(&mut self, ids: &[Id]) {
        if self.matcher.rules.remove_missing {
            self.matcher.named.extend(ids);
        }
    }

    fn create_profile(&mut self, values: Map<String, Value>, key: Option<&Key>) -> Result<Vec<Id>, StoreError> {
        let input = self.matcher.rules.input(values);
        let id = self.create(Command::CreateProfile { database: self.database.id, input })?;
        if let Some(key) = key {
            self.matcher.profiles.add(0, key, id);
        }
        Ok(vec![id])
    }

    fn create(&mut self, command: Command) -> Result<Id, StoreError> {
        self.work.carry_out(command)?;
        self.tally.created += 1;
        // A command that creates has created something.
        self.work.applied.created.take().map(|created| created.id).ok_or(StoreError::Stopped)
    }

    fn update(&mut self, entity: EntityRef, values: Map<String, Value>) -> Result<(), StoreError> {
        let before = self.work.applied.changes.len();
        self.work.carry_out(Command::Update { entity, input: self.matcher.rules.input(values) })?;
        if self.work.applied.changes.len() > before {
            self.tally.updated += 1;
        } else {
            self.tally.unchanged += 1;
        }
        Ok(())
    }

    fn remove(&mut self, entity: EntityRef) -> Result<(), StoreError> {
        self.work.carry_out(Command::Remove { entity, completely: false })?;
        self.tally.removed += 1;
        Ok(())
    }

    /// The next ones that were there before the import.
    fn present_behind(&self, after: Id) -> Result<Vec<Id>, StoreError> {
        let rules = &self.matcher.rules;
        let (sql, within) = match (rules.delete_target, rules.collection) {
            (Kind::Profile, _) => (
                "SELECT id FROM profiles WHERE database = ?1 AND removed IS NULL AND id > ?2 AND id <= ?3 \
                 ORDER BY id LIMIT ?4",
                rules.database,
            ),
            (Kind::Subprofile, Some(collection)) => (
                "SELECT id FROM subprofiles WHERE collection = ?1 AND removed IS NULL AND id > ?2 AND id <= ?3 \
                 ORDER BY id LIMIT ?4",
                collection,
            ),
            (Kind::Subprofile, None) => return Ok(Vec::new()),
        };
        let mut statement = self.work.batch.transaction.prepare_cached(sql)?;
        let ids = statement.query_map(params![within, after, self.matcher.newest, PAGE], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }
}
