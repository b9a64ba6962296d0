//! Sets of rules.

use super::*;

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
    // The other reading of the documentation.
    let other = Shop { style: ConditionStyle { one_of_a_rule_suffices: true, ..shop.style }, ..Shop::new() };
    for (given, expected) in [
        (json!({"rules": [{"conditions": [no, yes]}]}), true),
        (json!({"rules": [{"conditions": [yes, no]}]}), true),
        (json!({"rules": [{"conditions": [no, no]}]}), false),
        (json!({"rules": [{"conditions": [yes, no], "inverted": true}]}), false),
        (json!({"rules": [{"name": "all"}]}), true),
    ] {
        assert_eq!(rules(&given, &other.creation(1), &other).holds, expected, "{given}");
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
