//! The platform's data and its rules: databases, collections, fields, profiles, subprofiles, and what a command changes.
//!
//! Pure: no I/O, no clock, no randomness. The [`store`](crate::store) keeps what stands here, in one transaction with all
//! that follows from it; an entrance turns whatever came in into a [`Command`].

mod change;
mod command;
mod database;
mod entity;
mod field;
mod filter;
mod import;
mod input;
mod keepsake;
mod occasion;
mod pattern;
mod switches;
mod trigger;

pub(crate) use change::{Action, Change};
pub(crate) use command::{Command, Within};
pub(crate) use database::{Collection, Database, Intentions, Interest, Layout, Unsubscribe};
pub(crate) use entity::{Entity, EntityRef, Home, Kind};
pub(crate) use field::{Field, FieldKind, moment, text};
pub(crate) use filter::{Filter, Operator, compare, sort_key};
pub(crate) use import::{ImportAction, ImportRow, ImportRules, LinkedField};
pub(crate) use input::{EntityInput, InterestsInput, is_true};
pub(crate) use keepsake::Keepsake;
pub(crate) use occasion::Occasion;
pub(crate) use switches::{ConditionStyle, Dialect, LaneOrder, PayloadStyle, Switches};
pub(crate) use trigger::{Trigger, TriggerSet};

/// The number of a database, profile, callback or whatever else the store counts from 1.
pub(crate) type Id = i64;
