use std::net::TcpListener;
use std::time::Instant;

use serde_json::{Value, json};

use crate::publisher::Publisher;
use crate::receiver::Receiver;
use crate::{median, rounded};

const CHANGES: usize = 300;
/// So many receivers never answer, and so many are not there at all.
const BAD_ONES: usize = 5;

/// How much later a healthy receiver is told of a change, at the median, if there are ten others that are slow or dead: in
/// milliseconds. Its ratio is the delay against the 5 ms that it may have.
pub(crate) fn healthy_delay() -> Value {
    let receivers = [Receiver::trusting(), Receiver::trusting()];
    let alone = Publisher::start();
    let among_others = Publisher::start();
    for (publisher, receiver) in [&alone, &among_others].into_iter().zip(&receivers) {
        callback(publisher, &format!("http://{}/hook", receiver.address));
    }
    // Connections are made, and nobody reads what they say.
    let silent: Vec<_> = (0..BAD_ONES).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    for listener in &silent {
        callback(&among_others, &format!("http://{}/", listener.local_addr().expect("an address")));
    }
    (0..BAD_ONES).for_each(|_| callback(&among_others, "http://127.0.0.1:1/"));
    let told_after = |publisher: &Publisher, receiver: &Receiver| {
        let before = receiver.accepted();
        let profile = json!({"fields": {"name": "Mike"}}).to_string();
        publisher.call("POST", "/v4/database/customers/profiles", "application/json", &profile);
        let begun = Instant::now();
        while receiver.accepted() == before {
            std::hint::spin_loop();
        }
        begun.elapsed().as_secs_f64() * 1e3
    };
    let rounds: Vec<_> =
        (0..CHANGES).map(|_| (told_after(&alone, &receivers[0]), told_after(&among_others, &receivers[1]))).collect();
    let (alone, among) = (median(rounds.iter().map(|round| round.0)), median(rounds.iter().map(|round| round.1)));
    json!({
        "ratio": rounded((among - alone) / 5.0, 3),
        "alone_ms": rounded(alone, 2),
        "among_slow_and_dead_ones_ms": rounded(among, 2),
    })
}

fn callback(publisher: &Publisher, url: &str) {
    let body = json!({"url": url}).to_string();
    publisher.call("POST", "/v4/database/customers/callbacks", "application/json", &body);
}
