use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::Instant;
use std::vec;

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

/// A row that is about no more than this many is never cut in two, so that whatever happens, it has been carried out or not.
const WHOLE: usize = 50;

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
    /// A row that has not been carried out for all that it names: they may be many, and turns are short.
    under_way: Option<UnderWay>,
    /// The profile values of the row before, and the profile that it was about.
    row_before: Option<(Map<String, Value>, Id)>,
    /// What the file has named so far, of the kind that is removed if it is missing.
    named: HashSet<Id>,
    /// Nothing newer is missing: somebody else has created it since.
    newest: Id,
}

/// A row, and what is left to do of it.
#[derive(Debug)]
struct UnderWay {
    row: ImportRow,
    profiles: Search,
    /// The profile whose subprofiles it is about now.
    subprofiles: Option<(Id, Search)>,
}

/// A search for all that have a key.
#[derive(Debug)]
struct Search {
    key: Key,
    /// Those that may have it and have not been looked at.
    candidates: vec::IntoIter<Id>,
    /// Whether one had it, or was created because none had.
    found: bool,
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
            while begun.elapsed() < TURN {
                let under_way = turn.matcher.under_way.take();
                let Some(mut row) = under_way.or_else(|| rows.next().map(|row| turn.begin(row))) else { break };
                if turn.carry_out(&mut row, begun)? {
                    processed += 1;
                } else {
                    turn.matcher.under_way = Some(row);
                }
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
        let (under_way, row_before, named) = (None, None, HashSet::new());
        let mut matcher = Self { rules, profiles, subprofiles, known_change, under_way, row_before, named, newest };
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

    /// Whether a row is still to be carried out for some that it names.
    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
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
    fn begin(&self, row: ImportRow) -> UnderWay {
        let rules = &self.matcher.rules;
        let key = Key::of_input(&rules.profile_keys, self.database.layout(), &rules.input(row.profile.clone()));
        UnderWay { profiles: self.search(&self.matcher.profiles, 0, key), row, subprofiles: None }
    }

    /// Carries a row out, whole unless it is about many and the turn is over; tells whether it is done.
    fn carry_out(&mut self, row: &mut UnderWay, begun: Instant) -> Result<bool, StoreError> {
        let mut steps = 0;
        while self.step(row)? {
            steps += 1;
            if steps >= WHOLE && begun.elapsed() >= TURN {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn search(&self, index: &KeyIndex, within: Id, key: Key) -> Search {
        let candidates = if self.matcher.rules.action.matches() { index.candidates(within, &key) } else { Vec::new() };
        Search { key, candidates: candidates.into_iter(), found: false }
    }

    /// Carries a row out for the next one that it may be about; tells whether something may be left.
    ///
    /// What is found has that done to it which the import does, and then its subprofiles; so has what is created because nothing
    /// is found.
    fn step(&mut self, row: &mut UnderWay) -> Result<bool, StoreError> {
        if let Some((profile, search)) = &mut row.subprofiles {
            let left = self.subprofile(*profile, search, &row.row.subprofile)?;
            if !left {
                row.subprofiles = None;
            }
            return Ok(true);
        }
        let search = &mut row.profiles;
        let profile = match search.candidates.next() {
            Some(id) if self.is_profile(id, &search.key)? => self.found_profile(id, &row.row.profile)?,
            Some(_) => return Ok(true),
            None if search.found => return Ok(false),
            None => self.missing_profile(&row.row, &search.key)?,
        };
        search.found = true;
        row.subprofiles = match profile.filter(|_| row.row.has_subprofile()).zip(self.matcher.rules.collection) {
            Some((profile, collection)) => Some((profile, self.search_subprofiles(profile, collection, &row.row))),
            None => None,
        };
        Ok(true)
    }

    fn search_subprofiles(&self, profile: Id, collection: Id, row: &ImportRow) -> Search {
        let rules = &self.matcher.rules;
        let home = Home::Collection { collection, profile, database: self.database.id };
        let input = rules.input(row.subprofile.clone());
        let key = Key::of_input(&rules.subprofile_keys, self.database.layout_of(home), &input);
        self.search(&self.matcher.subprofiles, profile, key)
    }

    /// Whether it is there and has the key, which others may have changed meanwhile.
    fn is_profile(&self, id: Id, key: &Key) -> Result<bool, StoreError> {
        let entity = present(self.work.batch, EntityRef::profile(id))?;
        Ok(entity.is_some_and(|entity| Key::of_entity(&self.matcher.rules.profile_keys, &entity) == *key))
    }

    fn is_subprofile(&self, id: Id, profile: Id, key: &Key) -> Result<bool, StoreError> {
        let Some(entity) = present(self.work.batch, EntityRef::subprofile(id))? else { return Ok(false) };
        let is_its = matches!(entity.home, Home::Collection { profile: owner, .. } if owner == profile);
        Ok(is_its && Key::of_entity(&self.matcher.rules.subprofile_keys, &entity) == *key)
    }

    /// Returns it if its subprofiles are next.
    fn found_profile(&mut self, id: Id, values: &Map<String, Value>) -> Result<Option<Id>, StoreError> {
        let ImportRules { action, delete_target: target, .. } = self.matcher.rules;
        self.note_named(Kind::Profile, id);
        match action {
            ImportAction::Update | ImportAction::UpdateOrAdd => self.update(EntityRef::profile(id), values.clone())?,
            ImportAction::IgnoreOrAdd => self.tally.unchanged += 1,
            ImportAction::Delete if target == Kind::Profile => {
                self.remove(EntityRef::profile(id))?;
                return Ok(None);
            }
            ImportAction::Delete | ImportAction::Add => {}
        }
        Ok(Some(id))
    }

    /// Creates what was not found, if the import does that.
    ///
    /// Assumption: rows in succession with the same profile values and a subprofile each are one profile, as the documentation
    /// has them: one row for each subprofile, with the columns of the profile repeated.
    fn missing_profile(&mut self, row: &ImportRow, key: &Key) -> Result<Option<Id>, StoreError> {
        let rules = &self.matcher.rules;
        let (action, input) = (rules.action, rules.input(row.profile.clone()));
        if let ImportAction::Update | ImportAction::Delete = action {
            return Ok(None);
        }
        if let (ImportAction::Add, Some((before, profile))) = (action, &self.matcher.row_before)
            && row.has_subprofile()
            && *before == row.profile
            && present(self.work.batch, EntityRef::profile(*profile))?.is_some()
        {
            return Ok(Some(*profile));
        }
        let id = self.create(Command::CreateProfile { database: self.database.id, input })?;
        if action.matches() {
            self.matcher.profiles.add(0, key, id);
        } else {
            self.matcher.row_before = row.has_subprofile().then(|| (row.profile.clone(), id));
        }
        Ok(Some(id))
    }

    /// The next one that the row may be about; tells whether something may be left.
    fn subprofile(
        &mut self,
        profile: Id,
        search: &mut Search,
        values: &Map<String, Value>,
    ) -> Result<bool, StoreError> {
        let rules = &self.matcher.rules;
        let (action, input) = (rules.action, rules.input(values.clone()));
        let Some(id) = search.candidates.next() else {
            let adds = !matches!(action, ImportAction::Update | ImportAction::Delete);
            if let Some(collection) = rules.collection.filter(|_| adds && !search.found) {
                let id = self.create(Command::CreateSubprofile { profile, collection, input })?;
                if action.matches() {
                    self.matcher.subprofiles.add(profile, &search.key, id);
                }
            }
            return Ok(false);
        };
        if self.is_subprofile(id, profile, &search.key)? {
            search.found = true;
            self.note_named(Kind::Subprofile, id);
            match action {
                ImportAction::Update | ImportAction::UpdateOrAdd => {
                    self.update(EntityRef::subprofile(id), values.clone())?;
                }
                ImportAction::IgnoreOrAdd => self.tally.unchanged += 1,
                ImportAction::Delete => self.remove(EntityRef::subprofile(id))?,
                ImportAction::Add => {}
            }
        }
        Ok(true)
    }

    fn note_named(&mut self, kind: Kind, id: Id) {
        let rules = &self.matcher.rules;
        if rules.remove_missing && rules.delete_target == kind {
            self.matcher.named.insert(id);
        }
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
