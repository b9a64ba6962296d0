use std::time::Duration;

/// How long a source can be, in bytes.
pub(super) const SOURCE: usize = 64 * 1024;

/// How long a script can run.
pub(super) const DEADLINE: Duration = Duration::from_millis(50);

/// How much memory a realm has, the language's own objects included. It also bounds the work of built-in functions, which the
/// deadline does not interrupt.
pub(super) const MEMORY: usize = 8 * 1024 * 1024;

/// How deep calls can go, in bytes of the thread's stack.
pub(super) const STACK: usize = 256 * 1024;

/// After so many runs a realm makes place for a new one, so that nothing can pile up in it.
pub(super) const RUNS: u32 = 10_000;

/// How many realms wait for work. The store has one writer, so one or two are in use at a time.
pub(super) const IDLE_REALMS: usize = 8;
