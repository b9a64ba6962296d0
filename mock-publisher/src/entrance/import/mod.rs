//! Imports (trigger `import`): files of profiles and subprofiles, read row by row and carried out in many short transactions.
//!
//! Imports run one after the other, outside the requests that ask for them. Whatever of an import was carried out stays: a row
//! that cannot be read ends it, and names its line.

mod columns;
mod control;
mod order;
mod source;
mod spool;
mod worker;

pub(crate) use control::router;
pub(in crate::entrance) use order::{ImportOrder, truth};
pub(in crate::entrance) use source::Format;
pub(crate) use worker::Imports;
