//! End-to-end tests: the programs as their users start them, on free ports, with real HTTP and real DNS.
//!
//! They start `mock-publisher`, `callback-verifier` and the receivers of `verifier/examples`, which belong to other packages, so those must have been built:
//!
//! ```console
//! cargo build --workspace --all-features --bins --examples && cargo test -p callback-tests
//! ```
//!
//! `dns` also needs `dig`. One test takes ten seconds, which is how long a receiver may take to answer.
#![expect(clippy::unwrap_used, reason = "what is unexpected fails the test")]

mod check;
mod clock;
mod conditions;
mod control;
mod copy;
mod delivery;
mod demo;
mod dns;
mod environment;
mod faults;
mod imports;
mod kills;
mod life;
mod log;
mod operations;
mod payloads;
mod proxies;
mod receivers;
mod redelivery;
mod rehearse;
mod reports;
mod rest;
mod rest_calls;
mod rest_versions;
mod retries;
mod rotation;
mod safety;
mod scenario;
mod send;
mod soap;
mod statistics;
mod support;
mod terms;
mod tls;
mod tracking;
mod trouble;
mod ui;
mod why;
