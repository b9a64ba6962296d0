use std::time::Duration;

/// Measures how long the current thread works. Limits of scripts are kept in it: on a busy machine a script that waits for its
/// turn is not to look like one that does not end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch {
    begun: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { begun: worked() }
    }

    /// On the thread that started it.
    pub(crate) fn elapsed(self) -> Duration {
        worked().saturating_sub(self.begun)
    }
}

/// How long this thread has been on a processor.
#[cfg(unix)]
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Elsewhere: how long the program has run.
#[cfg(not(unix))]
fn worked() -> Duration {
    static BEGUN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGUN.elapsed()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_waits_takes_no_time() {
        let (stopwatch, begun) = (Stopwatch::start(), std::time::Instant::now());
        std::thread::sleep(Duration::from_millis(200));
        assert!(stopwatch.elapsed() < Duration::from_millis(100));
        while stopwatch.elapsed() < Duration::from_millis(100) {}
        assert!(begun.elapsed() > Duration::from_millis(290));
    }
}
