use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::{Store, collections, crowds, databases};
use crate::platform::{Field, FieldKind, Id};

/// What a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Database(Id),
    Collection(Id),
}

impl Store {
    /// A field by its number, and what it belongs to.
    pub(crate) async fn field(&self, id: Id) -> Result<(Owner, Field), StoreError> {
        self.read(move |connection| {
            let sql = "SELECT database, collection FROM fields WHERE id = ?1";
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let owner = match connection.query_row(sql, [id], read).optional()? {
                Some((Some(database), _)) => Owner::Database(database),
                Some((None, Some(collection))) => Owner::Collection(collection),
                _ => return Err(StoreError::NoField(id.to_string())),
            };
            let field = of(connection, owner)?.into_iter().find(|field| field.id == id);
            field.map(|field| (owner, field)).ok_or_else(|| StoreError::NoField(id.to_string()))
        })
        .await
    }

    /// Adds a field. Those who are there already have its default. Nothing is told of that.
    pub(crate) async fn create_field(&self, owner: Owner, field: Field) -> Result<Id, StoreError> {
        self.write(move |transaction| {
            check_owner(transaction, owner)?;
            insert(transaction, owner, &field)
        })
        .await
    }

    /// Replaces a field, whose number stays. Values that are there stay as they are.
    pub(crate) async fn update_field(&self, owner: Owner, field: Field) -> Result<(), StoreError> {
        self.write(move |transaction| {
            check_owner(transaction, owner)?;
            check(transaction, owner, &field)?;
            let sql = "UPDATE fields SET name = ?4, kind = ?5, value = ?6, displayed = ?7, ordered = ?8, length = ?9, \
                       textlines = ?10, hidden = ?11, indexed = ?12 \
                       WHERE id = ?3 AND database IS ?1 AND collection IS ?2";
            match transaction.execute(sql, rusqlite::params_from_iter(values(owner, Some(field.id), &field)))? {
                0 => Err(StoreError::NoField(field.id.to_string())),
                _ => crowds::forget(transaction),
            }
        })
        .await
    }

    /// Removes a field; its values are gone. Nothing is told of that.
    pub(crate) async fn remove_field(&self, owner: Owner, id: Id) -> Result<(), StoreError> {
        self.write(move |transaction| {
            check_owner(transaction, owner)?;
            let sql = "DELETE FROM fields WHERE id = ?3 AND database IS ?1 AND collection IS ?2";
            let (database, collection) = owner.columns();
            match transaction.execute(sql, params![database, collection, id])? {
                0 => Err(StoreError::NoField(id.to_string())),
                _ => crowds::forget(transaction),
            }
        })
        .await
    }
}

impl Owner {
    const fn columns(self) -> (Option<Id>, Option<Id>) {
        match self {
            Self::Database(id) => (Some(id), None),
            Self::Collection(id) => (None, Some(id)),
        }
    }
}

fn check_owner(connection: &Connection, owner: Owner) -> Result<(), StoreError> {
    match owner {
        Owner::Database(id) => databases::find(connection, id).map(drop),
        Owner::Collection(id) => collections::find(connection, id).map(drop),
    }
}

pub(super) fn insert(connection: &Connection, owner: Owner, field: &Field) -> Result<Id, StoreError> {
    check(connection, owner, &Field { id: 0, ..field.clone() })?;
    let sql = "INSERT INTO fields (database, collection, id, name, kind, value, displayed, ordered, length, textlines, \
               hidden, indexed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    connection.execute(sql, rusqlite::params_from_iter(values(owner, None, field)))?;
    Ok(connection.last_insert_rowid())
}

fn values<'a>(owner: Owner, id: Option<Id>, field: &'a Field) -> [Box<dyn rusqlite::ToSql + 'a>; 12] {
    let (database, collection) = owner.columns();
    [
        Box::new(database),
        Box::new(collection),
        Box::new(id),
        Box::new(&field.name),
        Box::new(field.kind.name()),
        Box::new(&field.value),
        Box::new(field.displayed),
        Box::new(field.ordered),
        Box::new(field.length),
        Box::new(field.textlines),
        Box::new(field.hidden),
        Box::new(field.index),
    ]
}

/// The platform's rules for a field: what it may be called, and that there is only one address of each kind.
fn check(connection: &Connection, owner: Owner, field: &Field) -> Result<(), StoreError> {
    let Field { id, name, kind, .. } = field;
    let invalid = |reason: String| Err(StoreError::Invalid(reason));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return invalid(format!("`{name}` is no name of a field: use letters, digits and underscores"));
    }
    if ["id", "code"].iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
        return invalid(format!("`{name}` is reserved, a field cannot have that name"));
    }
    for other in of(connection, owner)?.iter().filter(|other| other.id != *id) {
        if other.name.eq_ignore_ascii_case(name) {
            return invalid(format!("there is a field `{name}` already"));
        }
        if kind.is_single() && other.kind == *kind {
            return invalid(format!("there is a field of type `{}` already: `{}`", kind.name(), other.name));
        }
    }
    Ok(())
}

/// The fields of a database or collection, in the order in which they were added.
pub(super) fn of(connection: &Connection, owner: Owner) -> Result<Vec<Field>, StoreError> {
    let (column, id) = match owner {
        Owner::Database(id) => ("database", id),
        Owner::Collection(id) => ("collection", id),
    };
    let sql = format!(
        "SELECT id, name, kind, value, displayed, ordered, length, textlines, hidden, indexed FROM fields \
         WHERE {column} = ?1 ORDER BY id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([id])?;
    let mut fields = Vec::new();
    while let Some(row) = rows.next()? {
        fields.push(from_row(row)?);
    }
    Ok(fields)
}

fn from_row(row: &Row<'_>) -> Result<Field, StoreError> {
    let kind: String = row.get(2)?;
    Ok(Field {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: FieldKind::from_name(&kind).ok_or_else(|| StoreError::row("field type", &kind))?,
        value: row.get(3)?,
        displayed: row.get(4)?,
        ordered: row.get(5)?,
        length: row.get(6)?,
        textlines: row.get(7)?,
        hidden: row.get(8)?,
        index: row.get(9)?,
    })
}
