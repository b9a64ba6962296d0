//! Where keys come from: the grammar of key records, pinned keys, and a real name server on the loopback interface.

mod dns;
mod dns_cache;
mod name_server;
mod pinned;
mod record;
