//! The four versions of the REST API: the same calls, with statuses, headers and bodies of their own.

use serde_json::{Value, json};

use crate::support::{Answer, Publisher, exchange};

const VERSIONS: [&str; 4] = ["v1", "v2", "v3", "v4"];

/// Method, path below the version, body, status in each version, and the headers with `{base}` and `{version}` in them: those of
/// versions 1 and 2, and those of versions 3 and 4.
type Row = (&'static str, &'static str, Value, [u16; 4], &'static [Header], &'static [Header]);
type Header = (&'static str, &'static str);

const PUT: [u16; 4] = [303, 303, 204, 204];
const PUT_BY_POST: [u16; 4] = [200, 200, 204, 204];
const PUT_THAT_CREATED: [u16; 4] = [303, 303, 201, 201];
const CREATED: [u16; 4] = [201; 4];
const DELETED: [u16; 4] = [200, 200, 204, 204];

#[test]
fn each_version_has_its_statuses_and_headers() {
    for (index, version) in VERSIONS.into_iter().enumerate() {
        let publisher = Publisher::start();
        let base = format!("http://{}", publisher.http);
        for (method, path, body, statuses, older, newer) in rows(version) {
            let answer = publisher.call(method, &format!("/{version}/{path}"), Some(&body));
            assert_eq!(answer.status, statuses[index], "{version} {method} {path}: {}", answer.text());
            assert_eq!(answer.text(), "", "{version} {method} {path}");
            let expected = if index < 2 { older } else { newer };
            for name in ["x-created", "x-deleted", "location", "x-location"] {
                // Version 1 has the place of something new in `Location` too.
                if version == "v1" && name == "location" && answer.status == 201 {
                    assert_eq!(answer.header("location"), answer.header("x-location"));
                    continue;
                }
                let expected = expected.iter().find(|(given, _)| *given == name);
                let expected = expected.map(|(_, text)| text.replace("{base}", &base).replace("{version}", version));
                assert_eq!(answer.header(name), expected.as_deref(), "{version} {method} {path} {name}");
            }
            // Clients that follow redirects find something.
            if let (303, Some(location)) = (answer.status, answer.header("location")) {
                let target = location.strip_prefix(&base).unwrap();
                publisher.call("GET", target, None).expect_status(200);
            }
        }
    }
}

fn rows(version: &str) -> Vec<Row> {
    let profile = |values: Value| if version == "v1" { values } else { json!({"fields": values}) };
    vec![
        (
            "POST",
            "databases",
            json!({"name": "second"}),
            CREATED,
            &[("x-created", "2"), ("x-location", "{base}/{version}/database/2")],
            &[("x-created", "2"), ("x-location", "{base}/{version}/database/2")],
        ),
        ("PUT", "database/second", json!({"archived": true}), PUT, &[("location", "{base}/database/second")], &[]),
        ("POST", "database/second", json!({"archived": false}), PUT_BY_POST, &[], &[]),
        (
            "PUT",
            "databases",
            json!({"name": "third"}),
            PUT_THAT_CREATED,
            &[("x-created", "3"), ("location", "{base}/database/3")],
            &[("x-created", "3"), ("x-location", "{base}/{version}/database/3")],
        ),
        (
            "POST",
            "database/customers/profiles",
            profile(json!({"name": "Mike"})),
            CREATED,
            &[("x-created", "1"), ("x-location", "{base}/{version}/profile/1")],
            &[("x-created", "1"), ("x-location", "{base}/{version}/profile/1")],
        ),
        ("PUT", "profile/1", json!({"fields": {"city": "Delft"}}), PUT, &[("location", "{base}/profile/1")], &[]),
        ("PUT", "profile/1/fields?a=b", json!({"city": "Ede"}), PUT, &[("location", "{base}/profile/1?a=b")], &[]),
        ("PUT", "profile/1/unsubscribe", json!({}), PUT, &[("location", "{base}/profile/1")], &[]),
        ("PUT", "database/1/intentions", json!({"email": 1}), PUT, &[("location", "{base}/database/1")], &[]),
        ("PUT", "database/1/field/1", json!({"length": 60}), PUT, &[("location", "{base}/database/1/field/1")], &[]),
        ("PUT", "interest/1", json!({"group": "sport"}), PUT, &[("location", "{base}/interest/1")], &[]),
        ("POST", "profile/1/interests", json!(["golf"]), PUT_BY_POST, &[], &[]),
        (
            "PUT",
            "database/customers/profiles?fields[]=name==Jess&create=1",
            profile(json!({"name": "Jess"})),
            PUT_THAT_CREATED,
            &[("x-created", "2"), ("location", "{base}/profile/2?fields[]=name==Jess&create=1")],
            &[("x-created", "2"), ("x-location", "{base}/{version}/profile/2")],
        ),
        (
            "PUT",
            "database/customers/profiles?fields[]=name==Jess&create=1",
            profile(json!({"city": "Ede"})),
            PUT,
            &[("location", "{base}/database/customers/profiles?fields[]=name==Jess&create=1")],
            &[],
        ),
        // As observed, the number of such a subprofile is not told.
        (
            "PUT",
            "profile/1/subprofiles/orders?fields[]=product==ball&create=1",
            json!({"product": "ball"}),
            PUT_THAT_CREATED,
            &[("location", "{base}/profile/1/subprofiles/orders?fields[]=product==ball&create=1")],
            &[],
        ),
        (
            "POST",
            "profile/1/subprofiles/orders",
            json!({"product": "racket"}),
            CREATED,
            &[("x-created", "2"), ("x-location", "{base}/{version}/subprofile/2")],
            &[("x-created", "2"), ("x-location", "{base}/{version}/subprofile/2")],
        ),
        (
            "DELETE",
            "subprofile/2",
            json!({}),
            DELETED,
            &[("x-deleted", "subprofile 2")],
            &[("x-deleted", "subprofile 2")],
        ),
        ("DELETE", "profile/2", json!({}), DELETED, &[("x-deleted", "profile 2")], &[("x-deleted", "profile 2")]),
        ("DELETE", "database/1/profiles", json!({"profiles": [1, "2", 99]}), DELETED, &[], &[]),
        ("DELETE", "database/1/profiles", json!({"profiles": [1, 2, 99]}), [204; 4], &[], &[]),
        ("DELETE", "interest/1", json!({}), DELETED, &[("x-deleted", "interest 1")], &[("x-deleted", "interest 1")]),
    ]
}

#[test]
fn the_first_version_has_values_where_the_others_have_fields() {
    let publisher = Publisher::start();
    let create = |version: &str, body: Value| {
        let answer = publisher.call("POST", &format!("/{version}/database/1/profiles"), Some(&body)).expect_status(201);
        let id = answer.header("x-created").unwrap().to_owned();
        publisher.get(&format!("/{version}/profile/{id}"))["fields"]["name"].clone()
    };
    for version in VERSIONS {
        let (flat, wrapped) = if version == "v1" { ("Mike", "") } else { ("", "Mike") };
        assert_eq!(create(version, json!({"name": "Mike"})), flat, "{version}");
        assert_eq!(create(version, json!({"fields": {"name": "Mike"}})), wrapped, "{version}");
    }
}

#[test]
fn interests_are_changed_by_a_call_of_their_own_in_the_first_version() {
    let publisher = Publisher::start();
    publisher.profile("Mike");
    for (version, status) in [("v1", 200), ("v2", 400), ("v3", 400), ("v4", 400)] {
        let path = format!("/{version}/profile/1/changeinterests");
        publisher.call("POST", &path, Some(&json!({"golf": 1}))).expect_status(status);
    }
    assert_eq!(publisher.get("/v1/profile/1/interests"), json!(["golf"]));
}

#[test]
fn every_version_takes_the_token_in_the_query_and_as_a_bearer() {
    let publisher = Publisher::start();
    let token = &publisher.token;
    for version in ["/v1", "/v2", "/v3", "/v4", ""] {
        let path = format!("{version}/databases");
        let ask = |path: &str, headers: &[(&str, &str)]| exchange(publisher.http, "GET", path, headers, b"");
        ask(&format!("{path}?access_token={token}"), &[]).expect_status(200);
        ask(&path, &[("Authorization", &format!("Bearer {token}"))]).expect_status(200);
        for answer in [ask(&path, &[]), ask(&format!("{path}?access_token=x"), &[("Authorization", "Bearer y")])] {
            assert_eq!(answer.expect_status(400).json()["error"]["message"], "Invalid access token", "{path}");
        }
    }
}

#[test]
fn paths_are_matched_as_on_the_platform() {
    let publisher = Publisher::start();
    publisher.profile("Mike");
    publisher.post("/v4/profile/1/subprofiles/orders", &json!({"product": "ball"}));
    publisher.profile("gone");
    publisher.delete("/v4/profile/2");
    for version in VERSIONS {
        for (method, path, body, expected) in paths() {
            let target = format!("/{version}/{path}");
            let answer = publisher.send(method, &target, "application/json", body.as_bytes());
            assert_eq!(message(&answer), expected, "{method} {target}");
        }
    }
}

/// What an answer says is wrong; empty if nothing is.
fn message(answer: &Answer) -> String {
    if answer.status < 400 {
        return String::new();
    }
    assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/json")));
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

/// Method, path, body, and the message of the error; empty for none.
fn paths() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    const METHOD: &str = "Invalid method";
    const PROFILE: &str = "No entity with supplied ID";
    const SUBPROFILE: &str = "No subprofile with supplied ID";
    const COLLECTION: &str = "No collection with given ID";
    const DATABASE: &str = "No database with supplied ID";
    const ELEMENT_1: &str = "Invalid request, element 1 is missing in 'directory' path";
    const ELEMENT_3: &str = "Invalid request, element 3 is missing in 'directory' path";
    vec![
        ("GET", "databases", "", ""),
        ("GET", "databases/and/more", "", ""),
        ("GET", "database/CUSTOMERS/profiles/and/more", "", ""),
        ("GET", "database/1/profileids/more", "", ""),
        ("GET", "profile/1/subprofiles/ORDERS/more", "", ""),
        ("GET", "profile/1/subprofiles/1", "", ""),
        ("GET", "collection/Orders", "", ""),
        ("GET", "collection/1/subprofiles/", "", ""),
        ("GET", "profile/1/", "", ""),
        ("GET", "", "", METHOD),
        ("GET", "nothing", "", METHOD),
        ("GET", "Databases", "", METHOD),
        ("GET", "profile/1/more", "", METHOD),
        ("GET", "database/1/more", "", METHOD),
        ("GET", "identity/more", "", METHOD),
        ("PATCH", "profile/1", "", METHOD),
        ("DELETE", "database/1", "", METHOD),
        ("GET", "profile/1/unsubscribe", "", METHOD),
        ("POST", "collection/1/subprofiles?fields[]=id==1", "{}", METHOD),
        // What a path needs and does not have.
        ("GET", "database", "", ELEMENT_1),
        ("GET", "profile/", "", ELEMENT_1),
        ("PUT", "profile/1/subprofiles", "{}", ELEMENT_3),
        ("PUT", "database/1/field", "{}", "No field id supplied for the field"),
        ("PUT", "database/1/field/99", "{}", "Failed to get the field"),
        ("DELETE", "collection/1/field/1", "", "Failed to get the field"),
        // Whether it exists is said before all else.
        ("GET", "profile/99/more", "", PROFILE),
        ("PATCH", "profile/99", "{", PROFILE),
        ("PUT", "profile/99/subprofiles", "{", PROFILE),
        ("PUT", "profile/99/fields", "{", PROFILE),
        ("POST", "profile/99/subprofiles/nothing", "{", PROFILE),
        ("POST", "profile/1/subprofiles/nothing", "{", COLLECTION),
        ("PUT", "collection/nothing/subprofiles", "{", COLLECTION),
        ("GET", "collection/99/callbacks", "", COLLECTION),
        ("PUT", "database/nothing/profiles", "{", DATABASE),
        ("PUT", "database/99/field", "{", DATABASE),
        ("DELETE", "subprofile/99", "{", SUBPROFILE),
        ("PUT", "subprofile/word/unsubscribe", "{", SUBPROFILE),
        ("PUT", "interest/99", "{", "No interest with supplied ID"),
        ("DELETE", "callback/99", "{", "No callback with supplied ID"),
        // Then whether the call can be understood.
        ("PUT", "database/1/profiles", "{", "URL parameter fields is required"),
        ("PUT", "collection/1/subprofiles", "{", "URL parameter fields is required"),
        ("PUT", "profile/1/subprofiles/1?create=1", "{", "URL parameter fields is required"),
        ("PUT", "database/1/profiles?fields[]=id==1", "[1]", "Invalid data provided"),
        ("PUT", "profile/1", "{\"fields\":\"ignored\"}", ""),
        ("POST", "profile/2/subprofiles/1", "{}", "Subprofile could not be created"),
        ("DELETE", "profile/2", "", "This profile has already been removed"),
    ]
}

#[test]
fn a_form_says_what_json_says() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let publisher = Publisher::start();
    for name in ["Mike", "Jess", "Tim"] {
        publisher.profile(name);
    }
    for (method, path, body, status) in [
        ("PUT", "/v2/profile/1", "fields[city]=Delft&interests[]=golf", 303),
        ("PUT", "/v2/profile/1/fields", "company=Acme", 303),
        ("POST", "/v2/profile/1/interests", "tennis=1&golf=0", 200),
        ("POST", "/v2/profile/1/subprofiles/orders", "product=ball&amount=2", 201),
        ("PUT", "/v2/database/1/unsubscribe", "behavior=update&fields[city]=away", 303),
        ("DELETE", "/v2/database/customers/profiles", "profiles[]=2&profiles[]=3", 200),
    ] {
        publisher.send(method, path, FORM, body.as_bytes()).expect_status(status);
    }
    let mike = publisher.get("/v2/profile/1");
    assert_eq!((&mike["fields"]["city"], &mike["fields"]["company"]), (&json!("Delft"), &json!("Acme")));
    assert_eq!(mike["interests"], json!(["tennis"]));
    assert_eq!(publisher.get("/v2/subprofile/1")["fields"], json!({"product": "ball", "amount": "2"}));
    assert_eq!(publisher.get("/v2/database/1/profileids"), json!(["1"]));
    let behaviour = json!({"behavior": "update", "fields": {"city": "away"}});
    assert_eq!(publisher.get("/v2/database/1/unsubscribe"), behaviour);
}
