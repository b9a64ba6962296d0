use serde_json::{Map, Value};

use super::order::{ImportOrder, KeyField, field_named};
use crate::excerpt::excerpt;
use crate::platform::{Database, ImportAction, ImportRow, ImportRules, Kind, LinkedField};

/// How many columns that are ignored are told of, and how much of the name of each.
const MAX_IGNORED: usize = 20;
const MAX_NAME: usize = 60;

/// Where the values of a file go: each column is linked to the field of its name. One that is linked to none is ignored.
#[derive(Debug)]
pub(super) struct Columns(Vec<Option<KeyField>>);

impl Columns {
    /// Links the columns of a file, and completes the rules of its import with what they are about.
    pub(super) fn link(
        names: &[String],
        database: &Database,
        order: &ImportOrder,
    ) -> Result<(Self, ImportRules), String> {
        let columns: Vec<Option<KeyField>> = names.iter().map(|name| field_named(name.trim(), database)).collect();
        for (index, column) in columns.iter().enumerate() {
            if column.is_some() && columns[..index].contains(column) {
                return Err(format!("two columns are named `{}`", names[index].trim()));
            }
        }
        if columns.iter().all(Option::is_none) {
            return Err(format!("no column has the name of a field; the first is named `{}`", first(names)));
        }
        if let Some(key) = order.keys.iter().find(|key| !columns.contains(&Some((*key).clone()))) {
            return Err(format!("the key field `{}` is no column", key.name));
        }
        let mut collections: Vec<_> = columns.iter().flatten().filter_map(|column| column.collection).collect();
        collections.dedup();
        if collections.len() > 1 {
            return Err("a row has one subprofile, and the columns are of several collections; import them one after \
                        the other"
                .to_owned());
        }
        let collection = collections.first().copied();
        let keys_of = |subprofile: bool| {
            let wanted = order.keys.iter().filter(|key| key.collection.is_some() == subprofile);
            wanted.map(|key| key.name.clone()).collect::<Vec<_>>()
        };
        let subprofile_keys = keys_of(true);
        let removes_subprofiles =
            order.delete_target == Kind::Subprofile && (order.action == ImportAction::Delete || order.remove_missing);
        let finds_subprofiles = order.action == ImportAction::Update && collection.is_some();
        if (finds_subprofiles || removes_subprofiles) && subprofile_keys.is_empty() {
            return Err("no key field finds a subprofile; add one such as `orders.product` to `keyFields`".to_owned());
        }
        let linked = columns.iter().flatten().filter_map(|column| linked(column, database, order)).collect();
        let rules = ImportRules {
            database: database.id,
            action: order.action,
            collection,
            profile_keys: keys_of(false),
            subprofile_keys,
            linked,
            ignore_empty: order.ignore_empty,
            remove_missing: order.remove_missing,
            delete_target: order.delete_target,
        };
        Ok((Self(columns), rules))
    }

    /// The names of the columns that are linked to no field; there may be as many as a file likes, so not all of them.
    pub(super) fn ignored(&self, names: &[String]) -> Vec<String> {
        let unlinked = self.0.iter().zip(names).filter(|(column, _)| column.is_none());
        unlinked.take(MAX_IGNORED).map(|(_, name)| excerpt(name.trim(), MAX_NAME)).collect()
    }

    /// The values of a row, in the order of the columns.
    pub(super) fn row(&self, values: impl Iterator<Item = Value>) -> ImportRow {
        let mut row = ImportRow::default();
        for (column, value) in self.0.iter().zip(values) {
            let Some(KeyField { collection, name }) = column else { continue };
            let fields: &mut Map<String, Value> = match collection {
                None => &mut row.profile,
                Some(_) => &mut row.subprofile,
            };
            fields.insert(name.clone(), value);
        }
        row
    }
}

/// The field of a column, to be watched for as long as the import runs.
fn linked(column: &KeyField, database: &Database, order: &ImportOrder) -> Option<LinkedField> {
    let layout = match column.collection {
        None => database.layout(),
        Some(id) => database.collections.iter().find(|collection| collection.id == id)?.layout(),
    };
    let field = layout.field(&column.name)?.clone();
    Some(LinkedField { collection: column.collection, field, is_key: order.keys.contains(column) })
}

fn first(names: &[String]) -> String {
    // Whatever it is, an error is no place for all of it.
    names.first().map(|name| name.chars().take(40).collect()).unwrap_or_default()
}
