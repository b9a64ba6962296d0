use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, CaughtError, Context, Exception, Runtime};
use sha2::{Digest, Sha256};

use super::{ScriptError, limits};
use crate::stopwatch::Stopwatch;

/// Hashes of sources that are known to compile: a callback is read from the store far more often than it is set up.
static KNOWN: LazyLock<Mutex<HashSet<[u8; 32]>>> = LazyLock::new(Mutex::default);
const MOST_KNOWN: usize = 4096;

/// What is put in front of a source so that it is compiled whole, and not run.
const STOP: &str = "throw null;";

/// What stands in the place of the `n` of a number such as `1n`, and is no token of the language.
const NO_TOKEN: char = '@';

/// Checks that a source is not too long, and compiles on its own, soon enough.
pub(super) fn check(source: &str) -> Result<(), ScriptError> {
    if source.len() > limits::SOURCE {
        return Err(ScriptError::TooLong { length: source.len() });
    }
    let hash = Sha256::digest(source).into();
    if KNOWN.lock().unwrap_or_else(PoisonError::into_inner).contains(&hash) {
        return Ok(());
    }
    let compiled = compile(source)?;
    if source.len() > limits::SMALL_SOURCE && compiled.took >= limits::COMPILING {
        return Err(ScriptError::TooMuch);
    }
    compiled.result?;
    refuse_big_integers(source)?;
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MOST_KNOWN {
        known.clear();
    }
    known.insert(hash);
    Ok(())
}

/// Refuses numbers such as `1n`. What is done with them takes time that nothing bounds, and no function is there to be
/// replaced.
///
/// Only the engine knows what is a number, and what a text, a comment or a regular expression. So each `n` that could
/// end a number is replaced by what stops the engine there, and nowhere else.
fn refuse_big_integers(source: &str) -> Result<(), ScriptError> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
    let mut stopped = String::with_capacity(source.len());
    for piece in source.split_inclusive(|c| !is_word(c)) {
        let word = piece.trim_end_matches(|c| !is_word(c));
        match word.strip_suffix('n') {
            Some(rest) if rest.trim_start_matches('.').starts_with(|c: char| c.is_ascii_digit()) => {
                stopped.push_str(rest);
                stopped.push(NO_TOKEN);
            }
            _ => stopped.push_str(word),
        }
        stopped.push_str(&piece[word.len()..]);
    }
    if stopped == source {
        return Ok(());
    }
    match compile(&stopped)?.result {
        Err(ScriptError::Syntax { line, column, .. }) => {
            let message = "numbers such as `1n` are not supported".to_owned();
            Err(ScriptError::Syntax { message, line, column })
        }
        other => other,
    }
}

/// What came of a source, and how long that took.
struct Compiled {
    result: Result<(), ScriptError>,
    took: Duration,
}

fn compile(source: &str) -> Result<Compiled, ScriptError> {
    let runtime = Runtime::new().map_err(ScriptError::engine)?;
    runtime.set_memory_limit(limits::MEMORY);
    runtime.set_max_stack_size(limits::STACK);
    let context = Context::full(&runtime).map_err(ScriptError::engine)?;
    context.with(|ctx| {
        let mut options = EvalOptions::default();
        options.strict = false;
        options.filename = Some("script".to_owned());
        let stopwatch = Stopwatch::start();
        let compiled = ctx.eval_with_options::<(), _>(format!("{STOP}{source}"), options).catch(&ctx);
        let took = stopwatch.elapsed();
        let result = match compiled {
            Ok(()) => Ok(()),
            // It came as far as the `throw`.
            Err(CaughtError::Value(value)) if value.is_null() => Ok(()),
            Err(CaughtError::Exception(exception)) => Err(syntax_error(&exception)),
            Err(error) => Err(ScriptError::engine(error)),
        };
        Ok(Compiled { result, took })
    })
}

fn syntax_error(exception: &Exception<'_>) -> ScriptError {
    let message = exception.message().unwrap_or_default();
    let (line, column) = position(&exception.stack().unwrap_or_default()).unwrap_or((1, 1));
    // On the first line stands what was put in front.
    let column = if line == 1 { column.saturating_sub(STOP.len() as u32).max(1) } else { column };
    ScriptError::Syntax { message, line, column }
}

/// The first `script:LINE:COLUMN` of a stack.
fn position(stack: &str) -> Option<(u32, u32)> {
    let (_, behind) = stack.split_once("script:")?;
    let mut numbers = behind.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
