use serde_json::{Map, Value, json};

use super::super::{Owner, Store};
use super::*;
use crate::platform::{
    Command, EntityInput, EntityRef, Field, FieldKind, ImportRow, ImportRules, Kind, LinkedField, Switches, Trigger,
};

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

/// One row that named many was one transaction, and nobody could write until all were updated.
#[tokio::test]
async fn a_row_that_names_many_lets_others_write_in_between() {
    const COUNT: u64 = 3000;
    let store = Store::in_memory(Switches::default()).unwrap();
    let input = EntityInput::of_fields(row("a").profile.into_iter().filter(|(name, _)| name == "email").collect());
    let profile = Command::CreateProfile { database: 1, input };
    store.apply_all(vec![profile; COUNT as usize], Trigger::Rest, 1).await.unwrap();
    let id = store.create_import(1, String::new(), ImportAction::UpdateOrAdd).await.unwrap();
    let mut matcher = store.prepare_import(rules(&store).await).await.unwrap();
    let mut rows = vec![row("a"), row("b")];
    let mut turns = 0;
    while !rows.is_empty() || matcher.is_under_way() {
        let turn = store.import_rows(id, matcher, rows, 1).await.unwrap();
        (matcher, rows) = (turn.matcher, turn.left);
        turns += 1;
        if turns == 1 {
            let processed = store.import(id).await.unwrap().processed;
            assert_eq!((processed, rows.len(), matcher.is_under_way()), (0, 1, true), "{turns}");
            // Somebody removes one, and gives another one another address, whose turns have not come.
            let remove = Command::Remove { entity: EntityRef::profile(COUNT as Id), completely: true };
            let input = EntityInput::of_fields(row("c").profile);
            let update = Command::Update { entity: EntityRef::profile(COUNT as Id - 1), input };
            store.apply_all(vec![remove, update], Trigger::Rest, 1).await.unwrap();
        }
    }
    let import = store.import(id).await.unwrap();
    assert_eq!((import.processed, import.tally.created, import.tally.updated), (2, 1, COUNT - 2), "{turns} turns");
}
