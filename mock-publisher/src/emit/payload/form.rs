use form_urlencoded::Serializer;

use super::Told;
use crate::clock::{self, Millis};
use crate::platform::{Action, Home};

/// One variable with a text.
pub(super) fn variable(name: &str, value: &str) -> String {
    Serializer::new(String::new()).append_pair(name, value).finish()
}

/// The webhooks of the sister product, as documented: a removal tells less than the others.
pub(super) fn webhook(told: &Told<'_>, now: Millis) -> String {
    let mut form = Serializer::new(String::new());
    let removal = told.change.action == Action::Delete;
    form.append_pair("type", told.change.action.name());
    if !removal {
        append_all(&mut form, "parameters", told.changed());
    }
    form.append_pair("timestamp", &clock::stamp(now)).append_pair("time", &(now / 1000).to_string());
    let id = told.entity.id.to_string();
    match told.entity.home {
        Home::Database(database) => {
            form.append_pair("profile", &id).append_pair("database", &database.to_string());
        }
        Home::Collection { collection, profile, database } => {
            form.append_pair("profile", &profile.to_string()).append_pair("database", &database.to_string());
            form.append_pair("subprofile", &id).append_pair("collection", &collection.to_string());
        }
    }
    if !removal {
        form.append_pair("created", &clock::stamp(told.entity.created));
        form.append_pair("modified", &clock::stamp(told.entity.modified));
    }
    append_all(&mut form, "fields", told.fields());
    if !removal {
        for interest in &told.entity.interests {
            form.append_pair("interests[]", interest);
        }
    }
    form.finish()
}

fn append_all<'a>(form: &mut Serializer<'_, String>, name: &str, values: impl Iterator<Item = (&'a str, &'a str)>) {
    for (key, value) in values {
        form.append_pair(&format!("{name}[{key}]"), value);
    }
}
