use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;

use super::args::{DataArgs, IdentityArgs, KeysArgs, KeysCommand, RotateArgs};
use super::running::Running;
use crate::clock;
use crate::keyring::Keyring;
use crate::output::print;
use crate::server;

pub(super) async fn keys(args: KeysArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        KeysCommand::List { data, identity } => {
            for key in existing(&data, &identity)?.shown(clock::real_now()) {
                let (name, bits) = (&key.pair.name, key.pair.private.public_key().modulus_bits());
                let state = if key.signs { "signs".to_owned() } else { key.state.name().to_owned() };
                print(format!("{name}   RSA-{bits}   {state}"))?;
            }
        }
        KeysCommand::Record { pem: true, data, identity } => {
            print(existing(&data, &identity)?.signing().private.public_key_pem().trim_end())?;
        }
        KeysCommand::Record { pem: false, data, identity } => {
            for (name, text) in existing(&data, &identity)?.records(clock::real_now()) {
                print(crate::keyring::dns::zone_file_line(&name, &text))?;
            }
        }
        KeysCommand::Rotate(RotateArgs { bits, overlap, publish_after, selector, running }) => {
            let mut body = json!({
                "bits": bits,
                "overlap_seconds": overlap.as_secs_f64(),
                "publish_after_seconds": publish_after.as_secs_f64(),
            });
            if let Some(selector) = selector {
                body["selector"] = json!(selector);
            }
            let key = Running::find(running)?.post("/mock/v1/keys/rotate", &body).await?;
            print(format!("{}   RSA-{}   signs", key["name"].as_str().unwrap_or_default(), key["bits"]))?;
        }
        KeysCommand::Revoke { name, running } => {
            Running::find(running)?.post("/mock/v1/keys/revoke", &json!({"name": name})).await?;
            print(format!("{name}   revoked"))?;
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
