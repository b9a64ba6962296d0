use serde_json::json;

use super::super::batch::Batch;
use super::super::{CallbackDraft, Owner, Store};
use super::MOST;
use crate::callback::{Budget, ConditionDraft, Reason, Scope, World};
use crate::emit::TargetUrl;
use crate::platform::{Command, Database, EntityInput, EntityRef, Field, FieldKind, Switches, Trigger};

const DATABASE: i64 = 1;

async fn with_rule(store: &Store, condition: serde_json::Value) {
    with_rule_of(store, DATABASE, condition).await;
}

async fn with_rule_of(store: &Store, database: i64, condition: serde_json::Value) {
    let url = TargetUrl::parse("http://127.0.0.1:9/").unwrap();
    let condition = ConditionDraft::parse(None, Some(&json!({"conditions": [condition]}))).unwrap();
    let draft = CallbackDraft { condition, ..CallbackDraft::default() };
    store.create_callback(Scope::Database(database), url, draft).await.unwrap();
}

fn double(mode: &str) -> serde_json::Value {
    json!({"type": "DoubleField", "match-mode": mode, "fields": ["city"]})
}

fn input(fields: serde_json::Value) -> EntityInput {
    EntityInput::of_fields(fields.as_object().unwrap().clone())
}

fn create(city: &str) -> Command {
    Command::CreateProfile { database: DATABASE, input: input(json!({"city": city})) }
}

fn moved(id: i64, city: &str) -> Command {
    Command::Update { entity: EntityRef::profile(id), input: input(json!({"city": city, "name": city})) }
}

async fn one_number(store: &Store, sql: &'static str) -> usize {
    store.write(move |transaction| Ok(transaction.query_row(sql, [], |row| row.get(0))?)).await.unwrap()
}

/// Whether the callback fires for a command.
async fn fires(store: &Store, command: Command) -> bool {
    store.apply(command, Trigger::Rest, 1).await.unwrap().fired > 0
}

#[tokio::test]
async fn who_is_unique_depends_on_what_the_others_have_become() {
    let store = Store::in_memory(Switches::default()).unwrap();
    store.apply(create("before"), Trigger::Rest, 1).await.unwrap();
    with_rule(&store, double("match_unique_profiles")).await;
    assert!(!fires(&store, create("BEFORE")).await, "of those who were there before the condition, too");
    assert!(fires(&store, create("Delft")).await);
    assert!(!fires(&store, create("delft")).await);
    assert!(fires(&store, moved(4, "Gouda")).await);
    assert!(fires(&store, moved(3, "delft")).await, "the other one has moved");
    assert!(!fires(&store, create("gouda")).await);
    for (id, completely) in [(4, false), (5, true)] {
        store.apply(Command::Remove { entity: EntityRef::profile(id), completely }, Trigger::Rest, 1).await.unwrap();
    }
    assert!(fires(&store, create("Gouda")).await, "the others are gone");

    // What was rolled back was never there.
    let failed = vec![create("Breda"), Command::Remove { entity: EntityRef::profile(99), completely: false }];
    store.apply_all(failed, Trigger::Rest, 1).await.unwrap_err();
    assert!(fires(&store, create("Breda")).await);

    // A field that those who were there before have the default of.
    let owner = Owner::Database(DATABASE);
    let field = Field { value: "1".into(), ..Field::new("stars", FieldKind::Text) };
    let id = store.create_field(owner, field.clone()).await.unwrap();
    with_rule(&store, json!({"type": "DoubleField", "match-mode": "match_unique_profiles", "fields": ["stars"]})).await;
    let starred = |stars: &str| Command::CreateProfile {
        database: DATABASE,
        input: input(json!({"stars": stars, "city": "Breda"})),
    };
    assert!(!fires(&store, starred("1")).await);
    assert!(fires(&store, starred("2")).await);
    store.update_field(owner, Field { id, value: "3".into(), ..field }).await.unwrap();
    assert!(!fires(&store, starred("3")).await);
}

#[tokio::test]
async fn a_part_is_counted_among_those_who_are_there() {
    let store = Store::in_memory(Switches::default()).unwrap();
    with_rule(&store, json!({"type": "Part", "begin": "0", "length": "1", "fields": ["city"]})).await;
    assert!(fires(&store, create("m")).await);
    assert!(!fires(&store, create("z")).await);
    assert!(fires(&store, create("A")).await);
    assert!(!fires(&store, moved(1, "b")).await);
    assert!(fires(&store, create("9")).await, "numbers come before texts");
    assert!(!fires(&store, create("10")).await);
    assert!(
        fires(&store, Command::Remove { entity: EntityRef::profile(4), completely: false }).await,
        "by its last values"
    );
    assert!(fires(&store, moved(5, "11")).await);
}

#[tokio::test]
async fn no_more_crowds_are_kept_than_are_useful() {
    let store = Store::in_memory(Switches::default()).unwrap();
    for number in 0..40 {
        store.create_field(Owner::Database(DATABASE), Field::new(format!("f{number}"), FieldKind::Text)).await.unwrap();
        let field = format!("f{number}");
        with_rule(&store, json!({"type": "DoubleField", "match-mode": "match_unique_profiles", "fields": [field]}))
            .await;
    }
    for expected in [MOST, 0] {
        let applied = store.apply(create("Breda"), Trigger::Rest, 1).await.unwrap();
        assert_eq!(applied.fired, expected);
        let (_, decisions) = store.change(applied.changes[0]).await.unwrap();
        for decision in &decisions[MOST..] {
            assert_eq!(decision.reason, Reason::ConditionFailed);
            assert!(decision.error.as_ref().unwrap().starts_with("not evaluated: "));
        }
    }
    assert_eq!(one_number(&store, "SELECT count(*) FROM crowds").await, MOST);
    assert_eq!(one_number(&store, "SELECT count(DISTINCT crowd) FROM crowd_members").await, MOST);
    assert_eq!(one_number(&store, "SELECT max(id) FROM crowds").await, MOST, "none is given up for one that is in use");

    // Those of another database, which this one's have to make place for.
    store.create_database(Database { name: "Other".into(), ..Database::sample() }).await.unwrap();
    with_rule_of(&store, 2, double("match_unique_profiles")).await;
    assert!(fires(&store, Command::CreateProfile { database: 2, input: input(json!({"city": "Breda"})) }).await);
    assert_eq!(one_number(&store, "SELECT min(id) FROM crowds").await, 2);
    assert_eq!(one_number(&store, "SELECT count(*) FROM crowds").await, MOST);
}

#[tokio::test]
async fn only_looking_into_a_crowd_takes_the_time_of_conditions() {
    let store = Store::in_memory(Switches::default()).unwrap();
    store.apply(create("Breda"), Trigger::Rest, 1).await.unwrap();
    for is_made in [true, false] {
        let time_left = store.write(|transaction| {
            let mut batch = Batch::new(transaction, Switches::default(), 0);
            batch.budget = Budget::spent();
            let (database, entity) = (batch.database(DATABASE)?, batch.entity(EntityRef::profile(1))?);
            batch.twins(&entity, &[&database.fields[0]]).unwrap();
            Ok(batch.budget.spend(|| ()).is_ok())
        });
        assert_eq!(time_left.await.unwrap(), is_made, "given back");
    }
}

#[tokio::test]
async fn long_values_are_compared_to_their_end_and_kept_short() {
    const LONG: usize = 400_000;
    let store = Store::in_memory(Switches::default()).unwrap();
    with_rule(&store, double("match_unique_profiles")).await;
    let long = |end: &str| create(&format!("{}{end}", "a".repeat(LONG)));
    assert!(fires(&store, long("m")).await);
    assert!(fires(&store, long("b")).await);
    assert!(!fires(&store, long("M")).await);
    let size = 4096 * one_number(&store, "PRAGMA temp.page_count").await;
    assert!(size < LONG, "{size}");
}

/// What took a look at all others for each of them took minutes.
#[tokio::test]
async fn thousands_are_compared_with_each_other_in_seconds() {
    let store = Store::in_memory(Switches::default()).unwrap();
    with_rule(&store, double("match_repeated_profiles")).await;
    with_rule(&store, json!({"type": "Part", "begin": "-10%", "fields": ["city"]})).await;
    let begun = std::time::Instant::now();
    let mut fired = 0;
    for turn in 0..20 {
        let cities = (200 * turn..).take(200).map(|number| create(&format!("city {}", number / 2)));
        fired += store.apply_all(cities.collect(), Trigger::Import, 1).await.unwrap().fired;
    }
    let elapsed = begun.elapsed();
    assert!(fired >= 2000, "{fired}");
    assert!(elapsed.as_secs() < 30, "{elapsed:?}");
}
