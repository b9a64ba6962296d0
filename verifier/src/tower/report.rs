//! What the layer tells the people who run it.

use crate::rejection::{Class, Rejection};
use crate::replay::ReplayError;
use crate::verified::Verified;
use crate::wire::Excerpt;

/// The name of the counter of verdicts. Its labels: `verdict` (`verified`, `refused` or `temporary`), `code`, `step`.
#[cfg(feature = "metrics")]
pub const VERDICTS: &str = "callback_verifier_verdicts_total";

pub(super) fn verified<B>(verified: &Verified<B>) {
    let head = verified.head();
    tracing::debug!(target: "callback_verifier", account = %head.account(), key = %head.key_name(), "verified");
    #[cfg(feature = "metrics")]
    metrics::counter!(VERDICTS, "verdict" => "verified", "code" => "verified", "step" => "0").increment(1);
}

/// A refusal is nothing that this receiver has to be mended for. A warning is what no stranger can cause.
pub(super) fn rejected(rejection: &Rejection, path: &str) {
    let path = Excerpt::from(path);
    let (code, step, hint) = (rejection.code(), rejection.step(), rejection.hint());
    match rejection {
        Rejection::PeerUnknown | Rejection::ReplayGuardFull { .. } | Rejection::ReplayGuardUnavailable(_) => {
            tracing::warn!(target: "callback_verifier", code, step, path = path.as_str(), hint, "no verdict: {rejection}");
        }
        _ if rejection.class() == Class::Temporary => {
            tracing::info!(target: "callback_verifier", code, step, path = path.as_str(), hint, "no verdict: {rejection}");
        }
        _ => {
            tracing::info!(target: "callback_verifier", code, step, path = path.as_str(), hint, "refused: {rejection}")
        }
    }
    #[cfg(feature = "metrics")]
    {
        let verdict = if rejection.class() == Class::Temporary { "temporary" } else { "refused" };
        metrics::counter!(VERDICTS, "verdict" => verdict, "code" => code, "step" => step.to_string()).increment(1);
    }
}

/// The callback was handled, and the guard does not know it: until the claim's lease is over the same request is answered
/// with 503, and after that it would be let in again.
pub(super) fn not_committed(error: &ReplayError) {
    tracing::error!(target: "callback_verifier", "a handled callback could not be remembered: {error}");
}

/// The callback was not handled, and the guard holds it until its lease is over.
pub(super) fn not_released(error: &ReplayError) {
    tracing::warn!(target: "callback_verifier", "a callback that was not handled could not be released: {error}");
}
