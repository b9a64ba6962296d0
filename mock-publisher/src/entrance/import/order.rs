use serde_json::{Map, Value};

use super::source::Format;
use crate::platform::{Database, Id, ImportAction, Kind};

/// What somebody wants imported, and how; checked against the database that it is for.
#[derive(Debug, Clone)]
pub(in crate::entrance) struct ImportOrder {
    pub(super) database: Id,
    pub(super) name: String,
    pub(super) action: ImportAction,
    pub(super) keys: Vec<KeyField>,
    pub(super) ignore_empty: bool,
    pub(super) remove_missing: bool,
    pub(super) delete_target: Kind,
    /// Whether it begins by itself.
    pub(super) autostart: bool,
    pub(in crate::entrance) format: Option<Format>,
    pub(super) delimiter: Option<u8>,
}

/// A field that something is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyField {
    /// Of a subprofile.
    pub(super) collection: Option<Id>,
    /// As the database spells it.
    pub(super) name: String,
}

/// Every option there is.
pub(super) const OPTIONS: [&str; 14] = [
    "database",
    "name",
    "followups",
    "autostart",
    "rebuild",
    "action",
    "keyFields",
    "ignoreEmptyFields",
    "removeMissing",
    "deleteTarget",
    "location",
    "source",
    "format",
    "delimiter",
];

impl ImportOrder {
    /// Reads the options of an import, whose names and values are the platform's.
    ///
    /// `followups` and `rebuild` are read and have no effect: there are no follow-ups and selections here. Assumption: the action
    /// of an import that names none is `add`.
    pub(in crate::entrance) fn read(options: &Map<String, Value>, database: &Database) -> Result<Self, String> {
        for without_effect in ["followups", "rebuild"] {
            truth(options, without_effect, false)?;
        }
        if options.get("location").is_some_and(|location| !location.is_null()) {
            return Err("`location`: nothing is fetched from elsewhere here; send the rows as `source`, or the file \
                        itself to `/mock/v1/imports`"
                .to_owned());
        }
        let action = match text(options, "action")? {
            None => ImportAction::Add,
            Some(name) => ImportAction::from_name(name).ok_or_else(|| {
                let names = ImportAction::ALL.map(|action| format!("`{}`", action.name())).join(", ");
                format!("`action`: expected one of {names}, got `{name}`")
            })?,
        };
        let delete_target = match text(options, "deleteTarget")? {
            None => Kind::Profile,
            Some(name) => Kind::from_name(name).ok_or("`deleteTarget`: expected `profile` or `subprofile`")?,
        };
        let keys = key_fields(options.get("keyFields"), database)?;
        if action.matches() && !keys.iter().any(|key| key.collection.is_none()) {
            return Err(format!(
                "`keyFields`: `{}` needs a field of the database to find profiles by, such as `{}`",
                action.name(),
                database.fields.first().map_or("email", |field| &field.name)
            ));
        }
        let remove_missing = truth(options, "removeMissing", false)?;
        if remove_missing && matches!(action, ImportAction::Add | ImportAction::Delete) {
            return Err(format!("`removeMissing`: `{}` finds nothing that could be missing", action.name()));
        }
        Ok(Self {
            database: database.id,
            name: text(options, "name")?.unwrap_or_default().to_owned(),
            action,
            keys,
            ignore_empty: truth(options, "ignoreEmptyFields", false)?,
            remove_missing,
            delete_target,
            autostart: truth(options, "autostart", true)?,
            format: text(options, "format")?
                .map(|name| {
                    Format::from_name(name).ok_or_else(|| format!("`format`: expected `csv` or `json`, got `{name}`"))
                })
                .transpose()?,
            delimiter: text(options, "delimiter")?.map(delimiter).transpose()?,
        })
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "\t" | "\\t" | "tab" => Ok(b'\t'),
        "," => Ok(b','),
        ";" => Ok(b';'),
        _ => Err(format!("`delimiter`: expected a comma, a semicolon or a tab, got `{text}`")),
    }
}

fn key_fields(value: Option<&Value>, database: &Database) -> Result<Vec<KeyField>, String> {
    let names: Vec<&str> = match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(names)) => names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect(),
        Some(Value::Array(items)) => {
            let names: Option<_> = items.iter().map(Value::as_str).collect();
            names.ok_or("`keyFields`: expected a list of names")?
        }
        Some(_) => return Err("`keyFields`: expected a list of names".to_owned()),
    };
    names
        .into_iter()
        .map(|name| field_named(name, database).ok_or_else(|| format!("`keyFields`: there is no field `{name}`")))
        .collect()
}

/// A field by its name, or by those of its collection and itself: `orders.product`.
pub(super) fn field_named(name: &str, database: &Database) -> Option<KeyField> {
    if let Some(field) = database.layout().field(name) {
        return Some(KeyField { collection: None, name: field.name.clone() });
    }
    let (collection, name) = name.split_once('.')?;
    let collection = database.collection(collection)?;
    let field = collection.layout().field(name)?.name.clone();
    Some(KeyField { collection: Some(collection.id), name: field })
}

fn text<'a>(options: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match options.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{key}`: expected a text")),
    }
}

/// A truth value, which may come as a text.
pub(in crate::entrance) fn truth(options: &Map<String, Value>, key: &str, default: bool) -> Result<bool, String> {
    match options.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(truth)) => Ok(*truth),
        Some(Value::String(text)) if text == "true" || text == "1" => Ok(true),
        Some(Value::String(text)) if matches!(text.as_str(), "false" | "0" | "") => Ok(false),
        Some(Value::Number(number)) if number.as_i64() == Some(1) => Ok(true),
        Some(Value::Number(number)) if number.as_i64() == Some(0) => Ok(false),
        Some(_) => Err(format!("`{key}`: expected `true` or `false`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(options: Value) -> Result<ImportOrder, String> {
        let mut database = Database { id: 1, ..Database::sample() };
        database.collections[0].id = 7;
        ImportOrder::read(options.as_object().unwrap(), &database)
    }

    #[test]
    fn truth_values_may_be_texts_and_names_are_found_in_any_case() {
        let order = read(json!({
            "action": "Update or Add", "keyFields": ["EMAIL", "Orders.Product"], "ignoreEmptyFields": "true",
            "autostart": "false", "rebuild": "0", "delimiter": ";", "format": "csv",
        }))
        .unwrap();
        let keys = [(None, "email"), (Some(7), "product")];
        let keys = keys.map(|(collection, name)| KeyField { collection, name: name.to_owned() });
        assert_eq!(order.keys, keys);
        assert!(order.ignore_empty && !order.autostart && !order.remove_missing);
        assert_eq!(order.action, ImportAction::UpdateOrAdd);
    }

    #[test]
    fn options_that_make_no_sense_are_refused_and_named() {
        for (options, expected) in [
            (json!({"location": "https://example.com/a.csv"}), "`location`: nothing is fetched"),
            (json!({"action": "merge"}), "`action`: expected one of `add`, `update`"),
            (json!({"action": "update"}), "`keyFields`: `update` needs a field of the database"),
            (json!({"action": "update", "keyFields": ["orders.product"]}), "`keyFields`: `update` needs a field"),
            (json!({"keyFields": ["shoe"]}), "there is no field `shoe`"),
            (json!({"removeMissing": true}), "`removeMissing`: `add` finds nothing"),
            (json!({"deleteTarget": "database"}), "`deleteTarget`: expected"),
            (json!({"autostart": "maybe"}), "`autostart`: expected"),
            (json!({"format": "xml"}), "`format`: expected `csv` or `json`"),
            (json!({"delimiter": "|"}), "`delimiter`: expected"),
        ] {
            let error = read(options).unwrap_err();
            assert!(error.starts_with(expected) || error.contains(expected), "{error}");
        }
    }
}
