use std::time::Duration;

/// How long a source can be, in bytes.
pub(super) const SOURCE: usize = 64 * 1024;

/// What is no longer than this compiles soon, whatever is in it, so nobody looks at the clock: what takes the compiler longest
/// grows with the square of the length.
pub(super) const SMALL_SOURCE: usize = 4 * 1024;

/// How long a source can take to compile, in time of its thread. Nothing interrupts the compiler, and it is at work in every run.
pub(super) const COMPILING: Duration = Duration::from_millis(20);

/// How long a script can run, in time of its thread.
///
/// The engine looks at the clock once in ten thousand steps, and each step of the language itself, such as `{...object}` or
/// `+text`, takes as long as what it handles is large. What `realm.js` can replace looks at the clock by the amount of work
/// instead; operators it cannot. So a script that means harm can go on for some ten thousand times as long as it takes to copy
/// the largest object that fits into [`MEMORY`], and no longer.
pub(super) const DEADLINE: Duration = Duration::from_millis(50);

/// How much memory a realm has, the language's own objects included. It also bounds the work of whatever the deadline does not
/// interrupt.
pub(super) const MEMORY: usize = 8 * 1024 * 1024;

/// How deep calls can go, in bytes of the thread's stack.
pub(super) const STACK: usize = 256 * 1024;

/// How many characters of what a script throws are told.
pub(super) const MESSAGE: usize = 500;

/// After so many runs a realm makes place for a new one, so that nothing can pile up in it.
pub(super) const RUNS: u32 = 10_000;

/// How many realms wait for work. The store has one writer, so one or two are in use at a time.
pub(super) const IDLE_REALMS: usize = 8;
