use std::sync::{Arc, Mutex, PoisonError};

use rquickjs::context::intrinsic;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Exception, Function, Object, Runtime, Value};
use serde::Serialize;

use super::{Script, ScriptError, limits};
use crate::clock::Millis;
use crate::stopwatch::Stopwatch;

/// Bounds and freezes what the language brings along, and returns how to enter the realm.
const REALM: &str = include_str!("realm.js");

/// Trusted JavaScript between the publisher and a script.
///
/// Its source is an expression: a function that gets `{ Proxy, Reflect, scopeOf, scopeBy, stringify, wellFormed }` once, and
/// returns a function `open`. That is called for each run as `open(input, need)`, and returns `{ scope, close }`. In `scope`,
/// made by `scopeOf(names)` or `scopeBy({ has, get, set })`, the script finds its names. `close(value)` returns what is handed
/// back, as JSON text, where `value` is what the script came to, or undefined if it threw: made by `JSON.stringify`, which asks
/// for the deadline, or by `stringify`, which is faster, if there is nothing in it that the script made. `need(name)` breaks
/// the run off, to be repeated with an input that has what is missing.
///
/// It must not keep anything between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prelude {
    /// Unique among all preludes.
    pub(crate) name: &'static str,
    pub(crate) source: &'static str,
}

/// What came of a script.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ran {
    /// Whether its last statement has a value that counts as true; or what went wrong.
    pub(crate) result: Result<bool, ScriptError>,
    /// What the prelude's `close` returned; `Null` if it returned nothing or could not be asked.
    pub(crate) output: serde_json::Value,
    /// What the script needs, if it was broken off for that. Nothing else is of use then.
    pub(crate) needs: Option<String>,
}

/// A world of its own for scripts: the language's objects, frozen, and a prelude.
pub(super) struct Realm {
    context: Context,
    runtime: Runtime,
    watch: Arc<Mutex<Watch>>,
    prelude: Prelude,
    runs: u32,
}

/// What is known of a run while it goes on.
#[derive(Default)]
struct Watch {
    /// How long it has run; none where nothing runs.
    running: Option<Stopwatch>,
    /// What time it is for the script, from its beginning to its end.
    now: Millis,
    was_interrupted: bool,
    /// What it asked for, and was not given.
    needs: Option<String>,
}

/// What scripts can use of the language. Typed arrays and weak references are left out: the first can block a thread,
/// the second outlast a script.
type Language = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::Promise,
);

impl Realm {
    pub(super) fn new(prelude: Prelude) -> Result<Self, ScriptError> {
        let runtime = Runtime::new().map_err(ScriptError::engine)?;
        runtime.set_memory_limit(limits::MEMORY);
        runtime.set_max_stack_size(limits::STACK);
        let watch = Arc::new(Mutex::new(Watch::default()));
        let watched = watch.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || lock(&watched).interrupts())));
        let context = Context::custom::<Language>(&runtime).map_err(ScriptError::engine)?;
        context.with(|ctx| {
            let furnished = furnish(&ctx, prelude, watch.clone()).catch(&ctx);
            furnished.map_err(|error| ScriptError::engine(format_args!("{}: {error}", prelude.name)))
        })?;
        Ok(Self { context, runtime, watch, prelude, runs: 0 })
    }

    pub(super) fn prelude(&self) -> Prelude {
        self.prelude
    }

    pub(super) fn runs(&self) -> u32 {
        self.runs
    }

    pub(super) fn run(&mut self, script: &Script, now: Millis, input: &impl Serialize) -> Result<Ran, ScriptError> {
        self.runs += 1;
        // After each collection the engine lowers its threshold to a little more than a bare realm needs.
        self.runtime.set_gc_threshold(limits::MEMORY / 2);
        let input = serde_json::to_string(input).map_err(ScriptError::engine)?;
        // What follows a script's last line must stand on a line of its own: the last could be a comment. That the
        // script compiles on its own is known, so it cannot end the block itself.
        let source = format!("{{ let eval, $call;\n{}\n}}", script.source());
        *lock(&self.watch) = Watch { running: Some(Stopwatch::start()), now, ..Watch::default() };
        let mut ran = self.context.with(|ctx| match self.evaluate(&ctx, &input, &source) {
            Ok(ran) => ran,
            Err(error) => {
                let result = Err(self.caught(Err::<(), _>(error).catch(&ctx).err()));
                Ran { result, output: serde_json::Value::Null, needs: None }
            }
        });
        *lock(&self.watch) = Watch::default();
        if self.runtime.is_job_pending() {
            ran.result = Err(ScriptError::Promise);
        }
        Ok(ran)
    }

    fn evaluate(&self, ctx: &Ctx<'_>, input: &str, source: &str) -> rquickjs::Result<Ran> {
        let Some(kept) = ctx.userdata::<Object<'_>>() else {
            return Err(Exception::throw_message(ctx, "nothing is kept in this realm"));
        };
        let (enter, open): (Function<'_>, Function<'_>) = (kept.get("enter")?, kept.get("open")?);
        let opened: Object<'_> = open.call((ctx.json_parse(input)?, kept.get::<_, Value<'_>>("need")?))?;
        let call = Object::new(ctx.clone())?;
        call.set("scope", opened.get::<_, Value<'_>>("scope")?)?;
        call.set("source", source)?;
        let came_to = enter.call::<_, Value<'_>>((call,)).catch(ctx);
        let (result, value) = match came_to {
            // Some of what is built into the engine goes on without what was interrupted in it.
            Ok(value) if lock(&self.watch).was_interrupted => (Err(ScriptError::Deadline), value),
            Ok(value) => (Ok(counts_as_true(&value)), value),
            Err(error) => (Err(self.caught(Some(error))), Value::new_undefined(ctx.clone())),
        };
        let needs = lock(&self.watch).needs.take();
        let usable = needs.is_none() && result.as_ref().err().is_none_or(ScriptError::leaves_realm_intact);
        let output = if usable { close(&opened, value)? } else { serde_json::Value::Null };
        Ok(Ran { result, output, needs })
    }

    /// What became of a script that threw.
    fn caught(&self, error: Option<CaughtError<'_>>) -> ScriptError {
        // The engine's own errors look like a script's, and a script can throw errors that look like the engine's. That
        // it is taken for one of those costs it only the realm.
        let told = self.told(error);
        // Telling asks the error for its name and message, which can run the script again.
        if lock(&self.watch).was_interrupted { ScriptError::Deadline } else { told }
    }

    fn told(&self, error: Option<CaughtError<'_>>) -> ScriptError {
        match error {
            Some(CaughtError::Exception(exception)) => {
                let message = exception.message().unwrap_or_default();
                let name = exception.as_object().get::<_, String>("name").unwrap_or_default();
                match (name.as_str(), message.as_str()) {
                    ("InternalError", text) if text.contains("out of memory") || text == "string too long" => {
                        ScriptError::Memory
                    }
                    ("InternalError" | "RangeError", text) if text.contains("stack") => ScriptError::Stack,
                    ("InternalError", _) => ScriptError::engine(message),
                    _ => ScriptError::thrown(&format!("{name}: {message}")),
                }
            }
            // There was no memory for an error either. (Or the script said `throw null`.)
            Some(CaughtError::Value(value)) if value.is_null() => ScriptError::Memory,
            Some(CaughtError::Value(value)) => match value.as_string().map(|text| text.to_string()) {
                Some(Ok(text)) => ScriptError::thrown(&text),
                // To ask an object for its text would run the script again.
                _ => ScriptError::thrown(&match (value.as_number(), value.as_bool()) {
                    (Some(number), _) => format!("the number {number}"),
                    (None, Some(truth)) => format!("the truth value {truth}"),
                    (None, None) => format!("a value of type {}", value.type_name()),
                }),
            },
            Some(CaughtError::Error(error)) => ScriptError::engine(error),
            None => ScriptError::engine("no error"),
        }
    }
}

/// Bounds and freezes what the language brings along, and keeps what is needed to run scripts.
fn furnish(ctx: &Ctx<'_>, prelude: Prelude, watch: Arc<Mutex<Watch>>) -> rquickjs::Result<()> {
    let watched = watch.clone();
    let look = Function::new(ctx.clone(), move |ctx: Ctx<'_>| -> rquickjs::Result<()> {
        if lock(&watched).interrupts() { Err(Exception::throw_message(&ctx, "out of time")) } else { Ok(()) }
    })?;
    let watched = watch.clone();
    // A number of JavaScript, which is exact for so many milliseconds.
    let now = Function::new(ctx.clone(), move || lock(&watched).now as f64)?;
    let realm: Object<'_> = ctx.eval::<Function<'_>, _>(REALM)?.call((look, now))?;
    let (freeze, tools): (Function<'_>, Object<'_>) = (realm.get("freeze")?, realm.get("tools")?);
    let need = Function::new(ctx.clone(), move |ctx: Ctx<'_>, name: String| -> rquickjs::Result<()> {
        lock(&watch).needs = Some(name);
        Err(Exception::throw_message(&ctx, "broken off"))
    })?;
    let prelude: Function<'_> = ctx.eval(prelude.source)?;
    let kept = Object::new(ctx.clone())?;
    kept.set("enter", realm.get::<_, Function<'_>>("enter")?)?;
    kept.set("open", freeze.call::<_, Function<'_>>((prelude.call::<_, Function<'_>>((tools,))?,))?)?;
    kept.set("need", freeze.call::<_, Function<'_>>((need,))?)?;
    // A place that no script can reach.
    ctx.store_userdata(kept).map(drop).map_err(|_| Exception::throw_message(ctx, "the realm is in use"))
}

fn close<'js>(opened: &Object<'js>, value: Value<'js>) -> rquickjs::Result<serde_json::Value> {
    let text: Option<String> = opened.get::<_, Function<'js>>("close")?.call((value,))?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// As JavaScript's `if` has it.
fn counts_as_true(value: &Value<'_>) -> bool {
    if let Some(truth) = value.as_bool() {
        truth
    } else if let Some(number) = value.as_number() {
        number != 0.0 && !number.is_nan()
    } else if let Some(text) = value.as_string() {
        text.to_string().map_or(true, |text| !text.is_empty())
    } else {
        !(value.is_undefined() || value.is_null())
    }
}

impl Watch {
    /// Whether the run has to end. The engine asks now and then.
    fn interrupts(&mut self) -> bool {
        self.was_interrupted |= self.running.is_some_and(|running| running.elapsed() >= limits::DEADLINE);
        self.was_interrupted
    }
}

fn lock(watch: &Mutex<Watch>) -> std::sync::MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}
