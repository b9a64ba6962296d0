mod expression;
mod rules;

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::{ActionType, Budget, Callback, Reason, Scope, World, WorldError};
use super::*;
use crate::clock::Millis;
use crate::platform::{
    Action, ConditionStyle, Database, Entity, EntityInput, Field, FieldKind, Home, Id, Trigger, sort_key,
};

fn callback(condition: Condition) -> Callback {
    Callback {
        id: 1,
        scope: Scope::Database(1),
        url: crate::emit::TargetUrl::parse("http://127.0.0.1:9/").unwrap(),
        method: crate::emit::PayloadMethod::Json,
        dialect: None,
        wire: None,
        action: ActionType::All,
        triggers: crate::platform::TriggerSet::ALL,
        condition,
        active: true,
    }
}

/// The sample database with some profiles, and orders of the first; what was fetched is noted.
struct Shop {
    database: Arc<Database>,
    profiles: Vec<Entity>,
    orders: Vec<Entity>,
    fetched: RefCell<Vec<String>>,
    now: Millis,
    style: ConditionStyle,
}

/// 2026-11-25 13:14:15 in Amsterdam.
const NOW: Millis = 1_795_608_855_000;

const ORDERS: Home = Home::Collection { collection: 1, profile: 1, database: 1 };

impl Shop {
    fn new() -> Self {
        let mut database = Database { id: 1, ..Database::sample() };
        database.collections[0].id = 1;
        database.interests[0].group = "sports".to_owned();
        database.fields.push(Field::new("born", FieldKind::EmptyDate));
        for (id, field) in (1..).zip(&mut database.fields) {
            field.id = id;
        }
        let mut shop = Self {
            database: Arc::new(database),
            profiles: Vec::new(),
            orders: Vec::new(),
            fetched: RefCell::default(),
            now: NOW,
            style: ConditionStyle::default(),
        };
        shop.add(
            json!({"name": "Mike", "email": "mike@example.com", "city": "Utrecht", "score": 9, "born": "1990-12-24"}),
            &["tennis"],
        );
        shop.add(json!({"name": "Jessica", "city": "Utrecht", "score": 10}), &[]);
        shop.add(json!({"name": "mike", "city": "Delft", "score": -3}), &["tennis", "golf"]);
        for product in ["ball", "racket"] {
            let order = shop.entity(ORDERS, shop.orders.len() as Id + 1, json!({"product": product, "amount": 2}), &[]);
            shop.orders.push(order);
        }
        shop
    }

    fn entity(&self, home: Home, id: Id, fields: Value, interests: &[&str]) -> Entity {
        let input = EntityInput::of_fields(fields.as_object().unwrap().clone());
        let entity = Entity::create(home, self.database.layout_of(home), id, format!("secret{id}"), &input, 1000);
        Entity { interests: interests.iter().map(|&name| name.to_owned()).collect(), ..entity }
    }

    fn add(&mut self, fields: Value, interests: &[&str]) {
        let profile = self.entity(Home::Database(1), self.profiles.len() as Id + 1, fields, interests);
        self.profiles.push(profile);
    }

    /// The creation of a profile.
    fn creation(&self, profile: usize) -> Change {
        change(Action::Create, self.profiles[profile - 1].clone(), None)
    }

    /// An update of the first profile.
    fn update(&self, fields: Value, interests: &[&str]) -> Change {
        let before = self.profiles[0].clone();
        let input = EntityInput::of_fields(fields.as_object().unwrap().clone());
        let after = before.update(self.database.layout(), &input, 2000);
        let interests = interests.iter().map(|&name| name.to_owned()).collect();
        change(Action::Update, Entity { interests, ..after }, Some(before))
    }
}

fn change(action: Action, entity: Entity, before: Option<Entity>) -> Change {
    Change { action, trigger: Trigger::Rest, entity, before }
}

impl World for Shop {
    fn style(&self) -> ConditionStyle {
        self.style
    }

    fn now(&self) -> Millis {
        self.now
    }

    fn database(&self, _: Id) -> Result<Arc<Database>, WorldError> {
        Ok(self.database.clone())
    }

    fn profile(&self, id: Id) -> Result<Entity, WorldError> {
        self.fetched.borrow_mut().push(format!("profile {id}"));
        self.profiles.iter().find(|profile| profile.id == id).cloned().ok_or_else(|| "no such profile".into())
    }

    fn subprofiles(&self, profile: Id, collection: Id, limit: usize) -> Result<Vec<Entity>, WorldError> {
        self.fetched.borrow_mut().push(format!("subprofiles {profile} {collection}"));
        Ok(if profile == 1 { self.orders.iter().take(limit).cloned().collect() } else { Vec::new() })
    }

    fn twins(&self, entity: &Entity, fields: &[&Field]) -> Result<(u64, u64), WorldError> {
        let same = |other: &&Entity| key(other, fields) == key(entity, fields);
        let twins: Vec<_> = self.others(entity).filter(same).map(|other| other.id < entity.id).collect();
        let before = twins.iter().filter(|before| **before).count();
        Ok((before as u64, (twins.len() - before) as u64))
    }

    fn place(&self, entity: &Entity, fields: &[&Field]) -> Result<(u64, u64), WorldError> {
        let own = (key(entity, fields), entity.id);
        let before = self.others(entity).filter(|other| (key(other, fields), other.id) < own).count();
        Ok((before as u64, self.others(entity).count() as u64))
    }
}

impl Shop {
    fn others<'a>(&'a self, entity: &Entity) -> impl Iterator<Item = &'a Entity> + use<'a> {
        let id = entity.id;
        let all = if matches!(entity.home, Home::Database(_)) { &self.profiles } else { &self.orders };
        all.iter().filter(move |other| other.id != id)
    }
}

fn key(entity: &Entity, fields: &[&Field]) -> Vec<u8> {
    sort_key(fields.iter().map(|field| entity.field(&field.name).unwrap_or_default()))
}

fn expression(source: &str, change: &Change, shop: &Shop) -> Evaluation {
    Condition::parse(source, None).unwrap().evaluate(change, shop)
}

fn rules(rules: &Value, change: &Change, shop: &Shop) -> Evaluation {
    Condition::parse("", Some(rules)).unwrap().evaluate(change, shop)
}

#[test]
fn an_empty_condition_always_holds() {
    let shop = Shop::new();
    for (source, given) in [("", None), (" \n", None), ("", Some(json!({"rules": []})))] {
        let evaluation = Condition::parse(source, given.as_ref()).unwrap().evaluate(&shop.creation(1), &shop);
        assert!(evaluation.holds && evaluation.looks.is_empty() && evaluation.error.is_none());
    }
}

#[test]
fn a_condition_that_there_is_no_time_for_fails_and_says_so() {
    let shop = Shop::new();
    let with_condition = callback(Condition::parse("true", None).unwrap());
    let decide = |callback: &Callback, budget| callback.decide(&shop.creation(1), &shop, &budget);
    assert_eq!(decide(&with_condition, Budget::default()).reason, Reason::Fired);
    let decision = decide(&with_condition, Budget::spent());
    assert_eq!(decision.reason, Reason::ConditionFailed);
    assert!(decision.error.unwrap().starts_with("not evaluated: the conditions of one transaction have 2 s together"));
    assert_eq!(decide(&callback(Condition::default()), Budget::spent()).reason, Reason::Fired);
}

#[test]
fn a_condition_that_cannot_be_evaluated_counts_as_false_unless_it_is_to_count_as_true() {
    let mut shop = Shop::new();
    for (source, failed_ones_hold, expected) in [
        ("nobody.name", false, Reason::ConditionFailed),
        ("nobody.name", true, Reason::Fired),
        ("false", true, Reason::ConditionFalse),
    ] {
        shop.style.failed_ones_hold = failed_ones_hold;
        let condition = Condition::parse(source, None).unwrap();
        let decision = callback(condition).decide(&shop.creation(1), &shop, &Budget::default());
        assert_eq!((decision.reason, decision.error.is_some()), (expected, source != "false"), "{source}");
    }
}

/// Those of callbacks that are not asked were compiled too, and for that there was always time.
#[test]
fn a_condition_is_read_only_when_it_is_evaluated() {
    let shop = Shop::new();
    let change = shop.creation(1);
    let unreadable = |rules: &str| callback(Condition::kept(String::new(), Some(rules.to_owned())));
    let asked = || unreadable(r#"{"field": "name", "regexp": "("}"#);
    for (callback, budget, expected) in [
        (Callback { active: false, ..asked() }, Budget::default(), None),
        (Callback { action: ActionType::Only(Action::Delete), ..asked() }, Budget::default(), None),
        (Callback { triggers: "import".parse().unwrap(), ..asked() }, Budget::default(), None),
        (asked(), Budget::spent(), Some("not evaluated: ")),
        (asked(), Budget::default(), Some("the condition: `(` is no regular expression: ")),
        (unreadable("{"), Budget::default(), Some("the rules are no JSON: ")),
    ] {
        let decision = callback.decide(&change, &shop, &budget);
        let error = decision.error.unwrap_or_default();
        assert!(error.starts_with(expected.unwrap_or_default()) && error.is_empty() == expected.is_none(), "{error}");
        assert_eq!(decision.reason == Reason::ConditionFailed, expected.is_some());
    }
}

#[test]
fn the_examples_of_the_documentation_are_conditions() {
    let text = include_str!("../../../../docs/conditions.md");
    let examples = |language: &str| -> Vec<String> {
        let begin = format!("```{language}\n");
        text.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    };
    let (rules, scripts) = (examples("json"), examples("js"));
    assert_eq!((rules.len(), scripts.len()), (5, 1));
    for example in rules {
        let rules = serde_json::from_str(&example).unwrap();
        ConditionDraft::parse(None, Some(&rules)).unwrap_or_else(|error| panic!("{error}: {example}"));
    }
    for example in scripts {
        ConditionDraft::parse(Some(&example), None).unwrap_or_else(|error| panic!("{error}: {example}"));
    }
}
