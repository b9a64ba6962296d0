use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};

use crate::publisher::Publisher;
use crate::receiver::Receiver;
use crate::{median, rounded};

const ROUNDS: usize = 5;
const DELIVERIES: usize = 5000;
/// How long bare signatures are made before and after a round.
const BARE: Duration = Duration::from_millis(500);

/// The processor time of the publisher for each callback that is delivered, against that of the signature in it, which the
/// publisher measures in place. The deliveries are in the outbox, in a file, when a round begins.
pub(crate) fn dispatch_vs_sign() -> Value {
    let publisher = Publisher::start();
    let receiver = Receiver::trusting();
    let rounds: Vec<_> = (1..=ROUNDS)
        .map(|round| {
            publisher.fill(&format!("http://{}/hook", receiver.address), DELIVERIES);
            let (cpu, signing) = (publisher.cpu(), publisher.metric("signing_cpu_seconds_total"));
            publisher.pause(false);
            delivered(&publisher, &receiver, round * DELIVERIES);
            let each = |seconds: f64| seconds / DELIVERIES as f64;
            (each(publisher.cpu() - cpu), each(publisher.metric("signing_cpu_seconds_total") - signing))
        })
        .collect();
    json!({
        "ratio": rounded(median(rounds.iter().map(|(cpu, signing)| cpu / signing)), 3),
        "delivery_us": rounded(median(rounds.iter().map(|(cpu, _)| *cpu)) * 1e6, 1),
        "signature_us": rounded(median(rounds.iter().map(|(_, signing)| *signing)) * 1e6, 1),
    })
}

/// Callbacks that publisher and verifying receiver bring about in a second together, against the bare signatures that all
/// cores make in one.
pub(crate) fn machine_vs_sign() -> Value {
    let publisher = Publisher::start();
    let receiver = Receiver::verifying(publisher.dns());
    let rounds: Vec<_> = (1..=ROUNDS)
        .map(|round| {
            publisher.fill(&format!("http://{}/hook", receiver.address), DELIVERIES);
            let before = signatures_per_second();
            let begun = Instant::now();
            publisher.pause(false);
            publisher.until("the receiver", |_| (receiver.accepted() == round * DELIVERIES).then_some(()));
            let rate = DELIVERIES as f64 / begun.elapsed().as_secs_f64();
            delivered(&publisher, &receiver, round * DELIVERIES);
            (rate, before.midpoint(signatures_per_second()))
        })
        .collect();
    json!({
        "ratio": rounded(median(rounds.iter().map(|(rate, bare)| rate / bare)), 3),
        "callbacks_per_second": rounded(median(rounds.iter().map(|(rate, _)| *rate)), 0),
        "signatures_per_second": rounded(median(rounds.iter().map(|(_, bare)| *bare)), 0),
    })
}

/// Waits until the receiver has accepted so many, and the publisher has noted it.
fn delivered(publisher: &Publisher, receiver: &Receiver, count: usize) {
    publisher.until("the receiver", |_| (receiver.accepted() >= count).then_some(()));
    let noted = "deliveries_total{outcome=\"delivered\"}";
    publisher.until("the outcomes", |publisher| (publisher.metric(noted) as usize >= count).then_some(()));
}

fn signatures_per_second() -> f64 {
    let cores = std::thread::available_parallelism().expect("cores").get();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(signatures_of_a_core)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread")).sum()
    })
}

fn signatures_of_a_core() -> f64 {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key pair");
    let (random, mut signature) = (SystemRandom::new(), vec![0; key.public_modulus_len()]);
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < BARE {
        key.sign(&RSA_PKCS1_SHA256, &random, &[b'x'; 400], &mut signature).expect("a signature");
        count += 1;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}
