//! Tries changes, one after the other, then a few pairs of them; keeps those that the checklist accepts.

use std::fmt;

use crate::rejection::Rejection;

use super::change::Change;
use super::draft::Draft;
use super::finding::Finding;
use super::keys::Keys;
use super::{Hints, body, head, target};

/// How many changed requests are put to the checklist at most, each with an RSA verification at worst.
pub const MAX_TRIALS: usize = 2_000;
/// The largest head of which changed copies are made, in bytes.
pub(super) const MAX_HEAD: usize = 64 * 1024;
/// How many findings are reported.
const MAX_FINDINGS: usize = 4;
/// How many first halves of pairs are tried.
const MAX_HALVES: usize = 12;
/// How many of them may be hosts.
const MAX_HOST_HALVES: usize = 8;

/// What is changed in a group of trials.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::explain::Family;
///
/// assert_eq!(Family::Target.code(), "target");
/// assert!(Family::Clock < Family::Pair);      // in the order in which they are tried
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Family {
    /// The receiver's clock.
    Clock,
    /// The receiver's policy.
    Policy,
    /// What the verifier was told of the transport.
    Transport,
    /// The method.
    Method,
    /// The request target.
    Target,
    /// The host.
    Host,
    /// The other headers.
    Header,
    /// The body. Those that have the signed digest are put to the checklist, the others are dropped before.
    Body,
    /// The key.
    Key,
    /// Two of these together.
    Pair,
}

impl Family {
    /// A stable name, in snake case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Policy => "policy",
            Self::Transport => "transport",
            Self::Method => "method",
            Self::Target => "target",
            Self::Host => "host",
            Self::Header => "header",
            Self::Body => "body",
            Self::Key => "key",
            Self::Pair => "pair",
        }
    }

    const fn noun(self, is_one: bool) -> &'static str {
        match (self, is_one) {
            (Self::Clock, true) => "time",
            (Self::Clock, false) => "times",
            (Self::Policy, true) => "policy",
            (Self::Policy, false) => "policies",
            (Self::Transport, true) => "transport",
            (Self::Transport, false) => "transports",
            (Self::Method, true) => "method",
            (Self::Method, false) => "methods",
            (Self::Target, true) => "request target",
            (Self::Target, false) => "request targets",
            (Self::Host, true) => "host",
            (Self::Host, false) => "hosts",
            (Self::Header, true) => "header value",
            (Self::Header, false) => "header values",
            (Self::Body, true) => "body",
            (Self::Body, false) => "bodies",
            (Self::Key, true) => "other key",
            (Self::Key, false) => "other keys",
            (Self::Pair, true) => "pair of changes",
            (Self::Pair, false) => "pairs of changes",
        }
    }
}

/// How many changes of one kind were tried.
///
/// [`Explanation::tried`](super::Explanation::tried) lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// What was changed.
    pub family: Family,
    /// How often.
    pub count: usize,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.family.noun(self.count == 1))
    }
}

/// Tries what may have been done to a request.
pub(super) fn search(draft: Draft, keys: Keys, rejection: &Rejection, hints: &Hints) -> (Vec<Finding>, Vec<Tried>) {
    let mut search = Search { keys, findings: Vec::new(), tried: Vec::new(), left: MAX_TRIALS };
    let mut halves = Vec::new();
    for family in FIRST_ROUND {
        for (changed, change) in search.candidates(family, &draft, hints) {
            let is_half = |step| match &change {
                // A host may need a receiver that expects it.
                Change::Host { .. } => step == SIGNATURE || step == HOST,
                // It has the digest that the request claims.
                Change::Body { .. } => true,
                _ => step > rejection.step(),
            };
            if let Err(Some(step)) = search.attempt(family, &changed, vec![change.clone()])
                && is_half(step)
            {
                halves.push((step, changed, change));
            }
        }
    }
    if search.findings.is_empty() {
        search.pairs(likeliest(halves), hints);
    }
    (search.findings, search.tried)
}

/// The step that looks at the host.
const HOST: u8 = 7;
/// The step that looks at the signature. It alone tells whether a host is the one that was signed.
const SIGNATURE: u8 = 10;

/// The likeliest first.
const FIRST_ROUND: [Family; 9] = [
    Family::Clock,
    Family::Transport,
    Family::Policy,
    Family::Method,
    Family::Target,
    Family::Host,
    Family::Header,
    Family::Body,
    Family::Key,
];
/// What the second of two changes may be. A body is always the first.
const SECOND_ROUND: [Family; 7] =
    [Family::Target, Family::Host, Family::Header, Family::Clock, Family::Policy, Family::Transport, Family::Method];

/// Some first halves, bodies and those that came furthest first, and not too many of one kind.
fn likeliest(mut halves: Vec<(u8, Draft, Change)>) -> Vec<(Draft, Change)> {
    halves.sort_by_key(|(step, _, change)| (!matches!(change, Change::Body { .. }), std::cmp::Reverse(*step)));
    let mut hosts = 0;
    let kept = halves.into_iter().filter(|(_, _, change)| {
        hosts += usize::from(matches!(change, Change::Host { .. }));
        !matches!(change, Change::Host { .. }) || hosts <= MAX_HOST_HALVES
    });
    kept.map(|(_, draft, change)| (draft, change)).take(MAX_HALVES).collect()
}

struct Search {
    keys: Keys,
    findings: Vec<Finding>,
    tried: Vec<Tried>,
    left: usize,
}

impl Search {
    fn candidates(&mut self, family: Family, draft: &Draft, hints: &Hints) -> Vec<(Draft, Change)> {
        match family {
            Family::Clock => head::clock(draft),
            Family::Policy => head::policy(draft, &self.keys),
            Family::Transport => head::transport(draft),
            Family::Method => head::method(draft),
            Family::Target => target::candidates(draft, hints),
            Family::Host => head::hosts(draft, hints),
            Family::Header => head::headers(draft),
            Family::Body => {
                let bodies = body::candidates(draft);
                // What reaches the checklist is counted there.
                self.count(Family::Body, bodies.tried.saturating_sub(bodies.found.len()));
                bodies.found
            }
            Family::Key => head::keys(draft, &self.keys),
            Family::Pair => Vec::new(),
        }
    }

    fn pairs(&mut self, halves: Vec<(Draft, Change)>, hints: &Hints) {
        for (draft, first) in halves {
            for family in SECOND_ROUND {
                for (changed, second) in self.candidates(family, &draft, hints) {
                    if first.code() != second.code() {
                        let _ = self.attempt(Family::Pair, &changed, vec![first.clone(), second]);
                    }
                }
                if !self.findings.is_empty() {
                    return;
                }
            }
        }
    }

    /// Puts a changed request to the checklist.
    ///
    /// # Errors
    /// The step that refuses it; `None` if it was not tried.
    fn attempt(&mut self, family: Family, draft: &Draft, changes: Vec<Change>) -> Result<(), Option<u8>> {
        if self.left == 0 || self.findings.len() == MAX_FINDINGS {
            return Err(None);
        }
        self.left -= 1;
        self.count(family, 1);
        draft.verdict(&self.keys).map_err(|rejection| Some(rejection.step()))?;
        let signing_string = draft.signing_string();
        let is_known = |known: &Finding| known.signing_string == signing_string;
        // The digest is part of the string, so two requests of one string have one body too.
        let is_of_the_request = changes.iter().any(Change::is_of_the_request);
        if !is_of_the_request || !self.findings.iter().any(is_known) {
            self.findings.push(Finding { changes, signing_string });
        }
        Ok(())
    }

    fn count(&mut self, family: Family, count: usize) {
        match self.tried.iter_mut().find(|tried| tried.family == family) {
            Some(tried) => tried.count += count,
            None if count > 0 => self.tried.push(Tried { family, count }),
            None => {}
        }
    }
}
