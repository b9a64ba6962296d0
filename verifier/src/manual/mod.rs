//! The manual: how to set a receiver up, and why things are as they are.
//!
//! 1. [Setting up a receiver](set_up)
//! 2. [Behind a proxy](behind_a_proxy)
//! 3. [Keys and their rotation](key_rotation)
//! 4. [Clocks](clocks)
//! 5. [Retries, queues and idempotency](queues)
//! 6. [Known attacks](known_attacks)
//! 7. [When DNS is in trouble](dns_in_trouble)
//! 8. [What it costs](figures)

#[doc = include_str!("../../docs/set-up.md")]
pub mod set_up {}

#[doc = include_str!("../../docs/behind-a-proxy.md")]
pub mod behind_a_proxy {}

#[doc = include_str!("../../docs/key-rotation.md")]
pub mod key_rotation {}

#[doc = include_str!("../../docs/clocks.md")]
pub mod clocks {}

#[doc = include_str!("../../docs/queues.md")]
pub mod queues {}

#[doc = include_str!("../../docs/known-attacks.md")]
pub mod known_attacks {}

#[doc = include_str!("../../docs/dns-in-trouble.md")]
pub mod dns_in_trouble {}

#[doc = include_str!("../../docs/figures.md")]
pub mod figures {}
