//! From a change to the bytes on the wire: payload, headers, and the one signature.
//!
//! The only code of the publisher that signs; whatever is sent anywhere was built here.

mod payload;
mod request;
mod target;

pub(crate) use payload::{Payload, PayloadMethod};
pub(crate) use request::{Emission, SignedRequest, nonce};
pub(crate) use target::{TargetError, TargetUrl};
