use callback_verifier::KeyName;
use callback_verifier::key::KeyNameError;
use clap::Args;

use super::KeySource;

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// The DNS name of the key, as in the `Signature` header
    #[arg(value_name = "KEYID", value_parser = key_name)]
    pub(crate) key_id: KeyName,

    #[command(flatten)]
    pub(crate) keys: KeySource,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

fn key_name(text: &str) -> Result<KeyName, KeyNameError> {
    KeyName::parse(text)
}

pub(super) const HELP: &str = "\
Examples:
  callback-verifier key 2026-11._domainkey.copernica.com
  callback-verifier key 2026-11._domainkey.copernica.com --json \\
      --nameserver 127.0.0.1:7053

JSON (`--json`): one object; what is not known is null
  verdict     \"usable\", \"unusable\" or \"temporary\"
  code        why no key is usable, in snake case
  reason      the same in words
  hint        what to look at
  key         the name that was asked for
  ttl         for how long DNS says that the answer may be kept, in seconds
  candidates  each key: {\"bits\", \"testing\", \"usable\", \"code\"}

Exit status:
  0  at least one usable key
  1  no usable key: none is published, or it is revoked, too small, for testing,
     or in no allowed zone
  2  wrong usage
  3  temporary: the key could not be looked up, try again";
