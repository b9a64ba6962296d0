//! How one compares with all others of its database or collection, for conditions that ask about that.
//!
//! What is compared is kept, sorted, in temporary tables of the connection that writes: made when a condition asks for the first
//! time, kept up to date by whoever writes an entity, and rolled back with the transaction. So a condition takes no look at all
//! of them for every change.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::databases::{from_json, to_json};
use super::entities;
use super::error::StoreError;
use crate::callback::{Scope, WorldError};
use crate::platform::{Entity, EntityRef, Field, Id, Kind, Within, sort_key};

/// How many crowds are kept; each costs every write of what is in it a little.
const MOST: usize = 32;
/// How many bytes of a key are kept as they are. The rest of a longer one becomes a digest: it is still told apart from others, and
/// sorted anyhow.
const SORTED: usize = 1000;

/// Makes the tables on the connection that writes.
pub(super) fn prepare(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.execute_batch(
        "CREATE TEMP TABLE crowds (
             id     INTEGER PRIMARY KEY, -- no AUTOINCREMENT: its table would hide the one of the store
             kind   TEXT NOT NULL,
             home   INTEGER NOT NULL, -- a database, or a collection
             fields TEXT NOT NULL,    -- JSON: the numbers of the fields that are compared
             size   INTEGER NOT NULL DEFAULT 0,
             UNIQUE (kind, home, fields)
         ) STRICT;
         CREATE TEMP TABLE crowd_members (
             crowd  INTEGER NOT NULL,
             key    BLOB NOT NULL,
             member INTEGER NOT NULL,
             PRIMARY KEY (crowd, key, member)
         ) STRICT, WITHOUT ROWID;
         CREATE UNIQUE INDEX temp.crowd_members_by_number ON crowd_members (crowd, member);
         CREATE TEMP TRIGGER crowd_grows AFTER INSERT ON crowd_members BEGIN
             UPDATE crowds SET size = size + 1 WHERE id = new.crowd;
         END;
         CREATE TEMP TRIGGER crowd_shrinks AFTER DELETE ON crowd_members BEGIN
             UPDATE crowds SET size = size - 1 WHERE id = old.crowd;
         END;",
    )?)
}

/// How many others have the same values in the fields that the crowd is compared by: those with smaller numbers, and those with
/// larger ones.
pub(super) fn twins(
    connection: &Connection,
    crowd: Id,
    entity: &Entity,
    fields: &[&Field],
) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT count(*) FILTER (WHERE member < ?3), count(*) FILTER (WHERE member > ?3) FROM crowd_members \
               WHERE crowd = ?1 AND key = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let params = params![crowd, key(entity, fields.iter().copied()), entity.id];
    Ok(statement.query_row(params, |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// How many others come before it, sorted by the fields that the crowd is compared by, and how many others there are.
pub(super) fn place(
    connection: &Connection,
    crowd: Id,
    entity: &Entity,
    fields: &[&Field],
) -> Result<(u64, u64), StoreError> {
    // If it is in there itself, then with this key.
    let sql = "SELECT count(*) FROM crowd_members WHERE crowd = ?1 AND (key, member) < (?2, ?3)";
    let mut statement = connection.prepare_cached(sql)?;
    let params = params![crowd, key(entity, fields.iter().copied()), entity.id];
    let before = statement.query_row(params, |row| row.get(0))?;
    let sql = "SELECT size - EXISTS (SELECT 1 FROM crowd_members WHERE crowd = ?1 AND member = ?2) FROM crowds \
               WHERE id = ?1";
    let others = connection.prepare_cached(sql)?.query_row([crowd, entity.id], |row| row.get(0))?;
    Ok((before, others))
}

/// All who are in the scope of an entity, by what they have in some fields, if they have been asked about before.
pub(super) fn known(connection: &Connection, entity: &Entity, fields: &[&Field]) -> Result<Option<Id>, StoreError> {
    let (kind, home) = columns(Scope::of(entity.home));
    let sql = "SELECT id FROM crowds WHERE kind = ?1 AND home = ?2 AND fields = ?3";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![kind.name(), home, numbers(fields)?], |row| row.get(0)).optional()?)
}

/// Makes a crowd of them, in the place of an older one that is not in use if there are too many.
pub(super) fn make(
    connection: &Connection,
    entity: &Entity,
    fields: &[&Field],
    in_use: &[Id],
) -> Result<Id, WorldError> {
    make_place(connection, in_use)?;
    let scope = Scope::of(entity.home);
    let (kind, home) = columns(scope);
    let sql = "INSERT INTO crowds (kind, home, fields) VALUES (?1, ?2, ?3)";
    connection.execute(sql, params![kind.name(), home, numbers(fields)?])?;
    let crowd = connection.last_insert_rowid();
    let within = match scope {
        Scope::Database(id) => Within::Database(id),
        Scope::Collection(id) => Within::Collection(id),
    };
    entities::scan(connection, within, &[], &mut |member| {
        add(connection, crowd, &key(&member, fields.iter().copied()), member.id)?;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(crowd)
}

/// Forgets the oldest crowd that is not in use, if there are too many for one more.
fn make_place(connection: &Connection, in_use: &[Id]) -> Result<(), WorldError> {
    let mut statement = connection.prepare_cached("SELECT id FROM crowds ORDER BY id")?;
    let kept = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<Id>, _>>()?;
    if kept.len() < MOST {
        return Ok(());
    }
    let oldest = kept.iter().find(|crowd| !in_use.contains(crowd));
    let oldest = oldest.ok_or_else(|| {
        format!("not evaluated: the conditions of one transaction can compare by {MOST} different lists of fields")
    })?;
    connection.execute("DELETE FROM crowd_members WHERE crowd = ?1", [oldest])?;
    connection.execute("DELETE FROM crowds WHERE id = ?1", [oldest])?;
    Ok(())
}

/// Which fields are compared, as the table has it.
fn numbers(fields: &[&Field]) -> Result<String, StoreError> {
    to_json(&fields.iter().map(|field| field.id).collect::<Vec<_>>())
}

/// Takes up what an entity has become.
pub(super) fn put(connection: &Connection, entity: &Entity, fields: &[Field]) -> Result<(), StoreError> {
    let (kind, home) = columns(Scope::of(entity.home));
    let mut statement = connection.prepare_cached("SELECT id, fields FROM crowds WHERE kind = ?1 AND home = ?2")?;
    let mut rows = statement.query(params![kind.name(), home])?;
    while let Some(row) = rows.next()? {
        let crowd = row.get(0)?;
        let compared: Vec<Id> = from_json(row.get_ref(1)?.as_str().unwrap_or_default())?;
        connection
            .prepare_cached("DELETE FROM crowd_members WHERE crowd = ?1 AND member = ?2")?
            .execute([crowd, entity.id])?;
        if entity.removed.is_none() {
            let compared = compared.iter().filter_map(|id| fields.iter().find(|field| field.id == *id));
            add(connection, crowd, &key(entity, compared), entity.id)?;
        }
    }
    Ok(())
}

/// Leaves nothing of an entity.
pub(super) fn erase(connection: &Connection, entity: EntityRef) -> Result<(), StoreError> {
    let sql = "DELETE FROM crowd_members WHERE member = ?2 AND crowd IN (SELECT id FROM crowds WHERE kind = ?1)";
    connection.prepare_cached(sql)?.execute(params![entity.kind.name(), entity.id])?;
    Ok(())
}

/// Keeps nothing: a field is another one, and with it the values of those who have its default; or all contents are others.
pub(super) fn forget(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.execute_batch("DELETE FROM crowd_members; DELETE FROM crowds;")?)
}

fn add(connection: &Connection, crowd: Id, key: &[u8], member: Id) -> Result<(), StoreError> {
    let sql = "INSERT INTO crowd_members (crowd, key, member) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![crowd, key, member])?;
    Ok(())
}

fn key<'a>(entity: &Entity, fields: impl Iterator<Item = &'a Field>) -> Vec<u8> {
    let mut key = sort_key(fields.map(|field| entity.field(&field.name).unwrap_or_default()));
    if key.len() > SORTED {
        let rest = Sha256::digest(&key[SORTED..]);
        key.truncate(SORTED);
        key.extend(rest);
    }
    key
}

const fn columns(scope: Scope) -> (Kind, Id) {
    match scope {
        Scope::Database(id) => (Kind::Profile, id),
        Scope::Collection(id) => (Kind::Subprofile, id),
    }
}

#[cfg(test)]
mod tests;
