use std::time::Instant;

use serde_json::{Map, Value, json};

use super::*;
use crate::access_token::AccessToken;
use crate::bell::Bell;
use crate::platform::{Command, EntityInput, Switches};
use crate::store::{DatabaseDraft, Handler, Store};

/// The sample database with profile 1, Mike, and his orders, subprofiles 1 and 2.
async fn entry() -> Entry {
    let entry = Entry {
        store: Store::in_memory(Switches::default()).unwrap(),
        bell: Bell::default(),
        token: AccessToken::random().unwrap(),
        base_url: String::new(),
        account: 1234,
    };
    let input = |values: Value| EntityInput::of_fields(values.as_object().unwrap().clone());
    let mike = EntityInput {
        interests: EntityInput::read_interests(&json!(["golf"])),
        ..input(json!({"name": "Mike", "score": 1}))
    };
    let order =
        |product| Command::CreateSubprofile { profile: 1, collection: 1, input: input(json!({"product": product})) };
    let commands = vec![Command::CreateProfile { database: 1, input: mike }, order("racket"), order("ball")];
    entry.store.apply_all(commands, crate::platform::Trigger::Rest, entry.store.clock().now()).await.unwrap();
    entry
}

fn event(entity: EntityRef, script: &str) -> Event {
    Event { entity, script: Some(script.to_owned()), about: Map::new(), report: Value::Null }
}

async fn run(entry: &Entry, script: &str) -> Result<Vec<String>, String> {
    run_for(entry, EntityRef::profile(1), script).await
}

/// What changed, such as `update profile 1`.
async fn run_for(entry: &Entry, entity: EntityRef, script: &str) -> Result<Vec<String>, String> {
    let applied =
        entry.handle(Occasion::Click, vec![event(entity, script)]).await.map_err(|error| error.to_string())?;
    let mut changes = Vec::new();
    for id in applied.changes {
        let change = entry.store.change(id).await.unwrap().0;
        assert_eq!(change.trigger, "click");
        changes.push(format!("{} {}", change.action, change.entity));
    }
    Ok(changes)
}

async fn field(entry: &Entry, entity: EntityRef, name: &str) -> String {
    entry.store.entity(entity).await.unwrap().field(name).unwrap().to_owned()
}

const MIKE: EntityRef = EntityRef::profile(1);

#[tokio::test]
async fn all_that_a_script_writes_into_a_profile_is_one_update() {
    let entry = entry().await;
    let script = "profile.fields.CITY = 'Utrecht'; profile.fields.score++; profile.interests.golf = false;
                  profile.interests.tennis = 1; profile.secret = 'mine'; profile.fields.unknown = 1;";
    assert_eq!(run(&entry, script).await.unwrap(), ["update profile 1"]);
    let mike = entry.store.entity(MIKE).await.unwrap();
    assert_eq!(
        (mike.field("city"), mike.field("score"), mike.field("name")),
        (Some("Utrecht"), Some("2"), Some("Mike"))
    );
    assert_eq!((mike.interests, mike.secret.as_str()), (vec!["tennis".to_owned()], "mine"));
    assert_eq!(
        run(&entry, "profile.fields = { name: 'Jo' }; profile.fields.city;").await.unwrap(),
        ["update profile 1"]
    );
    assert_eq!(field(&entry, MIKE, "name").await, "Jo");
    assert_eq!(run(&entry, "profile.fields.name = 'Jo'; var x = 1; // nothing").await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn what_a_script_writes_for_nothing_is_told() {
    let entry = entry().await;
    let script = "profile.fields.ctiy = 1; profile.interests.chess = true; profile.fields.City = 'Utrecht'; \
                  profile.createSubProfile('orders').fields.pruduct = 'x'; profile.subProfiles()[0].fields.PRODUCT = 'y';";
    let applied = entry.handle(Occasion::Click, vec![event(MIKE, script)]).await.unwrap();
    let ignored = |whose: &str, what: &str| format!("{whose} has no {what}: what the script wrote there was ignored");
    let expected =
        [("profile 1", "field `ctiy`"), ("profile 1", "interest `chess`"), ("the new subprofile", "field `pruduct`")];
    assert_eq!(applied.ignored, expected.map(|(whose, what)| ignored(whose, what)));
}

#[tokio::test]
async fn a_script_creates_and_removes() {
    let entry = entry().await;
    let script = "var order = profile.createSubProfile('Orders'); order.fields.product = 'net';
                  profile.subProfiles('orders')[0].remove(); profile.subProfiles()[0].fields.product = 'bat';
                  profile.createSubProfile(1).remove();";
    let changes = run(&entry, script).await.unwrap();
    assert_eq!(changes, ["update subprofile 2", "create subprofile 3", "delete subprofile 1"]);
    assert_eq!(field(&entry, EntityRef::subprofile(3), "product").await, "net");
    assert_eq!(field(&entry, EntityRef::subprofile(3), "amount").await, "0");

    let script = "profile.fields.city = 'Breda'; profile.remove(); profile.remove(); subprofile.remove();";
    let changes = run_for(&entry, EntityRef::subprofile(2), script).await.unwrap();
    assert_eq!(changes, ["update profile 1", "delete subprofile 2", "delete subprofile 3", "delete profile 1"]);
    let error = run(&entry, "profile.fields.city = 'x'").await.unwrap_err();
    assert_eq!(error, "profile 1 has already been removed");
}

#[tokio::test]
async fn a_script_sees_what_the_platform_documents() {
    let entry = entry().await;
    for (entity, truth) in [
        (MIKE, "profile.ID === 1 && profile.code === profile.secret && /^[0-9a-f]{28}$/.test(profile.secret)"),
        (MIKE, "profile.created.length === 19 && profile.removed === false && profile.unsubscribed === false"),
        (
            MIKE,
            "profile.fields.name === 'Mike' && 'NAME' in profile.fields && profile.fields.constructor === undefined",
        ),
        (MIKE, "Object.keys(profile.interests).join() === 'tennis,golf' && profile.interests.Golf === true"),
        (MIKE, "profile.database === database && database.name === 'customers' && database.ID === 1"),
        (MIKE, "destination === profile && subprofile === undefined && collection === undefined && report === null"),
        (MIKE, "profile.subProfiles().length === 2 && profile.subProfiles(1)[1].fields.product === 'ball'"),
        (MIKE, "mailing.ID === null && message.ID === null && template.ID === null"),
        (MIKE, "copernica.profile(1) === profile && copernica.database('Customers') === database"),
        (
            EntityRef::subprofile(2),
            "destination === subprofile && subprofile.ID === 2 && subprofile.profile === profile",
        ),
        (EntityRef::subprofile(2), "collection.name === 'orders' && subprofile.collection === collection"),
        (EntityRef::subprofile(2), "profile.ID === 1 && profile.subProfiles().length === 2"),
    ] {
        let script = format!("if (!({truth})) throw new Error('not so')");
        assert_eq!(run_for(&entry, entity, &script).await, Ok(Vec::new()), "{truth}");
    }
}

#[tokio::test]
async fn a_script_that_fails_changes_nothing() {
    let entry = entry().await;
    for (script, reason) in [
        ("profile.fields.city = 'x'; nothing();", "nothing is not defined"),
        ("profile.fields.city = 'x'; for (;;) {}", "is there an endless loop?"),
        (
            "profile.fields.city = 'x'; var all = []; for (;;) all.push(new Array(1000).fill(all.length))",
            "for profile 1 failed",
        ),
        ("profile.fields.city = 'x'; (function f() { f(); })()", "nested too deeply"),
        ("profile.fields.city =", "line 1"),
        ("profile.fields.city = 'x'; throw 'up'", "up"),
        ("profile.fields.city = 'x'; profile.createSubProfile(1).data.x = 1", "only fields can be written"),
        ("profile.fields.city = 'x'; profile.createSubProfile(1).secret = 'x'", "only fields can be written"),
        ("profile.fields.city = 'x'; profile.createSubProfile('none')", "no collection `none` in database `customers`"),
        ("profile.fields.city = 'x'; copernica.profile(2)", "no such profile"),
        ("profile.fields.city = 'x'; profile.data.list = []", "`data.list` is no text or number"),
        ("profile.fields.city = 'x'; profile.extra = 'x'.repeat(70000)", "more than 64 KiB"),
        ("profile.fields.city = 'x'; for (var i = 0; i < 101; i++) profile.createSubProfile(1)", "more than 100 calls"),
        ("profile.fields.city = { toJSON() { throw new Error('hidden') } }", "hidden"),
    ] {
        let error = run(&entry, script).await.unwrap_err();
        assert!(error.starts_with("the script for profile 1 failed: ") && error.contains(reason), "{script}: {error}");
        assert_eq!(field(&entry, MIKE, "city").await, "", "{script}");
    }
    // Of two scripts that run together, one that fails takes the other with it.
    let events = vec![event(MIKE, "profile.fields.city = 'x'"), event(EntityRef::subprofile(1), "fail()")];
    assert!(entry.handle(Occasion::Bounce, events).await.is_err());
    assert_eq!(field(&entry, MIKE, "city").await, "");
}

#[tokio::test]
async fn what_a_script_keeps_is_there_for_the_next_one() {
    let entry = entry().await;
    let script = "profile.data.clicks = (profile.data.clicks || 0) + 1; profile.extra += 'x';
                  profile.fields.score = profile.data.clicks; profile.fields.city = profile.extra;";
    for (clicks, extra) in [("1", "x"), ("2", "xx"), ("3", "xxx")] {
        let _ = run(&entry, script).await.unwrap();
        assert_eq!(
            (field(&entry, MIKE, "score").await.as_str(), field(&entry, MIKE, "city").await.as_str()),
            (clicks, extra)
        );
    }
    // But nothing else: each script finds the language as it is.
    let _ = run(&entry, "undeclared = 1; var declared = 2; let third = 3; Array.prototype.map = null;").await;
    for name in ["undeclared", "declared", "third"] {
        let error = run(&entry, name).await.unwrap_err();
        assert!(error.ends_with(&format!("{name} is not defined")), "{error}");
    }
    let script = "let third = [1].map(String)";
    assert_eq!(run(&entry, script).await, Ok(Vec::new()));
}

#[tokio::test]
async fn unsubscribing_does_what_the_database_says() {
    let entry = entry().await;
    assert_eq!(run(&entry, "profile.unsubscribe(); profile.unsubscribe()").await.unwrap(), [""; 0]);
    let set = async |unsubscribe| {
        let draft = DatabaseDraft { unsubscribe: Some(unsubscribe), ..DatabaseDraft::default() };
        entry.store.update_database(1, draft).await.unwrap();
    };
    let fields = json!({"city": "gone"}).as_object().unwrap().clone();
    set(crate::platform::Unsubscribe::Update(fields)).await;
    assert_eq!(run(&entry, "profile.unsubscribe()").await.unwrap(), ["update profile 1"]);
    set(crate::platform::Unsubscribe::Remove).await;
    let changes = run(&entry, "profile.unsubscribe(); profile.remove();").await.unwrap();
    assert_eq!(changes.last().map(String::as_str), Some("delete profile 1"));
}

#[tokio::test]
async fn the_handler_of_the_database_runs_if_the_link_has_none() {
    let entry = entry().await;
    let run = async |occasion| {
        let event = Event {
            entity: MIKE,
            script: None,
            about: Map::new(),
            report: json!({"code": "5.1.1", "description": "", "time": "now"}),
        };
        entry.handle(occasion, vec![event]).await.unwrap().changes.len()
    };
    for occasion in Occasion::ALL {
        assert_eq!(run(occasion).await, 0, "{occasion:?}: no field, no change");
        let script = format!("profile.fields.city = '{} ' + (report && report.code)", occasion.name());
        entry.store.set_handler(1, Handler { occasion, script: Some(script) }).await.unwrap();
        assert_eq!(run(occasion).await, 1);
        assert_eq!(field(&entry, MIKE, "city").await, format!("{} 5.1.1", occasion.name()));
        entry.store.set_handler(1, Handler { occasion, script: None }).await.unwrap();
        assert_eq!(run(occasion).await, 0);
    }
    let bounce = crate::platform::Field::new("Bounce", crate::platform::FieldKind::Text);
    entry.store.create_field(crate::store::Owner::Database(1), bounce).await.unwrap();
    assert_eq!((run(Occasion::Failure).await, run(Occasion::Bounce).await), (0, 1));
    assert_eq!(field(&entry, MIKE, "bounce").await, "5.1.1 now");
    // The same once more is told once more.
    for again in ["5.1.1 now (2)", "5.1.1 now (3)"] {
        assert_eq!(run(Occasion::Bounce).await, 1);
        assert_eq!(field(&entry, MIKE, "bounce").await, again);
    }
}

/// A hundred recipients whose scripts each stay within their own limit kept everybody else from writing for five seconds.
#[tokio::test]
async fn the_scripts_of_one_report_have_a_limit_together() {
    let entry = entry().await;
    let events = |count| vec![event(EntityRef::profile(1), "profile.fields.score = 7"); count];
    assert!(entry.handle(Occasion::Bounce, events(2)).await.is_ok());
    let before = entry.store.entity(EntityRef::profile(1)).await.unwrap();
    let begun = Instant::now();
    let refused = entry.handle(Occasion::Bounce, events(20_000)).await;
    assert!(matches!(refused, Err(HandlerError::Slow)), "{refused:?}");
    // The limit is one of work; a busy machine takes longer for it.
    assert!(begun.elapsed() < 20 * SCRIPTS);
    assert_eq!(entry.store.entity(EntityRef::profile(1)).await.unwrap(), before);
}
