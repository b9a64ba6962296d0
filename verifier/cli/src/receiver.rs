//! The verifier that the arguments describe.

use std::fs;
use std::path::Path;
use std::time::Duration;

use callback_verifier::{EnvironmentIds, Hs2019, MissingComma, PinnedKeys, PublicKey, TestingKeys, Verifier};

use crate::args::ReceiverArgs;
use crate::failure::Failure;

pub(crate) fn verifier(args: &ReceiverArgs) -> Result<Verifier, Failure> {
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
