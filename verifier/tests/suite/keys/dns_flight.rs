//! One question under way for each name, whatever becomes of those who wait for it.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use callback_verifier::{DnsKeys, KeyError, KeyStore};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::name_server::{NameServer, texts};
use super::zone::{Trouble, Zone, key_name, nobody};
use crate::support::keys::A;
use crate::support::{KEY_ID, now};

/// A name server that says when it is asked, and answers when it is told to.
struct Patient {
    server: NameServer,
    asked: UnboundedReceiver<()>,
    answer: mpsc::Sender<()>,
}

impl Patient {
    fn start() -> Self {
        let (say, asked) = unbounded_channel();
        let (answer, told) = mpsc::channel();
        let told = Mutex::new(told);
        let server = NameServer::start(move |question, _| {
            let _ = say.send(());
            // Once the test is over there is nobody to tell it.
            match told.lock().unwrap().recv() {
                Ok(()) => vec![texts(question, &[A.record()])],
                Err(_) => Vec::new(),
            }
        });
        Self { server, asked, answer }
    }

    fn keys(&self) -> Arc<DnsKeys> {
        Arc::new(DnsKeys::with_name_servers(&[self.server.address]).unwrap())
    }
}

/// Long enough for a lost packet to be sent again and again; every test is over long before.
fn let_it_answer(patient: &Patient) {
    (0..9).for_each(|_| patient.answer.send(()).unwrap());
}

#[tokio::test]
async fn many_who_need_one_key_ask_once() {
    let mut patient = Patient::start();
    let keys = patient.keys();
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let keys = Arc::clone(&keys);
            tokio::spawn(async move { keys.lookup(&key_name(KEY_ID), now()).await })
        })
        .collect();
    patient.asked.recv().await.unwrap();
    let_it_answer(&patient);
    let mut found = Vec::new();
    for lookup in waiting {
        found.push(lookup.await.unwrap().unwrap());
    }
    assert!(found.iter().all(|keys| Arc::ptr_eq(keys, &found[0])));
    let statistics = keys.statistics();
    assert_eq!((statistics.questions, statistics.joined, statistics.kept), (1, 49, 1));
}

#[tokio::test]
async fn who_asks_first_and_leaves_takes_the_answer_from_nobody() {
    let mut patient = Patient::start();
    let keys = patient.keys();
    let first = tokio::spawn({
        let keys = Arc::clone(&keys);
        async move { keys.lookup(&key_name(KEY_ID), now()).await }
    });
    patient.asked.recv().await.unwrap();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let_it_answer(&patient);
    assert!(keys.lookup(&key_name(KEY_ID), now()).await.is_ok());
    assert_eq!(keys.statistics().questions, 1);
}

#[test]
fn a_runtime_that_ends_takes_its_question_with_it_and_no_more() {
    let mut patient = Patient::start();
    let keys = patient.keys();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let short_lived = runtime();
    short_lived.spawn({
        let keys = Arc::clone(&keys);
        async move { keys.lookup(&key_name(KEY_ID), now()).await }
    });
    short_lived.block_on(patient.asked.recv()).unwrap();
    // Somebody else waits for it, in another runtime.
    let follower = std::thread::spawn({
        let keys = Arc::clone(&keys);
        move || runtime().block_on(keys.lookup(&key_name(KEY_ID), now()))
    });
    while keys.statistics().joined == 0 {
        std::thread::yield_now();
    }
    drop(short_lived);
    let_it_answer(&patient);
    assert!(follower.join().unwrap().is_ok(), "the follower asks itself");
    assert_eq!(keys.statistics().questions, 2);
}

#[test]
fn a_runtime_that_stands_still_holds_a_name_up_for_a_few_seconds_only() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = Arc::new(zone.keys());
    let (name, now) = (key_name(KEY_ID), now());
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let still = runtime();
    // Polled once, so that the question is put; its task never runs.
    still.block_on(async {
        let mut lookup = keys.lookup(&name, now);
        std::future::poll_fn(|cx| {
            assert!(lookup.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    });
    let moving = runtime();
    let temporary = moving.block_on(keys.lookup(&name, now)).unwrap_err();
    assert!(matches!(temporary, KeyError::Temporary(_)), "{temporary}");
    moving.block_on(async { tokio::time::resume() });
    assert!(moving.block_on(keys.lookup(&name, now)).is_ok(), "somebody else asks after that");
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    let keys = zone.keys();
    let (name, now) = (key_name(KEY_ID), now());
    let mut lookup = keys.lookup(&name, now);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(KeyError::Temporary(reason))) = lookup.as_mut().poll(&mut cx) else {
        panic!("there is nothing to wait for")
    };
    assert!(reason.contains("no reactor running"), "{reason}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(keys.lookup(&name, now)).is_ok());
}

#[tokio::test]
async fn a_lost_packet_is_sent_again() {
    let zone = Zone::publishing(&[(KEY_ID, &A)]);
    zone.is_in(Trouble::FirstPacketLost);
    assert!(zone.keys().lookup(&key_name(KEY_ID), now()).await.is_ok());
    // It may have been sent once more: whoever tests on a slow machine has slow answers.
    assert!((2..=3).contains(&zone.server.questions().0), "{:?} packets", zone.server.questions());
}

#[tokio::test(start_paused = true)]
async fn an_absent_name_server_is_noticed_at_once() {
    let began = tokio::time::Instant::now();
    let keys = DnsKeys::with_name_servers(&[nobody()]).unwrap();
    let refused = keys.lookup(&key_name(KEY_ID), now()).await.unwrap_err();
    assert_eq!(refused, KeyError::Temporary("the name server cannot be reached".to_owned()));
    // The clock moves only when there is nothing to do but to wait for it.
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_name_server_that_fails_makes_the_next_one_asked() {
    use hickory_server::proto::op::ResponseCode::{Refused, ServFail};
    for trouble in [Trouble::Code(ServFail), Trouble::Code(Refused), Trouble::Garbage, Trouble::Silence] {
        let (bad, good) = (Zone::publishing(&[]), Zone::publishing(&[(KEY_ID, &A)]));
        bad.is_in(trouble);
        let keys = DnsKeys::with_name_servers(&[bad.server.address, good.server.address]).unwrap();
        assert!(keys.lookup(&key_name(KEY_ID), now()).await.is_ok(), "{trouble:?}");
        // From now on the one that answered is asked first.
        let before = bad.server.questions();
        assert_eq!(keys.lookup(&key_name("x.copernica.com"), now()).await.unwrap_err(), KeyError::NotFound);
        assert_eq!(bad.server.questions(), before, "{trouble:?}");
    }
}

#[tokio::test]
async fn an_answer_of_an_unknown_kind_is_not_a_denial() {
    use hickory_server::proto::op::ResponseCode;
    let zone = Zone::publishing(&[]);
    zone.is_in(Trouble::Code(ResponseCode::Unknown(13)));
    let refused = zone.keys().lookup(&key_name(KEY_ID), now()).await.unwrap_err();
    assert!(matches!(refused, KeyError::Temporary(_)), "{refused}");
}
