use std::process::ExitCode;

use anyhow::Context;

use super::args::{DataArgs, IdentityArgs, KeysArgs, KeysCommand};
use crate::keyring::Keyring;
use crate::output::print;
use crate::server;

pub(super) fn keys(args: KeysArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        KeysCommand::List { data, identity } => {
            let keyring = existing(&data, &identity)?;
            let key = keyring.signing();
            print(format!("{}   RSA-{}   signs", key.name, key.private.public_key().modulus_bits()))?;
        }
        KeysCommand::Record { pem: true, data, identity } => {
            print(existing(&data, &identity)?.signing().private.public_key_pem().trim_end())?;
        }
        KeysCommand::Record { pem: false, data, identity } => {
            for (name, text) in existing(&data, &identity)?.records() {
                print(crate::keyring::dns::zone_file_line(&name, &text))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn existing(data: &DataArgs, identity: &IdentityArgs) -> anyhow::Result<Keyring> {
    let folder = server::keys_folder(&data.data);
    let keyring = Keyring::open_existing(&folder, identity.zone.clone(), identity.wire)?;
    keyring.with_context(|| {
        format!(
            "no key pair is kept in `{}`; `mock-publisher serve` and `mock-publisher send` make one",
            folder.display()
        )
    })
}
