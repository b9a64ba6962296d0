use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, CaughtError, Context, Exception, Runtime};
use sha2::{Digest, Sha256};

use super::{ScriptError, limits};

/// Hashes of sources that are known to compile: a callback is read from the store far more often than it is set up.
static KNOWN: LazyLock<Mutex<HashSet<[u8; 32]>>> = LazyLock::new(Mutex::default);
const MOST_KNOWN: usize = 4096;

/// What is put in front of a source so that it is compiled whole, and not run.
const STOP: &str = "throw null;";

/// Checks that a source is not too long, and compiles on its own.
pub(super) fn check(source: &str) -> Result<(), ScriptError> {
    if source.len() > limits::SOURCE {
        return Err(ScriptError::TooLong { length: source.len() });
    }
    let hash = Sha256::digest(source).into();
    if KNOWN.lock().unwrap_or_else(PoisonError::into_inner).contains(&hash) {
        return Ok(());
    }
    compile(source)?;
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MOST_KNOWN {
        known.clear();
    }
    known.insert(hash);
    Ok(())
}

fn compile(source: &str) -> Result<(), ScriptError> {
    let failed = |error: rquickjs::Error| ScriptError::Engine(error.to_string());
    let runtime = Runtime::new().map_err(failed)?;
    runtime.set_memory_limit(limits::MEMORY);
    runtime.set_max_stack_size(limits::STACK);
    let start = Instant::now();
    runtime.set_interrupt_handler(Some(Box::new(move || start.elapsed() > limits::DEADLINE)));
    let context = Context::full(&runtime).map_err(failed)?;
    context.with(|ctx| {
        let mut options = EvalOptions::default();
        options.strict = false;
        options.filename = Some("script".to_owned());
        let compiled = ctx.eval_with_options::<(), _>(format!("{STOP}{source}"), options).catch(&ctx);
        match compiled {
            Ok(()) => Ok(()),
            // It came as far as the `throw`.
            Err(CaughtError::Value(value)) if value.is_null() => Ok(()),
            Err(CaughtError::Exception(exception)) => Err(syntax_error(&exception)),
            Err(error) => Err(ScriptError::Engine(error.to_string())),
        }
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
