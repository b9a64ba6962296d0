//! The memory against the simplest that could be right, in random order of events.

use std::collections::HashMap;
use std::time::Duration;

use callback_verifier::replay::{ReplayError, Ticket};
use callback_verifier::{Lease, MemoryGuard, ReplayGuard};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{at, nonce};
use crate::support::block_on;

const LEASE: u64 = 20;

#[derive(Debug, Clone, Copy)]
enum Event {
    /// Somebody claims a nonce that is to be remembered for so many seconds from now.
    Claim {
        nonce: usize,
        window: u64,
    },
    /// A request that was claimed before comes again, byte for byte.
    Replay {
        of: usize,
    },
    /// One of those who hold or held a claim ends it.
    Commit {
        of: usize,
    },
    Release {
        of: usize,
    },
    Abandon {
        of: usize,
    },
    /// Time passes.
    Pass {
        seconds: u64,
    },
    /// The clock jumps, ahead or back.
    Jump {
        seconds: i64,
    },
}

fn event(nonces: usize, jumps: bool) -> impl Strategy<Value = Event> {
    let claim = (0..nonces, 1..60_u64).prop_map(|(nonce, window)| Event::Claim { nonce, window });
    let jump = if jumps { -200..200_i64 } else { 0..1 };
    prop_oneof![
        6 => claim,
        3 => any::<usize>().prop_map(|of| Event::Replay { of }),
        3 => any::<usize>().prop_map(|of| Event::Commit { of }),
        2 => any::<usize>().prop_map(|of| Event::Release { of }),
        1 => any::<usize>().prop_map(|of| Event::Abandon { of }),
        3 => (0..30_u64).prop_map(|seconds| Event::Pass { seconds }),
        1 => jump.prop_map(|seconds| Event::Jump { seconds }),
    ]
}

/// Who claimed what, whether or not he still holds it.
struct Holder {
    nonce: usize,
    until: u64,
    claimed: u64,
    ticket: Ticket,
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(0x5eed), failure_persistence: None, ..ProptestConfig::default() }
}

/// A memory that never runs full, with a clock that only goes forward.
#[derive(Default)]
struct Model {
    slots: HashMap<usize, (u64, State)>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Pending { ticket: Ticket, lease_until: u64 },
    Committed,
}

impl Model {
    /// What a claim must be answered.
    fn verdict(&mut self, nonce: usize, now: u64) -> Result<(), ReplayError> {
        self.slots.retain(|_, (until, _)| *until > now);
        match self.slots.get(&nonce) {
            Some((_, State::Committed)) => Err(ReplayError::Replayed),
            Some((_, State::Pending { lease_until, .. })) if *lease_until > now => Err(ReplayError::Pending),
            _ => Ok(()),
        }
    }

    fn set(&mut self, nonce: usize, until: u64, state: State) {
        let longest = self.slots.get(&nonce).map_or(until, |(other, _)| until.max(*other));
        self.slots.insert(nonce, (longest, state));
    }

    fn release(&mut self, nonce: usize, ticket: Ticket) {
        if matches!(self.slots.get(&nonce), Some((_, State::Pending { ticket: holder, .. })) if *holder == ticket) {
            self.slots.remove(&nonce);
        }
    }
}

fn guard(capacity: usize) -> MemoryGuard {
    MemoryGuard::with_capacity(capacity).with_lease(Lease::new(Duration::from_secs(LEASE)).unwrap())
}

fn name(number: usize) -> callback_verifier::replay::Nonce {
    nonce(format!("nonce-{number}"))
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn it_answers_as_the_model_does(events in proptest::collection::vec(event(4, false), 1..150)) {
        let (guard, mut model, mut now) = (guard(1_000), Model::default(), 1_000_u64);
        let mut holders: Vec<Holder> = Vec::new();
        for event in events {
            let (claimed, until) = match event {
                Event::Claim { nonce, window } => (Some(nonce), now + window),
                Event::Replay { of } if !holders.is_empty() => {
                    let original = &holders[of % holders.len()];
                    (Some(original.nonce).filter(|_| original.until > now), original.until)
                }
                _ => (None, 0),
            };
            if let Some(nonce) = claimed {
                let verdict = block_on(guard.claim(&name(nonce), at(until), at(now)));
                prop_assert_eq!(verdict.clone().map(drop), model.verdict(nonce, now), "{:?} at {}", event, now);
                if let Ok(ticket) = verdict {
                    model.set(nonce, until, State::Pending { ticket, lease_until: now + LEASE });
                    holders.push(Holder { nonce, until, claimed: now, ticket });
                }
            }
            let chosen = |of: usize| holders.get(of % holders.len().max(1));
            match event {
                Event::Commit { of } => if let Some(Holder { nonce, until, claimed, ticket }) = chosen(of) {
                    block_on(guard.commit(&name(*nonce), *ticket, at(*until), at(*claimed))).unwrap();
                    // What has expired is gone, with all that it said.
                    let _ = model.verdict(*nonce, now);
                    model.set(*nonce, *until, State::Committed);
                },
                Event::Release { of } => if let Some(Holder { nonce, ticket, .. }) = chosen(of) {
                    block_on(guard.release(&name(*nonce), *ticket)).unwrap();
                    model.release(*nonce, *ticket);
                },
                Event::Abandon { of } => if let Some(Holder { nonce, ticket, .. }) = chosen(of) {
                    guard.abandon(name(*nonce), *ticket);
                    model.release(*nonce, *ticket);
                },
                Event::Pass { seconds } => now += seconds,
                Event::Claim { .. } | Event::Replay { .. } | Event::Jump { .. } => {}
            }
        }
    }

    /// With little room, and a clock that goes as it likes.
    #[test]
    fn what_was_committed_is_never_claimed_again(
        events in proptest::collection::vec(event(200, true), 1..400), capacity in prop_oneof![Just(3_usize), Just(1_000)],
    ) {
        let (guard, mut now) = (guard(capacity), 1_000_u64);
        let mut holders: Vec<Holder> = Vec::new();
        let mut committed: HashMap<usize, u64> = HashMap::new();
        for event in events {
            let (claimed, until) = match event {
                Event::Claim { nonce, window } => (Some(nonce), now + window),
                Event::Replay { of } if !holders.is_empty() => {
                    let original = &holders[of % holders.len()];
                    (Some(original.nonce).filter(|_| original.until > now), original.until)
                }
                _ => (None, 0),
            };
            if let Some(nonce) = claimed {
                match block_on(guard.claim(&name(nonce), at(until), at(now))) {
                    Ok(ticket) => {
                        prop_assert!(committed.get(&nonce).is_none_or(|handled| until > *handled), "{nonce} until {until}");
                        holders.push(Holder { nonce, until, claimed: now, ticket });
                    }
                    Err(ReplayError::Full { .. }) => prop_assert_eq!(guard.len(), capacity),
                    Err(_) => {}
                }
            }
            let chosen = |of: usize| holders.get(of % holders.len().max(1));
            match event {
                Event::Commit { of } => if let Some(Holder { nonce, until, claimed, ticket }) = chosen(of) {
                    match block_on(guard.commit(&name(*nonce), *ticket, at(*until), at(*claimed))) {
                        Ok(()) => { committed.entry(*nonce).and_modify(|known| *known = (*known).max(*until)).or_insert(*until); }
                        Err(error) => prop_assert_eq!(error, ReplayError::Full { capacity }),
                    }
                },
                Event::Release { of } => if let Some(Holder { nonce, ticket, .. }) = chosen(of) {
                    block_on(guard.release(&name(*nonce), *ticket)).unwrap();
                },
                Event::Abandon { of } => if let Some(Holder { nonce, ticket, .. }) = chosen(of) {
                    guard.abandon(name(*nonce), *ticket);
                },
                Event::Pass { seconds } => now += seconds,
                Event::Jump { seconds } => now = now.saturating_add_signed(seconds),
                Event::Claim { .. } | Event::Replay { .. } => {}
            }
            prop_assert!(guard.len() <= capacity);
        }
    }
}
