use std::time::Duration;

/// For how long a claim keeps others out, unless it is committed or released before.
///
/// It is there for claims that nobody ends: of a process that crashed, or of a handler that hangs. **Make it longer than
/// the longest time that a handler takes.** When it is over while a handler is still at work, the same bytes get in once
/// more, and the callback is handled twice.
///
/// 1 ms to 24 h; 60 s unless it is set.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use callback_verifier::{Lease, MemoryGuard, Verifier};
///
/// let lease = Lease::new(Duration::from_secs(300))?;      // no handler takes five minutes
/// let verifier = Verifier::builder(1234).replay_guard(MemoryGuard::default().with_lease(lease));
///
/// let too_long = Lease::new(Duration::from_secs(48 * 60 * 60));
/// assert!(too_long.is_err_and(|error| error.to_string() == "a lease of 172800s, expected 1 ms to 24 h"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease(Duration);

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
const USUAL: Duration = Duration::from_secs(60);

/// A lease that is too short or too long.
///
/// See the example of [`Lease`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a lease of {0:?}, expected 1 ms to 24 h")]
pub struct LeaseError(Duration);

impl Lease {
    /// A lease of this duration.
    ///
    /// # Errors
    /// [`LeaseError`] unless it is 1 ms to 24 h.
    pub fn new(duration: Duration) -> Result<Self, LeaseError> {
        if (SHORTEST..=LONGEST).contains(&duration) { Ok(Self(duration)) } else { Err(LeaseError(duration)) }
    }

    /// How long it is.
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl Default for Lease {
    fn default() -> Self {
        Self(USUAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_neither_nothing_nor_forever() {
        let (shortest, longest, nanosecond) =
            (Duration::from_millis(1), Duration::from_secs(86_400), Duration::from_nanos(1));
        for good in [shortest, USUAL, longest] {
            assert_eq!(Lease::new(good).map(Lease::duration), Ok(good));
        }
        for bad in [Duration::ZERO, shortest - nanosecond, longest + nanosecond, Duration::MAX] {
            assert_eq!(Lease::new(bad), Err(LeaseError(bad)));
        }
    }
}
