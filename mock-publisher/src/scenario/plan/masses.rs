//! Steps that bring in or copy many.

use toml::Spanned;

use super::super::document::{CopyTable, ImportTable};
use super::super::step::{Action, Copy, Import};
use super::super::values;
use super::{Checked, MAX_INVENTED, Plan};
use crate::platform::{Database, EntityInput};

impl Plan<'_> {
    pub(super) fn import(&mut self, table: ImportTable) -> Checked<Action> {
        let ImportTable { database, rows, invented, key } = table;
        let index = self.database_named(&database)?;
        let layout = &self.layouts[index];
        for name in key.iter().chain(rows.iter().flat_map(|row| row.0.iter().map(|(name, _)| name))) {
            self.check_column(layout, name)?;
        }
        let rows: Box<dyn Iterator<Item = _> + Send> = match (rows.is_empty(), invented) {
            (false, None) => Box::new(rows.into_iter().map(|row: values::Values| row.map())),
            (true, Some(count)) => {
                if *count.get_ref() > MAX_INVENTED {
                    return Err(self.error(&count, format!("one step can bring in up to {MAX_INVENTED}")));
                }
                let fields = |input: EntityInput| input.fields;
                Box::new(self.invented(layout, *count.get_ref())?.map(fields))
            }
            _ => return Err(self.error(&database, "an `import` has either `rows` or `invented`")),
        };
        let keys = key.into_iter().map(Spanned::into_inner).collect();
        Ok(Action::Import(Import { database: database.into_inner(), keys, rows }))
    }

    /// A field of the database, or one of a collection as `Collection.Field`.
    fn check_column(&self, database: &Database, name: &Spanned<String>) -> Checked<()> {
        let layout = match name.get_ref().split_once('.') {
            None => Some((database.layout(), name.get_ref().as_str())),
            Some((collection, field)) => database.collection(collection).map(|found| (found.layout(), field)),
        };
        match layout {
            Some((layout, field)) if layout.field(field).is_some() => Ok(()),
            _ => Err(self.error(name, format!("no field `{}` in `{}`", name.get_ref(), database.name))),
        }
    }

    pub(super) fn copy(&mut self, table: CopyTable) -> Checked<Action> {
        let CopyTable { database, name, collections, profiles, subprofiles } = table;
        let index = self.database_named(&database)?;
        if self.layouts.iter().any(|known| known.name.eq_ignore_ascii_case(name.get_ref())) {
            return Err(self.error(&name, format!("there is a database `{}` already", name.get_ref())));
        }
        let mut copied = Database { name: name.get_ref().clone(), ..self.layouts[index].clone() };
        if collections == Some(false) {
            copied.collections.clear();
        }
        // The steps behind this one can name it.
        self.layouts.push(copied);
        let options = [("collections", collections), ("profiles", profiles), ("subprofiles", subprofiles)];
        Ok(Action::Copy(Copy {
            database: database.into_inner(),
            name: name.into_inner(),
            profiles: profiles.unwrap_or(true),
            options: options.into_iter().filter_map(|(name, given)| Some((name, given?))).collect(),
        }))
    }
}
