//! `callback-verifier key`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use callback_verifier::key::Candidate;
use callback_verifier::{KeySet, KeyStore, Rejection};

use crate::args::KeyArgs;
use crate::failure::Failure;
use crate::report::{self, Answer};

/// What DNS has under a `keyId`.
pub(crate) struct KeyFindings {
    pub(crate) name: String,
    pub(crate) time_to_live: Option<Duration>,
    /// Each key, with the reason why it is not accepted.
    pub(crate) candidates: Vec<(Candidate, Option<Rejection>)>,
    /// Why no key is usable; `None` if one is.
    pub(crate) refusal: Option<Rejection>,
}

pub(crate) fn run(args: &KeyArgs) -> Result<Answer, Failure> {
    let findings = match look_up(args)? {
        Ok(keys) => found(args, &keys),
        Err(refusal) => {
            let name = args.key_id.to_string();
            KeyFindings { name, time_to_live: None, candidates: Vec::new(), refusal: Some(refusal) }
        }
    };
    Ok(if args.json { report::key_json(&findings) } else { report::key_text(&findings) })
}

fn look_up(args: &KeyArgs) -> Result<Result<Arc<KeySet>, Rejection>, Failure> {
    if !args.keys.policy().trusts(&args.key_id) {
        return Ok(Err(Rejection::ForeignKey { got: args.key_id.as_str().into() }));
    }
    let dns = args.keys.dns()?;
    let found = crate::block_on(dns.lookup(&args.key_id, SystemTime::now()))?;
    Ok(found.map_err(Rejection::from))
}

fn found(args: &KeyArgs, keys: &KeySet) -> KeyFindings {
    let policy = args.keys.policy();
    let judged = |candidate: &Candidate| (candidate.clone(), policy.accepts(candidate).err());
    let candidates: Vec<_> = keys.candidates().iter().map(judged).collect();
    let usable = candidates.iter().any(|(_, refusal)| refusal.is_none());
    let first = candidates.iter().find_map(|(_, refusal)| refusal.clone());
    KeyFindings {
        name: args.key_id.to_string(),
        time_to_live: keys.time_to_live(),
        candidates,
        refusal: first.filter(|_| !usable),
    }
}
