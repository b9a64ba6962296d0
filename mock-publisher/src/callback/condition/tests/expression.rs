//! Conditions in JavaScript.

use super::*;

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
