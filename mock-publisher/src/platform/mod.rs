//! The platform's data and its rules: databases, fields, profiles, and what a command changes.
//!
//! Pure: no I/O, no clock, no randomness. The [`store`](crate::store) keeps what stands here, in one transaction with all
//! that follows from it; an entrance turns whatever came in into a [`Command`].

mod change;
mod command;
mod database;
mod profile;
mod trigger;

pub(crate) use change::{Action, Change};
pub(crate) use command::{Command, ProfileInput};
pub(crate) use database::{Database, Field, FieldKind};
pub(crate) use profile::Profile;
pub(crate) use trigger::{Trigger, TriggerSet};

/// The number of a database, profile, callback or whatever else the store counts from 1.
pub(crate) type Id = i64;
