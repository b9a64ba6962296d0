//! The API of the user interface: what somebody does by hand, and the callbacks with trigger `publisher`.

use serde_json::{Value, json};

use crate::support::{Answer, Publisher, Receiver};

const UI: &str = "/mock/v1/ui";

trait ByHand {
    fn ui(&self, method: &str, path: &str, body: Value) -> Answer;
    fn make(&self, path: &str, body: Value) -> Value;
    fn look(&self, path: &str) -> Value;
}

impl ByHand for Publisher {
    fn ui(&self, method: &str, path: &str, body: Value) -> Answer {
        self.call(method, &format!("{UI}{path}"), Some(&body))
    }

    #[track_caller]
    fn make(&self, path: &str, body: Value) -> Value {
        self.ui("POST", path, body).expect_status(201).json()
    }

    #[track_caller]
    fn look(&self, path: &str) -> Value {
        self.get(&format!("{UI}{path}"))
    }
}

#[test]
fn a_change_by_hand_fires_where_it_is_selected_and_nowhere_else() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    for (path, triggers) in [("/yes", json!(["publisher"])), ("/no", json!(["rest", "soap", "click"]))] {
        let callback = json!({"url": receiver.url(path), "triggers": triggers});
        publisher.make("/databases/customers/callbacks", callback.clone());
        publisher.make("/collections/1/callbacks", callback);
    }
    let mike =
        publisher.make("/databases/customers/profiles", json!({"fields": {"name": "Mike"}, "interests": ["golf"]}));
    assert_eq!(
        (&mike["id"], &mike["fields"]["name"], &mike["interests"]),
        (&json!(1), &json!("Mike"), &json!(["golf"]))
    );
    let order = publisher.make("/profiles/1/subprofiles/orders", json!({"fields": {"product": "racket"}}));
    assert_eq!((&order["profile"], &order["collection"], order.get("interests")), (&json!(1), &json!(1), None));
    let moved = publisher.ui("PUT", "/profiles/1", json!({"fields": {"city": "Utrecht"}})).expect_status(200).json();
    assert_eq!((&moved["fields"]["city"], &moved["fields"]["name"]), (&json!("Utrecht"), &json!("Mike")));
    publisher.ui("PUT", "/subprofiles/1", json!({"fields": {"amount": 2}})).expect_status(200);
    publisher.ui("DELETE", "/subprofiles/1", Value::Null).expect_status(204);
    publisher.ui("DELETE", "/profiles/1", Value::Null).expect_status(204);
    let log = publisher.settled(6);
    assert!(log.iter().all(|row| row["trigger"] == "publisher" && row["url"] == receiver.url("/yes")), "{log:#?}");
    let actions: Vec<_> = log.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["create", "create", "update", "update", "delete", "delete"]);
    for _ in 0..6 {
        receiver.next_verified();
    }
    receiver.expect_nothing_more();
    // Through another entrance it is the other callback.
    publisher.profile("Jessica");
    assert_eq!(publisher.settled(7)[6]["url"], receiver.url("/no"));
}

#[test]
fn profiles_are_searched_sorted_and_paged() {
    let publisher = Publisher::start();
    for (name, city) in [("Анна", "Москва"), ("Ann", "Delft"), ("Ben", "Amsterdam"), ("Zoë 🌷", "Annecy")]
    {
        publisher.make("/databases/1/profiles", json!({"fields": {"name": name, "city": city}}));
    }
    let ids = |query: &str| {
        let list = publisher.look(&format!("/databases/Customers/profiles{query}"));
        let ids: Vec<_> = list["profiles"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect();
        (ids, list["total"].as_u64().unwrap())
    };
    assert_eq!(ids(""), (vec![1, 2, 3, 4], 4));
    assert_eq!(ids("?search=ann"), (vec![2, 4], 2));
    assert_eq!(ids("?search=%D0%90%D0%9D%D0%9D%D0%90"), (vec![1], 1));
    assert_eq!(ids("?search=3"), (vec![3], 1));
    assert_eq!(ids("?search=nobody"), (vec![], 0));
    assert_eq!(ids("?order=city&descending=true&limit=2"), (vec![1, 2], 4));
    assert_eq!(ids("?start=3"), (vec![4], 4));
    publisher.make("/profiles/1/subprofiles/1", json!({"fields": {"product": "ball"}}));
    publisher.make("/profiles/2/subprofiles/orders", json!({"fields": {"product": "shoe"}}));
    assert_eq!(publisher.look("/collections/1/subprofiles?search=shoe")["subprofiles"][0]["profile"], 2);
    assert_eq!(publisher.look("/profiles/1/subprofiles/orders")["total"], 1);
}

#[test]
fn databases_with_all_that_is_in_them_are_made_by_hand() {
    let publisher = Publisher::start();
    let shop = publisher.make("/databases", json!({"name": "shop", "description": "what we sell"}));
    assert_eq!(
        (&shop["id"], &shop["fields"], &shop["unsubscribe"]["behavior"]),
        (&json!(2), &json!([]), &json!("nothing"))
    );
    let email = publisher.make("/databases/shop/fields", json!({"name": "email", "type": "email"}));
    assert_eq!((&email["type"], &email["displayed"], &email["length"]), (&json!("email"), &json!(true), &json!(50)));
    let id = email["id"].as_u64().unwrap();
    let renamed =
        publisher.ui("PUT", &format!("/fields/{id}"), json!({"name": "mail", "length": 80})).expect_status(200);
    assert_eq!((&renamed.json()["name"], &renamed.json()["type"]), (&json!("mail"), &json!("email")));
    let hats = publisher.make("/databases/shop/interests", json!({"name": "hats", "group": "clothes"}));
    publisher.ui("PUT", &format!("/interests/{}", hats["id"]), json!({"name": "caps"})).expect_status(204);
    let orders = publisher.make("/databases/shop/collections", json!({"name": "orders"}));
    let orders = format!("/collections/{}", orders["id"]);
    publisher.make(&format!("{orders}/fields"), json!({"name": "paid", "type": "select", "value": "no*\nyes"}));
    publisher.ui("PUT", &orders, json!({"description": "paid or not"})).expect_status(200);
    publisher.ui("PUT", "/databases/SHOP", json!({"archived": true})).expect_status(200);
    let shop = publisher.look("/databases/2");
    assert_eq!((&shop["name"], &shop["archived"]), (&json!("shop"), &json!(true)));
    assert_eq!((&shop["fields"][0]["name"], &shop["interests"][0]["name"]), (&json!("mail"), &json!("caps")));
    assert_eq!(shop["collections"][0], publisher.look(&orders));
    assert_eq!(shop["collections"][0]["fields"][0]["value"], "no*\nyes");
    assert_eq!(publisher.look("/databases")["databases"].as_array().unwrap().len(), 2);
    publisher.ui("DELETE", &format!("/fields/{id}"), Value::Null).expect_status(204);
    publisher.ui("DELETE", &format!("/interests/{}", hats["id"]), Value::Null).expect_status(204);
    assert_eq!(publisher.look("/databases/shop/fields"), json!({"fields": []}));
    assert_eq!(publisher.look("/databases/shop/interests"), json!({"interests": []}));
}

#[test]
fn a_callback_keeps_what_an_update_does_not_name() {
    let publisher = Publisher::start();
    let rules = json!({"field": "city", "equals": "Utrecht"});
    let made = publisher.make(
        "/databases/customers/callbacks",
        json!({"url": "http://127.0.0.1:9/", "method": "xml", "action": "update", "triggers": ["publisher", "copy"],
               "expression": "profile.id > 1", "conditions": rules, "wire": "documented", "dialect": "legacy"}),
    );
    let path = format!("/callbacks/{}", made["id"]);
    let changed = |body: Value| publisher.ui("PUT", &path, body).expect_status(200).json();
    let mut expected = made.clone();
    expected["expression"] = json!("");
    assert_eq!(changed(json!({"expression": ""})), expected);
    expected["conditions"] = Value::Null;
    expected["active"] = json!(false);
    assert_eq!(changed(json!({"conditions": null, "active": false})), expected);
    assert_eq!(made["conditions"], rules);
    assert_eq!(publisher.look(&path), expected);
    assert_eq!(publisher.look("/databases/1/callbacks"), json!({"callbacks": [expected]}));
    publisher.ui("DELETE", &path, Value::Null).expect_status(204);
    assert_eq!(publisher.look("/databases/1/callbacks"), json!({"callbacks": []}));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let publisher = Publisher::start();
    publisher.profile("Mike");
    publisher.profile("Gone");
    publisher.delete("/v4/profile/2");
    let changes = publisher.get("/mock/v1/changes")["changes"].as_array().unwrap().len();
    for (method, path, body, status, code, part) in [
        ("GET", "/databases/nope", json!(null), 404, "not_found", "no database `nope`"),
        ("GET", "/profiles/9", json!(null), 404, "not_found", "no profile 9"),
        ("GET", "/profiles/mike", json!(null), 400, "bad_request", "a number"),
        ("GET", "/callbacks/9", json!(null), 404, "not_found", "no callback 9"),
        ("GET", "/fields/99", json!(null), 404, "not_found", "no field `99`"),
        ("GET", "/databases/1/profiles?sort=x", json!(null), 400, "bad_request", "unknown field `sort`"),
        ("DELETE", "/interests/99", json!(null), 404, "not_found", "no interest 99"),
        ("PUT", "/profiles/2", json!({}), 409, "removed", "already been removed"),
        ("DELETE", "/profiles/2", json!(null), 409, "removed", "already been removed"),
        (
            "PUT",
            "/profiles/1",
            json!({"fields": {"nmae": "x"}}),
            400,
            "bad_request",
            "no field `nmae`; fields are: `name`",
        ),
        ("PUT", "/profiles/1", json!({"name": "x"}), 400, "bad_request", "unknown field `name`, expected one of"),
        ("PUT", "/profiles/1", json!({"interests": "golf"}), 400, "bad_request", "`interests`"),
        (
            "PUT",
            "/profiles/1",
            json!({"interests": ["chess"]}),
            400,
            "bad_request",
            "no interest `chess`; interests are: ",
        ),
        ("PUT", "/profiles/1", json!({"interests": {"chess": false}}), 400, "bad_request", "no interest `chess`"),
        ("POST", "/profiles/1/subprofiles/bills", json!({}), 404, "not_found", "no collection `bills`"),
        ("POST", "/databases", json!({}), 400, "bad_request", "a database needs a name"),
        (
            "POST",
            "/databases/1/fields",
            json!({"name": "x", "type": "colour"}),
            400,
            "bad_request",
            "expected one of `integer`",
        ),
        ("POST", "/databases/1/callbacks", json!({}), 400, "bad_request", "`url` is missing"),
        ("POST", "/databases/1/callbacks", json!({"url": "ftp://h/"}), 400, "bad_request", "`http://`"),
        (
            "POST",
            "/databases/1/callbacks",
            json!({"url": "http://h/", "triggers": ["fax"]}),
            400,
            "bad_request",
            "`publisher`",
        ),
        (
            "POST",
            "/databases/1/callbacks",
            json!({"url": "http://h/", "expression": "("}),
            400,
            "bad_request",
            "expression",
        ),
        ("PATCH", "/profiles/1", json!({}), 405, "method_not_allowed", "method"),
        ("GET", "/nothing", json!(null), 404, "not_found", "nothing at this path"),
    ] {
        let error = publisher.ui(method, path, body).expect_status(status).json()["error"].clone();
        assert_eq!(error["code"], code, "{method} {path}");
        assert!(error["message"].as_str().unwrap().contains(part), "{method} {path}: {error}");
    }
    assert_eq!(publisher.get("/mock/v1/changes")["changes"].as_array().unwrap().len(), changes);
    let stranger = crate::support::exchange(publisher.http, "GET", &format!("{UI}/databases"), &[], b"");
    assert_eq!(stranger.expect_status(401).json()["error"]["code"], "unauthorized");
}
