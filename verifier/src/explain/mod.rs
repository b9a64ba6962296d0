//! Why a request was refused, and what would have made it pass (feature `explain`).
//!
//! [`explain`] tells how far a request came on the [checklist](crate::checklist), what each step found, and which
//! [signing string](SigningString) this receiver builds of it. Of a refused request it tries what servers between sender and
//! receiver are known to do, undone: a path prefix removed, the `Host` put back, the body as another program would have
//! written it. What it reports did pass: each finding was run through the checklist as a whole, on a changed copy of the
//! request.
//!
//! It never accepts anything. The verdict comes from the checklist, there is no rule here that could disagree, and what is
//! handed out is text: no [`AuthenticHead`](crate::AuthenticHead) and no [`Verified`](crate::Verified) leaves this module.
//!
//! It is made for people at a desk. A refused request costs up to [`MAX_TRIALS`] RSA verifications, and some hundred other forms
//! of its body are made and hashed, one at a time, each at most some eight times as long; so do not call it for each request
//! that a stranger sends.
//!
//! ```no_run
//! # async fn look(verifier: callback_verifier::Verifier, head: callback_verifier::RequestHead<'_>, body: &[u8]) {
//! use callback_verifier::explain::{Hints, explain};
//!
//! let explanation = explain(&verifier, &head, body, std::time::SystemTime::now(), &Hints::default()).await;
//! for finding in &explanation.findings {
//!     println!("would verify if {finding}");
//!     println!("{}", finding.explanation());
//! }
//! # }
//! ```

mod body;
mod change;
mod draft;
mod finding;
mod head;
mod json;
mod keys;
mod remedy;
mod search;
mod spelling;
mod steps;
mod target;

use std::time::SystemTime;

use crate::rejection::{Class, Rejection};
use crate::verifier::Verifier;
use crate::wire::{RequestHead, SigningString};

pub use change::{BodyChange, Change, HeaderChange, PolicyChange, TargetChange};
pub use finding::Finding;
pub use remedy::Remedy;
pub use search::{Family, MAX_TRIALS, Tried};
pub use steps::{Outcome, Step};

use draft::Draft;
use keys::Recorder;
use search::MAX_HEAD;
use steps::Facts;

/// How many targets, prefixes and hosts of each kind a [`Hints`] may hold; more are not looked at.
pub const MAX_HINTS: usize = 16;

/// What the person who asks knows, or suspects.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::explain::{Hints, explain};
/// # let (verifier, head, body, now) = (verifier(), head().with_target("/rewritten?to=1"), BODY, now());
/// let mut hints = Hints::default();
/// hints.targets.push("https://hooks.example.com/crm/hook".to_owned());     // what the sender may have called
/// let explanation = explain(&verifier, &head, body, now, &hints).await;
/// assert!(explanation.findings.iter().any(|finding| finding.to_string() == "the request target were `/crm/hook`"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hints {
    /// Request targets that the sender may have called: `/path?query`, or a whole URL.
    pub targets: Vec<String>,
    /// Path prefixes that a proxy may have removed, such as `/internal`.
    pub prefixes: Vec<String>,
    /// Hosts that the sender may have called.
    pub hosts: Vec<String>,
    /// Whether to ask for the keys of the month before and the month behind.
    pub neighbouring_keys: NeighbouringKeys,
}

/// Whether to ask for the keys whose names are those of the neighbouring months (`2026-10` and `2026-12` beside `2026-11`).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::{PinnedKeys, Verifier};
/// # use callback_verifier::explain::{Hints, explain};
/// # let keys = PinnedKeys::new().with("2026-12._domainkey.copernica.com".parse()?, key())?;
/// # let verifier = Verifier::builder(1234).host("hooks.example.com").keys(keys).build()?;
/// # let (head, body, now) = (head(), BODY, now());
/// use callback_verifier::explain::NeighbouringKeys;
///
/// let mut hints = Hints::default();
/// hints.neighbouring_keys = NeighbouringKeys::LookUp;
/// let explanation = explain(&verifier, &head, body, now, &hints).await;
/// let would_verify_if: Vec<_> = explanation.findings.iter().map(|finding| finding.to_string()).collect();
/// assert_eq!(would_verify_if, ["`keyId` were `2026-12._domainkey.copernica.com`"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NeighbouringKeys {
    /// Ask only for the key that the request names.
    #[default]
    Ignore,
    /// Ask for the two others too, if the request's own key did not make the signature. That is at most two lookups.
    LookUp,
}

/// What became of a request, step by step, and what would have made it pass.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::explain::{Hints, Outcome, explain};
/// # let (verifier, head, now) = (verifier(), head(), now());
/// let explanation = explain(&verifier, &head, b"{}", now, &Hints::default()).await;     // another body
/// assert!(explanation.is_conclusive() && explanation.verdict.is_err());
///
/// let failed: Vec<_> = explanation.steps.iter().filter(|step| step.outcome == Outcome::Failed).collect();
/// assert_eq!(failed.iter().map(|step| step.number).collect::<Vec<_>>(), [11]);
/// if let Some(signing_string) = &explanation.signing_string {
///     println!("{}", String::from_utf8_lossy(signing_string.as_bytes()));
/// }
/// for tried in &explanation.tried {
///     println!("tried {tried}");
/// }
/// # assert!(!explanation.tried.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// What the checklist says, without its evidence.
    pub verdict: Result<(), Rejection>,
    /// The steps of the checklist, all of them, in order.
    pub steps: Vec<Step>,
    /// The signing string that this receiver builds of the request. `None` if none can be built.
    pub signing_string: Option<SigningString>,
    /// What would have made the request pass, the likeliest first. Empty if nothing was found, and if nothing was needed.
    pub findings: Vec<Finding>,
    /// What was tried, and how often.
    pub tried: Vec<Tried>,
    /// Why nothing was tried on a refused request.
    pub untried: Option<Untried>,
}

/// Why nothing was tried on a refused request.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::Rejection;
/// # use callback_verifier::explain::{Hints, explain};
/// # let (verifier, now) = (verifier(), now());
/// use callback_verifier::explain::Untried;
///
/// # let head = callback_verifier::RequestHead::new("POST", "/hook", &[]);
/// let explanation = explain(&verifier, &head, b"", now, &Hints::default()).await;     // not signed at all
/// assert_eq!(explanation.untried, Some(Untried::Refused(Rejection::SignatureMissing)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untried {
    /// For a reason that no change lifts: there is no signature, its key could not be had or may not be trusted, or there
    /// are too many header lines.
    #[error("{0}")]
    Refused(Rejection),
    /// The head is too large to make thousands of copies of it.
    #[error("the head has {size} bytes, changes are tried on at most {MAX_HEAD}")]
    HeadTooLarge {
        /// The length of target and header lines, in bytes.
        size: usize,
    },
}

/// Explains what becomes of a request, as the verifier sees it. The replay guard is left alone.
///
/// It asks the verifier's key store for the key that the request names, and for nobody else's unless the hints say so.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (verifier, body, now) = (verifier(), BODY, now());
/// # use callback_verifier::Rejection;
/// use callback_verifier::explain::{Hints, explain};
///
/// # let head = head().with_target("/internal/crm/hook");
/// let explanation = explain(&verifier, &head, body, now, &Hints::default()).await;
/// assert_eq!(explanation.verdict, Err(Rejection::BadSignature));
/// let would_verify_if: Vec<_> = explanation.findings.iter().map(|finding| finding.to_string()).collect();
/// assert_eq!(would_verify_if, ["the request target were `/crm/hook`"]);
/// # Ok(())
/// # }
/// ```
pub async fn explain(
    verifier: &Verifier,
    head: &RequestHead<'_>,
    body: &[u8],
    now: SystemTime,
    hints: &Hints,
) -> Explanation {
    let (seen, recorder) = verifier.seen_through(|keys| std::sync::Arc::new(Recorder::new(keys)));
    let policy = verifier.policy();
    let verdict = seen.verify(head, body, now).await.map(drop);
    let facts = Facts::of(policy, head);
    let steps = steps::steps(&facts, &verdict, body, now, &recorder);
    let mut explanation =
        Explanation { verdict, steps, signing_string: None, findings: Vec::new(), tried: Vec::new(), untried: None };
    if let Err(rejection) = &explanation.verdict {
        match keys::at_hand(&recorder, &facts, rejection, hints, now).await {
            Err(reason) => explanation.untried = Some(Untried::Refused(reason)),
            Ok(_) if draft::size_of(head) > MAX_HEAD => {
                explanation.untried = Some(Untried::HeadTooLarge { size: draft::size_of(head) });
            }
            Ok(keys) => {
                let draft = Draft::new(policy, head, body, now);
                (explanation.findings, explanation.tried) = search::search(draft, keys, rejection, hints);
            }
        }
    }
    explanation.signing_string = facts.signing_string;
    explanation
}

impl Explanation {
    /// Whether there is a verdict: `false` if the key could not be looked up, so that one has to try again.
    pub fn is_conclusive(&self) -> bool {
        self.verdict.as_ref().err().is_none_or(|rejection| rejection.class() != Class::Temporary)
    }
}
