//! Where keys come from: the grammar of key records, pinned keys, and a real name server on the loopback interface.

#[cfg(feature = "dns")]
mod dns;
#[cfg(feature = "dns")]
mod dns_cache;
#[cfg(feature = "dns")]
mod dns_flight;
#[cfg(feature = "dns")]
mod dns_in_trouble;
#[cfg(feature = "dns")]
mod dns_limits;
#[cfg(feature = "dns")]
mod dns_rotation;
#[cfg(feature = "dns")]
mod dns_stale;
#[cfg(feature = "dns")]
mod name_server;
mod pinned;
mod record;
mod set;
#[cfg(feature = "dns")]
mod zone;
