//! `callback-verifier explain`.

use std::io::{self, Write};
use std::time::SystemTime;

use callback_verifier::explain::{Hints, NeighbouringKeys, explain};

use crate::args::ExplainArgs;
use crate::failure::Failure;
use crate::input::Origin;
use crate::receiver;
use crate::report::{self, Answer};
use crate::saved::{Saved, Source};
use crate::status::ExitStatus;

/// Describes what `--json` prints.
const SCHEMA: &str = include_str!("../schema/explain.json");

pub(crate) fn run(args: &ExplainArgs) -> Result<Answer, Failure> {
    if args.schema {
        return Ok(Answer { text: SCHEMA.to_owned(), status: ExitStatus::Good });
    }
    let origin = Origin::of(&args.request);
    let body = args.body.as_deref().map(Origin::of);
    if origin == Origin::StandardInput && body.as_ref() == Some(&origin) {
        return Err(Failure::StandardInputTwice);
    }
    let (bytes, body) = (origin.read()?, body.map(|body| body.read()).transpose()?);
    let source = Source { format: args.format, entry: args.entry, body };
    let saved = Saved::read(&bytes, source).map_err(|reason| Failure::NotSaved { origin, reason })?;
    for note in &saved.notes {
        let _ = writeln!(io::stderr(), "note: {note}");
    }
    let verifier = receiver::verifier(&args.receiver)?;
    let now = args.receiver.now.unwrap_or_else(SystemTime::now);
    let (headers, hints) = (saved.headers(), hints(args));
    let explanation = crate::block_on(explain(&verifier, &saved.head(&headers), &saved.body, now, &hints))?;
    Ok(if args.json { report::explanation_json(&explanation, &saved) } else { report::explanation_text(&explanation) })
}

fn hints(args: &ExplainArgs) -> Hints {
    let mut hints = Hints::default();
    hints.targets.clone_from(&args.targets);
    hints.prefixes.clone_from(&args.prefixes);
    if args.receiver.key.is_none() {
        hints.neighbouring_keys = NeighbouringKeys::LookUp;
    }
    hints
}
