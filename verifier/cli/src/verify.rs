//! `callback-verifier verify`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use callback_verifier::{EnvironmentIds, Hs2019, MissingComma, PinnedKeys, PublicKey, TestingKeys, Verified, Verifier};

use crate::args::VerifyArgs;
use crate::failure::Failure;
use crate::input::{Origin, Request};
use crate::report::{self, Answer};

/// The size under which an RSA key is weak, in bits.
const WEAK_KEY_BITS: u32 = 2048;

pub(crate) fn run(args: &VerifyArgs) -> Result<Answer, Failure> {
    let origin = Origin::of(&args.request);
    let bytes = origin.read()?;
    let request = Request::parse(&bytes).map_err(|reason| Failure::Unreadable { origin, reason })?;
    let verifier = verifier(args)?;
    let now = args.now.unwrap_or_else(SystemTime::now);
    let verdict = crate::block_on(verifier.verify(&request.head(), &request.body, now))?;
    if let Ok(verified) = &verdict {
        warn_of_a_weak_key(verified);
    }
    Ok(if args.json { report::verdict_json(&verdict) } else { report::verdict_text(&verdict) })
}

fn verifier(args: &VerifyArgs) -> Result<Verifier, Failure> {
    let [first, others @ ..] = &args.accounts[..] else {
        return Err(callback_verifier::BuildError::from(callback_verifier::PolicyError::NoAccount).into());
    };
    let mut builder =
        Verifier::builder(*first).max_age(Duration::from_secs(args.max_age)).min_key_bits(args.keys.min_key_bits);
    builder = others.iter().fold(builder, |builder, account| builder.account(*account));
    builder = args.hosts.iter().fold(builder, |builder, host| builder.host(host));
    builder = args.keys.zones.iter().fold(builder, |builder, zone| builder.zone(zone.as_str()));
    if args.keys.allow_testing_keys {
        builder = builder.testing_keys(TestingKeys::Accept);
    }
    if args.allow_environment {
        builder = builder.environment_ids(EnvironmentIds::Accept);
    }
    if args.allow_hs2019 {
        builder = builder.hs2019(Hs2019::AcceptAsRsaSha256);
    }
    if args.allow_missing_comma {
        builder = builder.missing_comma(MissingComma::Accept);
    }
    builder = match &args.key {
        Some(path) => builder.keys(PinnedKeys::new().with_every_name(public_key(path)?)),
        None => builder.keys(args.keys.dns()?),
    };
    Ok(builder.build()?)
}

fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::KeyFile { path: path.to_owned(), error })?;
    PinnedKeys::read_pem(&text).map_err(|error| Failure::Key { path: path.to_owned(), error })
}

fn warn_of_a_weak_key<B>(verified: &Verified<B>) {
    let bits = verified.head().key_bits();
    if bits < WEAK_KEY_BITS {
        let _ = writeln!(io::stderr(), "warning: the key has {bits} bits; fewer than {WEAK_KEY_BITS} are weak");
    }
}
