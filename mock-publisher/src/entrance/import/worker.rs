use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use super::columns::Columns;
use super::order::ImportOrder;
use super::source::{self, Format, Visitor};
use super::spool;
use crate::entrance::Entry;
use crate::platform::{Database, Id, ImportRow, ImportRules};
use crate::store::{ImportStatus, Matcher, StoreError};

/// How many imports may be on their way at a time, from the first byte of the file to the last row: each keeps a file.
const MAX_OPEN: usize = 100;
/// How many rows are handed over at a time.
const ROWS: usize = 500;
/// About how many bytes of memory are handed over at a time.
const BYTES: usize = 1 << 20;

/// The imports that wait, and a way to ask for more. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Imports(Arc<Inner>);

struct Inner {
    entry: Entry,
    /// How long a file may be, in bytes.
    max_file: u64,
    places: Arc<Semaphore>,
    queue: mpsc::UnboundedSender<Job>,
    jobs: Mutex<Jobs>,
}

#[derive(Default)]
struct Jobs {
    /// All that have not ended.
    open: HashSet<Id>,
    /// Those of them that nobody has started.
    held: HashMap<Id, Job>,
    /// Those of them that somebody wants to end.
    stopped: HashSet<Id>,
}

struct Job {
    id: Id,
    order: ImportOrder,
    file: Arc<File>,
    format: Format,
    /// Another import gets it when this one is gone.
    _place: Place,
}

/// A place among the imports that are on their way.
pub(super) struct Place(#[expect(dead_code, reason = "it is kept, not looked at")] OwnedSemaphorePermit);

/// Why an import did not come to its end.
enum Ending {
    Failed(String),
    /// The publisher stops, or somebody wants the import to end.
    Stopped(&'static str),
}

impl From<StoreError> for Ending {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Imports {
    /// Begins to carry imports out, until `stopping` is true. No file is longer than `max_file` bytes.
    pub(crate) fn start(entry: Entry, max_file: u64, stopping: watch::Receiver<bool>) -> (Self, JoinHandle<()>) {
        // No more jobs are in the queue than there are places.
        let (queue, jobs) = mpsc::unbounded_channel();
        let places = Arc::new(Semaphore::new(MAX_OPEN));
        let imports = Self(Arc::new(Inner { entry, max_file, places, queue, jobs: Mutex::default() }));
        let worker = Worker { imports: imports.clone(), stopping };
        (imports, tokio::spawn(worker.run(jobs)))
    }

    /// How long a file may be, in bytes.
    pub(super) fn max_file(&self) -> u64 {
        self.0.max_file
    }

    /// A place for an import, before anything of its file is kept.
    pub(super) fn place(&self) -> Result<Place, StoreError> {
        let full = |_| StoreError::Full(format!("{MAX_OPEN} imports are on their way already; wait for one to end"));
        self.0.places.clone().try_acquire_owned().map(Place).map_err(full)
    }

    /// Takes an import on. Returns its number.
    pub(super) async fn take(
        &self,
        place: Place,
        order: ImportOrder,
        format: Format,
        file: File,
    ) -> Result<Id, StoreError> {
        let id = self.0.entry.store.create_import(order.database, order.name.clone(), order.action).await?;
        self.jobs().open.insert(id);
        let (autostart, job) = (order.autostart, Job { id, order, file: Arc::new(file), format, _place: place });
        if autostart {
            self.enqueue(job);
        } else {
            self.jobs().held.insert(id, job);
        }
        Ok(id)
    }

    /// Takes an import of what a text says on.
    pub(in crate::entrance) async fn take_text(
        &self,
        order: ImportOrder,
        format: Format,
        content: &str,
    ) -> Result<Id, StoreError> {
        let place = self.place()?;
        let mut file = spool::file(&self.0.entry)?;
        file.write_all(content.as_bytes()).map_err(|cause| spool::unwritable(&self.0.entry, cause))?;
        self.take(place, order, format, file).await
    }

    /// Starts an import that does not start by itself. One that has been started already goes on.
    pub(super) fn release(&self, id: Id) {
        let held = self.jobs().held.remove(&id);
        if let Some(job) = held {
            self.enqueue(job);
        }
    }

    /// Ends an import as soon as the rows under way are carried out. One that has ended already stays as it is.
    pub(super) fn stop(&self, id: Id) {
        let mut jobs = self.jobs();
        if jobs.open.contains(&id) {
            jobs.stopped.insert(id);
        }
        drop(jobs);
        self.release(id);
    }

    fn enqueue(&self, job: Job) {
        // Fails only if the publisher is stopping, which notes the import as interrupted.
        let _ = self.0.queue.send(job);
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What carries imports out, one after the other.
struct Worker {
    imports: Imports,
    stopping: watch::Receiver<bool>,
}

impl Worker {
    async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let store = self.imports.0.entry.store.clone();
        while !*self.stopping.borrow() {
            let job = tokio::select! {
                job = jobs.recv() => job,
                _ = self.stopping.changed() => None,
            };
            let Some(job) = job else { break };
            let id = job.id;
            let ending = self.carry_out(job).await;
            let (status, error) = match ending {
                Ok(()) => (ImportStatus::Finished, None),
                Err(Ending::Failed(reason)) => (ImportStatus::Failed, Some(reason)),
                Err(Ending::Stopped(reason)) => (ImportStatus::Interrupted, Some(reason.to_owned())),
            };
            let error = match error {
                Some(reason) => Some(format!("{reason}; {}", self.done_before(id).await)),
                None => None,
            };
            tracing::info!(import = id, status = status.name(), error, "an import has ended");
            note(store.end_import(id, status, error, store.clock().now()).await);
            let mut jobs = self.imports.jobs();
            jobs.open.remove(&id);
            jobs.stopped.remove(&id);
        }
        // Those that did not get their turn.
        note(store.interrupt_imports(store.clock().now()).await);
    }

    /// What had been done when an import ended too early.
    async fn done_before(&self, id: Id) -> String {
        match self.imports.0.entry.store.import(id).await.map(|import| import.processed) {
            Ok(0) => "nothing was carried out".to_owned(),
            Ok(1) => "the first row was carried out".to_owned(),
            Ok(rows) => format!("the first {rows} rows were carried out"),
            Err(error) => format!("how many rows were carried out cannot be read: {error}"),
        }
    }

    async fn carry_out(&self, job: Job) -> Result<(), Ending> {
        let Entry { store, .. } = &self.imports.0.entry;
        let id = job.id;
        self.check(id)?;
        store.begin_import(id, store.clock().now()).await?;
        let database = store.database(&job.order.database.to_string()).await?;
        let (format, delimiter, file) = (job.format, job.order.delimiter, job.file.clone());
        let total = tokio::task::spawn_blocking(move || source::count(&file, format, delimiter)).await;
        store.count_import(id, total.unwrap_or_default()).await?;

        // One part is read while the one before it is carried out.
        let (sender, mut parts) = mpsc::channel(1);
        let reader = tokio::task::spawn_blocking(move || {
            let mut reading = Reading {
                order: &job.order,
                database: &database,
                columns: None,
                part: Vec::new(),
                bytes: 0,
                parts: sender,
            };
            let result = source::visit(&job.file, job.format, job.order.delimiter, &mut reading);
            if !reading.part.is_empty() {
                // Fails only if the import has ended.
                let _ = reading.hand_over();
            }
            result
        });
        let mut matcher = None;
        while let Some(part) = parts.recv().await {
            matcher = Some(match (part, matcher.take()) {
                (Part::Rules(rules, ignored), _) => {
                    if !ignored.is_empty() {
                        store.note_ignored_columns(id, ignored).await?;
                    }
                    store.prepare_import(rules).await?
                }
                (Part::Rows(rows), Some(matcher)) => self.rows(id, matcher, rows).await?,
                // The rules come first.
                (Part::Rows(_), None) => return Err(Ending::Failed("the names of the columns are missing".to_owned())),
            });
        }
        match reader.await {
            Ok(Ok(())) => {}
            Ok(Err(unreadable)) => return Err(Ending::Failed(unreadable.to_string())),
            Err(error) => return Err(Ending::Failed(error.to_string())),
        }
        match matcher {
            Some(matcher) if matcher.removes_missing() => self.remove_missing(id, matcher).await,
            _ => Ok(()),
        }
    }

    async fn rows(&self, id: Id, mut matcher: Matcher, mut rows: Vec<ImportRow>) -> Result<Matcher, Ending> {
        let Entry { store, bell, .. } = &self.imports.0.entry;
        while !rows.is_empty() || matcher.is_under_way() {
            self.check(id)?;
            let turn = store.import_rows(id, matcher, rows, store.clock().now()).await?;
            if turn.fired {
                bell.ring();
            }
            (matcher, rows) = (turn.matcher, turn.left);
        }
        Ok(matcher)
    }

    async fn remove_missing(&self, id: Id, mut matcher: Matcher) -> Result<(), Ending> {
        let Entry { store, bell, .. } = &self.imports.0.entry;
        let mut next = Some(0);
        while let Some(after) = next {
            self.check(id)?;
            let turn = store.remove_missing(id, matcher, after, store.clock().now()).await?;
            if turn.fired {
                bell.ring();
            }
            (matcher, next) = (turn.matcher, turn.left);
        }
        Ok(())
    }

    /// Whether the import may go on.
    fn check(&self, id: Id) -> Result<(), Ending> {
        if *self.stopping.borrow() {
            return Err(Ending::Stopped("the publisher was stopped"));
        }
        if self.imports.jobs().stopped.contains(&id) {
            return Err(Ending::Stopped("the import was stopped"));
        }
        Ok(())
    }
}

fn note(result: Result<(), StoreError>) {
    if let Err(error) = result {
        tracing::error!(%error, "how an import ended cannot be noted");
    }
}

/// What is handed over by the thread that reads a file.
enum Part {
    /// Comes first, with the names of the columns that are ignored.
    Rules(ImportRules, Vec<String>),
    Rows(Vec<ImportRow>),
}

/// A file that is being read.
struct Reading<'a> {
    order: &'a ImportOrder,
    database: &'a Database,
    columns: Option<Columns>,
    part: Vec<ImportRow>,
    bytes: usize,
    parts: mpsc::Sender<Part>,
}

impl Reading<'_> {
    /// Breaks off if nobody takes what has been read.
    fn hand_over(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        let part = std::mem::take(&mut self.part);
        match self.parts.blocking_send(Part::Rows(part)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

impl Visitor for Reading<'_> {
    fn names(&mut self, names: &[String]) -> Result<(), String> {
        let (columns, rules) = Columns::link(names, self.database, self.order)?;
        let ignored = columns.ignored(names);
        self.columns = Some(columns);
        // Fails only if the import has ended, which the first row finds.
        let _ = self.parts.blocking_send(Part::Rules(rules, ignored));
        Ok(())
    }

    fn row(&mut self, values: &mut dyn Iterator<Item = Value>) -> ControlFlow<()> {
        let Some(columns) = &self.columns else { return ControlFlow::Break(()) };
        let row = columns.row(values);
        self.bytes += row.weight();
        self.part.push(row);
        if self.part.len() >= ROWS || self.bytes >= BYTES { self.hand_over() } else { ControlFlow::Continue(()) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_handed_over_before_they_are_too_many_or_weigh_too_much() {
        let database = Database { id: 1, ..Database::sample() };
        let order = ImportOrder::read(&serde_json::Map::new(), &database).unwrap();
        for (value, rows, most) in [
            (json!("Mike"), 5000, ROWS),
            (json!("x".repeat(100_000)), 100, 11),
            (json!(vec![json!([[], "x"]); 10_000]), 100, 2),
        ] {
            let (sender, mut parts) = mpsc::channel(1000);
            let columns = None;
            let mut reading =
                Reading { order: &order, database: &database, columns, part: Vec::new(), bytes: 0, parts: sender };
            reading.names(&["name".to_owned()]).unwrap();
            for _ in 0..rows {
                assert!(reading.row(&mut std::iter::once(value.clone())).is_continue());
            }
            drop(reading);
            let mut handed = 0;
            while let Some(part) = parts.blocking_recv() {
                if let Part::Rows(rows) = part {
                    assert!(rows.len() <= most, "{} rows", rows.len());
                    handed += rows.len();
                }
            }
            assert!(handed + most >= rows);
        }
    }
}
