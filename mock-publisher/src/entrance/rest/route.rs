use std::future::Future;
use std::pin::Pin;

use super::call::Call;
use super::error::RestError;
use super::reply::Reply;
use super::resources;
use super::version::Version;

/// A path and what can be done there. The router and the OpenAPI document are both made from this, so that they cannot drift.
pub(super) struct Route {
    /// Below the version, with names in braces for what a caller puts in.
    pub(super) path: &'static str,
    /// Whether further parts of a path are ignored, as the platform does behind a list.
    pub(super) ends_open: bool,
    pub(super) operations: &'static [Operation],
}

/// What one method does at a path.
pub(super) struct Operation {
    pub(super) verb: Verb,
    pub(super) summary: &'static str,
    /// The parameters of its query.
    pub(super) query: &'static [Parameter],
    pub(super) content: Content,
    pub(super) outcome: Outcome,
    /// The first and the last version that have it.
    pub(super) versions: (Version, Version),
    /// Whether the other of `POST` and `PUT` is refused, which otherwise does the same where it has nothing of its own to do.
    pub(super) strict: bool,
    pub(super) run: Run,
}

pub(super) type Run = fn(Call) -> Running;

/// A call under way.
pub(super) type Running = Pin<Box<dyn Future<Output = Result<Reply, RestError>> + Send>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

/// A member of a query or of a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) about: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Truth,
    Number,
    /// Some texts.
    Texts,
    /// Names and values.
    Map,
    /// Names, or names and truth values.
    Interests,
    /// Numbers of profiles.
    Ids,
    Anything,
}

/// What a call has to be given in its body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    Nothing,
    Members(&'static [Parameter]),
    /// These, and in version 1 the values of fields themselves.
    MembersOrValues(&'static [Parameter]),
    /// Names and values of fields.
    Values,
    Interests,
}

/// What a call that went well is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A list with its paging.
    Page,
    Object,
    Array,
    Created,
    Updated,
    UpdatedOrCreated,
    Removed,
}

impl Verb {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }

    pub(super) fn of(method: &axum::http::Method) -> Option<Self> {
        match method.as_str() {
            "GET" | "HEAD" => Some(Self::Get),
            "POST" => Some(Self::Post),
            "PUT" => Some(Self::Put),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }
}

impl Parameter {
    pub(super) const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, required: false, about }
    }

    pub(super) const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, required: true, about }
    }
}

impl Operation {
    const fn new(verb: Verb, summary: &'static str, content: Content, outcome: Outcome, run: Run) -> Self {
        Self { verb, summary, query: &[], content, outcome, versions: (Version::V1, Version::V4), strict: false, run }
    }

    pub(super) const fn get(summary: &'static str, outcome: Outcome, run: Run) -> Self {
        Self::new(Verb::Get, summary, Content::Nothing, outcome, run)
    }

    pub(super) const fn post(summary: &'static str, content: Content, outcome: Outcome, run: Run) -> Self {
        Self::new(Verb::Post, summary, content, outcome, run)
    }

    pub(super) const fn put(summary: &'static str, content: Content, run: Run) -> Self {
        Self::new(Verb::Put, summary, content, Outcome::Updated, run)
    }

    pub(super) const fn delete(summary: &'static str, content: Content, run: Run) -> Self {
        Self::new(Verb::Delete, summary, content, Outcome::Removed, run)
    }

    pub(super) const fn with_query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    /// One that updates what matches, and can create if nothing does.
    pub(super) const fn or_creates(self) -> Self {
        Self { outcome: Outcome::UpdatedOrCreated, ..self }
    }

    pub(super) const fn strictly(self) -> Self {
        Self { strict: true, ..self }
    }

    pub(super) const fn only_in(self, version: Version) -> Self {
        Self { versions: (version, version), ..self }
    }

    pub(super) const fn since(self, version: Version) -> Self {
        Self { versions: (version, Version::V4), ..self }
    }

    pub(super) fn is_in(&self, version: Version) -> bool {
        let (first, last) = self.versions;
        (first..=last).contains(&version)
    }
}

impl Route {
    /// A list: what follows it in a path is ignored.
    pub(super) const fn list(path: &'static str, operations: &'static [Operation]) -> Self {
        Self { path, ends_open: true, operations }
    }

    pub(super) const fn exact(path: &'static str, operations: &'static [Operation]) -> Self {
        Self { path, ends_open: false, operations }
    }

    /// What a method does here. As on the platform, `POST` does what `PUT` does where it does nothing else, and the reverse.
    pub(super) fn operation(&self, verb: Verb, version: Version) -> Option<&'static Operation> {
        let of = |verb| self.operations.iter().find(|known| known.verb == verb && known.is_in(version));
        of(verb).or_else(|| {
            let other = match verb {
                Verb::Post => of(Verb::Put),
                Verb::Put => of(Verb::Post),
                Verb::Get | Verb::Delete => None,
            };
            other.filter(|operation| !operation.strict)
        })
    }
}

/// What a path leads to.
pub(super) enum Destination {
    /// A route, and what stands for the names in it.
    Route(&'static Route, Vec<String>),
    /// Nothing yet: there are longer paths, which have a name where this one has no part any more.
    Unfinished,
    Nothing,
}

/// Finds out what a path leads to. Its parts are matched in their exact spelling.
pub(super) fn destination(parts: &[String]) -> Destination {
    let mut unfinished = false;
    for route in resources::all() {
        let pattern: Vec<&str> = route.path.split('/').collect();
        let matches = pattern.iter().zip(parts).all(|(pattern, part)| is_name(pattern) || pattern == part);
        if !matches {
            continue;
        }
        if parts.len() == pattern.len() || (parts.len() > pattern.len() && route.ends_open) {
            let names = pattern.iter().zip(parts).filter(|(pattern, _)| is_name(pattern));
            return Destination::Route(route, names.map(|(_, part)| part.clone()).collect());
        }
        unfinished |= pattern.get(parts.len()).is_some_and(|next| is_name(next));
    }
    if unfinished { Destination::Unfinished } else { Destination::Nothing }
}

/// Whether a part of a pattern stands for any part of a path.
pub(super) fn is_name(part: &str) -> bool {
    part.starts_with('{')
}
