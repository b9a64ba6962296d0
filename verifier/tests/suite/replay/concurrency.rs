//! Many threads, one memory.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use callback_verifier::replay::ReplayError;
use callback_verifier::{MemoryGuard, ReplayGuard};

use super::{at, nonce};
use crate::support::block_on;

const THREADS: usize = 4;

#[test]
fn of_those_who_claim_a_nonce_at_once_one_gets_it() {
    const ROUNDS: usize = 2_000;
    let guard = MemoryGuard::default();
    let (start, winners) = (Barrier::new(THREADS), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    let nonce = nonce(round.to_string());
                    start.wait();
                    match block_on(guard.claim(&nonce, at(100), at(0))) {
                        Ok(_) => drop(winners.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => assert_eq!(error, ReplayError::Pending),
                    }
                }
            });
        }
    });
    assert_eq!(winners.into_inner(), ROUNDS);
}

#[test]
fn what_is_claimed_and_released_by_many_is_committed_once() {
    const NONCES: usize = 500;
    let guard = MemoryGuard::default();
    let (start, commits) = (Barrier::new(THREADS), AtomicUsize::new(0));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (guard, start, commits) = (&guard, &start, &commits);
            scope.spawn(move || {
                start.wait();
                for number in 0..NONCES {
                    let nonce = nonce(number.to_string());
                    for attempt in 0.. {
                        match block_on(guard.claim(&nonce, at(100), at(0))) {
                            // Each gives the claim back once or twice before he handles it.
                            Ok(ticket) if attempt < 1 + thread % 2 => block_on(guard.release(&nonce, ticket)).unwrap(),
                            Ok(ticket) => {
                                commits.fetch_add(1, Ordering::Relaxed);
                                block_on(guard.commit(&nonce, ticket, at(100), at(0))).unwrap();
                            }
                            Err(ReplayError::Pending) => thread::yield_now(),
                            Err(error) => {
                                assert_eq!(error, ReplayError::Replayed);
                                break;
                            }
                        }
                    }
                }
            });
        }
    });
    assert_eq!((commits.into_inner(), guard.len()), (NONCES, NONCES));
}

#[test]
fn a_memory_takes_as_many_as_it_has_room_for_whoever_asks() {
    const CAPACITY: usize = 1_000;
    let guard = MemoryGuard::with_capacity(CAPACITY);
    let (start, claims) = (Barrier::new(THREADS), AtomicUsize::new(0));
    // Twice: the second time, all of the first have expired, in whatever part they are.
    for epoch in [0, 1_000] {
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (guard, start, claims) = (&guard, &start, &claims);
                scope.spawn(move || {
                    start.wait();
                    for number in 0..CAPACITY {
                        let nonce = nonce(format!("{epoch}-{thread}-{number}"));
                        match block_on(guard.claim(&nonce, at(epoch + 100), at(epoch))) {
                            Ok(_) => drop(claims.fetch_add(1, Ordering::Relaxed)),
                            Err(error) => assert_eq!(error, ReplayError::Full { capacity: CAPACITY }),
                        }
                    }
                });
            }
        });
        assert_eq!((claims.swap(0, Ordering::Relaxed), guard.len()), (CAPACITY, CAPACITY));
    }
}
