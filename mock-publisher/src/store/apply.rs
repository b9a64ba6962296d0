use rusqlite::{Transaction, params};

use super::error::StoreError;
use super::{Store, callbacks, databases, profiles};
use crate::callback::Decision;
use crate::clock::Millis;
use crate::emit::Payload;
use crate::platform::{Action, Change, Command, Id, Profile, Trigger};

/// What came of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) profile: Id,
    /// How many callbacks it fired.
    pub(crate) fired: usize,
}

impl Store {
    /// Carries a command out: the new state, the change, and an outbox row for each callback that it fires, or nothing.
    pub(crate) async fn apply(&self, command: Command, trigger: Trigger, now: Millis) -> Result<Applied, StoreError> {
        self.write(move |transaction| {
            let (profile, action) = carry_out(transaction, command, now)?;
            let id = profile.id;
            let fired = match action {
                Some(action) => record(transaction, &Change { action, trigger, profile }, now)?,
                None => 0,
            };
            Ok(Applied { profile: id, fired })
        })
        .await
    }
}

/// The profile as its callbacks are to tell of it, and what happened to it; `None` if nothing did.
fn carry_out(
    transaction: &Transaction<'_>,
    command: Command,
    now: Millis,
) -> Result<(Profile, Option<Action>), StoreError> {
    match command {
        Command::Create { database, input } => {
            let database = databases::find(transaction, database)?;
            let profile = Profile::create(&database, profiles::next_id(transaction)?, secret()?, &input, now);
            profiles::put(transaction, &profile)?;
            Ok((profile, Some(Action::Create)))
        }
        Command::Update { profile, input } => {
            let present = profiles::find(transaction, profile)?;
            if present.removed.is_some() {
                // As observed on the platform: it answers well, and the profile counts as modified each time.
                let touched = Profile { modified: now, ..present };
                profiles::put(transaction, &touched)?;
                return Ok((touched, None));
            }
            let database = databases::find(transaction, present.database)?;
            let updated = present.update(&database, &input, now);
            profiles::put(transaction, &updated)?;
            // Assumption: what changes nothing is not told.
            let changed = updated.fields != present.fields || updated.interests != present.interests;
            Ok((updated, changed.then_some(Action::Update)))
        }
        Command::Remove { profile } => {
            let present = profiles::find(transaction, profile)?;
            if present.removed.is_some() {
                return Err(StoreError::ProfileRemoved(profile));
            }
            profiles::put(transaction, &present.remove(now))?;
            Ok((present, Some(Action::Delete)))
        }
    }
}

/// Notes a change and fills the outbox. Returns how many callbacks fired.
fn record(transaction: &Transaction<'_>, change: &Change, now: Millis) -> Result<usize, StoreError> {
    let sql = "INSERT INTO changes (time, trigger_name, action, database, profile) VALUES (?1, ?2, ?3, ?4, ?5)";
    let profile = &change.profile;
    transaction.prepare_cached(sql)?.execute(params![
        now,
        change.trigger.name(),
        change.action.name(),
        profile.database,
        profile.id
    ])?;
    let change_id = transaction.last_insert_rowid();
    let mut fired = 0;
    for callback in callbacks::of_database(transaction, profile.database)? {
        let decision = callback.decide(change);
        tracing::debug!(change = change_id, callback = callback.id, ?decision, "decided");
        if decision == Decision::Fires {
            let payload = Payload::of(change, callback.method);
            let sql = "INSERT INTO deliveries (change, callback, url, method, body, state) \
                       VALUES (?1, ?2, ?3, ?4, ?5, 'pending')";
            transaction.prepare_cached(sql)?.execute(params![
                change_id,
                callback.id,
                callback.url.as_str(),
                callback.method.name(),
                payload.bytes
            ])?;
            fired += 1;
        }
    }
    Ok(fired)
}

/// 28 hexadecimal digits, as the platform's own are.
fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 14];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
