use serde_json::{Value, json};

use super::{Answer, Publisher, Receiver, exchange};

/// The nine triggers that a callback can select.
const TRIGGERS: [&str; 9] = ["publisher", "rest", "soap", "click", "open", "failure", "bounce", "import", "copy"];

/// A publisher whose sample database and collection have nine callbacks each, one for every trigger, and a profile 1.
pub(crate) struct Watched {
    pub(crate) publisher: Publisher,
    receiver: Receiver,
}

impl Watched {
    pub(crate) fn start() -> Self {
        let publisher = Publisher::start();
        let receiver = Receiver::of(&publisher);
        for trigger in TRIGGERS {
            let url = receiver.url(&format!("/{trigger}"));
            for (scope, kind) in [("database/customers", "profile"), ("collection/orders", "subprofile")] {
                let callback = json!({"url": format!("{url}/{kind}"), "triggers": [trigger]});
                publisher.post(&format!("/v4/{scope}/callbacks"), &callback);
            }
        }
        let watched = Self { publisher, receiver };
        let fields = json!({"name": "Mike", "email": "Mike@example.com", "score": 1});
        watched.publisher.post("/v4/database/customers/profiles", &json!({"fields": fields}));
        assert_eq!(watched.told(1), ["rest: create profile 1"]);
        watched
    }

    /// What so many callbacks tell, all of them genuine, such as `click: update profile 1`; in the order of the alphabet, since
    /// each comes when it comes.
    #[track_caller]
    pub(crate) fn told(&self, count: usize) -> Vec<String> {
        let mut told: Vec<String> = (0..count)
            .map(|_| {
                let received = self.receiver.next_verified();
                let payload: Value = serde_json::from_slice(&received.body).unwrap();
                let path: Vec<&str> = received.request.split('/').collect();
                let text = |key: &str| payload[key].as_str().unwrap().to_owned();
                format!("{}: {} {} {}", path[1], text("action"), path[2], text("id"))
            })
            .collect();
        told.sort();
        told
    }

    /// Checks that nothing was sent that [`Self::told`] did not tell: `count` deliveries in all.
    #[track_caller]
    pub(crate) fn expect_no_more_than(&self, count: usize) {
        self.publisher.settled(count);
        self.receiver.expect_nothing_more();
    }

    /// A field of profile 1.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> String {
        self.publisher.get("/v4/profile/1")["fields"][name].as_str().unwrap().to_owned()
    }

    /// Makes a link, and tells where it is.
    #[track_caller]
    pub(crate) fn link(&self, body: &Value) -> String {
        let made = self.publisher.call("POST", "/mock/v1/links", Some(body)).expect_status(201).json();
        let link = made["link"].as_str().unwrap();
        link.strip_prefix(&format!("http://{}", self.publisher.http)).unwrap().to_owned()
    }

    /// Follows a link as a mail reader does, which has no access token.
    pub(crate) fn follow(&self, path: &str) -> Answer {
        exchange(self.publisher.http, "GET", path, &[], b"")
    }
}
