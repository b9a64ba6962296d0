//! Where keys come from: the grammar of key records, pinned keys, and a real name server on the loopback interface.

mod dns;
mod dns_cache;
mod dns_flight;
mod dns_in_trouble;
mod dns_limits;
mod dns_rotation;
mod dns_stale;
mod name_server;
mod pinned;
mod record;
mod zone;
