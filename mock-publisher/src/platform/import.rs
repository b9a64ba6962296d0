use serde_json::{Map, Value};

use super::{Database, EntityInput, Field, Id, Kind};

/// What an import does with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportAction {
    Add,
    Update,
    UpdateOrAdd,
    IgnoreOrAdd,
    Delete,
}

impl ImportAction {
    pub(crate) const ALL: [Self; 5] = [Self::Add, Self::Update, Self::UpdateOrAdd, Self::IgnoreOrAdd, Self::Delete];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::UpdateOrAdd => "update or add",
            Self::IgnoreOrAdd => "ignore or add",
            Self::Delete => "delete",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Whether it looks for what is there already, and so needs key fields.
    pub(crate) const fn matches(self) -> bool {
        !matches!(self, Self::Add)
    }
}

/// How the rows of one import are carried out.
#[derive(Debug, Clone)]
pub(crate) struct ImportRules {
    pub(crate) database: Id,
    pub(crate) action: ImportAction,
    /// The collection that rows have subprofiles for.
    pub(crate) collection: Option<Id>,
    /// The fields by which a profile is found.
    pub(crate) profile_keys: Vec<String>,
    /// The fields by which a subprofile of it is found.
    pub(crate) subprofile_keys: Vec<String>,
    /// Every field that a column is linked to.
    pub(crate) linked: Vec<LinkedField>,
    /// Whether an empty value leaves a field as it is.
    pub(crate) ignore_empty: bool,
    /// Whether what the file does not name is removed at the end.
    pub(crate) remove_missing: bool,
    /// What is removed.
    pub(crate) delete_target: Kind,
}

impl ImportRules {
    /// The values of a row as they are given to a profile or subprofile.
    pub(crate) fn input(&self, mut fields: Map<String, Value>) -> EntityInput {
        if self.ignore_empty {
            fields.retain(|_, value| !is_empty(value));
        }
        EntityInput::of_fields(fields)
    }

    /// Whether the import can go on with the database as it has become. Values go by the names of their fields, and what is found
    /// by a key field by what the field makes of a value: if one became another, values would be lost and the wrong ones found.
    pub(crate) fn check(&self, database: &Database) -> Result<(), String> {
        self.linked.iter().try_for_each(|linked| linked.check(database))
    }
}

/// A field that a column is linked to, as it was when the import began.
#[derive(Debug, Clone)]
pub(crate) struct LinkedField {
    /// Of a subprofile.
    pub(crate) collection: Option<Id>,
    pub(crate) field: Field,
    /// Whether something is found by it.
    pub(crate) is_key: bool,
}

impl LinkedField {
    fn check(&self, database: &Database) -> Result<(), String> {
        let fields = match self.collection {
            None => database.fields.as_slice(),
            Some(id) => {
                let collection = database.collections.iter().find(|collection| collection.id == id);
                collection.map_or(&[][..], |collection| &collection.fields)
            }
        };
        let became = match fields.iter().find(|field| field.id == self.field.id) {
            None => "was removed".to_owned(),
            Some(now) if !now.name.eq_ignore_ascii_case(&self.field.name) => format!("was renamed to `{}`", now.name),
            Some(now) if self.is_key && now.kind != self.field.kind => format!("got the type `{}`", now.kind.name()),
            Some(now) if self.is_key && now.value != self.field.value => {
                "got another default or other choices".to_owned()
            }
            Some(_) => return Ok(()),
        };
        let what = if self.is_key { "key field" } else { "field" };
        Err(format!("the {what} `{}` {became} while the import ran", self.field.name))
    }
}

/// One row: the values of the columns that are linked to a field.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImportRow {
    pub(crate) profile: Map<String, Value>,
    pub(crate) subprofile: Map<String, Value>,
}

impl ImportRow {
    /// Whether the row has a subprofile. Assumption: one whose values are all empty is none.
    pub(crate) fn has_subprofile(&self) -> bool {
        self.subprofile.values().any(|value| !is_empty(value))
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        [&self.profile, &self.subprofile].into_iter().flatten().map(|(name, value)| name.len() + weight(value)).sum()
    }
}

/// About how many bytes a value takes, with its place in what it is in. What is nested is no deeper than the JSON that it was
/// read from may be.
fn weight(value: &Value) -> usize {
    const PLACE: usize = 64;
    PLACE
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(weight).sum(),
            Value::Object(items) => items.iter().map(|(name, value)| name.len() + weight(value)).sum(),
        }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::FieldKind;
    use super::*;

    #[test]
    fn an_import_goes_on_as_long_as_its_fields_are_what_they_were() {
        let field = |id, name: &str, kind| Field { id, ..Field::new(name, kind) };
        let link = |collection, field: Field, is_key| LinkedField { collection, field, is_key };
        let mut database = Database { id: 1, ..Database::sample() };
        database.fields = vec![field(1, "email", FieldKind::Email), field(2, "city", FieldKind::Text)];
        database.collections[0].id = 7;
        database.collections[0].fields = vec![field(3, "product", FieldKind::Text)];
        let linked = [
            link(None, database.fields[0].clone(), true),
            link(None, database.fields[1].clone(), false),
            link(Some(7), database.collections[0].fields[0].clone(), true),
        ];
        let check = |change: &dyn Fn(&mut Database)| {
            let mut changed = database.clone();
            change(&mut changed);
            linked.iter().try_for_each(|linked| linked.check(&changed)).err()
        };
        for (expected, change) in [
            ("", (&|_: &mut Database| {}) as &dyn Fn(&mut Database)),
            ("", &|it| it.fields[0].name = "EMAIL".into()),
            ("", &|it| it.fields[1].kind = FieldKind::Big),
            ("", &|it| it.fields.insert(0, field(9, "new", FieldKind::Text))),
            ("the key field `email` was removed", &|it| drop(it.fields.remove(0))),
            ("the key field `email` was removed", &|it| it.fields[0].id = 9),
            ("the key field `email` was renamed to `mail`", &|it| it.fields[0].name = "mail".into()),
            ("the key field `email` got the type `integer`", &|it| it.fields[0].kind = FieldKind::Integer),
            ("the key field `email` got another default", &|it| it.fields[0].value = "x".into()),
            ("the field `city` was renamed to `town`", &|it| it.fields[1].name = "town".into()),
            ("the key field `product` was removed", &|it| it.collections[0].fields.clear()),
            ("the key field `product` was removed", &|it| it.collections.clear()),
        ] {
            let error = check(change).unwrap_or_default();
            assert!(error.starts_with(expected) && error.is_empty() == expected.is_empty(), "{expected}: {error}");
        }
    }

    #[test]
    fn a_row_weighs_what_is_nested_in_it_too() {
        let row =
            |value: Value| ImportRow { profile: Map::from_iter([("name".to_owned(), value)]), ..ImportRow::default() };
        assert!(row(json!("x".repeat(1000))).weight() > 1000);
        assert!(row(json!(vec![json!([]); 1000])).weight() > 32_000);
        assert!(row(json!({"a": {"b": "x".repeat(1000)}})).weight() > 1000);
        assert!(row(json!(7)).weight() < 100);
    }
}
