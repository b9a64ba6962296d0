use std::future::Future;
use std::pin::Pin;

use super::arguments::Arguments;
use super::fault::Fault;
use super::object::Described;
use super::reply::Reply;
use super::session::Sessions;
use crate::entrance::Entry;

/// One operation: the description and the dispatcher are both made from this, so that they cannot drift.
pub(super) struct Operation {
    /// `Entity_method`. Callers may write it in any case.
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) result: Shape,
    pub(super) run: fn(Context, Arguments) -> Running,
}

/// A call under way.
pub(super) type Running = Pin<Box<dyn Future<Output = Result<Reply, Fault>> + Send>>;

/// What an operation works with.
pub(super) struct Context {
    pub(super) entry: Entry,
    pub(super) sessions: Sessions,
}

/// A member of the one object that an operation takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The number of something.
    Id,
    /// A count or a length.
    Number,
    Text,
    Truth,
    /// Names and values.
    Map,
    /// Numbers of several things.
    Ids,
    /// An object of which only the `id` counts.
    Reference,
    /// What is searched for.
    Requirements,
}

/// What an operation answers with.
pub(super) enum Shape {
    /// One value, in `value`.
    Value(Kind),
    /// A list of texts, in `array`.
    Array,
    /// Names and values, in `map`.
    Map,
    /// A part of a longer list of objects.
    Collection(&'static dyn Described),
    /// One object, or nothing if what was looked for is not there.
    One(&'static dyn Described),
}

impl Parameter {
    pub(super) const fn required(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: true }
    }

    pub(super) const fn optional(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: false }
    }
}

impl Kind {
    /// What XML Schema calls it, or this service's own type.
    pub(super) const fn type_name(self) -> &'static str {
        match self {
            Self::Id | Self::Ids | Self::Number => "xsd:long",
            Self::Text => "xsd:string",
            Self::Truth => "xsd:boolean",
            Self::Map => "tns:Map",
            Self::Reference => "tns:Reference",
            Self::Requirements => "tns:Requirement",
        }
    }

    /// Whether there can be several.
    pub(super) const fn repeats(self) -> bool {
        matches!(self, Self::Ids | Self::Requirements)
    }
}
