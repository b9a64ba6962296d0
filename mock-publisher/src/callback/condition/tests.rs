use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::{ActionType, Budget, Callback, Reason, Scope, World, WorldError};
use super::*;
use crate::clock::Millis;
use crate::platform::{Action, Database, Entity, EntityInput, Field, FieldKind, Home, Id, Trigger, sort_key};

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
fn only_profiles_named_mike() {
    let shop = Shop::new();
    for condition in [
        Condition::parse("profile.name == 'Mike'", None).unwrap(),
        Condition::parse("name == 'Mike';", None).unwrap(),
        Condition::parse("", Some(&json!({"field": "name", "equals": "Mike"}))).unwrap(),
        Condition::parse("", Some(&json!({"field": "name", "contains": "Mike"}))).unwrap(),
    ] {
        assert!(condition.evaluate(&shop.creation(1), &shop).holds);
        let evaluation = condition.evaluate(&shop.creation(2), &shop);
        assert!(!evaluation.holds && evaluation.error.is_none());
        // What it found is what there is to say about why nothing was sent.
        assert_eq!(evaluation.looks[0].read, [("profile.name".to_owned(), "Jessica".to_owned())]);
    }
}

#[test]
fn an_expression_finds_what_is_documented() {
    let shop = Shop::new();
    for (source, expected) in [
        ("profile.name == 'Mike'", true),
        ("profile.name == 'mike'", false),
        ("profile.name == 'Mike';", true),
        ("profile.tennis", true),
        ("profile.golf", false),
        ("profile.tennis === true && profile.golf === false", true),
        ("profile.orders.length == 2", true),
        ("profile.orders[profile.orders.length-1].product == 'racket'", true),
        ("profile.orders[profile.orders.length-1].product == 'ball'", false),
        ("profile.orders.some(order => order.amount == 2 && order.id == 1)", true),
        ("profile.orders.map(order => order.code).join() == 'secret1,secret2'", true),
        ("profile.id == 1 && profile.code == 'secret1'", true),
        ("company == '' && city == 'Utrecht'", true),
        // All values are texts, as everywhere on the platform.
        ("profile.score === '9'", true),
        ("profile.score < 10", true),
        ("profile.score < '10'", false),
        ("var wanted = 'Mike'; function is(name) { return profile.name == name } is(wanted)", true),
        (
            "total = 0; for (i = 0; i < profile.orders.length; i++) total += Number(profile.orders[i].amount); total == 4",
            true,
        ),
        ("if (profile.city == 'Utrecht') { true } else { false }", true),
        ("false; true", true),
        ("true; profile.company", false),
        ("profile.missing", false),
        ("typeof subprofile == 'undefined'", true),
        ("Object.keys(profile).includes('city')", true),
        ("'name' in profile", true),
        ("JSON.stringify(profile).includes('Mike')", true),
        ("profile.name = 'Jessica'; profile.name == 'Jessica'", true),
        ("name = 'Jessica'; name == 'Jessica'", true),
    ] {
        let evaluation = expression(source, &shop.creation(1), &shop);
        assert_eq!((evaluation.holds, evaluation.error), (expected, None), "{source}");
    }
}

#[test]
fn an_expression_sees_the_new_values_and_the_last_ones_of_something_removed() {
    let shop = Shop::new();
    let update = shop.update(json!({"company": "Apple"}), &["golf"]);
    assert!(expression("company == 'Apple' && profile.golf && !profile.tennis", &update, &shop).holds);
    let removal = change(Action::Delete, shop.profiles[0].clone(), None);
    assert!(expression("company == '' && profile.name == 'Mike'", &removal, &shop).holds);
}

#[test]
fn an_expression_about_a_subprofile_finds_its_profile_too() {
    let shop = Shop::new();
    let change = change(Action::Create, shop.orders[1].clone(), None);
    for (source, expected) in [
        ("subprofile.product == 'racket' && product == 'racket'", true),
        ("subprofile.id == 2 && subprofile.code == 'secret2'", true),
        ("subprofile.profile.name == 'Mike'", true),
        ("profile.name == 'Mike' && profile.orders.length == 2 && profile.tennis", true),
        ("typeof name == 'undefined'", false),
    ] {
        let evaluation = expression(source, &change, &shop);
        assert_eq!(evaluation.holds, expected, "{source}: {evaluation:?}");
    }
}

#[test]
fn what_takes_a_query_is_fetched_only_if_somebody_looks() {
    let shop = Shop::new();
    expression("profile.name == 'Mike'", &shop.creation(1), &shop);
    expression("subprofile.product", &change(Action::Create, shop.orders[0].clone(), None), &shop);
    assert!(shop.fetched.borrow().is_empty());
    expression("profile.name == 'Mike' && profile.orders.length", &shop.creation(1), &shop);
    assert_eq!(*shop.fetched.borrow(), ["subprofiles 1 1"]);
}

#[test]
fn an_expression_reports_what_it_read() {
    let shop = Shop::new();
    let source = "profile.city == 'Delft' || score > 10 || profile.orders[1].product == 'x' || profile.nmae";
    let evaluation = expression(source, &shop.creation(1), &shop);
    let expected = [
        ("profile.city", "Utrecht"),
        ("profile.score", "9"),
        ("profile.orders", "2 subprofiles"),
        ("profile.orders[1].product", "racket"),
        ("profile.nmae", "undefined"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(evaluation.looks, [Look { condition: source.to_owned(), read: expected, holds: false }]);
    // Nobody wants to read a novel.
    let evaluation = expression("for (i = 0; i < 100; i++) profile['x' + i]; ''", &shop.creation(1), &shop);
    assert_eq!(evaluation.looks[0].read.len(), 32);
}

#[test]
fn what_a_decision_keeps_is_short() {
    let shop = Shop::new();
    let long = "\u{1f600}".repeat(1000);
    let source =
        format!("profile.name = '{long}'; profile.name; profile['{long}']; profile['\\ud800']; throw '{long}'");
    let evaluation = expression(&source, &shop.creation(1), &shop);
    let cut = |text: &str, most: usize| text.chars().take(most).chain("...".chars()).collect::<String>();
    assert_eq!(evaluation.looks[0].condition, cut(&source, 500));
    let expected = [
        ("profile.name".to_owned(), cut(&long, 200)),
        (cut(&format!("profile.{long}"), 200), "undefined".to_owned()),
        ("profile.\u{fffd}".to_owned(), "undefined".to_owned()),
    ];
    assert_eq!(evaluation.looks[0].read, expected);
    assert_eq!(evaluation.error, Some(cut(&long, 500)));
    let evaluation = rules(&json!({"field": "name", "equals": long}), &shop.creation(1), &shop);
    assert_eq!(evaluation.looks[0].condition.chars().count(), 503);
}

#[test]
fn an_error_counts_as_false_and_is_told() {
    let shop = Shop::new();
    for (source, error) in [
        ("profile.carts[0].paid", "TypeError: cannot read property '0' of undefined"),
        ("compny == 'Apple'", "ReferenceError: compny is not defined"),
        ("while (true) {}", "not finished after 50 ms; is there an endless loop?"),
        ("throw new Error(profile.name)", "Error: Mike"),
    ] {
        let evaluation = expression(source, &shop.creation(1), &shop);
        assert_eq!((evaluation.holds, evaluation.error.as_deref()), (false, Some(error)), "{source}");
        assert_eq!(evaluation.looks.len(), 1);
    }
}

#[test]
fn javascript_that_does_not_compile_is_refused() {
    let error = Condition::parse("var a;\nprofile.name = = 'Mike'", None).unwrap_err().to_string();
    assert!(error.starts_with("`expression`: not JavaScript: line 2, column "), "{error}");
    assert!(Condition::parse(&format!("'{}'", "x".repeat(70_000)), None).is_err());
}

fn field(comparison: &str, field: &str, value: &str) -> Value {
    json!({"type": "Field", "comparison": comparison, "field": field, "value": value})
}

fn rule(conditions: Value) -> Value {
    json!({"rules": [{"name": "r", "conditions": conditions}]})
}

#[test]
fn a_field_is_compared() {
    let shop = Shop::new();
    for (condition, expected) in [
        (field("equals", "name", "Mike"), true),
        (field("equals", "NAME", "mike"), true),
        (field("equals", "1", "Mike"), true),
        (field("equals", "name", "Mik"), false),
        (field("not equals", "name", "Jessica"), true),
        (field("not_equals", "name", "Mike"), false),
        (field("contains", "name", "IK"), true),
        (field("not-contains", "name", "ik"), false),
        (field("less", "score", "10"), true),
        (field("more", "score", "10"), false),
        (field("more", "name", "Jessica"), true),
        (field("is_email", "email", ""), true),
        (field("is_email", "name", ""), false),
        (field("regexp", "name", "^M.*e$"), true),
        (field("regexp", "name", "^m"), false),
        (field("regexp", "name", "(?i)^m"), true),
        (field("is-numeric", "score", ""), true),
        (field("isNumeric", "name", ""), false),
        (
            json!({"type": "field", "comparison": "equals", "field": {"ID": "1", "name": "name"}, "value": "Mike", "ID": "3",
                "rule": "4", "other-field": false, "numeric-comparison": false}),
            true,
        ),
        (json!({"type": "Field", "comparison": "equals", "field": "name", "other_field": "city"}), false),
        (json!({"type": "Field", "comparison": "equals", "field": "name", "other-field": "name"}), true),
        (
            json!({"type": "Field", "comparison": "more", "field": "name", "value": "1", "numeric-comparison": true}),
            false,
        ),
        (
            json!({"type": "Field", "comparison": "less", "field": "score", "value": 9.5, "numeric-comparison": "1"}),
            true,
        ),
    ] {
        let evaluation = rules(&rule(json!([condition])), &shop.creation(1), &shop);
        assert_eq!((evaluation.holds, evaluation.error), (expected, None), "{condition}");
    }
}

#[test]
fn one_rule_is_enough_and_in_a_rule_everything_must_hold() {
    let shop = Shop::new();
    let (yes, no) = (field("equals", "name", "Mike"), field("equals", "name", "Jessica"));
    for (given, expected) in [
        (json!({"rules": [{"conditions": [yes, yes]}]}), true),
        (json!({"rules": [{"conditions": [yes, no]}]}), false),
        (json!({"rules": [{"conditions": [no]}, {"conditions": [yes]}]}), true),
        (json!({"rules": [{"conditions": [no], "inverted": true}]}), true),
        (json!({"rules": [{"conditions": [yes], "inversed": true}]}), false),
        (json!({"rules": [{"conditions": [yes, no], "inverted": "true"}]}), true),
        (json!({"rules": [{"conditions": [yes], "disabled": true}, {"conditions": [no]}]}), false),
        (json!({"rules": [{"conditions": [no], "disabled": true}]}), true),
        (json!({"rules": [{"name": "all"}]}), true),
        (json!({"conditions": [yes]}), true),
        // As the platform shows lists.
        (json!({"rules": {"data": [{"ID": "1", "view": "2", "conditions": {"start": 0, "data": [no]}}]}}), false),
    ] {
        assert_eq!(rules(&given, &shop.creation(1), &shop).holds, expected, "{given}");
    }
    // Both must hold.
    let both = |source: &str| Condition::parse(source, Some(&rule(json!([yes])))).unwrap();
    assert!(both("profile.city == 'Utrecht'").evaluate(&shop.creation(1), &shop).holds);
    let evaluation = both("profile.city == 'Delft'").evaluate(&shop.creation(1), &shop);
    assert!(!evaluation.holds);
    let looked: Vec<_> = evaluation.looks.iter().map(|look| (look.condition.as_str(), look.holds)).collect();
    assert_eq!(looked, [("r: name equals \"Mike\"", true), ("profile.city == 'Delft'", false)]);
}

#[test]
fn interests_are_asked_for_in_every_spelling() {
    let shop = Shop::new();
    for (mode, key, name, expected) in [
        ("match_profiles_with_interest", "interest", "Tennis", true),
        ("match_profiles_with_interest", "interest", "golf", false),
        ("match-profiles-without-interest", "interest", "golf", true),
        ("match_profiles_with_interest_group", "interest-group", "sports", true),
        ("match_profiles_without_interestgroup", "interest_group", "sports", false),
        ("with interest", "interest", "tennis", true),
    ] {
        let condition = json!({"type": "Interest", "match-mode": mode, key: name});
        let evaluation = rules(&rule(json!([condition])), &shop.creation(1), &shop);
        assert_eq!((evaluation.holds, evaluation.error), (expected, None), "{condition}");
    }
}

#[test]
fn a_date_lies_within_bounds() {
    let shop = Shop::new();
    // The first was born on 1990-12-24; of the others nothing is known.
    for (more, expected) in [
        (json!({"after-time": "1990-12-24", "before-time": "1990-12-24"}), true),
        (json!({"after-time": "1990-12-25"}), false),
        (json!({"before-time": "1990-12-23 23:59:59"}), false),
        (json!({"before-mutation": ["minus", "18", "year", "day"]}), true),
        (json!({"after-mutation": "[\"minus\",\"1\",\"year\",\"\"]"}), false),
        (json!({"compare-mode": "ignoreyear", "after-time": "2000-12-20", "before-time": "2000-01-06"}), true),
        (json!({"compare_mode": "full", "after_time": "2000-12-20"}), false),
    ] {
        let mut condition = json!({"type": "Date", "field": "born"});
        condition.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let holds = [1, 2].map(|profile| rules(&rule(json!([condition])), &shop.creation(profile), &shop).holds);
        assert_eq!(holds, [expected, false], "{condition}");
    }
}

#[test]
fn what_is_asked_of_the_present_is_asked_of_when_the_change_happens() {
    const DAY: Millis = 86_400_000;
    let mut shop = Shop::new();
    // The first was born on 1990-12-24.
    let birthday = json!({"type": "Date", "field": "born", "compare-mode": "ignoreyear", "after-mutation": ["plus", "0", "day", "day"],
               "before-mutation": ["plus", "0", "day"]});
    let november = json!({"type": "Change", "change-type": "any", "before-time": "2026-11-30 23:59:59"});
    let conditions = [
        Condition::parse("", Some(&rule(json!([birthday])))),
        Condition::parse("", Some(&rule(json!([november])))),
        Condition::parse("new Date().getUTCFullYear() > 2026 && Date.now() > new Date('2027-01-01')", None),
    ]
    .map(Result::unwrap);
    for (days, expected) in
        [(0, [false, true, false]), (6, [false, false, false]), (29, [true, false, false]), (37, [false, false, true])]
    {
        shop.now = NOW + days * DAY;
        let holds = conditions.each_ref().map(|condition| condition.holds(&shop.creation(1), &shop));
        assert_eq!(holds, expected, "{days}");
    }
}

#[test]
fn the_change_itself_is_asked_for() {
    let shop = Shop::new();
    let create = shop.creation(1);
    let update = shop.update(json!({"city": "Delft"}), &["golf"]);
    let quiet = shop.update(json!({}), &["tennis"]);
    let order = change(Action::Delete, shop.orders[0].clone(), None);
    for (kind, more, expected) in [
        ("any", json!({}), [true, true, true, true]),
        ("none", json!({}), [false, false, false, false]),
        ("new", json!({}), [true, false, false, false]),
        ("notnew", json!({}), [false, true, true, true]),
        ("edit", json!({}), [false, true, true, false]),
        ("noedit", json!({}), [true, false, false, true]),
        ("removesubprofile", json!({}), [false, false, false, true]),
        ("newsubprofile", json!({}), [false, false, false, false]),
        ("noremovesubprofile", json!({}), [true, true, true, false]),
        ("field", json!({}), [true, true, false, false]),
        ("nofield", json!({}), [false, false, true, true]),
        ("interest", json!({}), [true, true, false, false]),
        ("gotinterest", json!({"interest": "golf"}), [false, true, false, false]),
        ("lostinterest", json!({"interest": "Tennis"}), [false, true, false, false]),
        ("lostinterest", json!({"interest": "golf"}), [false, false, false, false]),
        ("edit", json!({"after-mutation": ["minus", "1", "hour"]}), [false, true, true, false]),
        ("edit", json!({"before-time": "2001-01-01"}), [false, false, false, false]),
    ] {
        let mut condition = json!({"type": "Change", "change-type": kind});
        condition.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let holds =
            [&create, &update, &quiet, &order].map(|change| rules(&rule(json!([condition])), change, &shop).holds);
        assert_eq!(holds, expected, "{condition}");
    }
    let city = rule(json!([{"type": "Change", "change-type": "field", "field": "city"}]));
    let name = rule(json!([{"type": "Change", "change-type": "field", "field": "name"}]));
    assert!(rules(&city, &update, &shop).holds && !rules(&name, &update, &shop).holds);
    let read = &rules(&city, &update, &shop).looks[0].read;
    assert_eq!(read[1], ("profile.city".to_owned(), "Utrecht -> Delft".to_owned()));
}

#[test]
fn others_are_compared_with_and_counted() {
    let shop = Shop::new();
    let double = |mode: &str, fields: &str| json!({"type": "DoubleField", "match-mode": mode, "fields": fields});
    let part =
        |begin: &str, length: &str| json!({"type": "Part", "begin": begin, "length": length, "fields": ["score"]});
    // By score they are the third, the first, the second.
    for (condition, expected) in [
        (double("match_unique_profiles", "[name]"), [false, true, false]),
        (double("match_non_unique_profiles", "[name]"), [true, false, true]),
        (double("match_non_unique_profiles", "[name, city]"), [false, false, false]),
        (double("match_repeated_profiles", "name"), [false, false, true]),
        (double("match_non_repeated_profiles", "name"), [true, true, false]),
        (double("match_last_profiles", "name"), [false, true, true]),
        (double("match_toberepeated_profiles", "name"), [true, false, false]),
        (part("0", "1"), [false, false, true]),
        (part("1", "1"), [true, false, false]),
        (part("-1", ""), [false, true, false]),
        (part("0", "-1"), [true, false, true]),
        (part("0", "34%"), [false, false, true]),
        (part("34%", ""), [true, true, false]),
        (part("-9", "2147483647%"), [true, true, true]),
    ] {
        let holds = [1, 2, 3].map(|profile| rules(&rule(json!([condition])), &shop.creation(profile), &shop).holds);
        assert_eq!(holds, expected, "{condition}");
    }
}

#[test]
fn others_are_compared_with_by_each_field_once() {
    let shop = Shop::new();
    // The first field is the name.
    let often =
        json!({"type": "DoubleField", "match-mode": "match_repeated_profiles", "fields": "name,NAME,1,city,name"});
    let evaluation = rules(&rule(json!([often])), &shop.creation(3), &shop);
    let names: Vec<_> = evaluation.looks[0].read.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["profile.name", "profile.city", "others with the same values"]);
}

#[test]
fn no_more_is_noted_than_fits() {
    let read = vec![("x".repeat(1000), "y".repeat(1000)); 1000];
    let look = Look::new(&"z".repeat(1000), read, true);
    assert_eq!(look.read, vec![(format!("{}...", "x".repeat(200)), format!("{}...", "y".repeat(200))); 32]);
    assert_eq!(look.condition, format!("{}...", "z".repeat(500)));
}

#[test]
fn subprofiles_are_counted() {
    let shop = Shop::new();
    let balls = json!([{"conditions": [field("equals", "product", "ball")]}]);
    for (condition, expected) in [
        (json!({"type": "Subprofiles", "collection": "orders"}), true),
        (json!({"type": "Subprofiles", "collection": "orders", "min": 3}), false),
        (json!({"type": "Subprofiles", "collection": "orders", "max": 1}), false),
        (json!({"type": "Subprofiles", "collection": "orders", "min": 1, "max": 1, "rules": balls}), true),
        (json!({"type": "MiniView", "collection": "1", "min-subprofiles": "2", "max-subprofiles": "2"}), true),
        (json!({"type": "MiniView", "collection": "orders", "min-subprofiles": 2, "rules": balls}), false),
    ] {
        let evaluation = rules(&rule(json!([condition])), &shop.creation(1), &shop);
        assert_eq!((evaluation.holds, evaluation.error), (expected, None), "{condition}");
    }
}

#[test]
fn what_is_not_there_fails_when_it_is_looked_for() {
    let shop = Shop::new();
    for (condition, error) in [
        (field("equals", "shoe", "44"), "there is no field `shoe`"),
        (json!({"type": "Subprofiles", "collection": "carts"}), "there is no collection `carts`"),
        (
            json!({"type": "Interest", "match-mode": "with_interest", "interest": "chess"}),
            "there is no interest for `with interest chess`",
        ),
    ] {
        let evaluation = rules(&rule(json!([condition])), &shop.creation(1), &shop);
        assert_eq!((evaluation.holds, evaluation.error.as_deref()), (false, Some(error)));
    }
}

#[test]
fn a_rule_set_that_cannot_be_meant_is_refused_with_its_place() {
    for (given, error) in [
        (json!("name"), "the value: expected an object, such as {\"field\": \"name\", \"equals\": \"Mike\"}"),
        (json!({"rules": 1}), "`rules`: expected a list"),
        (json!({"rulez": [], "rules": []}), "the value: `rulez` is unknown here, expected `rules`"),
        (json!({"rules": [1]}), "rule 1: expected an object, such as {\"field\": \"name\", \"equals\": \"Mike\"}"),
        (
            rule(json!([field("equals", "name", "x"), {"type": "Email"}])),
            "condition 2 of rule 1: `Email` asks about mailings, which are not simulated; the type can be `Field`, `Interest`, \
             `Date`, `Change`, `DoubleField`, `Part` or `Subprofiles`",
        ),
        (
            rule(json!([{"type": "Feeld"}])),
            "condition 1 of rule 1: the type `Feeld` is unknown, expected `Field`, `Interest`, `Date`, `Change`, `DoubleField`, \
             `Part` or `Subprofiles`",
        ),
        (
            rule(json!([field("is", "name", "x")])),
            "condition 1 of rule 1: `comparison`: `is` is unknown, expected `equals`, `not equals`, `contains`, `not contains`, \
             `less`, `more`, `is_email`, `regexp` or `is-numeric`",
        ),
        (rule(json!([{"type": "Field", "comparison": "less"}])), "condition 1 of rule 1: `field` is missing"),
        (
            rule(json!([field("regexp", "name", "(")])),
            "condition 1 of rule 1: `(` is no regular expression: unclosed group (as of the `regex` crate: no look-around, no \
             back-references)",
        ),
        (
            rule(json!([{"type": "Part", "fields": "name,".repeat(17)}])),
            "condition 1 of rule 1: `fields`: 17 are too many, at most 16",
        ),
        (
            rule(json!([{"type": "Part", "fields": vec!["name"; 17]}])),
            "condition 1 of rule 1: `fields`: 17 are too many, at most 16",
        ),
        (
            rule(json!([{"type": "Date", "field": "born"}])),
            "condition 1 of rule 1: a bound is missing: `before-time`, `after-time`, `before-mutation` or `after-mutation`",
        ),
        (
            rule(json!([{"type": "Date", "field": "born", "after-time": "soon"}])),
            "condition 1 of rule 1: `after-time`: expected `YYYY-MM-DD HH:MM:SS`, got `soon`",
        ),
        (
            rule(
                json!([{"type": "Subprofiles", "collection": "orders", "rules": [{"conditions": [{"type": "Part"}]}]}]),
            ),
            "rule 1 of subprofiles: `from 0`: expected the types `Field` and `Date` only",
        ),
    ] {
        let refusal = Condition::parse("", Some(&given)).unwrap_err().to_string();
        assert_eq!(refusal, format!("`conditions`: {error}"), "{given}");
    }
    let error = Condition::parse("", Some(&json!({"field": "name"}))).unwrap_err().to_string();
    assert!(
        error.starts_with("`conditions`: the condition: expected a `type`, or a `field` and one of `equals`, "),
        "{error}"
    );
    let many = json!({"rules": vec![json!({}); 101]});
    assert_eq!(
        Condition::parse("", Some(&many)).unwrap_err().to_string(),
        "`conditions`: `rules`: 101 are too many, at most 100"
    );
    let pattern = |number: i32| field("regexp", "name", &format!("^{number}"));
    let patterns = |most| rule(json!((0..most).map(pattern).collect::<Vec<_>>()));
    assert!(Condition::parse("", Some(&patterns(32))).is_ok());
    for (given, error) in [
        (patterns(33), "`conditions`: 33 regular expressions are too many, at most 32"),
        (
            json!({"type": "Subprofiles", "collection": "orders", "rules": vec![patterns(20)["rules"][0].clone(); 2]}),
            "`conditions`: 40 regular expressions are too many, at most 32",
        ),
        (field("equals", "name", &"x".repeat(300_000)), "`conditions`: 300064 bytes are too long, at most 262144"),
    ] {
        assert_eq!(Condition::parse("", Some(&given)).unwrap_err().to_string(), error);
    }
    for name in ["Sms", "fax", "Survey", "Export", "LastContact", "todo", "ReferView"] {
        let error = Condition::parse("", Some(&rule(json!([{"type": name}])))).unwrap_err().to_string();
        assert!(error.contains("not simulated"), "{error}");
    }
}

#[test]
fn the_examples_of_the_documentation_are_conditions() {
    let text = include_str!("../../../docs/conditions.md");
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

#[test]
fn an_expression_is_not_handed_more_subprofiles_than_fit() {
    let mut shop = Shop::new();
    for (count, fires) in [(500, true), (501, false)] {
        shop.orders = vec![shop.orders[0].clone(); count];
        let evaluated = expression("profile.orders.length > 0", &shop.creation(1), &shop);
        assert_eq!((evaluated.holds, evaluated.error.is_none()), (fires, fires), "{count}");
        if let Some(error) = evaluated.error {
            assert!(error.contains("more than 500 subprofiles in `orders`"), "{error}");
        }
    }
}
