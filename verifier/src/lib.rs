//! Verifies the signed webhooks ("Callbacks") of a marketing platform, and says *why* it refused one.
//!
//! A Callback is an HTTP `POST` that is sent when a profile or subprofile is created, updated or deleted.
//! Its `Signature` header is an RSA signature over the request target, the host, the date, the account and the
//! digest of the body; the public key is a DKIM record in DNS.
//!
//! ```no_run
//! use std::time::SystemTime;
//! use callback_verifier::{Header, RequestHead, Verifier};
//!
//! # async fn receive() -> Result<(), Box<dyn std::error::Error>> {
//! # #[cfg(feature = "dns")] {
//! let verifier = Verifier::builder(1234)          // our account
//!     .host("hooks.example.com")                  // the name that the publisher calls us by
//!     .build()?;                                  // keys from DNS, strict policy
//!
//! let headers = [Header::new("Host", b"hooks.example.com") /* ... as they came in */];
//! let head = RequestHead::new("POST", "/hook", &headers);
//! let body = br#"{"id":"1","action":"create","fields":{},"interests":[]}"#;
//!
//! let head = verifier.verify_head(&head, SystemTime::now()).await?;   // a forgery ends here, its body unread
//! let verified = head.verify_body(body)?;
//! let claim = verifier.claim(&verified, SystemTime::now()).await?;    // refuses what was handled before
//! println!("account {} says {:?}", verified.account(), verified.body());
//! claim.commit().await?;                                              // it is handled
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! With axum, or anything on tower, a layer does all of that in front of your handlers: see `axum` and `tower`. The
//! `manual` has chapters on setting up, proxies, key rotation, clocks, retries and queues, known attacks, DNS in trouble and
//! speed.
//!
//! | feature | |
//! | --- | --- |
//! | `aws-lc` (default) | RSA by aws-lc-rs, the fast one |
//! | `rust-crypto` | RSA by the `rsa` crate, which needs no C compiler |
//! | `dns` (default) | `DnsKeys`: keys from DNS |
//! | `http` | requests of the `http` crate as [`RequestHead`] |
//! | `payload` | `Callback`: the payload, decoded |
//! | `tower`, `axum` | the layer, and extractors for axum |
//! | `metrics` | a counter of verdicts, by their code |
//! | `redis` | a replay guard for a fleet |
//! | `explain` | why a request is refused, and what would have made it pass |
//! | `sign` | making signatures, for tests |
//!
//! What is checked, in which order, stands in [`checklist`]. What this receiver insists on is its [`Policy`].
//! Whatever is refused is refused with a [`Rejection`], which has a stable [code](Rejection::code).
#![cfg_attr(feature = "explain", doc = "What would have made a refused request pass, [`explain`] finds out.")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "axum")]
pub mod axum;
pub mod checklist;
#[cfg(feature = "explain")]
pub mod explain;
pub mod key;
#[cfg(all(doc, feature = "axum", feature = "dns"))]
pub mod manual;
#[cfg(feature = "payload")]
pub mod payload;
mod policy;
mod rejection;
pub mod replay;
#[cfg(feature = "sign")]
pub mod sign;
#[cfg(feature = "tower")]
pub mod tower;
mod verified;
mod verifier;
pub mod wire;

pub use checklist::PendingHead;
#[cfg(feature = "dns")]
pub use key::{DnsKeys, DnsSetupError, DnsStatistics};
pub use key::{KeyError, KeyName, KeySet, KeyStore, PinnedKeys, PublicKey, Zone};
#[cfg(feature = "payload")]
pub use payload::{Action, Callback, Dialect, Entity, Fields, Interests, PayloadError, PayloadOptions};
pub use policy::{
    AccountId, EnvironmentIds, ExpectedHost, Hs2019, KeyPolicy, MissingComma, Policy, PolicyError, TestingKeys,
    TransportPolicy,
};
pub use rejection::{Class, Rejection};
pub use replay::{Claim, Lease, MemoryGuard, ReplayGuard};
#[cfg(feature = "redis")]
pub use replay::{RedisGuard, StoreOutage};
pub use verified::{AuthenticHead, BodyVerifier, Verified};
pub use verifier::{BuildError, Verifier, VerifierBuilder};
pub use wire::{Header, RequestHead, Transport};
