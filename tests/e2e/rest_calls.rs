//! What the calls of the REST API do, and which callbacks they fire.

use serde_json::{Value, json};

use crate::support::{Publisher, Watched, exchange};

const PROFILES: &str = "/v4/database/customers/profiles";
const ORDERS: &str = "/v4/profile/1/subprofiles/orders";

/// The numbers on a page.
fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|item| item["ID"].as_str().unwrap()).collect()
}

#[test]
fn a_database_gets_its_structure_by_calls() {
    let publisher = Publisher::start();
    let database = json!({"name": "Shop", "description": "ours", "archived": true});
    assert_eq!(publisher.post("/v4/databases", &database), 2);
    assert_eq!(publisher.post("/v4/database/shop/fields", &json!({"name": "email", "type": "email"})), 8);
    let size = json!({"name": "size", "type": "select", "value": "S\r\nM*", "length": "9", "displayed": "false"});
    assert_eq!(publisher.post("/v4/database/2/fields", &size), 9);
    assert_eq!(publisher.post("/v4/database/2/interests", &json!({"name": "chess", "group": "games"})), 3);
    assert_eq!(publisher.post("/v4/database/2/collections", &json!({"name": "visits"})), 2);
    assert_eq!(publisher.post("/v4/collection/visits/fields", &json!({"name": "day", "type": "date"})), 10);

    let shown = publisher.get("/v4/database/SHOP");
    let keys: Vec<_> = shown.as_object().unwrap().keys().cloned().collect();
    let expected =
        ["ID", "name", "description", "archived", "created", "fields", "interests", "collections", "intentions"];
    assert_eq!(keys, expected);
    let field = json!({
        "ID": "9", "name": "size", "type": "select", "value": "S\r\nM*", "displayed": false, "ordered": false,
        "length": "9", "textlines": "1", "hidden": false, "index": false
    });
    assert_eq!((&shown["ID"], &shown["name"], &shown["archived"]), (&json!("2"), &json!("Shop"), &json!(true)));
    assert_eq!((&shown["fields"]["total"], &shown["fields"]["data"][1]), (&json!(2), &field));
    assert_eq!(shown["interests"]["data"], json!([{"ID": "3", "name": "chess", "group": "games"}]));
    let collection = publisher.get("/v4/collection/2");
    assert_eq!(shown["collections"]["data"], json!([collection]));
    assert_eq!((&collection["database"], &collection["fields"]["data"][0]["name"]), (&json!("2"), &json!("day")));
    assert_eq!(publisher.get("/v4/database/2/field/9"), field);
    for (list, expected) in [
        ("databases", vec!["1", "2"]),
        ("databases?start=1", vec!["2"]),
        ("database/2/fields?limit=1", vec!["8"]),
        ("database/2/interests", vec!["3"]),
        ("database/2/collections", vec!["2"]),
        ("collection/2/fields", vec!["10"]),
    ] {
        assert_eq!(ids(&publisher.get(&format!("/v4/{list}"))), expected, "{list}");
    }

    assert_eq!(publisher.post("/v4/database/2/profiles", &json!({"interests": ["chess"]})), 1);
    publisher.put("/v4/database/2/field/9", &json!({"name": "fit"}));
    publisher.put("/v4/interest/3", &json!({"name": "draughts"}));
    publisher.put("/v4/collection/2", &json!({"name": "calls", "description": "by telephone"}));
    publisher.put("/v4/collection/2/intentions", &json!({"sms": true}));
    publisher.put("/v4/database/2", &json!({"name": "Store"}));
    let mike = publisher.get("/v4/profile/1");
    assert_eq!((&mike["fields"]["fit"], &mike["interests"]), (&json!("M"), &json!(["draughts"])));
    let collection = publisher.get("/v4/collection/calls");
    assert_eq!(collection["intentions"], json!({"email": false, "sms": true, "fax": false, "pdf": false}));
    publisher.delete("/v4/database/store/field/9");
    publisher.delete("/v4/interest/3");
    publisher.delete("/v4/collection/2/field/10");
    let mike = publisher.get("/v4/profile/1");
    assert_eq!((&mike["fields"], &mike["interests"]), (&json!({"email": ""}), &json!([])));
}

#[test]
fn structure_that_cannot_be_is_refused() {
    let publisher = Publisher::start();
    let before = publisher.get("/v4/databases");
    for (method, path, body, detail) in [
        ("POST", "databases", json!({}), "`name` is missing"),
        ("POST", "databases", json!({"name": "CUSTOMERS"}), "there is a database `CUSTOMERS` already"),
        ("POST", "databases", json!({"name": ["x"]}), "`name`: expected a text"),
        ("PUT", "database/1", json!({"name": " "}), "a database needs a name"),
        ("POST", "database/1/fields", json!({"name": "a b"}), "`a b` is no name of a field"),
        ("POST", "database/1/fields", json!({"name": "Code"}), "`Code` is reserved"),
        ("POST", "database/1/fields", json!({"name": "mail", "type": "email"}), "there is a field of type `email`"),
        ("POST", "database/1/fields", json!({"name": "a", "type": "blob"}), "`type`: expected one of `integer`"),
        ("POST", "database/1/fields", json!({"name": "a", "length": -1}), "`length`: expected a whole number"),
        ("PUT", "database/1/field/1", json!({"textlines": 1e30}), "`textlines`: expected a whole number"),
        ("POST", "database/1/interests", json!({"name": "GOLF"}), "there is an interest `GOLF` already"),
        ("POST", "database/1/collections", json!({"name": "Orders"}), "there is a collection `Orders` already"),
        ("PUT", "database/1/unsubscribe", json!({"behavior": "forget"}), "`behavior`: expected `nothing`"),
        ("PUT", "collection/1/unsubscribe", json!({"fields": {}}), "`behavior` is missing"),
    ] {
        let answer = publisher.call(method, &format!("/v4/{path}"), Some(&body)).expect_status(400).json();
        assert_eq!(answer["error"]["message"], "Invalid data provided", "{body}");
        assert!(answer["error"]["detail"].as_str().unwrap().contains(detail), "{body}: {answer}");
        assert_eq!(publisher.get("/v4/databases"), before, "{body}");
    }
}

#[test]
fn a_list_is_filtered_sorted_and_cut() {
    let publisher = Publisher::start();
    for (name, city, score) in [("Mike", "Delft", 9), ("Jess", "Ede", 10), ("Tim", "Delft", 2), ("Ann", "", 30)] {
        publisher.post(PROFILES, &json!({"fields": {"name": name, "city": city, "score": score}}));
    }
    for (query, expected) in [
        ("fields[]=city==delft", vec!["1", "3"]),
        ("fields%5B%5D=city%3D%3DDelft&fields[]=score%3E5", vec!["1"]),
        ("fields[]=name=~%25i%25&order=desc", vec!["3", "1"]),
        ("fields[]=id%3E=2&limit=2", vec!["2", "3"]),
        ("fields[]=shoe==44", vec!["1", "2", "3", "4"]),
        ("Fields[]=city==Delft", vec!["1", "2", "3", "4"]),
        ("orderby=score", vec!["3", "1", "2", "4"]),
        ("orderby=SCORE&order=descending&start=1&limit=2", vec!["2", "1"]),
        ("orderby=name&order=downwards", vec!["4", "2", "1", "3"]),
    ] {
        let page = publisher.get(&format!("{PROFILES}?{query}"));
        assert_eq!(ids(&page), expected, "{query}");
        if !query.contains("limit") {
            assert_eq!(page["total"], expected.len(), "{query}");
            let numbers = publisher.get(&format!("/v4/database/1/profileids?{query}"));
            assert_eq!(numbers.as_array().unwrap().len(), expected.len(), "{query}");
        }
    }
    let mut random = publisher.get(&format!("{PROFILES}?orderby=random"));
    random["data"].as_array_mut().unwrap().sort_by_key(|item| item["ID"].to_string());
    assert_eq!(ids(&random), ["1", "2", "3", "4"]);

    let data = publisher.get(&format!("{PROFILES}?dataonly=1&total=false&limit=1"));
    let keys: Vec<_> = data.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["start", "limit", "count", "data", "nextid"]);
    let keys: Vec<_> = data["data"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        (keys, &data["nextid"]),
        (["ID", "fields", "interests", "secret", "modified"].map(String::from).to_vec(), &json!(2))
    );
    assert_eq!(publisher.get("/v2/database/1/profiles?limit=1")["nextid"], Value::Null, "only newer versions tell it");
}

#[test]
fn what_matches_is_updated_and_a_mistyped_field_matches_everything() {
    let publisher = Publisher::start();
    for name in ["Mike", "Jess"] {
        publisher.profile(name);
    }
    let cities = || {
        let page = publisher.get(PROFILES);
        page["data"].as_array().unwrap().iter().map(|row| row["fields"]["city"].clone()).collect::<Vec<_>>()
    };
    let put =
        |query: &str, city: &str| publisher.put(&format!("{PROFILES}?{query}"), &json!({"fields": {"city": city}}));
    put("fields[]=name==Mike", "Delft");
    assert_eq!(cities(), ["Delft", ""]);
    put("fields[]=name==nobody&create=0&async=1", "Ede");
    assert_eq!(cities(), ["Delft", ""]);
    // As on the platform.
    put("fields[]=nmae==Mike", "Gouda");
    assert_eq!(cities(), ["Gouda", "Gouda"]);
    let log = publisher.log();
    assert!(log.contains("nmae==Mike") && log.contains("it matches everything"), "{log}");
}

#[test]
fn interests_are_added_switched_and_replaced() {
    let publisher = Publisher::start();
    publisher.profile("Mike");
    let path = "/v4/profile/1/interests";
    for (method, body, expected) in [
        ("POST", json!(["Golf", "unknown"]), json!(["golf"])),
        ("POST", json!(["tennis"]), json!(["tennis", "golf"])),
        ("POST", json!({"tennis": false}), json!(["golf"])),
        ("POST", json!({"interests": {"tennis": 1, "golf": "0"}}), json!(["tennis"])),
        ("PUT", json!(["golf"]), json!(["golf"])),
        ("PUT", json!({"tennis": true, "golf": false}), json!(["tennis"])),
        ("PUT", json!({"golf": true}), json!(["golf"])),
    ] {
        publisher.call(method, path, Some(&body)).expect_status(204);
        assert_eq!(publisher.get(path), expected, "{method} {body}");
        assert_eq!(publisher.get("/v4/profile/1")["interests"], expected, "{method} {body}");
    }
    assert_eq!(publisher.get("/v4/profile/1/interests?return=ids"), json!(["2"]));
    let objects = json!([{"ID": "2", "name": "golf", "group": ""}]);
    assert_eq!(publisher.get("/v4/profile/1/interests?return=objects"), objects);
    publisher.put(path, &json!([]));
    assert_eq!(publisher.get(path), json!([]));
}

#[test]
fn a_subprofile_lives_and_goes_with_its_profile() {
    let publisher = Publisher::start();
    publisher.profile("Mike");
    publisher.profile("Jess");
    assert_eq!(publisher.post(ORDERS, &json!({"product": "ball", "AMOUNT": "2x", "unknown": 1})), 1);
    assert_eq!(publisher.post(ORDERS, &json!({"fields": {"product": "racket"}})), 2);
    assert_eq!(publisher.post("/v4/profile/2/subprofiles/1", &json!({})), 3);
    let shown = publisher.get("/v4/subprofile/1");
    let keys: Vec<_> = shown.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["ID", "secret", "fields", "profile", "collection", "created", "modified", "removed"]);
    assert_eq!(shown["fields"], json!({"product": "ball", "amount": "2"}));
    assert_eq!((&shown["profile"], &shown["collection"]), (&json!("1"), &json!("1")));
    assert_eq!(ids(&publisher.get(ORDERS)), ["1", "2"]);
    assert_eq!(ids(&publisher.get("/v4/collection/orders/subprofiles?fields[]=product!=ball")), ["2", "3"]);
    assert_eq!(publisher.get("/v4/collection/orders/subprofileids"), json!(["1", "2", "3"]));

    publisher.put("/v4/subprofile/1", &json!({"product": "net"}));
    publisher.put("/v4/subprofile/1", &json!({"fields": {"amount": 3}, "secret": "mine"}));
    publisher.put("/v4/subprofile/1/fields", &json!({"amount": 4}));
    assert_eq!(publisher.get("/v4/subprofile/1/fields"), json!({"product": "net", "amount": "4"}));
    assert_eq!(publisher.get("/v4/subprofile/1")["secret"], "mine");
    publisher.put("/v4/collection/1/subprofiles?fields[]=amount==4", &json!({"fields": {"amount": 5}}));
    publisher.put(&format!("{ORDERS}?fields[]=product==racket&create=1"), &json!({"amount": 6}));
    publisher
        .call("PUT", &format!("{ORDERS}?fields[]=product==shoe&create=1"), Some(&json!({"product": "shoe"})))
        .expect_status(201);
    let amounts: Vec<_> = ["1", "2", "3", "4"]
        .map(|id| publisher.get(&format!("/v4/subprofile/{id}"))["fields"]["amount"].clone())
        .to_vec();
    assert_eq!(amounts, ["5", "6", "0", "0"]);

    publisher.delete("/v4/subprofile/2");
    let again = publisher.call("DELETE", "/v4/subprofile/2", None).expect_status(400).json();
    assert_eq!(again["error"]["message"], "This subprofile has already been removed");
    publisher.delete("/v4/profile/1");
    assert_eq!(publisher.get("/v4/collection/orders/subprofileids"), json!(["3"]));
    let removed = publisher.get("/v4/subprofile/1");
    assert_eq!(
        (&removed["removed"], &removed["fields"]["product"]),
        (&publisher.get("/v4/profile/1")["removed"], &json!(""))
    );
}

#[test]
fn what_is_removed_completely_cannot_be_asked_for() {
    let publisher = Publisher::start();
    for (body, status) in [
        (json!({}), 200),
        (json!(null), 200),
        (json!([]), 200),
        (json!({"completely": "No"}), 200),
        (json!({"completely": true}), 400),
    ] {
        let id = publisher.profile("Mike");
        publisher.call("DELETE", &format!("/v4/profile/{id}"), Some(&body)).expect_status(204);
        publisher.call("GET", &format!("/v4/profile/{id}"), None).expect_status(status);
    }
}

#[test]
fn those_who_unsubscribe_are_treated_as_was_said() {
    let publisher = Publisher::start();
    publisher.profile("Mike");
    publisher.post(ORDERS, &json!({"product": "ball"}));
    let nothing = json!({"behavior": "nothing", "fields": []});
    for path in ["/v4/database/1/unsubscribe", "/v4/collection/1/unsubscribe"] {
        assert_eq!(publisher.get(path), nothing);
    }
    publisher.put("/v4/database/1/unsubscribe", &json!({"behavior": "update", "fields": {"city": "away"}}));
    publisher.put("/v4/collection/1/unsubscribe", &json!({"behavior": "remove", "fields": []}));
    publisher.put("/v4/profile/1/unsubscribe", &json!({}));
    publisher.put("/v4/subprofile/1/unsubscribe", &json!({}));
    assert_eq!(publisher.get("/v4/profile/1")["fields"]["city"], "away");
    assert_ne!(publisher.get("/v4/subprofile/1")["removed"], json!(false));
    assert_eq!(publisher.get("/v4/collection/1/unsubscribe"), json!({"behavior": "remove", "fields": []}));
}

#[test]
fn the_account_is_the_one_that_signs() {
    let publisher = Publisher::start_with(&["--in-memory", "--account", "77"]);
    assert_eq!(publisher.get("/v4/identity")["id"], "77");
    let consumption = publisher.get("/v4/consumption?begin=2026-01-01&end=2026-02-01");
    assert_eq!(consumption.as_object().unwrap().len(), 7);
    assert!(consumption.as_object().unwrap().values().all(|used| used == 0), "{consumption}");
}

#[test]
fn a_callback_of_a_collection_says_so() {
    let publisher = Publisher::start();
    let url = json!({"url": "http://127.0.0.1:9/hook", "method": "xml", "action": "delete"});
    assert_eq!(publisher.post("/v2/collection/Orders/callbacks", &url), 1);
    let list = publisher.get("/v2/collection/1/callbacks");
    let callback = &list["data"][0];
    assert_eq!((&list["total"], &callback["collection"], &callback["database"]), (&json!(1), &json!("1"), &json!(0)));
    assert_eq!(publisher.get("/v2/callback/1")["data"][0], *callback);
    assert_eq!(publisher.get("/v2/database/1/callbacks")["total"], 0);
}

#[test]
fn every_change_through_this_entrance_is_told_with_its_trigger() {
    let watched = Watched::start();
    let publisher = &watched.publisher;
    let mut total = 1;
    let mut told = |expected: &[&str]| {
        assert_eq!(watched.told(expected.len()), expected);
        total += expected.len();
    };
    publisher.put("/v4/profile/1", &json!({"fields": {"city": "Delft"}}));
    told(&["rest: update profile 1"]);
    publisher.put("/v4/profile/1/fields", &json!({"city": "Ede"}));
    told(&["rest: update profile 1"]);
    publisher.put("/v4/profile/1/interests", &json!(["golf"]));
    told(&["rest: update profile 1"]);
    publisher.post(ORDERS, &json!({"product": "ball"}));
    told(&["rest: create subprofile 1"]);
    publisher.put("/v4/subprofile/1", &json!({"product": "net"}));
    told(&["rest: update subprofile 1"]);
    publisher.put("/v4/collection/orders/subprofiles?fields[]=product==net", &json!({"amount": 2}));
    told(&["rest: update subprofile 1"]);
    publisher.delete("/v4/subprofile/1");
    told(&["rest: delete subprofile 1"]);
    let query = "fields[]=name==Jess&create=1";
    let jess = json!({"fields": {"name": "Jess"}});
    publisher.call("PUT", &format!("{PROFILES}?{query}"), Some(&jess)).expect_status(201);
    told(&["rest: create profile 2"]);
    publisher.put(&format!("{PROFILES}?fields[]=id%3E0"), &json!({"fields": {"company": "Acme"}}));
    told(&["rest: update profile 1", "rest: update profile 2"]);
    publisher.post("/v4/profile/2/subprofiles/orders", &json!({"product": "shoe"}));
    told(&["rest: create subprofile 2"]);
    // The subprofiles of what is removed go with it, and are told.
    publisher.call("DELETE", PROFILES, Some(&json!({"profiles": [1, 2, 3]}))).expect_status(204);
    told(&["rest: delete profile 1", "rest: delete profile 2", "rest: delete subprofile 2"]);
    // None of these changes a profile or subprofile.
    publisher.put("/v4/profile/1", &json!({"fields": {"city": "gone"}}));
    publisher.post("/v4/database/customers/fields", &json!({"name": "shoe"}));
    publisher.put("/v4/interest/1", &json!({"name": "squash"}));
    watched.expect_no_more_than(total);
}

#[test]
fn the_api_is_described_to_everybody() {
    let publisher = Publisher::start();
    let ask = |path: &str| exchange(publisher.http, "GET", path, &[], b"");
    let document = ask("/mock/openapi.json").expect_status(200).json();
    let paths = document["paths"].as_object().unwrap();
    for version in ["v1", "v2", "v3", "v4"] {
        let path = format!("/{version}/database/{{database}}/profiles");
        assert_eq!(paths[&path].as_object().unwrap().len(), 5, "four methods and the name in the path");
    }
    let one = ask("/mock/openapi.json?version=v4").expect_status(200).json();
    assert!(one["paths"].as_object().unwrap().keys().all(|path| path.starts_with("/v4/")));
    ask("/mock/openapi.json?version=v5").expect_status(400);
}
