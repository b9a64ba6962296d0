//! What the replay guard's memory costs, in time and in bytes, by how many nonces are in it.
//!
//! Memory is what the process grew by, as the system counts it. Each count is measured in a process of its own.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use callback_verifier::replay::Nonce;
use callback_verifier::wire::Account;
use callback_verifier::{MemoryGuard, ReplayGuard};
use serde_json::{Value, json};

use crate::measure::rounded;
use crate::support::ready;

const COUNTS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const ROUNDS: usize = 31;
/// Names the count, in the processes that measure one.
const COUNT: &str = "RATIOS_NONCES";

/// The curve.
pub(crate) fn by_count() -> Value {
    let program = std::env::current_exe().expect("this program");
    let measured = |count: &usize| {
        let mut command = Command::new(&program);
        let output = command.env(COUNT, count.to_string()).stderr(Stdio::inherit()).output().expect("a measurement");
        serde_json::from_slice::<Value>(&output.stdout).expect("its result")
    };
    COUNTS.iter().map(measured).collect()
}

/// In a process that measures one count: its result.
pub(crate) fn of_this_process() -> Option<Value> {
    std::env::var(COUNT).ok().map(|count| measure(count.parse().expect("a count")))
}

fn measure(count: usize) -> Value {
    let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    // Few enough that the count hardly changes while it is measured.
    let batch = (count / 100).min(1_000);
    let before = resident_bytes();
    let guard = MemoryGuard::with_capacity(count + ROUNDS * batch);
    let fresh = resident_bytes() - before;
    (0..count).for_each(|number| handle(&guard, &nonce("kept", number), now));
    let grown = resident_bytes() - before;
    assert_eq!(guard.len(), count);
    let claim_and_commit = median_nanoseconds(batch, |round| {
        let nonces: Vec<_> = (0..batch).map(|at| nonce("timed", round * batch + at)).collect();
        seconds(|| nonces.iter().for_each(|nonce| handle(&guard, nonce, now)))
    });
    let replay = median_nanoseconds(batch, |round| {
        let nonces: Vec<_> = (0..batch).map(|at| nonce("kept", (round * batch + at) * 7919 % count)).collect();
        seconds(|| {
            for nonce in &nonces {
                black_box(ready(guard.claim(nonce, until(now), now))).expect_err("a replay");
            }
        })
    });
    let full = MemoryGuard::with_capacity(count);
    (0..count).for_each(|number| handle(&full, &nonce("kept", number), now));
    let refused = median_nanoseconds(batch, |round| {
        let nonces: Vec<_> = (0..batch).map(|at| nonce("refused", round * batch + at)).collect();
        seconds(|| {
            for nonce in &nonces {
                black_box(ready(full.claim(nonce, until(now), now))).expect_err("a full guard");
            }
        })
    });
    let texts: Vec<_> = (0..batch).map(|number| format!("kept{number:020}")).collect();
    let account = Account::new(1234);
    let parse = median_nanoseconds(batch, |_| {
        seconds(|| texts.iter().for_each(|text| drop(black_box(Nonce::parse(account, text.as_bytes())))))
    });
    let (growing, sweeping) = slow_claims(count, now);
    json!({
        "nonces": count,
        "bytes_per_nonce": grown / count,
        "megabytes": rounded(grown as f64 / 1e6, 1),
        "fresh_kib": fresh / 1024,
        "claim_and_commit_ns": claim_and_commit,
        "replay_ns": replay,
        "refused_when_full_ns": refused,
        "nonce_parsed_ns": parse,
        "claim_that_grows_us": rounded(growing * 1e6, 1),
        "claim_that_sweeps_us": rounded(sweeping * 1e6, 1),
    })
}

/// What a claim takes that makes its part of the memory grow, and one that finds all of its part expired.
///
/// There are 128 parts, so 128 of the slowest claims are such; the middle one of them was hardly interrupted.
fn slow_claims(count: usize, now: SystemTime) -> (f64, f64) {
    let guard = MemoryGuard::with_capacity(count);
    let slow = |kind: &str, now| {
        let each = (0..count).map(|number| {
            let nonce = nonce(kind, number);
            seconds(|| handle(&guard, &nonce, now))
        });
        let mut each: Vec<f64> = each.collect();
        each.sort_by(f64::total_cmp);
        each[count - 64]
    };
    (slow("kept", now), slow("later", now + Duration::from_secs(1_000)))
}

fn handle(guard: &MemoryGuard, nonce: &Nonce, now: SystemTime) {
    let ticket = ready(guard.claim(nonce, until(now), now)).expect("a claim");
    ready(guard.commit(nonce, ticket, until(now), now)).expect("committed");
}

fn until(now: SystemTime) -> SystemTime {
    now + Duration::from_secs(360)
}

fn nonce(kind: &str, number: usize) -> Nonce {
    Nonce::parse(Account::new(1234), format!("{kind}{number:020}").as_bytes()).expect("a nonce")
}

/// What of this process is in memory, in bytes, where the system tells.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux system");
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    kibibytes.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024
}

fn seconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

/// Of one of a batch.
fn median_nanoseconds(batch: usize, work: impl Fn(usize) -> f64) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS).map(|round| work(round) / batch as f64 * 1e9).collect();
    rounds.sort_by(f64::total_cmp);
    rounded(rounds[ROUNDS / 2], 1)
}
