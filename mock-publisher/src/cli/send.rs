use std::io::{self, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context;

use super::args::SendArgs;
use crate::clock;
use crate::emit::{Emission, Payload, SignedRequest, nonce};
use crate::keyring::Keyring;
use crate::output::print;
use crate::platform::{Change, Entity, Trigger};
use crate::send::Answer;
use crate::server;

pub(super) async fn send(args: SendArgs) -> anyhow::Result<ExitCode> {
    let request = signed_request(&args)?;
    if args.print {
        let mut out = io::stdout().lock();
        out.write_all(&request.raw())?;
        out.flush()?;
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = args.targets.client()?.attempt(&request, args.timeout).await;
    let Answer { status, body, .. } = outcome.result.with_context(|| format!("`{}` was not reached", args.url))?;
    let milliseconds = outcome.elapsed.as_secs_f64() * 1000.0;
    print(format!("{status}   {milliseconds:.1} ms\n{}", String::from_utf8_lossy(&body)).trim_end())?;
    Ok(if status.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn signed_request(args: &SendArgs) -> anyhow::Result<SignedRequest> {
    let now = SystemTime::now();
    let keys = server::keys_folder(&args.data.data);
    let keyring = Keyring::open(&keys, args.identity.zone.clone(), args.identity.wire, now)?;
    let payload = Payload::of(&change(args, now), args.method, args.payload.style(), clock::millis(now));
    let emission = Emission {
        target: &args.url,
        content_type: &payload.content_type,
        body: payload.bytes.into(),
        account: args.identity.account,
        date: now,
        nonce: nonce()?,
        wire: args.identity.wire,
        coverage: args.identity.cover,
        key: &keyring.signing(),
    };
    Ok(emission.sign()?)
}

fn change(args: &SendArgs, now: SystemTime) -> Change {
    let sample = || {
        let pairs = [("name", "Mike"), ("email", "mike@example.com")];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    };
    let fields = if args.fields.is_empty() { sample() } else { args.fields.clone() };
    let entity = Entity::by_hand(args.id, fields, args.interests.clone(), clock::millis(now));
    Change { action: args.action, trigger: Trigger::Publisher, entity, before: None }
}
