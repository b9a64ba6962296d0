use serde_json::{Map, Value, json};

use super::super::{Owner, Store};
use super::*;
use crate::platform::{Field, FieldKind, ImportRow, ImportRules, Kind, LinkedField, Switches};

fn row(email: &str) -> ImportRow {
    let profile = [("email", email), ("city", "Breda")].map(|(name, value)| (name.to_owned(), json!(value)));
    ImportRow { profile: Map::<String, Value>::from_iter(profile), ..ImportRow::default() }
}

async fn rules(store: &Store) -> ImportRules {
    let database = store.database("1").await.unwrap();
    let linked = |name: &str, is_key| LinkedField {
        collection: None,
        field: database.layout().field(name).unwrap().clone(),
        is_key,
    };
    ImportRules {
        database: 1,
        action: ImportAction::UpdateOrAdd,
        collection: None,
        profile_keys: vec!["email".to_owned()],
        subprofile_keys: Vec::new(),
        linked: vec![linked("email", true), linked("city", false)],
        ignore_empty: false,
        remove_missing: false,
        delete_target: Kind::Profile,
    }
}

/// What an import found its profiles by became another field, and it went on, adding everybody again.
#[tokio::test]
async fn an_import_ends_when_its_fields_become_others() {
    let owner = Owner::Database(1);
    for (change, expected) in [
        ((|field| Some(Field { name: "mail".into(), ..field })) as fn(Field) -> Option<Field>, "was renamed to `mail`"),
        (|field| Some(Field { kind: FieldKind::Integer, ..field }), "got the type `integer`"),
        (|_| None, "was removed"),
    ] {
        let store = Store::in_memory(Switches::default()).unwrap();
        let id = store.create_import(1, String::new(), ImportAction::UpdateOrAdd).await.unwrap();
        let matcher = store.prepare_import(rules(&store).await).await.unwrap();
        let turn = store.import_rows(id, matcher, vec![row("a"), row("b")], 1).await.unwrap();
        assert!(turn.left.is_empty());
        let (_, field) = store.field(2).await.unwrap();
        match change(field) {
            Some(field) => store.update_field(owner, field).await.unwrap(),
            None => store.remove_field(owner, 2).await.unwrap(),
        }
        let error = store.import_rows(id, turn.matcher, vec![row("a")], 1).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the key field `email` {expected} while the import ran"));
        let import = store.import(id).await.unwrap();
        assert_eq!((import.processed, import.tally.created), (2, 2), "what was carried out stays");
    }
}
