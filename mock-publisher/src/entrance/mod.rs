//! The entrances that a change can come in by, each named after its trigger. An entrance never touches a table: it makes a
//! [`Command`](crate::platform::Command).

pub(crate) mod rest;
