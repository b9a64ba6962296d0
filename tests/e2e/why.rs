//! Why a callback fired or not, over the control API and on the command line.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Publisher, Receiver, mock_publisher, run, wait_for};

const CALLBACKS: &str = "/v4/database/customers/callbacks";
const PROFILES: &str = "/v4/database/customers/profiles";

fn watched(publisher: &Publisher, receiver: &Receiver) {
    for (path, more) in [
        ("/hook", json!({})),
        ("/crm", json!({"triggers": ["soap", "import"]})),
        ("/gone", json!({"action": "delete"})),
        ("/mike", json!({"expression": "profile.name == 'Mike'"})),
        ("/rules", json!({"conditions": {"field": "city", "contains": "trecht"}})),
        ("/off", json!({"active": false})),
        ("/broken", json!({"expression": "profile.orders[0].product == 'ball'"})),
    ] {
        let mut body = more;
        body["url"] = json!(receiver.url(path));
        publisher.post(CALLBACKS, &body);
    }
}

#[test]
fn each_callback_has_its_reason_and_the_values_that_were_read() {
    let publisher = Publisher::start();
    let receiver = Receiver::of(&publisher);
    publisher.post(PROFILES, &json!({"fields": {"name": "Jessica", "city": "Amsterdam"}}));
    watched(&publisher, &receiver);
    publisher.put("/v4/profile/1", &json!({"fields": {"city": "Utrecht"}}));
    let requests = [receiver.next_verified().request, receiver.next_verified().request];
    assert!(
        requests.contains(&"POST /hook".to_owned()) && requests.contains(&"POST /rules".to_owned()),
        "{requests:?}"
    );

    let why = wait_for("the deliveries to be noted", || {
        let why = publisher.get("/mock/v1/changes/2/why");
        let pending = why["callbacks"].as_array().unwrap().iter().any(|c| c["delivery"]["state"] == "pending");
        (!pending).then_some(why)
    });
    assert_eq!(why["change"]["changed"], json!([["city", "Amsterdam", "Utrecht"]]));
    assert_eq!((&why["change"]["profile"], &why["change"]["trigger"]), (&json!(1), &json!("rest")));
    let reasons: Vec<_> = why["callbacks"].as_array().unwrap().iter().map(|c| c["reason"].as_str().unwrap()).collect();
    let expected = [
        "fired",
        "trigger_not_selected",
        "action_not_selected",
        "condition_false",
        "fired",
        "not_active",
        "condition_failed",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(why["callbacks"][0]["delivery"]["status"], 200);
    let look = &why["callbacks"][3]["looks"][0];
    assert_eq!((&look["condition"], &look["holds"]), (&json!("profile.name == 'Mike'"), &json!(false)));
    assert_eq!(look["read"], json!([["profile.name", "Jessica"]]));
    assert!(why["callbacks"][6]["error"].as_str().unwrap().contains("undefined"), "{why}");

    let changes = publisher.get("/mock/v1/changes?after=1");
    assert_eq!((changes["changes"].as_array().unwrap().len(), &changes["next"]), (1, &json!(2)));
    assert_eq!(publisher.get("/mock/v1/changes/1")["action"], "create");
    for nothing in ["/mock/v1/changes/99", "/mock/v1/changes/99/why"] {
        publisher.call("GET", nothing, None).expect_status(404);
    }
    publisher.call("GET", "/mock/v1/changes/x/why", None).expect_status(400);
}

#[test]
fn the_command_finds_the_publisher_and_tells_the_story() {
    let data = TempDir::new().unwrap();
    let publisher = Publisher::start_in(data.path());
    let receiver = Receiver::of(&publisher);
    watched(&publisher, &receiver);
    publisher.post(PROFILES, &json!({"fields": {"name": "Mike"}}));
    receiver.next_verified();

    let ask = |arguments: &[&str]| run(mock_publisher(data.path()).arg("why").args(arguments));
    let folder = data.path().to_str().unwrap();
    let told = ask(&["1", "--data", folder]).expect_status(0).text();
    for part in [
        "change 1   create   profile 1 in `customers`   through rest\n",
        "FIRED      delivery 1, ",
        "not sent   trigger `rest` is not selected\n",
        "not sent   action `create` is not selected\n",
        "`profile.name == 'Mike'` is true: profile.name is \"Mike\"\n",
        "not sent   it is not active\n",
        "not sent   its condition failed: ",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    let server = format!("http://{}", publisher.http);
    let json = ask(&["1", "--json", "--server", &server, "--token", &publisher.token]).expect_status(0).text();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["change"]["id"], 1);
    ask(&["9", "--data", folder]).expect_failure(1, &["no change 9"]);
    ask(&["1", "--server", &server, "--token", "wrong"]).expect_failure(1, &["access token"]);
    ask(&["1", "--data", "nowhere"]).expect_failure(1, &["no publisher has left its addresses", "--server"]);
    ask(&["x"]).expect_failure(2, &["<CHANGE>"]);
}
