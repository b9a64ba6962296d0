use std::cmp::Ordering;
use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::databases::{from_json, to_json};
use super::error::StoreError;
use super::{Store, collections, crowds, databases};
use crate::platform::{Entity, EntityRef, Field, Filter, Home, Id, Kind, Layout, Within};

/// Which part of a list is wanted, and in which order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) filters: Vec<Filter>,
    /// A text that is to be in one of the values, or the number of one; empty for none.
    pub(crate) search: String,
    pub(crate) order: Order,
    pub(crate) descending: bool,
    pub(crate) start: u64,
    pub(crate) limit: u64,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Order {
    #[default]
    Id,
    Modified,
    /// Another order each time.
    Random,
    /// A field, by its name.
    Field(String),
}

impl Store {
    /// One profile or subprofile, also a removed one.
    pub(crate) async fn entity(&self, entity: EntityRef) -> Result<Entity, StoreError> {
        self.read(move |connection| {
            let home = home(connection, entity)?;
            with_layout(connection, home, |layout| find(connection, entity, layout.fields))
        })
        .await
    }

    /// Those within that are not removed and match the filters, as far as they are selected, and how many match in all.
    pub(crate) async fn entities(
        &self,
        within: Within,
        selection: Selection,
    ) -> Result<(Vec<Entity>, u64), StoreError> {
        self.read(move |connection| select(connection, within, &selection)).await
    }

    /// The numbers of all within that are not removed and match the filters.
    pub(crate) async fn entity_ids(&self, within: Within, filters: Vec<Filter>) -> Result<Vec<Id>, StoreError> {
        self.read(move |connection| matching(connection, within, &filters)).await
    }
}

/// Looks through what is within. Without filters and in the order of the numbers, the database counts and cuts.
fn select(connection: &Connection, within: Within, selection: &Selection) -> Result<(Vec<Entity>, u64), StoreError> {
    // The database counts no further.
    let (start, limit) = (selection.start.min(i64::MAX as u64), selection.limit);
    if selection.filters.is_empty() && selection.search.is_empty() && selection.order == Order::Id {
        let direction = if selection.descending { "DESC" } else { "ASC" };
        let sql = format!("{} ORDER BY id {direction} LIMIT ?3 OFFSET ?4", query(within, "*"));
        let mut page = Vec::new();
        let (first, second) = within_columns(within);
        visit_rows(connection, within, &sql, params![first, second, limit, start], &mut |entity| {
            page.push(entity);
            Ok(ControlFlow::Continue(()))
        })?;
        let total = connection.query_row(&query(within, "count(*)"), params![first, second], |row| row.get(0))?;
        return Ok((page, total));
    }
    // Only what a place in the order needs is kept of those that are not on the page.
    let mut places: Vec<(String, Id)> = Vec::new();
    let wanted = selection.search.to_lowercase();
    scan(connection, within, &selection.filters, &mut |entity| {
        if !entity.mentions(&wanted) {
            return Ok(ControlFlow::Continue(()));
        }
        let key = match &selection.order {
            Order::Id => String::new(),
            Order::Modified => format!("{:020}", entity.modified),
            Order::Random => random_key()?,
            Order::Field(name) => entity.field(name).unwrap_or_default().to_lowercase(),
        };
        places.push((key, entity.id));
        Ok(ControlFlow::Continue(()))
    })?;
    places.sort_by(|left, right| order_keys(&left.0, &right.0).then(left.1.cmp(&right.1)));
    if selection.descending {
        places.reverse();
    }
    let total = places.len() as u64;
    let page = (start..total).zip(0..limit).map(|(index, _)| places[index as usize].1);
    let kind = within.kind();
    let page = with_layout_within(connection, within, |layout| {
        page.map(|id| find(connection, EntityRef { kind, id }, layout.fields)).collect()
    })?;
    Ok((page, total))
}

/// Numbers by their size, and behind them texts by their letters: a number and a text must not be compared as texts, or this
/// would be no order at all ("9" before "10", "10" before "5a", "5a" before "9").
fn order_keys(left: &str, right: &str) -> Ordering {
    match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.total_cmp(&right),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

fn random_key() -> Result<String, StoreError> {
    Ok(getrandom::u64()?.to_string())
}

/// The numbers of those within that match.
pub(super) fn matching(connection: &Connection, within: Within, filters: &[Filter]) -> Result<Vec<Id>, StoreError> {
    let mut ids = Vec::new();
    scan(connection, within, filters, &mut |entity| {
        ids.push(entity.id);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(ids)
}

/// Visits all within that are not removed and match, by number.
pub(super) fn scan(
    connection: &Connection,
    within: Within,
    filters: &[Filter],
    visitor: &mut dyn FnMut(Entity) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    let (first, second) = within_columns(within);
    // One that names a number need not look at all of them.
    let wanted = filters.iter().find_map(Filter::wanted_id);
    let by_number = if wanted.is_some() { " AND id = ?3" } else { " AND ?3 IS NULL" };
    let sql = format!("{}{by_number} ORDER BY id", query(within, "*"));
    with_layout_within(connection, within, |layout| {
        visit_rows_of(connection, within.kind(), layout, &sql, params![first, second, wanted], &mut |entity| {
            if filters.iter().all(|filter| filter.matches(&entity, layout)) {
                visitor(entity)
            } else {
                Ok(ControlFlow::Continue(()))
            }
        })
    })
}

const PROFILE: &str = "id, database, fields, interests, secret, created, modified, removed";
const SUBPROFILE: &str = "id, collection, profile, database, fields, secret, created, modified, removed";

/// What is selected of those within that are not removed; `*` for all that an entity is made of.
fn query(within: Within, what: &str) -> String {
    let what = match (what, within.kind()) {
        ("*", Kind::Profile) => PROFILE,
        ("*", Kind::Subprofile) => SUBPROFILE,
        (what, _) => what,
    };
    match within {
        Within::Database(_) => {
            format!("SELECT {what} FROM profiles WHERE database = ?1 AND ?2 IS NULL AND removed IS NULL")
        }
        Within::Collection(_) => {
            format!("SELECT {what} FROM subprofiles WHERE collection = ?1 AND ?2 IS NULL AND removed IS NULL")
        }
        Within::CollectionOfProfile { .. } => {
            format!("SELECT {what} FROM subprofiles WHERE collection = ?1 AND profile = ?2 AND removed IS NULL")
        }
    }
}

const fn within_columns(within: Within) -> (Id, Option<Id>) {
    match within {
        Within::Database(id) | Within::Collection(id) => (id, None),
        Within::CollectionOfProfile { collection, profile } => (collection, Some(profile)),
    }
}

fn visit_rows(
    connection: &Connection,
    within: Within,
    sql: &str,
    params: &[&dyn rusqlite::ToSql],
    visitor: &mut dyn FnMut(Entity) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    with_layout_within(connection, within, |layout| {
        visit_rows_of(connection, within.kind(), layout, sql, params, visitor)
    })
}

fn visit_rows_of(
    connection: &Connection,
    kind: Kind,
    layout: Layout<'_>,
    sql: &str,
    params: &[&dyn rusqlite::ToSql],
    visitor: &mut dyn FnMut(Entity) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        if visitor(from_row(kind, row, layout.fields)?)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn with_layout_within<T>(
    connection: &Connection,
    within: Within,
    work: impl FnOnce(Layout<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match within {
        Within::Database(id) => work(databases::find(connection, id)?.layout()),
        Within::Collection(collection) | Within::CollectionOfProfile { collection, .. } => {
            work(collections::find(connection, collection)?.layout())
        }
    }
}

fn with_layout<T>(
    connection: &Connection,
    home: Home,
    work: impl FnOnce(Layout<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match home {
        Home::Database(id) => work(databases::find(connection, id)?.layout()),
        Home::Collection { collection, .. } => work(collections::find(connection, collection)?.layout()),
    }
}

/// What an entity belongs to.
pub(super) fn home(connection: &Connection, entity: EntityRef) -> Result<Home, StoreError> {
    let sql = match entity.kind {
        Kind::Profile => "SELECT database, NULL, NULL FROM profiles WHERE id = ?1",
        Kind::Subprofile => "SELECT database, collection, profile FROM subprofiles WHERE id = ?1",
    };
    let read = |row: &Row<'_>| {
        let database = row.get(0)?;
        Ok(match row.get::<_, Option<Id>>(1)? {
            None => Home::Database(database),
            Some(collection) => Home::Collection { collection, profile: row.get(2)?, database },
        })
    };
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([entity.id], read).optional()?.ok_or(StoreError::NoEntity(entity))
}

/// An entity, whose fields are known.
pub(super) fn find(connection: &Connection, entity: EntityRef, fields: &[Field]) -> Result<Entity, StoreError> {
    let sql = match entity.kind {
        Kind::Profile => format!("SELECT {PROFILE} FROM profiles WHERE id = ?1"),
        Kind::Subprofile => format!("SELECT {SUBPROFILE} FROM subprofiles WHERE id = ?1"),
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([entity.id])?;
    from_row(entity.kind, rows.next()?.ok_or(StoreError::NoEntity(entity))?, fields)
}

/// Writes an entity, whether it is there already or not.
pub(super) fn put(connection: &Connection, entity: &Entity, fields: &[Field]) -> Result<(), StoreError> {
    let values: Vec<(Id, &str)> =
        fields.iter().map(|field| (field.id, entity.field(&field.name).unwrap_or_default())).collect();
    let values = to_json(&values)?;
    let Entity { id, secret, created, modified, removed, .. } = entity;
    match entity.home {
        Home::Database(database) => {
            let sql = format!("INSERT OR REPLACE INTO profiles ({PROFILE}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
            let interests = to_json(&entity.interests)?;
            connection
                .prepare_cached(&sql)?
                .execute(params![id, database, values, interests, secret, created, modified, removed])?;
        }
        Home::Collection { collection, profile, database } => {
            let sql = format!(
                "INSERT OR REPLACE INTO subprofiles ({SUBPROFILE}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
            );
            connection
                .prepare_cached(&sql)?
                .execute(params![id, collection, profile, database, values, secret, created, modified, removed])?;
        }
    }
    crowds::put(connection, entity, fields)
}

/// Leaves nothing of an entity.
pub(super) fn erase(connection: &Connection, entity: EntityRef) -> Result<(), StoreError> {
    let sql = match entity.kind {
        Kind::Profile => "DELETE FROM profiles WHERE id = ?1",
        Kind::Subprofile => "DELETE FROM subprofiles WHERE id = ?1",
    };
    connection.prepare_cached(sql)?.execute([entity.id])?;
    let sql = "DELETE FROM keepsakes WHERE kind = ?1 AND entity = ?2";
    connection.prepare_cached(sql)?.execute(params![entity.kind.name(), entity.id])?;
    crowds::erase(connection, entity)
}

/// The number that the next one gets. Numbers are not given twice.
pub(super) fn next_id(connection: &Connection, kind: Kind) -> Result<Id, StoreError> {
    let table = match kind {
        Kind::Profile => "profiles",
        Kind::Subprofile => "subprofiles",
    };
    let sql = "SELECT seq + 1 FROM sqlite_sequence WHERE name = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([table], |row| row.get(0)).optional()?.unwrap_or(1))
}

fn from_row(kind: Kind, row: &Row<'_>, fields: &[Field]) -> Result<Entity, StoreError> {
    let id = row.get(0)?;
    let (home, values, interests, rest) = match kind {
        Kind::Profile => (Home::Database(row.get(1)?), 2, from_json(row.get_ref(3)?.as_str().unwrap_or_default())?, 4),
        Kind::Subprofile => {
            let home = Home::Collection { collection: row.get(1)?, profile: row.get(2)?, database: row.get(3)? };
            (home, 4, Vec::new(), 5)
        }
    };
    let values: Vec<(Id, String)> = from_json(row.get_ref(values)?.as_str().unwrap_or_default())?;
    Ok(Entity {
        id,
        home,
        fields: named_values(values, fields),
        interests,
        secret: row.get(rest)?,
        created: row.get(rest + 1)?,
        modified: row.get(rest + 2)?,
        removed: row.get(rest + 3)?,
    })
}

/// Values with the names of their fields. A field that was added later has its default.
fn named_values(mut values: Vec<(Id, String)>, fields: &[Field]) -> Vec<(String, String)> {
    let value = |field: &Field| match values.iter_mut().find(|(id, _)| *id == field.id) {
        Some((_, value)) => std::mem::take(value),
        None => field.default_value(),
    };
    let mut value = value;
    fields.iter().map(|field| (field.name.clone(), value(field))).collect()
}
