//! The tests that see the crate as its users do. One binary for all of them, so that they are linked once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod adapter;
mod attacks;
mod cavage;
mod corpus;
mod explain;
mod keys;
mod layer;
mod oracle;
mod payload;
mod properties;
mod replay;
mod support;
mod wycheproof;
