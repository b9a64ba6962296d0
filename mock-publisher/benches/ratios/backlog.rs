use std::time::Instant;

use serde_json::{Value, json};

use crate::publisher::Publisher;
use crate::receiver::Receiver;
use crate::rounded;

const SMALL: usize = 10_000;
const LARGE: usize = 1_000_000;

/// How fast the first ten thousand deliveries of a backlog go out, and how much memory the publisher has taken, with a million
/// in it against ten thousand.
pub(crate) fn backlog() -> Value {
    let (small, large) = (drained(SMALL), drained(LARGE));
    json!({
        "ratio": rounded(large.rate / small.rate, 3),
        "per_second": [rounded(small.rate, 0), rounded(large.rate, 0)],
        "peak_memory_mib": [rounded(small.memory, 1), rounded(large.memory, 1)],
    })
}

struct Drained {
    rate: f64,
    memory: f64,
}

fn drained(backlog: usize) -> Drained {
    // Another one fills the outbox, whose memory does not count.
    let receiver = Receiver::trusting();
    let filler = Publisher::start();
    filler.fill(&format!("http://{}/hook", receiver.address), backlog);
    let publisher = filler.started_again();
    let begun = Instant::now();
    publisher.pause(false);
    publisher.until("the receiver", |_| (receiver.accepted() >= SMALL).then_some(()));
    Drained { rate: SMALL as f64 / begun.elapsed().as_secs_f64(), memory: publisher.peak_memory() }
}
