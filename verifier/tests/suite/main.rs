//! The tests that see the crate as its users do. One binary for all of them, so that they are linked once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

#[cfg(feature = "http")]
mod adapter;
mod attacks;
mod cavage;
#[cfg(feature = "payload")]
mod corpus;
mod evidence;
#[cfg(feature = "explain")]
mod explain;
mod keys;
#[cfg(all(feature = "axum", feature = "metrics"))]
mod layer;
mod oracle;
#[cfg(feature = "payload")]
mod payload;
mod properties;
mod replay;
mod setup;
mod support;
mod vectors;
mod wycheproof;
