//! `callback-verifier verify`.

use std::io::{self, Write};
use std::time::SystemTime;

use callback_verifier::Verified;

use crate::args::VerifyArgs;
use crate::failure::Failure;
use crate::input::{Origin, Request};
use crate::receiver;
use crate::report::{self, Answer};

/// The size under which an RSA key is weak, in bits.
const WEAK_KEY_BITS: u32 = 2048;

pub(crate) fn run(args: &VerifyArgs) -> Result<Answer, Failure> {
    let origin = Origin::of(&args.request);
    let bytes = origin.read()?;
    let request = Request::parse(&bytes).map_err(|reason| Failure::Unreadable { origin, reason })?;
    let verifier = receiver::verifier(&args.receiver)?;
    let now = args.receiver.now.unwrap_or_else(SystemTime::now);
    let verdict = crate::block_on(verifier.verify(&request.head(), &request.body, now))?;
    if let Ok(verified) = &verdict {
        warn_of_a_weak_key(verified);
    }
    Ok(if args.json { report::verdict_json(&verdict) } else { report::verdict_text(&verdict) })
}

fn warn_of_a_weak_key<B>(verified: &Verified<B>) {
    let bits = verified.head().key_bits();
    if bits < WEAK_KEY_BITS {
        let _ = writeln!(io::stderr(), "warning: the key has {bits} bits; fewer than {WEAK_KEY_BITS} are weak");
    }
}
