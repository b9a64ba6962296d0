//! Public keys: how they are named, how a DKIM record becomes one, and where they come from.
//!
//! A [`KeyName`] is a `keyId`. A [`KeyRecord`] is the text of a TXT record (RFC 6376 section 3.6.1). A [`KeySet`] is
//! every usable key that a name has. A [`KeyStore`] finds it: [`DnsKeys`] asks DNS, [`PinnedKeys`] is given its keys.
//! Whether a key is good enough for this receiver is not decided here but by the [`Policy`](crate::Policy).

mod backend;
#[cfg(feature = "dns")]
mod dns;
mod name;
mod pinned;
mod public_key;
mod record;
mod set;
mod store;

pub use backend::Backend;
#[cfg(feature = "sign")]
pub(crate) use backend::SigningKey;
#[cfg(feature = "dns")]
pub use dns::{DnsKeys, DnsSetupError, DnsStatistics};
pub use name::{KeyName, KeyNameError, Zone};
pub use pinned::{PinnedKeyError, PinnedKeys};
pub use public_key::{MAX_KEY_BITS, MIN_KEY_BITS, PublicKey, PublicKeyError};
pub use record::{KeyRecord, MAX_RECORD, RecordError};
pub use set::{Candidate, KeyError, KeySet, MAX_CANDIDATES};
pub use store::{KeyStore, Lookup, Refresh};
