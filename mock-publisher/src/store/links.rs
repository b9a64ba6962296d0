use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use serde_json::{Map, Value};

use super::databases::{from_json, to_json};
use super::error::StoreError;
use super::{Store, entities};
use crate::clock::Millis;
use crate::platform::{EntityRef, Id, Kind, Occasion};

const COLUMNS: &str = "id, token, occasion, entity_kind, entity, url, script, about, created, followed, last_error";

/// What a link is to be.
#[derive(Debug, Clone)]
pub(crate) struct LinkDraft {
    pub(crate) occasion: Occasion,
    /// Whose copy of the message it is in.
    pub(crate) entity: EntityRef,
    /// Where a click leads.
    pub(crate) url: Option<String>,
    /// What runs when it is followed; `None` for the handler of the database.
    pub(crate) script: Option<String>,
    /// The mailing, message and template that it is in, as scripts see them.
    pub(crate) about: Map<String, Value>,
}

/// A link or pixel of a message that was sent to one profile or subprofile.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) id: Id,
    /// The secret in its address: whoever has it can follow the link.
    pub(crate) token: String,
    pub(crate) draft: LinkDraft,
    pub(crate) created: Millis,
    /// How many times.
    pub(crate) followed: u64,
    /// Why the script failed when it was followed the last time, or what it wrote that was ignored.
    pub(crate) last_error: Option<String>,
}

impl Store {
    /// Makes a link for a profile or subprofile that is there.
    pub(crate) async fn create_link(&self, draft: LinkDraft, now: Millis) -> Result<Link, StoreError> {
        self.write(move |transaction| {
            entities::home(transaction, draft.entity)?;
            let sql = "INSERT INTO links (token, occasion, entity_kind, entity, url, script, about, created) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let LinkDraft { occasion, entity, url, script, about } = &draft;
            let kind = entity.kind.name();
            transaction
                .execute(sql, params![token()?, occasion.name(), kind, entity.id, url, script, to_json(about)?, now])?;
            find(transaction, transaction.last_insert_rowid())
        })
        .await
    }

    /// Some links behind a given one, by number.
    pub(crate) async fn links(&self, after: Id, limit: usize) -> Result<Vec<Link>, StoreError> {
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM links WHERE id > ?1 ORDER BY id LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![after, limit])?;
            let mut links = Vec::new();
            while let Some(row) = rows.next()? {
                links.push(from_row(row)?);
            }
            Ok(links)
        })
        .await
    }

    pub(crate) async fn link(&self, id: Id) -> Result<Link, StoreError> {
        self.read(move |connection| find(connection, id)).await
    }

    /// Removes a link; its address is that of nothing then.
    pub(crate) async fn remove_link(&self, id: Id) -> Result<(), StoreError> {
        self.write(move |transaction| match transaction.execute("DELETE FROM links WHERE id = ?1", [id])? {
            0 => Err(StoreError::NoLink(id)),
            _ => Ok(()),
        })
        .await
    }

    /// The link with a token, if there is one for that occasion; it counts as followed.
    pub(crate) async fn follow_link(&self, occasion: Occasion, token: String) -> Result<Option<Link>, StoreError> {
        self.write(move |transaction| {
            let sql = "UPDATE links SET followed = followed + 1 WHERE token = ?1 AND occasion = ?2";
            match transaction.execute(sql, params![token, occasion.name()])? {
                0 => Ok(None),
                _ => one(transaction, "token = ?1", &token),
            }
        })
        .await
    }

    /// Notes how the script of a link ended.
    pub(crate) async fn note_link_error(&self, id: Id, error: Option<String>) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.execute("UPDATE links SET last_error = ?2 WHERE id = ?1", params![id, error])?;
            Ok(())
        })
        .await
    }
}

fn find(connection: &Connection, id: Id) -> Result<Link, StoreError> {
    one(connection, "id = ?1", &id)?.ok_or(StoreError::NoLink(id))
}

fn one(connection: &Connection, condition: &str, value: &dyn ToSql) -> Result<Option<Link>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM links WHERE {condition}");
    connection.query_row(&sql, [value], |row| Ok(from_row(row))).optional()?.transpose()
}

fn from_row(row: &Row<'_>) -> Result<Link, StoreError> {
    let (occasion, kind, about): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(7)?);
    let kind = Kind::from_name(&kind).ok_or_else(|| StoreError::row("kind", &kind))?;
    let draft = LinkDraft {
        occasion: Occasion::from_name(&occasion).ok_or_else(|| StoreError::row("occasion", &occasion))?,
        entity: EntityRef { kind, id: row.get(4)? },
        url: row.get(5)?,
        script: row.get(6)?,
        about: from_json(&about)?,
    };
    let (created, followed, last_error) = (row.get(8)?, row.get(9)?, row.get(10)?);
    Ok(Link { id: row.get(0)?, token: row.get(1)?, draft, created, followed, last_error })
}

/// 144 random bits, which nobody guesses.
fn token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
