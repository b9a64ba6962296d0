use std::fmt;

use crate::wire::SigningString;

use super::change::Change;
use super::remedy::{self, Remedy};

/// Something that would have made a refused request pass. The checklist did accept the changed request.
///
/// [`Display`](fmt::Display) completes the sentence "it would verify if ...".
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::explain::{Hints, explain};
/// # let (verifier, body, now) = (verifier(), BODY, now());
/// # let head = head().with_target("/internal/crm/hook");
/// let explanation = explain(&verifier, &head, body, now, &Hints::default()).await;
/// for finding in &explanation.findings {
///     println!("would verify if {finding}");
///     println!("{}", finding.explanation());
///     for remedy in finding.remedies() {
///         println!("  {}: {}", remedy.server, remedy.text);
///     }
/// }
/// # let remedies = explanation.findings.iter().flat_map(|finding| finding.remedies()).collect::<Vec<_>>();
/// # assert!(remedies.iter().any(|remedy| remedy.text == "`.strip_prefix(\"/internal\")`"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What would have to be changed: one thing, or two if no single one helps.
    pub changes: Vec<Change>,
    /// The signing string of the changed request, which is the one that the sender signed.
    pub signing_string: Option<SigningString>,
}

impl Finding {
    /// What probably happened, in a sentence or two for each change.
    pub fn explanation(&self) -> String {
        self.changes.iter().map(remedy::explanation).collect::<Vec<_>>().join(" ")
    }

    /// What to do about it, by server.
    pub fn remedies(&self) -> Vec<Remedy> {
        self.changes.iter().flat_map(remedy::remedies).collect()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in self.changes.iter().enumerate() {
            if index > 0 {
                f.write_str(", and ")?;
            }
            change.fmt(f)?;
        }
        Ok(())
    }
}
