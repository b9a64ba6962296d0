use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;

use super::args::{DataArgs, IdentityArgs, RunningArgs, time};
use super::running::Running;
use crate::clock;
use crate::keyring::{Bits, Keyring, ShownKey};
use crate::output::print;
use crate::server;

const KEYS_EXIT_STATUS: &str = "Exit status: 0 done, 1 there is no usable key pair or no publisher, 2 wrong usage";

const RECORD_HELP: &str = "\
Examples:
  mock-publisher keys record
  mock-publisher keys record --pem > publisher.pem

Exit status: 0 shown, 1 there is no usable key pair, 2 wrong usage";

const ROTATE_HELP: &str = "\
Examples:
  mock-publisher keys rotate                         as a publisher should
  mock-publisher keys rotate --overlap 0s            the key before it is gone too early
  mock-publisher keys rotate --publish-after 10m     it signs before anybody can find it
  mock-publisher keys rotate --bits 1024             too short for a strict receiver

Exit status: 0 it signs, 1 it could not be made, or there is no publisher, 2 wrong usage";

#[derive(Debug, Args)]
#[command(after_long_help = KEYS_EXIT_STATUS)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// List the keys: name, size, and where each stands
    #[command(after_long_help = KEYS_EXIT_STATUS)]
    List {
        #[command(flatten)]
        running: RunningArgs,
        #[command(flatten)]
        identity: IdentityArgs,
    },
    /// Show the key's record as a line of a zone file, or the key itself
    #[command(after_long_help = RECORD_HELP)]
    Record {
        /// Show the public key as PEM, for `callback-verifier verify --key`
        #[arg(long)]
        pem: bool,
        #[command(flatten)]
        running: RunningArgs,
        #[command(flatten)]
        identity: IdentityArgs,
    },
    /// Let another key take over in a publisher that runs
    #[command(after_long_help = ROTATE_HELP)]
    Rotate(RotateArgs),
    /// Say in DNS that a key is not to be used any more
    #[command(after_long_help = KEYS_EXIT_STATUS)]
    Revoke {
        /// The name of the key, as `keys list` shows it
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        running: RunningArgs,
    },
}

#[derive(Debug, Args)]
struct RotateArgs {
    /// How long its modulus is
    #[arg(long, value_enum, default_value_t)]
    bits: Bits,
    /// How long the key before it stays in DNS; `0s` takes it out at once
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = time)]
    overlap: Duration,
    /// How long it signs before its record is in DNS
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = time)]
    publish_after: Duration,
    /// The first label of its name [default: year and month]
    #[arg(long, value_name = "LABEL")]
    selector: Option<String>,
    #[command(flatten)]
    running: RunningArgs,
}

pub(super) async fn keys(args: KeysArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        KeysCommand::List { running, identity } => {
            for key in all(running, &identity).await? {
                let state = match (key.signs, key.state.as_str()) {
                    (true, "published") => "signs".to_owned(),
                    (true, state) => format!("signs, {state}"),
                    (false, state) => state.to_owned(),
                };
                print(format!("{}   RSA-{}   {state}", key.name, key.bits))?;
            }
        }
        KeysCommand::Record { pem: true, running, identity } => {
            let keys = all(running, &identity).await?;
            let signing = keys.iter().find(|key| key.signs).context("no key signs")?;
            print(signing.public_key.trim_end())?;
        }
        KeysCommand::Record { pem: false, running, identity } => {
            let keys = all(running, &identity).await?;
            for key in keys.iter().filter(|key| ["published", "revoked"].contains(&key.state.as_str())) {
                print(crate::keyring::dns::zone_file_line(&key.name, &key.record))?;
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

/// A key as a publisher tells of it.
#[derive(Deserialize)]
struct Told {
    name: String,
    record: String,
    bits: u32,
    public_key: String,
    signs: bool,
    state: String,
}

/// All keys, the one that signs first: as the publisher that runs has them, whose clock need not be right, or else as the folder has.
async fn all(running: RunningArgs, identity: &IdentityArgs) -> anyhow::Result<Vec<Told>> {
    const PATH: &str = "/mock/v1/keys";
    let is_named = running.at.server.is_some();
    let data = running.at.data.clone();
    let told = match Running::find(running) {
        Ok(running) if is_named => Some(running.get(PATH).await?),
        // It may have ended, and have left its addresses there.
        Ok(running) => running.get_if_there(PATH).await?,
        Err(error) if is_named => return Err(error),
        Err(_) => None,
    };
    if let Some(mut told) = told {
        return serde_json::from_value(told["keys"].take()).context("the answer has no keys; is it a publisher?");
    }
    let told = |key: &ShownKey| Told {
        name: key.pair.name.as_str().to_owned(),
        record: key.record.clone(),
        bits: key.pair.private.public_key().modulus_bits(),
        public_key: key.pair.private.public_key_pem(),
        signs: key.signs,
        state: key.state.name().to_owned(),
    };
    Ok(existing(&data, identity)?.shown(clock::real_now()).iter().map(told).collect())
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
